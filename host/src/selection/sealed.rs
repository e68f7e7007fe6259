//! The rows of a sealed snapshot, as judging reads them, and its areas.
//!
//! Takes an opened snapshot, and for working columns the folder of the cache; names
//! no file itself.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Result};
use crate::program::AreaLevel;
use crate::snapshot::{Batch, Partition, RegionTable, Snapshot, VillageRow, Warm};
use crate::terms::RegionSystem;

use super::{AreaTable, GroupRows, PartitionRows, Place, Rows, Wanted};

/// A snapshot's rows by partition and row group.
pub struct SealedRows<'a> {
    snapshot: &'a Snapshot,
    sealed: &'a [Partition],
    partitions: Vec<PartitionRows>,
}

impl<'a> SealedRows<'a> {
    /// Reads how many rows each row group holds.
    ///
    /// # Errors
    /// A file that cannot be opened or is not what was sealed.
    pub fn of(snapshot: &'a Snapshot) -> Result<SealedRows<'a>> {
        SealedRows::over(snapshot, snapshot.partitions())
    }

    /// As `of`, for the sealed sample.
    ///
    /// # Errors
    /// As `of`.
    pub fn of_sample(snapshot: &'a Snapshot) -> Result<SealedRows<'a>> {
        SealedRows::over(snapshot, snapshot.sample())
    }

    fn over(snapshot: &'a Snapshot, sealed: &'a [Partition]) -> Result<SealedRows<'a>> {
        let mut partitions = Vec::new();
        for partition in sealed {
            let mut groups = Vec::new();
            for group in 0..snapshot.groups(partition)? {
                let (families, members) = snapshot.group_rows(partition, group)?;
                groups.push(GroupRows { families, members });
            }
            partitions.push(PartitionRows { code: partition.province.clone(), groups });
        }
        Ok(SealedRows { snapshot, sealed, partitions })
    }
}

impl Rows for SealedRows<'_> {
    fn partitions(&self) -> &[PartitionRows] {
        &self.partitions
    }

    fn read(&self, place: Place, wanted: &Wanted, each: &mut dyn FnMut(&mut Batch) -> Result<()>) -> Result<()> {
        let partition = self.sealed.get(place.partition);
        let partition = partition.ok_or_else(|| Error::bug("a place lies in the snapshot"))?;
        let mut batches =
            self.snapshot.batches_of_group(partition, place.group, &wanted.family, &wanted.member, true)?;
        let mut batch = Batch::default();
        while batches.next_into(&mut batch)? {
            each(&mut batch)?;
        }
        Ok(())
    }
}

/// A snapshot's rows from its working columns: the same batches as `SealedRows`
/// gives, read without decoding. For simulation; a run reads what is sealed.
#[derive(Debug)]
pub struct WarmRows<'a> {
    warm: Warm<'a>,
    partitions: Vec<PartitionRows>,
}

impl<'a> WarmRows<'a> {
    /// The rows of a snapshot whose working columns lie below `cache`; those that are
    /// not there are made when they are first read.
    ///
    /// # Errors
    /// As `SealedRows::of`.
    pub fn of(snapshot: &'a Snapshot, cache: &Path) -> Result<WarmRows<'a>> {
        Ok(WarmRows { warm: Warm::of(snapshot, cache), partitions: SealedRows::of(snapshot)?.partitions })
    }

    /// The working columns: what was proved and made.
    #[must_use]
    pub fn warm(&self) -> &Warm<'a> {
        &self.warm
    }
}

impl Rows for WarmRows<'_> {
    fn partitions(&self) -> &[PartitionRows] {
        &self.partitions
    }

    fn read(&self, place: Place, wanted: &Wanted, each: &mut dyn FnMut(&mut Batch) -> Result<()>) -> Result<()> {
        let mut batches =
            self.warm.batches_of_group(place.partition, place.group, &wanted.family, &wanted.member, true)?;
        let mut batch = Batch::default();
        while batches.next_into(&mut batch)? {
            each(&mut batch)?;
        }
        Ok(())
    }
}

