//! Spreads families and members over regencies.
//!
//! Takes the facts by rowid; gives one bucket of families and one of members per
//! regency, the region table, and which of an id's rows is the newest. Members
//! whose family is not there are counted and left out. Memory: 16 bytes per family
//! and, where people were delivered more than once, per person; rows spill to disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::slice::ParallelSliceMut;

use super::packing::{Bucket, Packing};
use super::twins::Twins;
use super::{Ranks, interrupted, place};
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Result};
use crate::intake::{NOTHING, Table};
use crate::quality::{Check, Tally};
use crate::registry::Registry;
use crate::snapshot::{RegencyRow, RegionTable, VillageRow};
use crate::terms::{Date, PersonId, RegionSystem};

/// Bytes of rows held before they spill.
const HELD: usize = 1 << 30;
const CANCEL_EVERY: u64 = 8192;

/// Where a family's newest row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Home {
    pub(super) id: i64,
    pub(super) rank: u32,
    pub(super) regency: u16,
}

/// Rows spread over regencies.
#[derive(Debug)]
pub(super) struct Spread {
    pub(super) families: Vec<Bucket>,
    pub(super) members: Vec<Bucket>,
    pub(super) family_packing: Packing,
    pub(super) member_packing: Packing,
    /// The newest row of each family, by id.
    pub(super) homes: Vec<Home>,
    /// For people with several rows, the newest one's rank, by id.
    pub(super) newest: Vec<(i64, u32)>,
    /// Ids of families and of people that two deliveries of one day hold.
    pub(super) shared: (Vec<i64>, Vec<i64>),
    villages: BTreeSet<(u16, i64)>,
}

fn packing(table: Table, dictionary: &Dictionary) -> Packing {
    let kinds: Vec<_> = Registry::fact_columns(table)
        .iter()
        .map(|name| match name.as_str() {
            "village" => None,
            "nik_state" => Some(crate::columns::Kind::U8),
            _ => dictionary.column(name).map(|column| column.kind),
        })
        .collect();
    Packing::new(&kinds)
}

impl Spread {
    pub(super) fn read(
        registry: &Registry,
        dictionary: &Dictionary,
        ranks: &Ranks,
        twins: &Twins,
        tally: &mut Tally,
        cancel: &AtomicBool,
    ) -> Result<Spread> {
        let regencies = Regions::embedded().regencies().len();
        let buckets = || (0..regencies).map(|_| Bucket::default()).collect::<Vec<_>>();
        let mut spread = Spread {
            families: buckets(),
            members: buckets(),
            family_packing: packing(Table::Family, dictionary),
            member_packing: packing(Table::Person, dictionary),
            homes: Vec::new(),
            newest: Vec::new(),
            shared: (Vec::new(), Vec::new()),
            villages: BTreeSet::new(),
        };
        spread.read_families(registry, ranks, twins, cancel)?;
        spread.find_newest(registry, ranks, twins, cancel)?;
        spread.read_members(registry, ranks, tally, cancel)?;
        Ok(spread)
    }

