//! Looks identities up in the vault.
//!
//! Takes an NIK, a KK number, or ids in ascending order; gives ids or identities.
//! The only way out of the vault: whoever calls it says so in the ledger.

use rusqlite::{OptionalExtension, Statement};

use super::Registry;
use crate::error::{Error, Result};
use crate::intake::Unit;
use crate::terms::{FamilyId, KkNumber, Nik, PersonId};

/// Who a family is.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FamilyIdentity {
    /// KK number, 16 digits.
    pub kk_number: String,
    /// Name of the head.
    pub head_name: String,
    /// Address of residence.
    pub address: String,
    /// Name of the village, as delivered.
    pub village_name: String,
    /// Name of the district, as delivered.
    pub district_name: String,
}

/// Who a person is.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonIdentity {
    /// NIK, 16 digits; empty if none was delivered.
    pub nik: String,
    /// KK number, 16 digits.
    pub kk_number: String,
    /// Name.
    pub name: String,
    /// Address on the ID card.
    pub address: String,
    /// RT and RW on the ID card.
    pub rt: String,
    /// See `rt`.
    pub rw: String,
}

impl std::fmt::Debug for FamilyIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FamilyIdentity(***)")
    }
}

impl std::fmt::Debug for PersonIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonIdentity(***)")
    }
}

impl Registry {
    /// The ids of a person and of the family in the newest delivery; `None` if never delivered.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn person_by_nik(&self, nik: &Nik) -> Result<Option<(PersonId, FamilyId)>> {
        let key = self.keyring.person(nik.reveal().as_bytes());
        let Some(id) = self.id_of(Unit::Person, key)? else { return Ok(None) };
        let mut identities = self.identities()?;
        let Some(person) = identities.person(PersonId(id))? else { return Ok(None) };
        let family = self.keyring.family(person.kk_number.as_bytes());
        let family = self.id_of(Unit::Family, family)?;
        Ok(family.map(|family| (PersonId(id), FamilyId(family))))
    }

    /// The id of a family; `None` if its KK was never delivered.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn family_by_kk(&self, kk: &KkNumber) -> Result<Option<FamilyId>> {
        let key = self.keyring.family(kk.reveal().as_bytes());
        Ok(self.id_of(Unit::Family, key)?.map(FamilyId))
    }

    /// Prepared look-ups of identities, for one export. Ids in the order of
    /// `i64` (`id.0.cast_signed()`) are read without seeking.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn identities(&self) -> Result<Identities<'_>> {
        let wrong = self.vault_failed();
        let family = self
            .vault
            .prepare(
                "SELECT kk_number, head_name, address, village_name, district_name
                 FROM family_at JOIN family_identity ON family_identity.rowid = place WHERE id = ?",
            )
            .map_err(&wrong)?;
        let person = self
            .vault
            .prepare(
                "SELECT nik, member_kk_number, name, ktp_address, rt, rw
                 FROM person_at JOIN person_identity ON person_identity.rowid = place WHERE id = ?",
            )
            .map_err(&wrong)?;
        Ok(Identities { registry: self, family, person })
    }
}

/// Look-ups that stay prepared.
pub struct Identities<'r> {
    registry: &'r Registry,
    family: Statement<'r>,
    person: Statement<'r>,
}

impl std::fmt::Debug for Identities<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identities")
    }
}

impl Identities<'_> {
    /// Who a family is; `None` if it was never delivered.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn family(&mut self, id: FamilyId) -> Result<Option<FamilyIdentity>> {
        self.family
            .query_row([id.0.cast_signed()], |row| {
                let text = |at: usize| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
                Ok(FamilyIdentity {
                    kk_number: text(0)?,
                    head_name: text(1)?,
                    address: text(2)?,
                    village_name: text(3)?,
                    district_name: text(4)?,
                })
            })
            .optional()
            .map_err(self.registry.vault_failed())
    }

    /// Who a person is; `None` if never delivered.
    ///
    /// # Errors
    /// `Fault::Storage`.
    pub fn person(&mut self, id: PersonId) -> Result<Option<PersonIdentity>> {
        self.person
            .query_row([id.0.cast_signed()], |row| {
                let text = |at: usize| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
                Ok(PersonIdentity {
                    nik: text(0)?,
                    kk_number: text(1)?,
                    name: text(2)?,
                    address: text(3)?,
                    rt: text(4)?,
                    rw: text(5)?,
                })
            })
            .optional()
            .map_err(self.registry.vault_failed())
    }

    /// The identities of many families, in the order asked for; read in the order of the vault.
    ///
    /// # Errors
    /// `Fault::Storage`; `Fault::Integrity` if one was never delivered.
    pub fn families(&mut self, ids: &[FamilyId]) -> Result<Vec<FamilyIdentity>> {
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_unstable_by_key(|at| ids.get(*at).map_or(0, |id| id.0.cast_signed()));
        let mut found = vec![FamilyIdentity::default(); ids.len()];
        for at in order {
            let Some(id) = ids.get(at) else { continue };
            let identity = self.family(*id)?.ok_or_else(|| unknown(&id.to_string()))?;
            if let Some(place) = found.get_mut(at) {
                *place = identity;
            }
        }
        Ok(found)
    }

    /// The identities of many persons; see `families`.
    ///
    /// # Errors
    /// As `families`.
    pub fn persons(&mut self, ids: &[PersonId]) -> Result<Vec<PersonIdentity>> {
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_unstable_by_key(|at| ids.get(*at).map_or(0, |id| id.0.cast_signed()));
        let mut found = vec![PersonIdentity::default(); ids.len()];
        for at in order {
            let Some(id) = ids.get(at) else { continue };
            let identity = self.person(*id)?.ok_or_else(|| unknown(&id.to_string()))?;
            if let Some(place) = found.get_mut(at) {
                *place = identity;
            }
        }
        Ok(found)
    }
}

fn unknown(id: &str) -> Error {
    Error::new(
        crate::error::Fault::Integrity,
        crate::say!("`{id}` tidak ada dalam brankas identitas", "`{id}` is not in the vault"),
    )
    .fix(crate::say!(
        "pakai brankas dari situs tempat potret itu dibuat",
        "use the vault of the site that made the snapshot"
    ))
}
