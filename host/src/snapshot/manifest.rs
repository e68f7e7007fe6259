//! The manifest: everything that names a sealed snapshot, in canonical JSON.
//!
//! Takes what the writer counted and hashed; gives the bytes whose BLAKE3 is the
//! snapshot's root and folder name. Integers and text only, keys sorted. Must
//! never hold an identity.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::columns::{Column, Entity, Kind};
use crate::error::{Error, Result};
use crate::terms::{Date, Period, RegionSystem};

/// The version of the folder's layout that this build writes and reads.
pub const FORMAT: u32 = 1;

/// Families that the snapshot stands for, over those that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Families in the country or area.
    pub stands_for: u64,
    /// Families in the snapshot.
    pub holds: u64,
}

/// A regency or city; its position in the table is the `regency` ordinal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegencyRow {
    /// Kemendagri code, `11.01`.
    pub code: String,
    /// Name as the decree writes it.
    pub name: String,
}

/// A village; its position in the table is the `village` ordinal. Written as an array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(u16, RegionSystem, String, String)", into = "(u16, RegionSystem, String, String)")]
pub struct VillageRow {
    /// Ordinal of its regency.
    pub regency: u16,
    /// Whose code it is.
    pub system: RegionSystem,
    /// The code as delivered.
    pub code: String,
    /// Name as delivered.
    pub name: String,
}

impl From<(u16, RegionSystem, String, String)> for VillageRow {
    fn from((regency, system, code, name): (u16, RegionSystem, String, String)) -> VillageRow {
        VillageRow { regency, system, code, name }
    }
}

impl From<VillageRow> for (u16, RegionSystem, String, String) {
    fn from(row: VillageRow) -> Self {
        (row.regency, row.system, row.code, row.name)
    }
}

/// The sorted tables that region ordinals point into.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionTable {
    /// Sorted by code.
    pub regencies: Vec<RegencyRow>,
    /// Sorted by regency, system, code.
    pub villages: Vec<VillageRow>,
}

impl RegionTable {
    /// The regency with this ordinal.
    #[must_use]
    pub fn regency(&self, ordinal: u16) -> Option<&RegencyRow> {
        self.regencies.get(usize::from(ordinal))
    }

    /// The village with this ordinal.
    #[must_use]
    pub fn village(&self, ordinal: u32) -> Option<&VillageRow> {
        self.villages.get(ordinal as usize)
    }

    /// The ordinal of a regency by its Kemendagri code.
    #[must_use]
    pub fn regency_ordinal(&self, code: &str) -> Option<u16> {
        let at = self.regencies.binary_search_by(|row| row.code.as_str().cmp(code)).ok()?;
        u16::try_from(at).ok()
    }

    pub(super) fn check(&self) -> Result<()> {
        let sorted = self.regencies.is_sorted_by(|a, b| a.code < b.code)
            && self.villages.is_sorted_by(|a, b| (a.regency, a.system, &a.code) < (b.regency, b.system, &b.code));
        let inside = self.villages.iter().all(|row| usize::from(row.regency) < self.regencies.len());
        if sorted && inside { Ok(()) } else { Err(Error::bug("the region table of a snapshot is sorted and whole")) }
    }
}

/// One column of the snapshot, as its dictionary named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnEntry {
    /// Name in code, rule files and SQL.
    pub name: String,
    /// `family` or `member`.
    pub entity: String,
    /// `bits`, `u8`, `u16`, `u32`, `s32`, `s64` or `set`.
    pub kind: String,
}

impl ColumnEntry {
    pub(super) fn of(column: &Column) -> ColumnEntry {
        ColumnEntry {
            name: column.name.clone(),
            entity: entity_name(column.entity).to_owned(),
            kind: kind_name(column.kind).to_owned(),
        }
    }

    pub(super) fn kind(&self) -> Result<Kind> {
        let kinds = [Kind::Bits, Kind::U8, Kind::U16, Kind::U32, Kind::S32, Kind::S64, Kind::Set];
        let found = kinds.into_iter().find(|kind| kind_name(*kind) == self.kind);
        found.ok_or_else(|| {
            Error::bug(format!("column `{}` of kind `{}` has no place in a snapshot", self.name, self.kind))
        })
    }
}

pub(super) fn entity_name(entity: Entity) -> &'static str {
    match entity {
        Entity::Family => "family",
        Entity::Member => "member",
    }
}

pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bits => "bits",
        Kind::U8 => "u8",
        Kind::U16 => "u16",
        Kind::U32 => "u32",
        Kind::S32 => "s32",
        Kind::S64 => "s64",
        Kind::Set => "set",
        Kind::Text => "text",
    }
}

