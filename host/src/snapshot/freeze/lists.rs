//! Imported lists, ready to be asked by id.
//!
//! Takes the list tables; gives, per id, the newest entry of each topic. A list
//! delivered complete replaces what was delivered before it: who is not on it is a
//! known no. Ids are evenly spread hashes, so a look-up costs one jump.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::slice::ParallelSliceMut;

use super::{Ranks, interrupted, place};
use crate::error::Result;
use crate::intake::{NOTHING, Table};
use crate::registry::{Extract, Registry};
use crate::terms::{Date, Period};

/// One row of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// Item of an exclusion, program of an aid; else 0.
    pub(super) topic: u8,
    rank: u32,
    /// The row's facts in the order of its table, `i32::MIN` = not delivered.
    pub(super) values: [i32; 3],
    /// Head of a family in the aid history, or the family where the list is by head.
    pub(super) other: u64,
}

/// Not on the list.
pub(super) const ABSENT: u32 = u32::MAX;

/// A fact of a one-topic entry: as delivered, `absent` for who is not on the list.
pub(super) fn value(entries: &[Entry], at: usize, absent: i64) -> i64 {
    match entries.first().and_then(|entry| entry.values.get(at)) {
        Some(&i32::MIN) => NOTHING,
        Some(value) => i64::from(*value),
        None => absent,
    }
}

/// The lists by person, in the order of `Lists::of_people`.
#[derive(Debug, Clone, Copy)]
pub(super) enum OfPerson {
    Exclusions,
    Pregnancies,
    WagePremiums,
    Victims,
    SchoolLevels,
    History,
}

/// The lists by family, in the order of `Lists::of_families`.
#[derive(Debug, Clone, Copy)]
pub(super) enum OfFamily {
    Exclusions,
    Losses,
    Months,
    History,
}

/// Entries by id.
#[derive(Debug, Default)]
pub(super) struct List {
    entries: Vec<Entry>,
    /// First entry of each top-bit value.
    starts: Vec<u32>,
    shift: u32,
    pub(super) complete: bool,
}

impl List {
    fn new(mut entries: Vec<Entry>, complete: bool) -> List {
        entries.par_sort_unstable();
        // of one topic the last is the newest
        entries.reverse();
        entries.dedup_by_key(|entry| (entry.id, entry.topic));
        entries.reverse();
        let bits = entries.len().max(2).ilog2().min(24);
        let shift = 64 - bits;
        let mut starts = vec![0_u32; (1_usize << bits) + 1];
        let mut at = 0;
        for (top, start) in starts.iter_mut().enumerate() {
            while entries.get(at).is_some_and(|entry| ((entry.id >> shift) as usize) < top) {
                at += 1;
            }
            *start = u32::try_from(at).unwrap_or(u32::MAX);
        }
        List { entries, starts, shift, complete }
    }

    /// Where the entries of an id start; `ABSENT` if it has none.
    pub(super) fn start(&self, id: u64) -> u32 {
        if self.entries.is_empty() {
            return ABSENT;
        }
        let top = (id >> self.shift) as usize;
        let bound = |at: usize| self.starts.get(at).map_or(self.entries.len(), |start| *start as usize);
        let slot = self.entries.get(bound(top)..bound(top + 1)).unwrap_or(&[]);
        let within = slot.partition_point(|entry| entry.id < id);
        match slot.get(within) {
            Some(entry) if entry.id == id => u32::try_from(bound(top) + within).unwrap_or(ABSENT),
            _ => ABSENT,
        }
    }

    /// The entries that start there.
    pub(super) fn from(&self, start: u32) -> &[Entry] {
        if start == ABSENT {
            return &[];
        }
        let rest = self.entries.get(start as usize..).unwrap_or(&[]);
        let same = rest.iter().take_while(|entry| Some(entry.id) == rest.first().map(|first| first.id)).count();
        rest.get(..same).unwrap_or(&[])
    }

    /// All entries of an id.
    pub(super) fn of(&self, id: u64) -> &[Entry] {
        self.from(self.start(id))
    }

    /// A known zero if the list is complete.
    pub(super) fn zero(&self) -> i64 {
        if self.complete { 0 } else { NOTHING }
    }

    fn len(&self) -> u64 {
        self.entries.len() as u64
    }
}

/// All lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Names of the complete ones.
    pub(super) complete: Vec<String>,
    pub(super) person_exclusions: List,
    pub(super) family_exclusions: List,
    pub(super) pregnancies: List,
    pub(super) wage_premiums: List,
    pub(super) victims: List,
    pub(super) school_levels: List,
    pub(super) losses: List,
    pub(super) months: List,
    pub(super) person_history: List,
    pub(super) family_history: List,
    /// Family history under the head's person id, for families whose id is new.
    pub(super) head_history: List,
    /// The quarter before the period, as `until` counts.
    pub(super) last_quarter: i32,
}

