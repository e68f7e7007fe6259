//! One row of a run, with the very batch on which it was judged.
//!
//! Takes a run, a program and a place in the snapshot; gives the run's own
//! masks, score, amount and place in the list, and the batch with the columns
//! that the plugin read, `receives.*` included. What an explanation is made from.

mod around;

use std::path::Path;

use crate::columns::{Dictionary, Entity};
use crate::error::{Error, Result};
use crate::program::Program;
use crate::sandbox::Unit;
use crate::selection::{Place, Received, Rows, SealedRows, Selected, Wanted, status};
use crate::snapshot::batch::{BATCH_FAMILIES, GROUP_FAMILIES};
use crate::snapshot::{Batch, Snapshot};
use crate::terms::{FamilyId, PersonId};

use super::receipt::read_receipt;
use super::run::{receives_columns, selected_rows, unit_in};
use super::table::{TableKind, TableReader};
use super::{Folders, Ledger};

/// A family in the snapshot, and a member of it if a person is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Position of the partition.
    pub partition: usize,
    /// Row of the family in the partition.
    pub family_row: u32,
    /// Place of the member in the family.
    pub member: Option<u32>,
}

/// What a run says of one row.
#[derive(Debug, Clone)]
pub struct Look {
    /// The batch that the plugin judged.
    pub batch: Batch,
    /// The row of the program's unit in that batch.
    pub row: u32,
    /// Bit n = criterion n failed.
    pub failed: u64,
    /// Bit n = criterion n unknown.
    pub unknown: u64,
    /// Score.
    pub score: i64,
    /// Rupiah per run period.
    pub amount: i64,
    /// See `selection::status`.
    pub status: u8,
    /// National rank among the eligible; 0 = none.
    pub rank: u32,
    /// Place on the waiting list; 0 = none.
    pub place: u32,
}

/// A run as explanations read it.
pub struct RunView<'a> {
    run_dir: std::path::PathBuf,
    snapshot: &'a Snapshot,
    dictionary: &'a Dictionary,
    sealed: SealedRows<'a>,
    result: serde_json::Value,
    earlier: Option<std::path::PathBuf>,
}

impl std::fmt::Debug for RunView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunView({})", self.run_dir.display())
    }
}

