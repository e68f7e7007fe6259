//! A reform as a family meets it: over all programs together.
//!
//! Takes the selections of both sides and the members of each family; gives the
//! change in a family's rupiah by bands, the number of programs before and
//! after, and how programs overlap. Amounts of people count for their family.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::stage::{Site, Way};
use crate::columns::Entity;
use crate::error::{Error, Result};
use crate::sandbox::Unit;
use crate::selection::{Place, Wanted, places};

/// Families by the change in their rupiah per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Had something, has nothing.
    LostAll,
    /// Loses half or more.
    MinusHalf,
    /// Loses less than half.
    Minus,
    /// Neither more nor less.
    Same,
    /// Gains less than half.
    Plus,
    /// Gains half or more.
    PlusHalf,
    /// Had nothing, has something.
    FromNothing,
}

impl Band {
    /// The name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Band::LostAll => "lost_all",
            Band::MinusHalf => "minus_50_and_more",
            Band::Minus => "minus_less_than_50",
            Band::Same => "same",
            Band::Plus => "plus_less_than_50",
            Band::PlusHalf => "plus_50_and_more",
            Band::FromNothing => "from_nothing",
        }
    }

    /// The band of a family.
    #[must_use]
    pub fn of(before: i64, after: i64) -> Band {
        let (before, after) = (i128::from(before), i128::from(after));
        match (before, after) {
            _ if before == after => Band::Same,
            (0, _) => Band::FromNothing,
            (_, 0) => Band::LostAll,
            _ if after < before && (before - after) * 2 >= before => Band::MinusHalf,
            _ if after < before => Band::Minus,
            _ if (after - before) * 2 >= before => Band::PlusHalf,
            _ => Band::Plus,
        }
    }
}

/// Families served by two programs at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The two programs.
    pub programs: (String, String),
    /// Families of baseline and reform.
    pub families: [u64; 2],
}

/// Over all programs together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Net {
    /// Families in the snapshot.
    pub families: u64,
    /// Families by band: count, and rupiah gained or lost per period.
    pub bands: BTreeMap<Band, (u64, i64)>,
    /// Families by number of programs: baseline and reform.
    pub programs: Vec<[u64; 2]>,
    /// Families of decile 1 in all, and those of them with no program.
    pub poorest: u64,
    /// See `poorest`; baseline and reform.
    pub poorest_with_none: [u64; 2],
    /// Families by pair of programs.
    pub overlaps: Vec<Pair>,
}

/// What one thread counts.
#[derive(Debug, Clone, Default)]
struct Count {
    net: Net,
    both: Vec<[u64; 2]>,
}

impl Count {
    fn new(programs: usize) -> Count {
        let net = Net { programs: vec![[0, 0]; programs + 1], ..Net::default() };
        Count { net, both: vec![[0, 0]; programs * programs] }
    }

    fn family(&mut self, served: [&[bool]; 2], rupiah: [i64; 2], poorest: bool) {
        let programs = served[0].len();
        self.net.families += 1;
        self.net.poorest += u64::from(poorest);
        let (count, change) = self.net.bands.entry(Band::of(rupiah[0], rupiah[1])).or_default();
        *count += 1;
        *change += rupiah[1] - rupiah[0];
        for (side, served) in served.into_iter().enumerate() {
            let many = served.iter().filter(|yes| **yes).count();
            if let Some(count) = self.net.programs.get_mut(many) {
                count[side] += 1;
            }
            self.net.poorest_with_none[side] += u64::from(poorest && many == 0);
            for (a, _) in served.iter().enumerate().filter(|(_, yes)| **yes) {
                for (b, _) in served.iter().enumerate().skip(a + 1).filter(|(_, yes)| **yes) {
                    if let Some(count) = self.both.get_mut(a * programs + b) {
                        count[side] += 1;
                    }
                }
            }
        }
    }

