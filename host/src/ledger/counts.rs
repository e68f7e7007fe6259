//! Counts a written selection again, from its tables alone.
//!
//! Takes the two tables of one partition; gives their content hashes, counts
//! and the ranks seen. `verify` holds them against the receipt.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::selection::{PartitionCount, status};

use super::table::{Columns, Digests, TableKind, TableReader};

/// What the tables of one partition hold.
pub(super) struct Recount {
    pub(super) count: PartitionCount,
    pub(super) verdicts: BTreeMap<String, String>,
    pub(super) selection: BTreeMap<String, String>,
}

/// Ranks seen, one bit each: every rank from 1 on must be there exactly once.
pub(super) struct Ranks {
    bits: Vec<u8>,
    eligible: u64,
    seen: u64,
}

impl Ranks {
    pub(super) fn new(eligible: u64) -> Ranks {
        // a spoiled receipt must not make us ask for the whole memory
        let bytes = usize::try_from(eligible.min(1 << 33).div_ceil(8)).unwrap_or(0);
        Ranks { bits: vec![0; bytes], eligible, seen: 0 }
    }

    fn see(&mut self, rank: u32) -> bool {
        let at = (rank as usize).wrapping_sub(1);
        match self.bits.get_mut(at / 8) {
            Some(byte) if u64::from(rank) <= self.eligible && *byte >> (at % 8) & 1 == 0 => {
                *byte |= 1 << (at % 8);
                self.seen += 1;
                true
            }
            _ => false,
        }
    }

    /// Whether every rank was seen.
    pub(super) fn complete(&self) -> bool {
        self.seen == self.eligible
    }
}

/// Reads both tables of a partition.
pub(super) fn recount(run_dir: &Path, program: &str, partition: &str, ranks: &mut Ranks) -> Result<Recount> {
    let judged = TableReader::open(&run_dir.join(TableKind::Verdicts.path(program, partition)))?;
    let path = run_dir.join(TableKind::Selection.path(program, partition));
    let selected = TableReader::open(&path)?;
    let wrong = || {
        Error::new(
            Fault::Integrity,
            say!(
                "status, peringkat, atau putusan `{program}` tidak cocok satu sama lain",
                "status, rank and verdict of `{program}` do not agree with each other"
            ),
        )
        .file(&path)
    };
    let (mut verdicts, mut selection) = (Digests::of(TableKind::Verdicts), Digests::of(TableKind::Selection));
    let mut count = PartitionCount { code: partition.to_owned(), ..PartitionCount::default() };
    let mut cost = 0i128;
    let groups = selected.groups()?;
    if judged.groups()? != groups {
        return Err(wrong());
    }
    for group in 0..groups {
        let (verdict, rows) = (judged.verdicts(group)?, selected.selection(group)?);
        if verdict.failed.len() != rows.status.len() {
            return Err(wrong());
        }
        verdicts.add(&Columns::of_verdicts(&verdict)?);
        selection.add(&Columns::of_selection(&rows)?);
        count.registered += rows.status.len() as u64;
        let masks = verdict.failed.iter().zip(&verdict.amount);
        let ranked = rows.status.iter().zip(rows.rank.iter().zip(&rows.place));
        for ((failed, amount), (is, (rank, place))) in masks.zip(ranked) {
            let (is_ranked, waits) = (*rank != 0, *place != 0);
            let counter = match (*is, *failed == 0, is_ranked, waits) {
                (status::NOT_ELIGIBLE, false, false, false) => &mut count.failed,
                (status::RECIPIENT, true, true, false) => &mut count.recipients,
                (status::WAITING, true, true, true) => &mut count.waiting,
                (status::REVIEW, true, false, false) => &mut count.review,
                (status::REFUSED_UNKNOWN, true, false, false) => &mut count.refused_unknown,
                _ => return Err(wrong()),
            };
            *counter += 1;
            if is_ranked && !ranks.see(*rank) {
                return Err(wrong());
            }
            if *is == status::RECIPIENT {
                cost += i128::from(*amount);
            }
        }
    }
    count.eligible = count.recipients + count.waiting;
    count.cost_period = i64::try_from(cost).map_err(|_| wrong())?;
    Ok(Recount { count, verdicts: verdicts.finish(), selection: selection.finish() })
}
