//! Provinces, regencies and districts in both code systems.
//!
//! Takes `schema/regions.csv` (38 provinces, 514 regencies; Kepmendagri
//! 300.2.2-2138/2025, BPS codes of 2020) and `schema/districts.csv` (6,449
//! districts outside Papua); gives look-ups by system and code. Must never guess
//! a regency from a bare code: the systems collide (92, 95, 96, 1201). Papua's
//! regencies have no BPS code since the split of 2022 and are found by province
//! and delivered name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use crate::error::{Error, Fault, Result};
use crate::say;

/// A province.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Province {
    /// Home Affairs code, `11`.
    pub kemendagri: String,
    /// Statistics code as delivered today.
    pub bps: String,
    /// Name, without `Provinsi`.
    pub name: String,
}

/// A regency or city; its position in `Regions::regencies` orders by Kemendagri code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regency {
    /// Home Affairs code, `11.01`.
    pub kemendagri: String,
    /// Statistics code of 2020, `1103`.
    pub bps: String,
    /// Whether `bps` still holds; false for Papua, whose codes ended in 2022.
    pub bps_valid: bool,
    /// Name with its kind: `Kabupaten ...` or `Kota ...`.
    pub name: String,
    /// Position of its province in `Regions::provinces`.
    pub province: usize,
    /// Men, second half of 2024.
    pub men: u32,
    /// Women, second half of 2024.
    pub women: u32,
    /// Number of districts.
    pub districts: u32,
    /// Number of villages.
    pub villages: u32,
}

/// A district (kecamatan) outside Papua.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct District {
    /// Home Affairs code, `11.01.01`.
    pub kemendagri: String,
    /// Statistics code, 7 digits.
    pub bps: String,
    /// Name.
    pub name: String,
}

/// How a delivered regency was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// By its code.
    Code,
    /// By its province's code and its name (Papua); intake reports how many.
    Name,
}

/// All regions of the country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    provinces: Vec<Province>,
    regencies: Vec<Regency>,
    districts: Vec<District>,
    by_bps: BTreeMap<String, usize>,
    by_name: BTreeMap<(String, String), usize>,
    district_by_bps: BTreeMap<String, usize>,
}

static EMBEDDED: LazyLock<Regions> = LazyLock::new(|| {
    // A test reads the embedded files; empty tables would leave every region unresolved.
    Regions::read(include_str!("../../../schema/regions.csv"), include_str!("../../../schema/districts.csv"))
        .unwrap_or_else(|_| Regions::empty())
});

impl Regency {
    /// Men and women, second half of 2024.
    #[must_use]
    pub fn population(&self) -> u32 {
        self.men.saturating_add(self.women)
    }

    /// Whether it is a city (kota).
    #[must_use]
    pub fn is_city(&self) -> bool {
        self.name.starts_with("Kota ")
    }
}