    fn read_families(&mut self, registry: &Registry, ranks: &Ranks, twins: &Twins, cancel: &AtomicBool) -> Result<()> {
        let (regency, village) = (place(Table::Family, "regency")?, place(Table::Family, "village")?);
        let extract = place(Table::Family, "extract")?;
        let by_code = by_code();
        let (mut held, mut read) = (0, 0_u64);
        let mut last_village = (0, NOTHING);
        let mut row = Vec::new();
        registry.each_fact(Table::Family, &mut |values| {
            read += 1;
            if read.is_multiple_of(CANCEL_EVERY) && cancel.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            let at = |column: usize| values.get(column).copied().unwrap_or(NOTHING);
            let Some(rank) = ranks.get(&at(extract)).copied() else { return Ok(()) };
            let Some(home) = by_code.get(&at(regency)).copied() else {
                return Err(Error::bug(format!("regency {} is in the region table", at(regency))));
            };
            self.homes.push(Home { id: at(0), rank, regency: home });
            if at(village) != NOTHING && last_village != (home, at(village)) {
                last_village = (home, at(village));
                self.villages.insert(last_village);
            }
            row.clear();
            row.extend_from_slice(values);
            put(&mut row, extract, i64::from(rank));
            put(&mut row, regency, i64::from(home));
            let Some(bucket) = self.families.get_mut(usize::from(home)) else { return Ok(()) };
            self.family_packing.push(&row, bucket.room());
            held += self.family_packing.width;
            if held > HELD {
                held = 0;
                return self.families.iter_mut().try_for_each(Bucket::spill);
            }
            Ok(())
        })?;
        self.homes.par_sort_unstable();
        let twice = self.homes.windows(2).filter_map(|two| match two {
            [one, other] if one.id == other.id && twins.are(one.rank, other.rank) => Some(one.id),
            _ => None,
        });
        self.shared.0 = twice.collect();
        // of equal ids the last is the newest
        self.homes.reverse();
        self.homes.dedup_by_key(|home| home.id);
        self.homes.reverse();
        Ok(())
    }

    /// People delivered by more than one extract.
    fn find_newest(&mut self, registry: &Registry, ranks: &Ranks, twins: &Twins, cancel: &AtomicBool) -> Result<()> {
        let people =
            registry.extracts()?.iter().filter(|e| e.kind == "individual" && ranks.contains_key(&e.extract)).count();
        if people < 2 {
            return Ok(());
        }
        let mut all: Vec<(i64, u32)> = Vec::new();
        registry.each_id(Table::Person, &mut |id, from| {
            if (all.len() as u64).is_multiple_of(CANCEL_EVERY) && cancel.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            if let Some(rank) = ranks.get(&from) {
                all.push((id, *rank));
            }
            Ok(())
        })?;
        all.par_sort_unstable();
        let twice = all.windows(2).filter_map(|two| match two {
            [one, other] if one.0 == other.0 && twins.are(one.1, other.1) => Some(one.0),
            _ => None,
        });
        self.shared.1 = twice.collect();
        self.newest = all
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|group| group.len() > 1)
            .filter_map(|group| group.last().copied())
            .collect();
        Ok(())
    }

    /// Whether a person's row is the newest one.
    fn is_newest(&self, id: i64, rank: u32) -> bool {
        match self.newest.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => self.newest.get(at).is_some_and(|(_, newest)| *newest == rank),
            Err(_) => true,
        }
    }

    fn read_members(
        &mut self,
        registry: &Registry,
        ranks: &Ranks,
        tally: &mut Tally,
        cancel: &AtomicBool,
    ) -> Result<()> {
        let (family, extract) = (place(Table::Person, "family")?, place(Table::Person, "extract")?);
        let card = place(Table::Person, "ktp_regency")?;
        let by_code = by_code();
        let (mut held, mut read) = (0, 0_u64);
        let mut last: (i64, Option<u16>) = (NOTHING, None);
        let mut orphans: Vec<u64> = Vec::new();
        let mut row = Vec::new();
        registry.each_fact(Table::Person, &mut |values| {
            read += 1;
            if read.is_multiple_of(CANCEL_EVERY) && cancel.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            let at = |column: usize| values.get(column).copied().unwrap_or(NOTHING);
            let Some(rank) = ranks.get(&at(extract)).copied() else { return Ok(()) };
            if !self.newest.is_empty() && !self.is_newest(at(0), rank) {
                return Ok(());
            }
            if last.0 != at(family) {
                last = (at(family), home(&self.homes, at(family)).map(|home| home.regency));
            }
            let Some(regency) = last.1 else {
                orphans.push(at(0).cast_unsigned());
                return Ok(());
            };
            row.clear();
            row.extend_from_slice(values);
            put(&mut row, extract, i64::from(rank));
            put(&mut row, card, by_code.get(&at(card)).map_or(NOTHING, |ordinal| i64::from(*ordinal)));
            let Some(bucket) = self.members.get_mut(usize::from(regency)) else { return Ok(()) };
            self.member_packing.push(&row, bucket.room());
            held += self.member_packing.width;
            if held > HELD {
                held = 0;
                return self.members.iter_mut().try_for_each(Bucket::spill);
            }
            Ok(())
        })?;
        orphans.par_sort_unstable();
        for id in orphans {
            tally.note(Check::OrphanMember, || PersonId(id).to_string());
        }
        Ok(())
    }
}

