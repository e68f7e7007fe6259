//! The honest rule: twelve columns, three criteria, a score and an amount.
//!
//! `decide` is plain arithmetic without any binding, so that the measuring test
//! can include this very file's sibling `decide.rs` and run it natively.

use crate::bindings::layak::program::types::{
    Batch, BreakdownLines, ColumnWish, Description, Entity, Kind, Part, SettingKind, SettingWish, Unit, Value, Values,
    Verdicts,
};

#[path = "decide.rs"]
mod decide;
use decide::{Columns, decide};

/// Names and kinds in the order of crossing.
const COLUMNS: [(&str, Kind); 12] = [
    ("decile", Kind::U8),
    ("member_count", Kind::U8),
    ("floor_type", Kind::U8),
    ("wall_type", Kind::U8),
    ("roof_type", Kind::U8),
    ("cooking_fuel", Kind::U8),
    ("floor_area", Kind::U16),
    ("livestock_cattle", Kind::U16),
    ("village", Kind::U32),
    ("wealth", Kind::S64),
    ("income", Kind::S64),
    ("livelihood_lost", Kind::Bits),
];

fn part(code: &str, columns: &[u16], settings: &[u16]) -> Part {
    Part { code: code.to_owned(), columns: columns.to_vec(), settings: settings.to_vec() }
}

pub(crate) fn description() -> Description {
    let column = |(name, kind): &(&str, Kind)| ColumnWish {
        name: (*name).to_owned(),
        entity: Entity::Family,
        kind: *kind,
        required: true,
    };
    Description {
        name: "hostile".to_owned(),
        version: "1.0.0".to_owned(),
        unit: Unit::Family,
        columns: COLUMNS.iter().map(column).collect(),
        settings: vec![SettingWish {
            name: "max_decile".to_owned(),
            kind: SettingKind::Integer,
            options: Vec::new(),
            unit: "decile".to_owned(),
            min: 1,
            max: 10,
            default: Some(Value::Integer(4)),
        }],
        criteria: vec![
            part("decile_within", &[0], &[0]),
            part("not_wealthy", &[9], &[]),
            part("income_within", &[10], &[]),
        ],
        components: vec![part("base", &[1], &[])],
        score_parts: vec![part("need", &[2, 3, 4, 5, 6, 7, 8, 11], &[])],
        score_min: 0,
        score_max: 1_000_000,
        amount_min: 0,
        amount_max: 3_000_000,
    }
}

/// One column that every site has.
pub(crate) fn small() -> Description {
    let mut said = description();
    said.columns.truncate(1);
    said.criteria.truncate(1);
    said.components.iter_mut().chain(&mut said.score_parts).for_each(|part| part.columns.clear());
    said
}

/// Everybody of decile 1 to 4 gets the same.
pub(crate) fn judge_small(rows: &Batch) -> Verdicts {
    let failed: Vec<u64> = match rows.family.first().map(|column| &column.values) {
        Some(Values::U8s(decile)) => decile.iter().map(|decile| u64::from(!(1..=4).contains(decile))).collect(),
        _ => Vec::new(),
    };
    let amount = failed.iter().map(|failed| if *failed == 0 { 200_000 } else { 0 }).collect();
    Verdicts { unknown: vec![0; failed.len()], score: vec![0; failed.len()], amount, failed }
}

fn columns(rows: &Batch) -> Option<Columns<'_>> {
    let [decile, members, floor, wall, roof, fuel, area, cattle, village, wealth, income, lost] =
        rows.family.as_slice()
    else {
        return None;
    };
    match (
        (&decile.values, &members.values, &floor.values, &wall.values, &roof.values, &fuel.values),
        (&area.values, &cattle.values, &village.values, &wealth.values, &income.values, &lost.values),
    ) {
        (
            (
                Values::U8s(decile),
                Values::U8s(members),
                Values::U8s(floor),
                Values::U8s(wall),
                Values::U8s(roof),
                Values::U8s(fuel),
            ),
            (
                Values::U16s(area),
                Values::U16s(cattle),
                Values::U32s(village),
                Values::S64s(wealth),
                Values::S64s(income),
                Values::Bits(lost),
            ),
        ) => Some(Columns { decile, members, floor, wall, roof, fuel, area, cattle, village, wealth, income, lost }),
        _ => None,
    }
}

pub(crate) fn judge(rows: &Batch) -> Verdicts {
    let Some(columns) = columns(rows) else { panic!("the columns are not those of the description") };
    let (failed, unknown, score, amount) = decide(&columns);
    Verdicts { failed, unknown, score, amount }
}

pub(crate) fn breakdown(rows: &Batch, small: bool) -> BreakdownLines {
    let verdicts = if small { judge_small(rows) } else { judge(rows) };
    let mut lines = BreakdownLines { row: Vec::new(), member: Vec::new(), part: Vec::new(), value: Vec::new() };
    for (row, failed) in (0_u32..).zip(&verdicts.failed) {
        let at = row as usize;
        if *failed != 0 {
            continue;
        }
        for (part, values) in [(0, &verdicts.amount), (1, &verdicts.score)] {
            lines.row.push(row);
            lines.member.push(u32::MAX);
            lines.part.push(part);
            lines.value.push(values.get(at).copied().unwrap_or(0));
        }
    }
    lines
}
