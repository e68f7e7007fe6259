//! The total order of eligible rows.
//!
//! Incumbents first where the rule file keeps them, then score, sub-keys, and
//! a keyed hash of the unit's id: BLAKE3 keyed with BLAKE3(seed), over the id
//! as eight big-endian bytes, read as a big-endian number; the smaller wins.
//! No two rows are equal: the row itself is last. A lot is 16 bytes: one per
//! eligible row, or one per family where its members stand together.

use std::cmp::Reverse;

use crate::program::{Incumbents, Program, SubKey};
use crate::snapshot::batch::bit;
use crate::terms::Date;

/// The key of the hash, from the published seed.
#[must_use]
pub fn order_key(seed: &str) -> [u8; 32] {
    *blake3::hash(seed.as_bytes()).as_bytes()
}

/// The lot of an id under a key; smaller is served first.
#[must_use]
pub fn order_hash(key: &[u8; 32], id: u64) -> u64 {
    let hash = blake3::keyed_hash(key, &id.to_be_bytes());
    let mut first = [0u8; 8];
    first.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
}

/// What of a row is compared before any lot, as it is: no rule of incumbents applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Standing {
    /// On the list of the run that is promoted from; its lot is the rank there.
    pub(super) listed: bool,
    /// Received in the period before.
    pub(super) incumbent: bool,
    /// Score of the plugin.
    pub(super) score: i64,
    /// Age key, where age stands before any lot.
    pub(super) age: u16,
}

/// What is compared before any lot, under a rule; smaller is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket {
    /// False = on the list of the run that is promoted from: ordered as there.
    pub(super) unlisted: bool,
    /// False = incumbent who is kept.
    pub(super) newcomer: bool,
    /// Score with the band's points, highest first.
    pub(super) score: Reverse<i64>,
    /// Age key, where age stands before any lot.
    pub(super) age: u16,
}

/// Up to 16 neighbouring eligible rows of one family within their bucket, or one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lot {
    /// Id of the row, or of the family where members stand together; once its bucket is
    /// ordered, the hash of it. Of a listed row the rank in the run that is promoted from.
    pub(super) key: u64,
    /// Row group, counted over all partitions.
    pub(super) group: u16,
    /// Bit n: the n-th eligible row from `first` on belongs to it.
    pub(super) mask: u16,
    /// The first of them, counted over the group's eligible rows.
    pub(super) first: u32,
}

impl Lot {
    /// Its rows, counted over the group's eligible rows.
    pub(super) fn rows(self) -> impl Iterator<Item = u32> {
        (0..16u32).filter(move |at| self.mask >> at & 1 == 1).map(move |at| self.first + at)
    }
}

/// How rows of one program are ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) key: [u8; 32],
    keep: bool,
    band: i64,
    /// Age before the lot: part of the bucket.
    pub(super) first_age: Option<SubKey>,
    /// Members of a family stand together.
    pub(super) family_lot: bool,
    /// Age within the family.
    pub(super) inner_age: Option<SubKey>,
}

impl Order {
    /// Reads the order from a rule file.
    pub(super) fn of(program: &Program) -> Order {
        let is_lot = |key: &SubKey| *key == SubKey::FamilyLot;
        let lot_at = program.sub_keys.iter().position(is_lot);
        let split = lot_at.unwrap_or(program.sub_keys.len());
        let (before, after) = program.sub_keys.split_at(split);
        let (keep, band) = match program.incumbents {
            Incumbents::Keep => (true, 0),
            Incumbents::Band(points) => (false, points),
            Incumbents::None => (false, 0),
        };
        Order {
            key: order_key(&program.seed),
            keep,
            band,
            first_age: before.first().copied(),
            family_lot: lot_at.is_some(),
            inner_age: after.iter().copied().find(|key| !is_lot(key)),
        }
    }

    /// The same order without any rule of incumbents.
    pub(super) fn fresh(&self) -> Order {
        Order { keep: false, band: 0, ..self.clone() }
    }

    /// Where a row stands under this order, before any lot.
    pub(super) fn bucket(&self, of: Standing) -> Bucket {
        if of.listed {
            return Bucket { unlisted: false, newcomer: false, score: Reverse(0), age: 0 };
        }
        let points = if of.incumbent { self.band } else { 0 };
        Bucket {
            unlisted: true,
            newcomer: !(self.keep && of.incumbent),
            score: Reverse(of.score.saturating_add(points)),
            age: of.age,
        }
    }

    /// Whether ages are needed at all.
    pub(super) fn needs_age(&self) -> bool {
        self.first_age.is_some() || self.inner_age.is_some()
    }
}

/// Completed years at a date, by a table instead of the calendar.
pub struct Ages {
    /// For each age the last birth day that has reached it, descending.
    reached: Vec<i32>,
}

/// Oldest age told apart.
const OLDEST: u16 = 200;

impl Ages {
    /// The table for one date.
    #[must_use]
    pub fn at(as_of: Date) -> Ages {
        let now = as_of.civil();
        let reached = (0..=OLDEST).map(|age| {
            let year = now.year() - i16::try_from(age).unwrap_or(0);
            // 29 February in another year: the last day before it
            let day = Date::from_ymd(year, now.month(), now.day());
            day.or_else(|| Date::from_ymd(year, now.month(), now.day() - 1)).unwrap_or(Date(i32::MIN)).0
        });
        Ages { reached: reached.collect() }
    }

    /// Completed years, 0 for a date after as-of.
    #[must_use]
    pub fn years(&self, birth: i32) -> u16 {
        let over = self.reached.partition_point(|last| birth <= *last);
        u16::try_from(over.saturating_sub(1)).unwrap_or(OLDEST)
    }

    /// The sub-key of a birth date; an unknown one comes last.
    pub(super) fn key(&self, sub: SubKey, birth: Option<i32>) -> u16 {
        match (sub, birth) {
            (SubKey::FamilyLot, _) => 0,
            (_, None) => u16::MAX,
            (SubKey::AgeYoungest, Some(birth)) => self.years(birth),
            (SubKey::AgeOldest, Some(birth)) => OLDEST - self.years(birth).min(OLDEST),
        }
    }
}

/// Places the eligible members of one family by age, then by hash, then by row.
/// `members` holds (age key, row in batch); `id` gives a row's person id.
pub(super) fn place_members(key: &[u8; 32], members: &mut [(u16, u64, u32)], id: impl Fn(u32) -> u64) {
    if members.len() < 2 {
        return;
    }
    members.sort_unstable();
    // hash only where ages are equal
    for equal in members.chunk_by_mut(|a, b| a.0 == b.0).filter(|equal| equal.len() > 1) {
        equal.iter_mut().for_each(|member| member.1 = order_hash(key, id(member.2)));
        equal.sort_unstable();
    }
}

/// Bits of a known yes/no column.
pub(super) fn yes(values: &[u8], valid: Option<&Vec<u8>>, row: usize) -> bool {
    bit(values, row) && valid.is_none_or(|known| bit(known, row))
}

#[cfg(test)]
mod tests {
    use super::{Ages, Date};

    #[test]
    fn the_table_of_ages_is_the_calendar() {
        for as_of in ["2026-09-20", "2024-02-29", "2025-02-28", "2026-01-01"] {
            let as_of: Date = as_of.parse().unwrap_or(Date(0));
            let ages = Ages::at(as_of);
            for back in 0..45_000 {
                let birth = Date(as_of.0 - back);
                assert_eq!(i32::from(ages.years(birth.0)), birth.years_at(as_of), "{birth} at {as_of}");
            }
        }
    }
}