impl Lists {
    pub(super) fn read(
        registry: &Registry,
        extracts: &[Extract],
        ranks: &Ranks,
        period: Period,
        cancel: &AtomicBool,
    ) -> Result<Lists> {
        let mut lists = Lists { last_quarter: i32::from(period.quarter_ordinal()) - 1, ..Lists::default() };
        let mut read = |table, kind: &str| {
            let newest = extracts.iter().rev().find(|extract| extract.kind == kind && extract.complete);
            let floor = newest.map_or(Date(i32::MIN), |extract| extract.as_of);
            let counted = |rank: u32| extracts.get(rank as usize).is_some_and(|extract| extract.as_of >= floor);
            if newest.is_some() {
                lists.complete.push(kind.to_owned());
            }
            let entries = entries(registry, table, ranks, &counted, cancel)?;
            Ok::<_, crate::error::Error>((entries, newest.is_some()))
        };
        let whole = |(entries, complete): (Vec<(bool, Entry)>, bool)| {
            List::new(entries.into_iter().map(|(_, entry)| entry).collect(), complete)
        };
        let pregnancies = whole(read(Table::Pregnancy, "pregnancies")?);
        let wage_premiums = whole(read(Table::WagePremium, "wage_premiums")?);
        let victims = whole(read(Table::HumanRightsVictim, "human_rights_victims")?);
        let school_levels = whole(read(Table::SchoolLevel, "school_levels")?);
        let losses = whole(read(Table::LivelihoodLoss, "livelihood_losses")?);
        let months = whole(read(Table::FactMonth, "fact_months")?);
        let (hits, hits_complete) = read(Table::Exclusion, "exclusions")?;
        let (aid, aid_complete) = read(Table::AidHistory, "aid_history")?;
        let of = |all: &[(bool, Entry)], family: bool| {
            all.iter().filter(|(unit, _)| *unit == family).map(|(_, entry)| *entry).collect::<Vec<_>>()
        };
        let by_head = |entry: Entry| Entry { id: entry.other, other: entry.id, ..entry };
        let heads = of(&aid, true).into_iter().filter(|entry| entry.other != 0).map(by_head).collect();
        Ok(Lists {
            pregnancies,
            wage_premiums,
            victims,
            school_levels,
            losses,
            months,
            person_exclusions: List::new(of(&hits, false), hits_complete),
            family_exclusions: List::new(of(&hits, true), hits_complete),
            person_history: List::new(of(&aid, false), aid_complete),
            family_history: List::new(of(&aid, true), aid_complete),
            head_history: List::new(heads, aid_complete),
            ..lists
        })
    }

    /// Entries of all lists.
    pub(super) fn rows(&self) -> u64 {
        let people = self.of_people().into_iter().map(List::len).sum::<u64>();
        let families = self.of_families().into_iter().map(List::len).sum::<u64>();
        people + families
    }

    /// The lists by person.
    pub(super) fn of_people(&self) -> [&List; 6] {
        [
            &self.person_exclusions,
            &self.pregnancies,
            &self.wage_premiums,
            &self.victims,
            &self.school_levels,
            &self.person_history,
        ]
    }

    /// The lists by family.
    pub(super) fn of_families(&self) -> [&List; 4] {
        [&self.family_exclusions, &self.losses, &self.months, &self.family_history]
    }
}

/// Rows of a table that count, and whether each is by family.
fn entries(
    registry: &Registry,
    table: Table,
    ranks: &Ranks,
    counted: &dyn Fn(u32) -> bool,
    cancel: &AtomicBool,
) -> Result<Vec<(bool, Entry)>> {
    let columns = Registry::fact_columns(table);
    let (id, extract, row) = (place(table, "id")?, place(table, "extract")?, place(table, "row")?);
    let unit = columns.iter().position(|name| name == "unit");
    let head = columns.iter().position(|name| name == "head");
    let by_family = matches!(table, Table::LivelihoodLoss | Table::FactMonth);
    let topical = matches!(table, Table::Exclusion | Table::AidHistory);
    let mut out = Vec::new();
    registry.each_fact(table, &mut |values| {
        if out.len().is_multiple_of(8192) && cancel.load(Ordering::Relaxed) {
            return Err(interrupted());
        }
        let at = |column: usize| values.get(column).copied().unwrap_or(NOTHING);
        let Some(rank) = ranks.get(&at(extract)).copied().filter(|rank| counted(*rank)) else { return Ok(()) };
        let fact = |n: usize| i32::try_from(at(row + 1 + n)).unwrap_or(i32::MIN);
        let topic = if topical { u8::try_from(at(row + 1)).unwrap_or(0) } else { 0 };
        let other = head.map(at).filter(|head| *head != NOTHING).map_or(0, i64::cast_unsigned);
        let values = if topical { [fact(1), fact(2), i32::MIN] } else { [fact(0), fact(1), fact(2)] };
        let family = unit.map_or(by_family, |unit| at(unit) == 1);
        out.push((family, Entry { id: at(id).cast_unsigned(), topic, rank, values, other }));
        Ok(())
    })?;
    Ok(out)
}