impl Regions {
    /// The regions built into the binary.
    #[must_use]
    pub fn embedded() -> &'static Regions {
        &EMBEDDED
    }

    fn empty() -> Regions {
        Regions {
            provinces: Vec::new(),
            regencies: Vec::new(),
            districts: Vec::new(),
            by_bps: BTreeMap::new(),
            by_name: BTreeMap::new(),
            district_by_bps: BTreeMap::new(),
        }
    }

    /// Reads both files.
    ///
    /// # Errors
    /// `Fault::Rules` naming file and line: wrong shape, a code twice, a regency
    /// before its province, codes out of order.
    pub fn read(regions: &str, districts: &str) -> Result<Regions> {
        let mut all = Regions::empty();
        let path = Path::new("schema/regions.csv");
        for (line, row) in rows(path, regions, 8)? {
            all.add_region(&row).ok_or_else(|| wrong_row(path, line))?;
        }
        let path = Path::new("schema/districts.csv");
        for (line, row) in rows(path, districts, 3)? {
            all.add_district(&row).ok_or_else(|| wrong_row(path, line))?;
        }
        Ok(all)
    }

    fn add_region(&mut self, row: &csv::StringRecord) -> Option<()> {
        let (kemendagri, bps, valid, name) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        if kemendagri.len() == 2 {
            let ordered = self.provinces.last().is_none_or(|p| p.kemendagri.as_str() < kemendagri);
            self.provinces.push(Province { kemendagri: kemendagri.into(), bps: bps.into(), name: name.into() });
            return ordered.then_some(());
        }
        let province = self.provinces.iter().position(|p| kemendagri.starts_with(&p.kemendagri))?;
        let ordered = self.regencies.last().is_none_or(|r| r.kemendagri.as_str() < kemendagri);
        let at = self.regencies.len();
        let bps_valid = !valid.starts_with('-');
        let fresh_code = !bps_valid || self.by_bps.insert(bps.to_owned(), at).is_none();
        let key = (self.provinces.get(province)?.bps.clone(), plain_name(name));
        let fresh_name = self.by_name.insert(key, at).is_none();
        self.regencies.push(Regency {
            kemendagri: kemendagri.into(),
            bps: bps.into(),
            bps_valid,
            name: name.into(),
            province,
            men: row.get(4)?.parse().ok()?,
            women: row.get(5)?.parse().ok()?,
            districts: row.get(6)?.parse().ok()?,
            villages: row.get(7)?.parse().ok()?,
        });
        (ordered && fresh_code && fresh_name && kemendagri.len() == 5 && bps.len() == 4).then_some(())
    }

    fn add_district(&mut self, row: &csv::StringRecord) -> Option<()> {
        let (kemendagri, bps, name) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let at = self.districts.len();
        let ordered = self.districts.last().is_none_or(|d| d.kemendagri.as_str() < kemendagri);
        let fresh = self.district_by_bps.insert(bps.to_owned(), at).is_none();
        let known = self.regency(kemendagri.get(..5)?).is_some();
        self.districts.push(District { kemendagri: kemendagri.into(), bps: bps.into(), name: name.into() });
        (ordered && fresh && known && bps.len() == 7).then_some(())
    }

    /// The 38 provinces, by Kemendagri code.
    #[must_use]
    pub fn provinces(&self) -> &[Province] {
        &self.provinces
    }

    /// The 514 regencies and cities, by Kemendagri code.
    #[must_use]
    pub fn regencies(&self) -> &[Regency] {
        &self.regencies
    }

    /// Position of a regency by its Kemendagri code `35.78`.
    #[must_use]
    pub fn regency(&self, kemendagri: &str) -> Option<usize> {
        self.regencies.binary_search_by(|r| r.kemendagri.as_str().cmp(kemendagri)).ok()
    }

    /// Position of a regency by its BPS code, where that code still holds (not Papua).
    #[must_use]
    pub fn regency_by_bps(&self, bps: &str) -> Option<usize> {
        self.by_bps.get(bps).copied()
    }

    /// Position of a regency by its province's BPS code and its name, however it is cased;
    /// `Kabupaten` may be left out, `Kota` may not.
    #[must_use]
    pub fn regency_by_name(&self, province_bps: &str, name: &str) -> Option<usize> {
        self.by_name.get(&(province_bps.to_owned(), plain_name(name))).copied()
    }

    /// Recognises a regency as a DTSEN delivery writes it: by code, in Papua by
    /// province and name. `None`: the row has no resolvable region.
    #[must_use]
    pub fn delivered(&self, province_bps: &str, regency_bps: &str, name: &str) -> Option<(usize, Recognised)> {
        if let Some(at) = self.regency_by_bps(regency_bps) {
            return Some((at, Recognised::Code));
        }
        let at = self.regency_by_name(province_bps, name)?;
        let code_ended = self.regencies.get(at).is_some_and(|r| !r.bps_valid);
        code_ended.then_some((at, Recognised::Name))
    }

    /// Whether a delivered name is that of another regency of the same province, so
    /// that code and name contradict each other. An unknown spelling does not; a
    /// left-out `Kota` or `Kabupaten` does not either.
    #[must_use]
    pub fn is_another(&self, regency: usize, name: &str) -> bool {
        let Some(row) = self.regencies.get(regency) else { return false };
        let province = self.provinces.get(row.province).map_or("", |province| province.bps.as_str());
        let named = [name.to_owned(), format!("Kota {name}")].map(|name| self.regency_by_name(province, &name));
        let mut named = named.into_iter().flatten().peekable();
        named.peek().is_some() && !named.any(|one| one == regency)
    }

    /// A district by its 7-digit BPS code.
    #[must_use]
    pub fn district_by_bps(&self, bps: &str) -> Option<&District> {
        self.district_by_bps.get(bps).and_then(|at| self.districts.get(*at))
    }

    /// Another district, one to one: no two districts are far from the same one.
    #[must_use]
    pub fn district_far_from<'a>(&'a self, district: &'a District) -> &'a District {
        let at = self.district_by_bps.get(&district.bps).copied().unwrap_or(0);
        let far = (at + self.districts.len() / 2) % self.districts.len().max(1);
        self.districts.get(far).unwrap_or(district)
    }

    /// The districts of a regency, by Kemendagri code; empty in Papua.
    #[must_use]
    pub fn districts_of(&self, regency_kemendagri: &str) -> &[District] {
        let prefix = |d: &District| d.kemendagri.get(..5).unwrap_or("").to_owned();
        let from = self.districts.partition_point(|d| prefix(d).as_str() < regency_kemendagri);
        let to = self.districts.partition_point(|d| prefix(d).as_str() <= regency_kemendagri);
        self.districts.get(from..to).unwrap_or(&[])
    }
}

/// Upper case letters and digits only, without a leading `Kabupaten` and without
/// Jakarta's `Administrasi`.
fn plain_name(name: &str) -> String {
    let upper = name.trim().to_uppercase().replace("ADMINISTRASI ", "").replace("ADM. ", "").replace("ADM ", "");
    let bare = ["KABUPATEN ", "KAB. ", "KAB "].iter().find_map(|p| upper.strip_prefix(p)).unwrap_or(&upper);
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn rows(path: &Path, text: &str, fields: usize) -> Result<Vec<(usize, csv::StringRecord)>> {
    let mut out = Vec::new();
    for (at, row) in csv::Reader::from_reader(text.as_bytes()).into_records().enumerate() {
        let row = row.map_err(|e| wrong_row(path, at + 2).because(e))?;
        if row.len() != fields {
            return Err(wrong_row(path, at + 2));
        }
        out.push((at + 2, row));
    }
    Ok(out)
}

fn wrong_row(path: &Path, line: usize) -> Error {
    Error::new(
        Fault::Rules,
        say!(
            "baris {line}: kode wilayah ganda, tidak urut, atau bentuknya salah",
            "line {line}: a region code is double, out of order or of the wrong shape"
        ),
    )
    .file(path)
}