fn put(row: &mut [i64], at: usize, value: i64) {
    if let Some(slot) = row.get_mut(at) {
        *slot = value;
    }
}

/// Kemendagri code as a number to ordinal.
fn by_code() -> BTreeMap<i64, u16> {
    let code = |code: &str| code.replace('.', "").parse().unwrap_or(NOTHING);
    Regions::embedded().regencies().iter().zip(0_u16..).map(|(regency, at)| (code(&regency.kemendagri), at)).collect()
}

/// The newest row of a family.
pub(super) fn home(homes: &[Home], id: i64) -> Option<Home> {
    homes.binary_search_by_key(&id, |home| home.id).ok().and_then(|at| homes.get(at)).copied()
}

/// Everything that provinces share.
#[derive(Debug)]
pub(super) struct Country {
    pub(super) spread: Spread,
    pub(super) regions: RegionTable,
    /// Regency and village number to village ordinal.
    pub(super) villages: Vec<(u16, i64)>,
    /// Kind and settlement by village number.
    pub(super) kinds: BTreeMap<i64, (i64, i64)>,
}

impl Country {
    pub(super) fn new(spread: Spread, registry: &Registry, as_of: Date) -> Result<Country> {
        let names: BTreeMap<i64, String> = registry.village_names(as_of)?.into_iter().collect();
        let kinds = registry.villages(as_of)?.into_iter().collect();
        let regencies = Regions::embedded().regencies();
        let villages: Vec<(u16, i64)> = spread.villages.iter().copied().collect();
        let row = |(regency, number): &(u16, i64)| {
            let written = Table::village_code(*number);
            let (system, code) = match written.split_once(':') {
                Some(("bps", code)) => (RegionSystem::Bps, code),
                Some((_, code)) => (RegionSystem::Kemendagri, code),
                None => (RegionSystem::Kemendagri, written.as_str()),
            };
            VillageRow {
                regency: *regency,
                system,
                code: code.to_owned(),
                name: names.get(number).cloned().unwrap_or_default(),
            }
        };
        let regions = RegionTable {
            regencies: regencies
                .iter()
                .map(|r| RegencyRow { code: r.kemendagri.clone(), name: r.name.clone() })
                .collect(),
            villages: villages.iter().map(row).collect(),
        };
        Ok(Country { spread, regions, villages, kinds })
    }

    pub(super) fn families(&self) -> u64 {
        self.spread.homes.len() as u64
    }

    /// The regencies of a province, by ordinal.
    pub(super) fn regencies(province: usize) -> impl Iterator<Item = usize> {
        let all = Regions::embedded().regencies().iter().enumerate();
        all.filter(move |(_, regency)| regency.province == province).map(|(at, _)| at)
    }

    /// Whether any family lives in a province.
    pub(super) fn has(&self, province: usize) -> bool {
        Country::regencies(province).any(|at| self.spread.families.get(at).is_some_and(|bucket| !bucket.is_empty()))
    }

    /// Ordinal of a village.
    pub(super) fn village(&self, regency: u16, number: i64) -> Option<u32> {
        self.villages.binary_search(&(regency, number)).ok().and_then(|at| u32::try_from(at).ok())
    }

    /// Whether this row is its family's newest.
    pub(super) fn is_home(&self, id: i64, rank: u32, regency: u16) -> bool {
        home(&self.spread.homes, id) == Some(Home { id, rank, regency })
    }
}
