//! The list of an earlier run, from which vacancies are filled without ranking anew.
//!
//! Takes every recipient and waiting row of that run by id, with its rank and
//! area; gives each row's standing on it. A recipient who is gone, no longer
//! eligible or now lives in another area of the quota leaves a vacancy.

use std::collections::BTreeMap;

use crate::columns::Entity;
use crate::error::{Error, Result};
use crate::program::Program;
use crate::sandbox::Unit;

use super::areas::AreaOf;
use super::group::number;
use super::{Frame, Place, Rows, Selected, Wanted, status};

/// One row of the earlier list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Id of the family or person.
    pub id: u64,
    /// Rank in the earlier run, from 1.
    pub rank: u32,
    /// Quota area in the present area table; `u32::MAX` = none. 0 for a national quota.
    pub area: u32,
    /// Whether it received then.
    pub recipient: bool,
}

/// The list of an earlier run. 24 bytes per row of it.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    rows: Vec<Listed>,
    /// Where ids with the same leading bits begin.
    index: Vec<usize>,
    shift: u32,
}

impl Earlier {
    /// Takes the rows in any order.
    #[must_use]
    pub fn of(mut rows: Vec<Listed>) -> Earlier {
        rows.sort_unstable();
        // ids are hashes: some eight rows share their leading bits
        let bits = (usize::BITS - rows.len().leading_zeros()).saturating_sub(3).clamp(1, 28);
        let shift = u64::BITS - bits;
        let starts = (0u64..1 << bits).map(|head| rows.partition_point(|row| row.id >> shift < head));
        let index = starts.collect();
        Earlier { rows, index, shift }
    }

    pub(super) fn find(&self, id: u64) -> Option<Listed> {
        let head = usize::try_from(id >> self.shift).ok()?;
        let start = self.index.get(head).copied()?;
        let end = self.index.get(head + 1).copied().unwrap_or(self.rows.len());
        let near = self.rows.get(start..end)?;
        near.binary_search_by_key(&id, |row| row.id).ok().and_then(|at| near.get(at)).copied()
    }

    /// Whether a row's present area is the one in which it was listed.
    #[expect(clippy::unused_self, reason = "a question about this list")]
    pub(super) fn same_area(&self, listed: Listed, area: Option<u32>) -> bool {
        area.is_none_or(|area| area == listed.area)
    }

    /// Seats held by area: recipients of the earlier run.
    pub(super) fn seats(&self) -> BTreeMap<u32, u64> {
        let mut seats = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.recipient) {
            *seats.entry(row.area).or_default() += 1;
        }
        seats
    }
}

/// The list of a finished run, with areas as the present frame knows them. `rows` and `then`
/// are the snapshot that it was made on; `selected` gives its rows.
///
/// # Errors
/// What reading met.
pub fn list_of(
    program: &Program,
    rows: &dyn Rows,
    then: &Frame,
    now: &Frame,
    selected: &dyn Fn(Place) -> Result<Selected>,
) -> Result<Earlier> {
    let area_of = AreaOf::of(program, then)?;
    let level = program.quota.level;
    let codes = |frame: &Frame| frame.areas.get(&level).map(|table| table.codes.clone()).unwrap_or_default();
    let present = codes(now);
    let place = |code: &String| present.binary_search(code).ok().and_then(|at| u32::try_from(at).ok());
    let moved: Vec<u32> = codes(then).iter().map(|code| place(code).unwrap_or(u32::MAX)).collect();
    let mut wanted = Wanted::default();
    wanted.family.extend(area_of.column().into_iter().chain(area_of.kind_column()));
    wanted.family.sort_unstable();
    wanted.family.dedup();
    let mut all = Vec::new();
    for (partition, part) in rows.partitions().iter().enumerate() {
        for group in 0..part.groups.len() {
            let place = Place { partition, group };
            let (selected, mut at) = (selected(place)?, 0usize);
            rows.read(place, &wanted, &mut |batch| {
                let mut first = 0usize;
                for family in 0..batch.families as usize {
                    let of = |id| batch.column(Entity::Family, id);
                    let region = number(area_of.column().and_then(of), family);
                    let kind = number(area_of.kind_column().and_then(of), family);
                    let area = area_of.find(region, kind);
                    let area = area.map_or(0, |area| moved.get(area as usize).copied().unwrap_or(u32::MAX));
                    let end = batch.member_ends.get(family).map_or(first, |end| *end as usize);
                    let ids: Vec<u64> = match program.unit() {
                        Unit::Family => batch.family_ids.get(family).map(|id| id.0).into_iter().collect(),
                        Unit::Person => {
                            batch.person_ids.get(first..end).unwrap_or_default().iter().map(|id| id.0).collect()
                        }
                    };
                    first = end;
                    for id in ids {
                        let (is, rank) = (selected.status.get(at), selected.rank.get(at).copied().unwrap_or(0));
                        at += 1;
                        let is = *is.ok_or_else(|| Error::bug("a run has a row for each of its snapshot"))?;
                        if is == status::RECIPIENT || is == status::WAITING {
                            all.push(Listed { id, rank, area, recipient: is == status::RECIPIENT });
                        }
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(Earlier::of(all))
}

#[cfg(test)]
mod tests {
    use super::{Earlier, Listed};

    #[test]
    fn finds_every_row_and_no_other() {
        for rows in [0u64, 1, 7, 5000] {
            let id = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let all = (0..rows).map(|at| Listed { id: id(at), rank: 1, area: 0, recipient: at % 3 == 0 });
            let earlier = Earlier::of(all.collect());
            assert!((0..rows).all(|at| earlier.find(id(at)).is_some_and(|row| row.recipient == (at % 3 == 0))));
            assert!((rows..rows + 100).all(|at| earlier.find(id(at)).is_none()));
            assert_eq!(earlier.seats().values().sum::<u64>(), rows.div_ceil(3));
        }
    }
}
