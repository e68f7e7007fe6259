//! What the rows of one regency got, as counts.
//!
//! Takes a program and a place in the snapshot; gives counts over the rows of
//! that place's regency. Families lie sorted by region, so only the row groups
//! that hold the regency are read.

use crate::columns::Entity;
use crate::error::{Error, Result};
use crate::explanation::Others;
use crate::explanation::cells::{Cell, cell_of};
use crate::program::Program;
use crate::sandbox::Unit;
use crate::selection::{Place, status};
use crate::snapshot::batch::GROUP_FAMILIES;

use super::super::run::selected_rows;
use super::{RunView, Spot};

impl RunView<'_> {
    /// What the rows of a program got in the regency of a place; `None` if the
    /// regency is not known.
    ///
    /// # Errors
    /// Tables that are missing or spoiled.
    pub fn others(&self, program: &Program, spot: Spot) -> Result<Option<Others>> {
        let own = usize::try_from(spot.family_row / GROUP_FAMILIES).map_err(Error::bug)?;
        let within = usize::try_from(spot.family_row % GROUP_FAMILIES).map_err(Error::bug)?;
        let regencies = self.regencies(Place { partition: spot.partition, group: own })?;
        let Some(Some(regency)) = regencies.get(within).map(|(regency, _)| *regency) else { return Ok(None) };
        let mut counts = [0_u64; 4];
        let groups = self.part(spot.partition)?.groups.len();
        let (mut down, mut up) = self.count(program, spot.partition, own, regency, &regencies, &mut counts)?;
        let mut group = own;
        while down && group > 0 {
            group -= 1;
            let rows = self.regencies(Place { partition: spot.partition, group })?;
            down = self.count(program, spot.partition, group, regency, &rows, &mut counts)?.0;
        }
        group = own + 1;
        while up && group < groups {
            let rows = self.regencies(Place { partition: spot.partition, group })?;
            up = self.count(program, spot.partition, group, regency, &rows, &mut counts)?.1;
            group += 1;
        }
        Ok(Some(Others::of(counts)))
    }

    /// Regency and end of members of each family of a row group.
    fn regencies(&self, place: Place) -> Result<Vec<(Option<i64>, usize)>> {
        let Some(id) = self.dictionary.id("regency") else { return Ok(Vec::new()) };
        let part = self.snapshot.partitions().get(place.partition).ok_or_else(|| Error::bug("a spot's partition"))?;
        let mut rows = Vec::new();
        let mut before = 0;
        for batch in self.snapshot.batches_of_group(part, place.group, &[id], &[], false)? {
            let batch = batch?;
            let column = batch.column(Entity::Family, id);
            for (row, end) in (0..).zip(&batch.member_ends) {
                let regency = match column.map(|column| cell_of(column, row)) {
                    Some(Cell::Number(ordinal)) => Some(ordinal),
                    _ => None,
                };
                rows.push((regency, before + usize::try_from(*end).map_err(Error::bug)?));
            }
            before += usize::try_from(batch.members()).map_err(Error::bug)?;
        }
        Ok(rows)
    }

    /// Adds up one group; says whether the regency reaches its first and its last family.
    fn count(
        &self,
        program: &Program,
        partition: usize,
        group: usize,
        regency: i64,
        rows: &[(Option<i64>, usize)],
        counts: &mut [u64; 4],
    ) -> Result<(bool, bool)> {
        let of_regency = |row: Option<&(Option<i64>, usize)>| row.is_some_and(|(own, _)| *own == Some(regency));
        let reaches = (of_regency(rows.first()), of_regency(rows.last()));
        let Some(first) = rows.iter().position(|row| of_regency(Some(row))) else { return Ok(reaches) };
        let last = rows.iter().rposition(|row| of_regency(Some(row))).unwrap_or(first);
        let member_end = |at: Option<usize>| at.and_then(|at| rows.get(at)).map_or(0, |(_, end)| *end);
        let range = match program.unit() {
            Unit::Family => first..last + 1,
            Unit::Person => member_end(first.checked_sub(1))..member_end(Some(last)),
        };
        let selected = selected_rows(&self.run_dir, &program.id, &self.sealed, Place { partition, group })?;
        for is in selected.status.get(range).unwrap_or_default() {
            let slot = match *is {
                status::RECIPIENT => 0,
                status::WAITING => 1,
                status::REVIEW => 2,
                _ => 3,
            };
            if let Some(count) = counts.get_mut(slot) {
                *count += 1;
            }
        }
        Ok(reaches)
    }
}
