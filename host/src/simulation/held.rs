//! Selections held in memory: one code per row, so that variants compare by
//! looking at two small numbers.
//!
//! Takes verdicts and selections as a run would write them; gives for each row
//! group a short list of outcomes (status, rupiah) and one code per row. Never
//! writes; keeps no score, no mask and no id.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::sandbox::{Unit, Verdicts};
use crate::selection::{Place, Received, Rows, Selected, Sink, status};

/// Where a row ended: its status, and the rupiah it is paid per period (0 unless chosen).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ended {
    /// See `selection::status`.
    pub status: u8,
    /// Rupiah per run period.
    pub amount: i64,
}

impl Ended {
    /// Whether the row is paid.
    #[must_use]
    pub fn chosen(self) -> bool {
        self.status == status::RECIPIENT
    }
}

/// One code per row; short until a group has more than 65,536 different outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Codes {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

/// The outcomes of one row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    kinds: Vec<Ended>,
    codes: Codes,
}

impl Default for Outcomes {
    fn default() -> Outcomes {
        Outcomes { kinds: Vec::new(), codes: Codes::Short(Vec::new()) }
    }
}

impl Outcomes {
    fn of(rows: impl Iterator<Item = Ended>) -> Outcomes {
        let (mut kinds, mut known, mut last) = (Vec::new(), BTreeMap::new(), None);
        let codes: Vec<u32> = rows
            .map(|ended| match last {
                Some((same, code)) if same == ended => code,
                _ => {
                    let code = *known.entry(ended).or_insert_with(|| {
                        kinds.push(ended);
                        u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
                    });
                    last = Some((ended, code));
                    code
                }
            })
            .collect();
        let short: Option<Vec<u16>> = codes.iter().map(|code| u16::try_from(*code).ok()).collect();
        Outcomes { kinds, codes: short.map_or(Codes::Long(codes), Codes::Short) }
    }

    /// Outcomes of rows of which nobody was judged.
    #[must_use]
    pub fn nobody(rows: usize) -> Outcomes {
        Outcomes { kinds: vec![Ended::default()], codes: Codes::Short(vec![0; rows]) }
    }

    /// Rows of the group.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.codes {
            Codes::Short(codes) => codes.len(),
            Codes::Long(codes) => codes.len(),
        }
    }

    /// Whether the group has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where a row ended; a row that is not there was not judged.
    #[must_use]
    pub fn at(&self, row: usize) -> Ended {
        let code = match &self.codes {
            Codes::Short(codes) => codes.get(row).map(|code| usize::from(*code)),
            Codes::Long(codes) => codes.get(row).map(|code| *code as usize),
        };
        code.and_then(|code| self.kinds.get(code)).copied().unwrap_or_default()
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = Ended> + '_ {
        (0..self.len()).map(|row| self.at(row))
    }

    fn bits(&self) -> Vec<u8> {
        let mut bits = vec![0u8; self.len().div_ceil(8)];
        for (row, _) in self.rows().enumerate().filter(|(_, ended)| ended.chosen()) {
            if let Some(byte) = bits.get_mut(row / 8) {
                *byte |= 1 << (row % 8);
            }
        }
        bits
    }
}

/// One program's selection: the outcomes of every row group, over all partitions in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Rows of which table.
    pub unit: Unit,
    /// Row groups.
    pub groups: Vec<Outcomes>,
}

impl Held {
    /// A program that is not there: nobody is judged.
    #[must_use]
    pub fn nobody(unit: Unit, rows: &dyn Rows) -> Held {
        let groups = rows.partitions().iter().flat_map(|part| &part.groups);
        let count = |group: &crate::selection::GroupRows| match unit {
            Unit::Family => group.families as usize,
            Unit::Person => group.members as usize,
        };
        Held { unit, groups: groups.map(|group| Outcomes::nobody(count(group))).collect() }
    }

    /// The recipients, for programs ordered after this one.
    #[must_use]
    pub fn received(&self) -> Received {
        Received { unit: self.unit, groups: self.groups.iter().map(Outcomes::bits).collect() }
    }
}

/// One row group of one program on its way.
#[derive(Debug, Default)]
struct Slot {
    amounts: Option<Outcomes>,
    done: Option<Outcomes>,
}

/// Takes what a selection hands out and keeps it as codes.
pub(super) struct Keep {
    /// First group of each partition.
    starts: Vec<usize>,
    slots: Vec<Vec<Mutex<Slot>>>,
}

impl Keep {
    pub(super) fn new(programs: usize, rows: &dyn Rows) -> Keep {
        let (mut starts, mut all) = (Vec::new(), 0);
        for part in rows.partitions() {
            starts.push(all);
            all += part.groups.len();
        }
        Keep { starts, slots: (0..programs).map(|_| (0..all).map(|_| Mutex::default()).collect()).collect() }
    }

    fn slot(&self, program: usize, place: Place) -> Result<&Mutex<Slot>> {
        let group = self.starts.get(place.partition).map(|start| start + place.group);
        let slot = group.and_then(|group| self.slots.get(program)?.get(group));
        slot.ok_or_else(|| Error::bug("a place lies in the snapshot"))
    }

    /// The selections, by program; each must have come whole.
    pub(super) fn finish(self, units: &[Unit]) -> Result<Vec<Held>> {
        let done = |slot: Mutex<Slot>| slot.into_inner().unwrap_or_else(PoisonError::into_inner).done;
        let held = self.slots.into_iter().zip(units).map(|(groups, unit)| {
            let groups: Option<Vec<Outcomes>> = groups.into_iter().map(done).collect();
            groups.map(|groups| Held { unit: *unit, groups }).ok_or_else(|| Error::bug("every row group was selected"))
        });
        held.collect()
    }
}

impl Sink for Keep {
    fn verdicts(&self, program: usize, place: Place, verdicts: &Verdicts) -> Result<()> {
        let mut slot = self.slot(program, place)?.lock().unwrap_or_else(PoisonError::into_inner);
        // held as codes: eight bytes for every row of a country are too many
        slot.amounts = Some(Outcomes::of(verdicts.amount.iter().map(|amount| Ended { status: 0, amount: *amount })));
        Ok(())
    }

    fn selected(&self, program: usize, place: Place, rows: &Selected) -> Result<()> {
        let mut slot = self.slot(program, place)?.lock().unwrap_or_else(PoisonError::into_inner);
        let amounts = slot.amounts.take().unwrap_or_default();
        if amounts.len() != rows.status.len() {
            return Err(Error::bug("a selection has the rows of its verdicts"));
        }
        let ended = rows.status.iter().zip(amounts.rows()).map(|(status, judged)| {
            let paid = if *status == status::RECIPIENT { judged.amount } else { 0 };
            Ended { status: *status, amount: paid }
        });
        slot.done = Some(Outcomes::of(ended));
        Ok(())
    }

    fn spoiled(&self, _program: usize) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Outcomes};

    #[test]
    fn every_row_keeps_its_outcome_however_many_kinds_there_are() {
        for kinds in [1i64, 3, 70_000] {
            let rows: Vec<Ended> = (0..100_000)
                .map(|row| Ended { status: u8::from(row % 2 == 0), amount: (row * 7919) % kinds })
                .collect();
            let held = Outcomes::of(rows.iter().copied());
            assert!(held.rows().eq(rows.iter().copied()), "{kinds}");
        }
    }
}