/// Size and hash of one sealed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedFile {
    /// BLAKE3 of the file, hex.
    pub blake3: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How many families of one decile the sample holds: the weights of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// 0 = undetermined, 1 to 10; 255 = not delivered.
    pub decile: u8,
    /// Families of the partition in this stratum.
    pub families: u64,
    /// Those of them in the sample.
    pub sampled: u64,
}

/// One province's rows, or the sample of one province's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Kemendagri code of the province, `11`.
    pub province: String,
    /// Whether these are the rows of the 1 % sample.
    pub sample: bool,
    /// Number of families.
    pub families: u64,
    /// Number of members.
    pub members: u64,
    /// Files by their path in the snapshot's folder.
    pub files: BTreeMap<String, SealedFile>,
    /// Hash of the decoded values of each family column, by name.
    pub family_columns: BTreeMap<String, String>,
    /// Hash of the decoded values of each member column, by name.
    pub member_columns: BTreeMap<String, String>,
    /// Only in a sample: its strata, by decile.
    pub strata: Vec<Stratum>,
}

/// What a sealed snapshot is. Its canonical bytes hash to the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `FORMAT`.
    pub format: u32,
    /// `2026Q3` or `2026-09`.
    pub period: String,
    /// The date of the facts, `2026-09-20`.
    pub as_of: String,
    /// What the snapshot stands for.
    pub scale: Scale,
    /// Fingerprint of the key that made the ids.
    pub key_fingerprint: String,
    /// Invented straight into this snapshot: nobody's, and without identities anywhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invented: bool,
    /// The tables that region ordinals point into.
    pub regions: RegionTable,
    /// Lists delivered in full, sorted.
    pub complete_lists: Vec<String>,
    /// Findings of the freeze, by code.
    pub findings: BTreeMap<String, u64>,
    /// BLAKE3 of the canonical `columns`.
    pub schema: String,
    /// Every column in dictionary order.
    pub columns: Vec<ColumnEntry>,
    /// Families of all partitions.
    pub families: u64,
    /// Members of all partitions.
    pub members: u64,
    /// By province code.
    pub partitions: Vec<Partition>,
    /// The 1 % sample, by province code; not part of `partitions`.
    pub sample: Vec<Partition>,
}

impl Manifest {
    /// The period.
    ///
    /// # Errors
    /// A bug if the manifest holds no period.
    pub fn period(&self) -> Result<Period> {
        Period::from_str(&self.period).map_err(|text| Error::bug(text.en))
    }

    /// The date of the facts.
    ///
    /// # Errors
    /// A bug if the manifest holds no date.
    pub fn as_of(&self) -> Result<Date> {
        Date::from_str(&self.as_of).map_err(|text| Error::bug(text.en))
    }

    /// Whether a list was delivered in full.
    #[must_use]
    pub fn is_complete(&self, list: &str) -> bool {
        self.complete_lists.iter().any(|name| name == list)
    }
}

/// What the writer is told before the first row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The period.
    pub period: Period,
    /// The date of the facts.
    pub as_of: Date,
    /// What the snapshot stands for.
    pub scale: Scale,
    /// Fingerprint of the key that made the ids.
    pub key_fingerprint: String,
    /// The tables that region ordinals point into.
    pub regions: RegionTable,
    /// Lists delivered in full.
    pub complete_lists: Vec<String>,
    /// Findings of the freeze, by code.
    pub findings: BTreeMap<String, u64>,
}

/// Canonical JSON: keys sorted by bytes, no spaces, integers as they are.
///
/// # Errors
/// A bug if a value is a float or cannot be written as JSON.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>> {
    let value = serde_json::to_value(value).map_err(Error::bug)?;
    let mut out = Vec::new();
    write_canonical(&value, &mut out)?;
    Ok(out)
}

fn write_canonical(value: &serde_json::Value, out: &mut Vec<u8>) -> Result<()> {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push(b'{');
            for (at, (key, inner)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, key).map_err(Error::bug)?;
                out.push(b':');
                write_canonical(inner, out)?;
            }
            out.push(b'}');
        }
        Value::Array(list) => {
            out.push(b'[');
            for (at, inner) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_canonical(inner, out)?;
            }
            out.push(b']');
        }
        Value::Number(number) if number.is_f64() => {
            return Err(Error::bug("canonical JSON holds no fractions"));
        }
        other => serde_json::to_writer(&mut *out, other).map_err(Error::bug)?,
    }
    Ok(())
}
