//! Judges a case natively, and disturbs what a criterion says it does not read.

use kit::{Batch, BatchColumn, Entity, Kind, Line, Program, Values, Verdicts, native};
use layak::snapshot;

use super::read::{Cell, Setup};

fn borrowed(column: &snapshot::BatchColumn) -> BatchColumn<'_> {
    let values = match &column.values {
        snapshot::Values::Bits(values) => Values::Bits(values),
        snapshot::Values::U8(values) => Values::U8(values),
        snapshot::Values::U16(values) => Values::U16(values),
        snapshot::Values::U32(values) => Values::U32(values),
        snapshot::Values::S32(values) => Values::S32(values),
        snapshot::Values::S64(values) => Values::S64(values),
        snapshot::Values::Set { members, known } => Values::Set { members, known },
    };
    BatchColumn { values, valid: column.valid.as_deref() }
}

/// Verdicts and breakdown of a case.
pub(crate) fn judge<P: Program>(setup: &Setup) -> (Verdicts, Vec<Line>) {
    try_judge::<P>(setup).expect("settings that the program takes")
}

fn try_judge<P: Program>(setup: &Setup) -> Option<(Verdicts, Vec<Line>)> {
    let (owned, _) = setup.batch();
    let family: Vec<_> = owned.family.iter().map(|(_, column)| borrowed(column)).collect();
    let member: Vec<_> = owned.member.iter().map(|(_, column)| borrowed(column)).collect();
    let batch = Batch { families: 1, member_ends: &owned.member_ends, family: &family, member: &member };
    let judge = native::Judge::<P>::new(&setup.settings, &setup.present, setup.as_of.0, setup.period_start.0).ok()?;
    Some((judge.judge(&batch).expect("columns of the declared kinds"), judge.breakdown(&batch).unwrap()))
}

/// Other values for a cell: unknown, and what lies beside it.
fn others(kind: Kind, cell: Cell) -> Vec<Cell> {
    match (kind, cell) {
        (Kind::Set, Cell::Set { members, .. }) => vec![
            Cell::Set { members: 0, known: 0 },
            Cell::Set { members: u32::MAX, known: u32::MAX },
            Cell::Set { members: 0, known: if members == 0 { 0 } else { u32::MAX } },
        ],
        (Kind::Bits, cell) => vec![Cell::Unknown, Cell::Number(i64::from(cell != Cell::Number(1)))],
        (Kind::S32, Cell::Number(n)) => vec![Cell::Unknown, Cell::Number(n - 20_000), Cell::Number(n + 4_000)],
        (Kind::U16, Cell::Number(n)) => vec![Cell::Unknown, Cell::Number(n + 40), Cell::Number((n - 40).max(0))],
        _ => [0, 1, 2, 3, 5, 9, 13].map(Cell::Number).into_iter().chain([Cell::Unknown]).collect(),
    }
}

/// Criteria, amounts and scores that change with a column or setting that they
/// do not declare.
pub(crate) fn disturbed<P: Program>(setup: &Setup) -> Vec<String> {
    let description = native::describe::<P>();
    let before = judge::<P>(setup);
    let mut faults = Vec::new();
    let mut compare = |what: &str, reads: &dyn Fn(&kit::Part) -> bool, after: &(Verdicts, Vec<Line>)| {
        for row in 0..before.0.failed.len() {
            for (bit, part) in description.criteria.iter().enumerate().filter(|(_, part)| !reads(part)) {
                let at = |v: &Verdicts| (v.failed[row] >> bit & 1, v.unknown[row] >> bit & 1);
                if at(&before.0) != at(&after.0) {
                    faults.push(format!("`{}` changes with {what}, which it does not declare", part.code));
                }
            }
            if before.0.failed[row] | after.0.failed[row] != 0 {
                continue;
            }
            let parts = description.components.iter().chain(description.score_parts);
            for (position, part) in parts.enumerate().filter(|(_, part)| !reads(part)) {
                let sum = |lines: &[Line]| -> i64 {
                    let mine = |l: &&Line| l.row as usize == row && usize::from(l.part) == position;
                    lines.iter().filter(mine).map(|l| l.value).sum()
                };
                if sum(&before.1) != sum(&after.1) {
                    faults.push(format!("`{}` changes with {what}, which it does not declare", part.code));
                }
            }
        }
    };
    for (at, wish) in setup.wishes.iter().enumerate() {
        let reads = |part: &kit::Part| part.columns.iter().any(|c| usize::from(*c) == at);
        let first = setup.cells[at].first().copied().unwrap_or(Cell::Unknown);
        for other in others(wish.kind, first) {
            // whether there are members at all is not a column
            let mut changed = Setup {
                cells: setup.cells.clone(),
                wishes: setup.wishes.clone(),
                settings: setup.settings.clone(),
                present: setup.present.clone(),
                ..*setup
            };
            changed.cells[at].iter_mut().for_each(|cell| *cell = other);
            debug_assert!(wish.entity == Entity::Member || changed.cells[at].len() == 1);
            compare(&format!("`{}`", wish.name), &reads, &judge::<P>(&changed));
        }
    }
    for (at, wish) in description.settings.iter().enumerate() {
        let reads = |part: &kit::Part| part.settings.iter().any(|s| usize::from(*s) == at);
        for value in [wish.min, wish.max] {
            let value = match setup.settings[at] {
                kit::Value::Integer(_) => kit::Value::Integer(value),
                kit::Value::Codes(_) => kit::Value::Codes(vec![value]),
            };
            let mut changed = Setup {
                cells: setup.cells.clone(),
                wishes: setup.wishes.clone(),
                settings: setup.settings.clone(),
                present: setup.present.clone(),
                ..*setup
            };
            changed.settings[at] = value;
            if let Some(after) = try_judge::<P>(&changed) {
                compare(&format!("setting `{}`", wish.name), &reads, &after);
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}
