//! Judges a run's rows again, and has every amount and score explained again.
//!
//! Takes a program with its plugin, as the run kept them; gives each table whose
//! rows are answered otherwise, and each whose breakdown does not add up. Never
//! changes anything, and goes on after a finding.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::program::Program;
use crate::sandbox::{Line, Unit, Verdicts};
use crate::say;
use crate::selection::{Judging, Place};
use crate::snapshot::Batch;
use crate::snapshot::batch::{BATCH_FAMILIES, GROUP_FAMILIES};

use super::table::{TableKind, TableReader};
use super::verify::Failure;
use super::{Explaining, RunView};

/// Judges every row of one program again and compares verdicts and sums.
///
/// # Errors
/// A snapshot or table that cannot be read, a plugin that fails.
pub fn deep(view: &RunView<'_>, program: &Program, judge: &(impl Judging + Explaining)) -> Result<(u64, Vec<Failure>)> {
    let places: Vec<Place> = view.places().collect();
    let one = |place: &Place| group(view, program, judge, *place);
    let found: Vec<(u64, Vec<Failure>)> = places.par_iter().map(one).collect::<Result<_>>()?;
    let rows = found.iter().map(|(rows, _)| rows).sum();
    Ok((rows, found.into_iter().flat_map(|(_, failures)| failures).collect()))
}

fn group(
    view: &RunView<'_>,
    program: &Program,
    judge: &(impl Judging + Explaining),
    place: Place,
) -> Result<(u64, Vec<Failure>)> {
    let table = TableKind::Verdicts.path(&program.id, view.code(place)?);
    let noted = TableReader::open(&view.dir().join(&table))?.verdicts(place.group)?;
    let file = view.file_of_run(&table);
    let (mut failures, mut rows) = (Vec::new(), 0u64);
    let mut family_row = u32::try_from(place.group).map_err(Error::bug)? * GROUP_FAMILIES;
    for _ in 0..view.families(place)?.div_ceil(BATCH_FAMILIES) {
        let (batch, family_at, member_at) = view.batch(program, place, family_row)?;
        let (at, count) = match program.unit() {
            Unit::Family => (family_at, batch.families),
            Unit::Person => (member_at, batch.members()),
        };
        let (said, _) = judge.judge(&batch)?;
        let lines = judge.breakdown(&batch)?;
        for row in 0..count as usize {
            if !same(&said, row, &noted, at + row) {
                let row = at + row;
                let what = say!(
                    "baris {row} dinilai lagi dan hasilnya berbeda",
                    "row {row} was judged again and comes out otherwise"
                );
                failures.push(Failure { file: file.clone(), what });
                break;
            }
        }
        if let Some(row) = uneven(program, &said, &lines, &batch) {
            let row = at + row;
            let what = say!(
                "rincian baris {row} tidak berjumlah sama dengan jumlah atau skornya",
                "the breakdown of row {row} does not add up to its amount or score"
            );
            failures.push(Failure { file: file.clone(), what });
        }
        rows += u64::from(count);
        family_row += BATCH_FAMILIES;
    }
    Ok((rows, failures))
}

fn same(said: &Verdicts, row: usize, noted: &Verdicts, at: usize) -> bool {
    said.failed.get(row) == noted.failed.get(at)
        && said.unknown.get(row) == noted.unknown.get(at)
        && said.score.get(row) == noted.score.get(at)
        && said.amount.get(row) == noted.amount.get(at)
}

/// The first row whose lines do not add up; a failed row has none.
fn uneven(program: &Program, said: &Verdicts, lines: &[Line], batch: &Batch) -> Option<usize> {
    let components = program.description.components.len();
    let count = match program.unit() {
        Unit::Family => batch.families,
        Unit::Person => batch.members(),
    } as usize;
    let mut sums = vec![(0i128, 0i128); count];
    for line in lines {
        let sum = sums.get_mut(line.row as usize)?;
        if usize::from(line.part) < components {
            sum.0 += i128::from(line.value);
        } else {
            sum.1 += i128::from(line.value);
        }
    }
    let rows = sums.iter().zip(&said.amount).zip(&said.score).zip(&said.failed);
    rows.enumerate()
        .find(|(_, (((sum, amount), score), failed))| {
            **failed == 0 && *sum != &(i128::from(**amount), i128::from(**score))
        })
        .map(|(row, _)| row)
}
