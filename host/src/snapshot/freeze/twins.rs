//! Finds what two deliveries of one day say differently.
//!
//! Takes the extracts and the ids that more than one of them holds; gives one
//! finding per id on which two files of one source, kind, as-of and revision
//! differ. Which of them wins is settled elsewhere, by the hash of the file: that
//! is a rule, but nobody may think it a reason. Reads nothing where no day was
//! delivered twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::slice::ParallelSliceMut;

use super::{Ranks, interrupted, place};
use crate::error::Result;
use crate::intake::Table;
use crate::quality::{Check, Tally};
use crate::registry::{Extract, Registry};
use crate::terms::{FamilyId, PersonId};

/// Lists with one row per person, family or village.
const LISTS: [(Table, &str); 5] = [
    (Table::Pregnancy, "pregnancies"),
    (Table::WagePremium, "wage_premiums"),
    (Table::SchoolLevel, "school_levels"),
    (Table::FactMonth, "fact_months"),
    (Table::Village, "villages"),
];

/// Which extracts are of one source, kind, day and revision.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// By rank: the first rank of its group, where the group has more than one.
    group: Vec<Option<u32>>,
    kinds: Vec<String>,
}

impl Twins {
    pub(super) fn of(extracts: &[Extract]) -> Twins {
        let mut groups: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for (extract, rank) in extracts.iter().zip(0_u32..) {
            let key = (&extract.source, &extract.kind, extract.as_of, extract.revision);
            groups.entry(key).or_default().push(rank);
        }
        let mut twins = Twins { group: vec![None; extracts.len()], kinds: Vec::new() };
        for ((_, kind, ..), ranks) in groups.into_iter().filter(|(_, ranks)| ranks.len() > 1) {
            twins.kinds.push(kind.clone());
            for rank in &ranks {
                if let Some(slot) = twins.group.get_mut(*rank as usize) {
                    *slot = ranks.first().copied();
                }
            }
        }
        twins
    }

    fn group(&self, rank: u32) -> Option<u32> {
        self.group.get(rank as usize).copied().flatten()
    }

    /// Whether two rows of one id are of twins.
    pub(super) fn are(&self, one: u32, other: u32) -> bool {
        self.group(one).is_some() && self.group(one) == self.group(other)
    }

    /// Notes families and people of whom twins say different things; `families` and
    /// `people` are the ids that twins share, sorted.
    pub(super) fn look(
        &self,
        registry: &Registry,
        ranks: &Ranks,
        (families, people): (&[i64], &[i64]),
        tally: &mut Tally,
        cancel: &AtomicBool,
    ) -> Result<()> {
        for (table, ids) in [(Table::Family, families), (Table::Person, people)] {
            if !ids.is_empty() {
                self.compare(registry, table, Some(ids), ranks, tally, cancel)?;
            }
        }
        for (table, kind) in LISTS {
            if self.kinds.iter().any(|twin| twin == kind) {
                self.compare(registry, table, None, ranks, tally, cancel)?;
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        registry: &Registry,
        table: Table,
        ids: Option<&[i64]>,
        ranks: &Ranks,
        tally: &mut Tally,
        cancel: &AtomicBool,
    ) -> Result<()> {
        let (id, extract, row) = (place(table, "id")?, place(table, "extract")?, place(table, "row")?);
        let mut said: Vec<(i64, u32, u64)> = Vec::new();
        let mut bytes = Vec::new();
        let mut read = 0_u64;
        registry.each_fact(table, &mut |values| {
            read += 1;
            if read.is_multiple_of(8192) && cancel.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            let at = |column: usize| values.get(column).copied().unwrap_or(0);
            let group = ranks.get(&at(extract)).and_then(|rank| self.group(*rank));
            let wanted = ids.is_none_or(|ids| ids.binary_search(&at(id)).is_ok());
            if let Some(group) = group.filter(|_| wanted) {
                bytes.clear();
                let facts = values.iter().enumerate().filter(|(column, _)| *column != extract && *column != row);
                bytes.extend(facts.flat_map(|(_, value)| value.to_le_bytes()));
                let hash = blake3::hash(&bytes);
                let short = hash.as_bytes().first_chunk::<8>().map_or(0, |eight| u64::from_le_bytes(*eight));
                said.push((at(id), group, short));
            }
            Ok(())
        })?;
        said.par_sort_unstable();
        for rows in said.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
            if first.2 != last.2 {
                tally.note(Check::ContradictingExtracts, || shown(table, first.0));
            }
        }
        Ok(())
    }
}

fn shown(table: Table, id: i64) -> String {
    match table {
        Table::Family | Table::FactMonth => FamilyId(id.cast_unsigned()).to_string(),
        Table::Village => Table::village_code(id),
        _ => PersonId(id.cast_unsigned()).to_string(),
    }
}
