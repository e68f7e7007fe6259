//! The list of an earlier run, from which vacancies are filled without ranking anew.
//!
//! Takes every recipient and waiting row of that run by id, with its rank and
//! area; gives each row's standing on it. A recipient who is gone, no longer
//! eligible or now lives in another area of the quota leaves a vacancy.

use std::collections::BTreeMap;

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