    fn merge(&mut self, other: &Count) {
        self.net.families += other.net.families;
        self.net.poorest += other.net.poorest;
        for (band, (count, change)) in &other.net.bands {
            let all = self.net.bands.entry(*band).or_default();
            all.0 += count;
            all.1 += change;
        }
        let both = |all: &mut [u64; 2], part: &[u64; 2]| all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
        self.net.programs.iter_mut().zip(&other.net.programs).for_each(|(all, part)| both(all, part));
        self.both.iter_mut().zip(&other.both).for_each(|(all, part)| both(all, part));
        both(&mut self.net.poorest_with_none, &other.net.poorest_with_none);
    }
}

/// Counts families over all programs.
pub(super) fn net(site: &Site<'_>, ways: &[Way]) -> Result<Net> {
    let decile = site.dictionary.id("decile").filter(|id| (site.holds)(*id));
    let wanted = Wanted { family: decile.into_iter().collect(), member: Vec::new() };
    let total = Mutex::new(Count::new(ways.len()));
    places(site.rows).par_iter().enumerate().try_for_each(|(group, (place, _))| {
        let count = group_net(site, ways, &wanted, group, *place)?;
        total.lock().unwrap_or_else(PoisonError::into_inner).merge(&count);
        Ok::<(), Error>(())
    })?;
    let Count { mut net, both } = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (a, first) in ways.iter().enumerate() {
        for (b, second) in ways.iter().enumerate().skip(a + 1) {
            let families = both.get(a * ways.len() + b).copied().unwrap_or_default();
            net.overlaps.push(Pair { programs: (first.id.clone(), second.id.clone()), families });
        }
    }
    Ok(net)
}

fn group_net(site: &Site<'_>, ways: &[Way], wanted: &Wanted, group: usize, place: Place) -> Result<Count> {
    let mut count = Count::new(ways.len());
    let (mut family_at, mut member_at) = (0usize, 0usize);
    let mut served = [vec![false; ways.len()], vec![false; ways.len()]];
    site.rows.read(place, wanted, &mut |batch| {
        let decile = wanted.family.first().and_then(|id| batch.column(Entity::Family, *id));
        let mut start = 0usize;
        for (family, end) in batch.member_ends.iter().enumerate() {
            let mut rupiah = [0i64; 2];
            for (at, way) in ways.iter().enumerate() {
                let rows = match way.program.unit() {
                    Unit::Family => family_at + family..family_at + family + 1,
                    Unit::Person => member_at + start..member_at + *end as usize,
                };
                for (side, held) in [&way.before.held, &way.after().held].into_iter().enumerate() {
                    let Some(outcomes) = held.groups.get(group) else { continue };
                    let chosen = rows.clone().map(|row| outcomes.at(row)).filter(|ended| ended.chosen());
                    let (many, sum) = chosen.fold((0u32, 0i64), |(many, sum), ended| (many + 1, sum + ended.amount));
                    if let Some(slot) = served[side].get_mut(at) {
                        *slot = many > 0;
                    }
                    rupiah[side] += sum;
                }
            }
            let poorest = decile.and_then(|column| super::by::number(column, family)) == Some(1);
            let [before, after] = &served;
            count.family([before, after], rupiah, poorest);
            start = *end as usize;
        }
        family_at += batch.families as usize;
        member_at += batch.members() as usize;
        Ok(())
    })?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::Band;

    #[test]
    fn bands_meet_at_half() {
        let cases = [
            (0, 0, Band::Same),
            (100, 100, Band::Same),
            (0, 1, Band::FromNothing),
            (1, 0, Band::LostAll),
            (100, 50, Band::MinusHalf),
            (100, 51, Band::Minus),
            (100, 149, Band::Plus),
            (100, 150, Band::PlusHalf),
        ];
        for (before, after, band) in cases {
            assert_eq!(Band::of(before, after), band, "{before} -> {after}");
        }
    }
}