impl<'a> RunView<'a> {
    /// Opens a run of this snapshot.
    ///
    /// # Errors
    /// No such run, or a receipt that cannot be read.
    pub fn open(
        ledger: &Ledger,
        folders: &Folders,
        run: &str,
        snapshot: &'a Snapshot,
        dictionary: &'a Dictionary,
    ) -> Result<RunView<'a>> {
        let entry = ledger.find_run(run)?;
        let run_dir = folders.runs.join(&entry.run);
        let (receipt, _) = read_receipt(&run_dir)?;
        let earlier = receipt.result.get("receives").and_then(serde_json::Value::as_str);
        let earlier = earlier.map(|run| ledger.find_run(run)).transpose()?.map(|entry| folders.runs.join(entry.run));
        let sealed = SealedRows::of(snapshot)?;
        Ok(RunView { run_dir, snapshot, dictionary, sealed, result: receipt.result, earlier })
    }

    /// The receipt's `result` of one program that finished.
    #[must_use]
    pub fn program(&self, id: &str) -> Option<&serde_json::Value> {
        let all = self.result.get("programs")?.as_array()?;
        let text = |one: &'_ serde_json::Value, key: &str| one.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        all.iter()
            .find(|one| text(one, "program").as_deref() == Some(id) && text(one, "status").as_deref() == Some("done"))
    }

    /// The receipt's `result` of every program that finished.
    pub fn done(&self) -> impl Iterator<Item = &serde_json::Value> + '_ {
        let all = self.result.get("programs").and_then(|all| all.as_array()).into_iter().flatten();
        all.filter(|one| one.get("status").and_then(|status| status.as_str()) == Some("done"))
    }

    /// Where a family is.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn find_family(&self, id: FamilyId) -> Result<Option<Spot>> {
        let place = self.snapshot.find_family(id)?;
        Ok(place.map(|place| Spot { partition: place.partition, family_row: place.row, member: None }))
    }

    /// Where a person is.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn find_person(&self, id: PersonId) -> Result<Option<Spot>> {
        let Some(place) = self.snapshot.find_person(id)? else { return Ok(None) };
        let part = self.snapshot.partitions().get(place.partition).ok_or_else(|| Error::bug("a partition"))?;
        let (family_row, member) = self.snapshot.family_of(part, place.row)?;
        Ok(Some(Spot { partition: place.partition, family_row, member: Some(member) }))
    }

    /// What the run says of one row of a program. For a program of persons, a
    /// spot without a member means the family's first.
    ///
    /// # Errors
    /// Tables that are missing or spoiled.
    pub fn look(&self, program: &Program, spot: Spot) -> Result<Look> {
        let group = usize::try_from(spot.family_row / GROUP_FAMILIES).map_err(Error::bug)?;
        let place = Place { partition: spot.partition, group };
        let (batch, family_at, member_at) = self.batch(program, place, spot.family_row)?;
        let family = spot.family_row % BATCH_FAMILIES;
        let first = family.checked_sub(1).and_then(|at| batch.member_ends.get(at as usize)).copied().unwrap_or(0);
        let (row, at) = match program.unit() {
            Unit::Family => (family, family_at + family as usize),
            Unit::Person => {
                let row = first + spot.member.unwrap_or(0);
                (row, member_at + row as usize)
            }
        };
        let code = &self.part(spot.partition)?.code;
        let verdicts =
            TableReader::open(&self.run_dir.join(TableKind::Verdicts.path(&program.id, code)))?.verdicts(group)?;
        let rows = selected_rows(&self.run_dir, &program.id, &self.sealed, place)?;
        let found = || {
            Some(Look {
                row,
                failed: *verdicts.failed.get(at)?,
                unknown: *verdicts.unknown.get(at)?,
                score: *verdicts.score.get(at)?,
                amount: *verdicts.amount.get(at)?,
                status: *rows.status.get(at)?,
                rank: *rows.rank.get(at)?,
                place: *rows.place.get(at)?,
                batch: Batch::default(),
            })
        };
        let look = found().ok_or_else(|| Error::bug("the tables of a run have the snapshot's rows"))?;
        Ok(Look { batch, ..look })
    }

    /// The first family or person with this status, in the snapshot's order.
    ///
    /// # Errors
    /// As `look`.
    pub fn first_with(&self, program: &Program, wanted: u8) -> Result<Option<u64>> {
        for (partition, part) in self.sealed.partitions().iter().enumerate() {
            for group in 0..part.groups.len() {
                let rows = selected_rows(&self.run_dir, &program.id, &self.sealed, Place { partition, group })?;
                if let Some(at) = rows.status.iter().position(|is| *is == wanted) {
                    return self.id_of(program.unit(), partition, group, at).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn id_of(&self, unit: Unit, partition: usize, group: usize, at: usize) -> Result<u64> {
        let (mut left, mut found) = (at, None);
        self.sealed.read(Place { partition, group }, &Wanted::default(), &mut |batch| {
            let (id, rows) = match unit {
                Unit::Family => (batch.family_ids.get(left).map(|id| id.0), batch.family_ids.len()),
                Unit::Person => (batch.person_ids.get(left).map(|id| id.0), batch.person_ids.len()),
            };
            if found.is_none() {
                found = id;
                left = left.saturating_sub(rows);
            }
            Ok(())
        })?;
        found.ok_or_else(|| Error::bug("a row of a group has its id"))
    }

    /// Every row group of the snapshot, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let partitions = self.sealed.partitions().iter().enumerate();
        partitions.flat_map(|(partition, part)| (0..part.groups.len()).map(move |group| Place { partition, group }))
    }

    /// Code of a place's partition.
    pub(super) fn code(&self, place: Place) -> Result<&str> {
        Ok(&self.part(place.partition)?.code)
    }

    /// Families of a row group.
    pub(super) fn families(&self, place: Place) -> Result<u32> {
        let group = self.part(place.partition)?.groups.get(place.group);
        group.map(|rows| rows.families).ok_or_else(|| Error::bug("a place lies in the snapshot"))
    }

    /// The run's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.run_dir
    }

    /// A file of the run as `verify` names it.
    pub(super) fn file_of_run(&self, file: &str) -> String {
        let runs = self.run_dir.ancestors().nth(2).unwrap_or(&self.run_dir);
        super::verify::inside(runs, &self.run_dir.join(file))
    }

    fn part(&self, partition: usize) -> Result<&crate::selection::PartitionRows> {
        self.sealed.partitions().get(partition).ok_or_else(|| Error::bug("a spot lies in the snapshot"))
    }

    /// The batch of a family with the program's columns, and the rows of its
    /// group before it.
    pub(super) fn batch(&self, program: &Program, place: Place, family_row: u32) -> Result<(Batch, usize, usize)> {
        let mut wanted = Wanted::default();
        let mut receives = Vec::new();
        let made = receives_columns(self.dictionary);
        let named = crate::explanation::ALSO_READ.into_iter().filter_map(|name| self.dictionary.id(name));
        for id in program.columns.iter().copied().flatten().chain(named) {
            match (made.get(&id), self.dictionary.get(id).entity) {
                (Some(before), _) => receives.push((id, before.clone())),
                (None, _) if !self.snapshot.holds(id) => {}
                (None, Entity::Family) => wanted.family.push(id),
                (None, Entity::Member) => wanted.member.push(id),
            }
        }
        for columns in [&mut wanted.family, &mut wanted.member] {
            columns.sort_unstable();
            columns.dedup();
        }
        let part = self.snapshot.partitions().get(place.partition).ok_or_else(|| Error::bug("a spot's partition"))?;
        let mut batches = self.snapshot.batches_of_group(part, place.group, &wanted.family, &wanted.member, false)?;
        let mut batch = Batch::default();
        let (mut family_at, mut member_at) = (0usize, 0usize);
        for step in 0..=(family_row % GROUP_FAMILIES) / BATCH_FAMILIES {
            if step > 0 {
                family_at += batch.families as usize;
                member_at += batch.members() as usize;
            }
            if !batches.next_into(&mut batch)? {
                return Err(Error::bug("a family's group has its batch"));
            }
        }
        for (id, before) in receives {
            let Some(received) = self.received(&before, place)? else { continue };
            received.add_to(&mut batch, id, 0, family_at, member_at);
        }
        Ok((batch, family_at, member_at))
    }

    /// Who received of an earlier program in this group; `None` if nothing was told.
    fn received(&self, program: &str, place: Place) -> Result<Option<Received>> {
        let told = |dir: &Path| unit_in(dir, program).ok().map(|unit| (dir.to_path_buf(), unit));
        let from = told(&self.run_dir).or_else(|| self.earlier.as_deref().and_then(told));
        let Some((dir, unit)) = from else { return Ok(None) };
        let rows = selected_rows(&dir, program, &self.sealed, place)?;
        Ok(Some(Received { unit, groups: vec![bits(&rows)] }))
    }
}

fn bits(rows: &Selected) -> Vec<u8> {
    let mut bits = vec![0u8; rows.status.len().div_ceil(8)];
    for (row, _) in rows.status.iter().enumerate().filter(|(_, is)| **is == status::RECIPIENT) {
        if let Some(byte) = bits.get_mut(row / 8) {
            *byte |= 1 << (row % 8);
        }
    }
    bits
}