/// The areas of every level below the nation, by code, from a manifest's region table.
#[must_use]
pub fn areas_of(regions: &RegionTable) -> BTreeMap<AreaLevel, AreaTable> {
    let provinces = regions.regencies.iter().map(|row| {
        let province = row.code.split('.').next().unwrap_or(&row.code);
        format!("kemendagri:{province}")
    });
    let provinces: Vec<String> = provinces.collect();
    let regencies: Vec<String> = regions.regencies.iter().map(|row| format!("kemendagri:{}", row.code)).collect();
    let of = |code: &dyn Fn(&VillageRow) -> String| regions.villages.iter().map(code).collect::<Vec<String>>();
    let districts = of(&|row| format!("{}:{}", system(row.system), district(row.system, &row.code)));
    let villages = of(&|row| format!("{}:{}", system(row.system), row.code));
    let regency_of: Vec<u32> = regions.villages.iter().map(|row| u32::from(row.regency)).collect();
    let province = table(provinces, &[]);
    let regency = table(regencies, &province.of);
    // a regency's ordinal is not its place in the table if codes are not sorted as text
    let above: Vec<u32> =
        regency_of.iter().map(|at| regency.of.get(*at as usize).copied().unwrap_or(u32::MAX)).collect();
    let district = table(districts, &above);
    let village = table(villages, &district.of);
    BTreeMap::from([
        (AreaLevel::Province, province),
        (AreaLevel::Regency, regency),
        (AreaLevel::District, district),
        (AreaLevel::Village, village),
    ])
}

fn system(of: RegionSystem) -> &'static str {
    match of {
        RegionSystem::Kemendagri => "kemendagri",
        RegionSystem::Bps => "bps",
    }
}

/// Code of the area of a level in which a family lives, by the ordinals of its regency and
/// village; `None` for the nation and where the region is not known.
#[must_use]
pub fn area_code(
    regions: &RegionTable,
    level: AreaLevel,
    regency: Option<u32>,
    village: Option<u32>,
) -> Option<String> {
    let regency = || regions.regencies.get(usize::try_from(regency?).ok()?);
    let village = || regions.villages.get(usize::try_from(village?).ok()?);
    match level {
        AreaLevel::National => None,
        AreaLevel::Province => Some(format!("kemendagri:{}", regency()?.code.split('.').next()?)),
        AreaLevel::Regency => Some(format!("kemendagri:{}", regency()?.code)),
        AreaLevel::District => {
            let row = village()?;
            Some(format!("{}:{}", system(row.system), district(row.system, &row.code)))
        }
        AreaLevel::Village => {
            let row = village()?;
            Some(format!("{}:{}", system(row.system), row.code))
        }
    }
}

/// The district in which a village code lies: all but its last part.
fn district(system: RegionSystem, code: &str) -> &str {
    match (system, code.rfind('.')) {
        (RegionSystem::Kemendagri, Some(dot)) => code.get(..dot).unwrap_or(code),
        // BPS: two digits of province and of regency, three of district, three of village
        _ => code.get(..7).unwrap_or(code),
    }
}

/// Codes sorted, for each region in its own order the place of its area, and for each area
/// the one above it; `above` has an entry for each region, or none.
fn table(of_regions: Vec<String>, above: &[u32]) -> AreaTable {
    let mut codes = of_regions.clone();
    codes.sort_unstable();
    codes.dedup();
    let place = |code: &String| codes.binary_search(code).ok().and_then(|at| u32::try_from(at).ok());
    let of: Vec<u32> = of_regions.iter().map(|code| place(code).unwrap_or(u32::MAX)).collect();
    let mut parents = vec![u32::MAX; if above.is_empty() { 0 } else { codes.len() }];
    // an area whose regions lie under several others counts to the first of them
    for (area, parent) in of.iter().zip(above) {
        if let Some(slot) = parents.get_mut(*area as usize) {
            *slot = (*slot).min(*parent);
        }
    }
    AreaTable { codes, of, parents }
}
