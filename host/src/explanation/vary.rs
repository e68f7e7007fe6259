//! What a fact might be instead, how far that is, and what kind of change it is.
//!
//! Takes a column and its value; gives other values that the column can hold,
//! with the distance in the column's own unit. Numbers, days and quarters are
//! tried at steps; `nearest` closes in between them. Never proposes a death.

use serde::Serialize;

use super::cells::Cell;
use crate::columns::{Column, Origin};
use crate::terms::Date;

/// What a change would be in the life of the family; the order is that of proposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A fact that was not delivered becomes known.
    Missing,
    /// A recorded fact is wrong and is put right: a date, a match on a list, a decile.
    Correction,
    /// Something in the life of the family is otherwise.
    Circumstance,
    /// The rule is otherwise: a setting has another value.
    Rule,
}

/// Another value of one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The value.
    pub cell: Cell,
    /// Steps in the column's own unit; 1 for another code, the codes changed for a set.
    pub distance: u64,
    /// Which of equally distant values comes first.
    pub tie: i64,
}

/// All values that are tried at first, and whether values between them exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Points {
    /// Each differs from the present value.
    pub list: Vec<Point>,
    /// Whether values between neighbours were left out.
    pub gaps: bool,
}

/// Five years of days: how wrong a recorded date may plausibly be.
const DAYS: i64 = 1_827;
/// Fifteen years of quarters.
const QUARTERS: i64 = 60;
/// Twenty years of months.
const MONTHS: i64 = 240;
/// Values that are all tried; past it, steps.
const ALL: i64 = 256;
/// Spacing of steps where small steps end; a shorter stretch of values may be missed.
const STEP: i64 = 30;
/// Codes of a set whose combinations are all tried.
const HITS: u32 = 5;
/// 1900-01-01: an earlier date is refused at intake.
const FIRST_DAY: i64 = -25_567;

/// Columns on which a hit takes aid away: a new hit is never proposed, least of all a death.
const NEVER_WORSE: [&str; 5] = ["dead", "exclusions", "member_exclusions", "other_aid", "wage_premium"];

/// What a change of this fact is; `None` = it is never proposed.
#[must_use]
pub fn kind_of(column: &Column, now: Cell, to: Cell) -> Option<ChangeKind> {
    let listed = matches!(column.origin, Origin::List | Origin::History);
    let worse = match (now, to) {
        (Cell::Set { members: old, .. }, Cell::Set { members: new, .. }) => new & !old != 0,
        (_, Cell::Number(value)) => value != 0,
        _ => false,
    };
    if worse && NEVER_WORSE.contains(&column.name.as_str()) {
        return None;
    }
    match (now, to) {
        (Cell::Unknown, _) => Some(ChangeKind::Missing),
        // only codes whose state was open are said
        (Cell::Set { members: old, known }, Cell::Set { members: new, .. }) if (old ^ new) & known == 0 => {
            Some(ChangeKind::Missing)
        }
        (Cell::Set { members: old, .. }, Cell::Set { members: new, .. }) if listed && new & !old == 0 => {
            Some(ChangeKind::Correction)
        }
        (Cell::Number(_), Cell::Number(0)) if listed => Some(ChangeKind::Correction),
        _ if column.origin == Origin::History => Some(ChangeKind::Correction),
        // a day, a sex and a computed rank do not change in life; they are recorded right or wrong
        _ if matches!(column.unit.as_str(), "date" | "decile") || column.name == "sex" => Some(ChangeKind::Correction),
        _ => Some(ChangeKind::Circumstance),
    }
}

/// Other values of a fact. `regions` is how many regions the column's ordinals stand for.
#[must_use]
pub fn points(column: &Column, now: Cell, as_of: Date, regions: usize) -> Points {
    if let Cell::Set { members, known } = now {
        return Points { list: sets(column, members, known), gaps: false };
    }
    let codes: Vec<i64> = match column.kind {
        crate::columns::Kind::Bits => vec![0, 1],
        _ => column.codes.iter().map(|code| i64::from(code.code)).collect(),
    };
    let points = match now {
        Cell::Number(value) if !codes.is_empty() => {
            let list = codes.into_iter().filter(|code| *code != value);
            Points { list: list.map(|code| coded(column, value, code)).collect(), gaps: false }
        }
        Cell::Number(value) => stepped(value, bounds(column, Some(value), as_of, regions)),
        _ => unknown(column, codes, as_of, regions),
    };
    let sound = |point: &Point| kind_of(column, now, point.cell).is_some();
    Points { list: points.list.into_iter().filter(sound).collect(), gaps: points.gaps }
}

/// A code instead of another: deciles and counts have an order, other codes have none.
fn coded(column: &Column, now: i64, code: i64) -> Point {
    let ranked = column.unit == "decile";
    let distance = match (ranked, now, code) {
        // without a decile: as far as one past the last
        (true, 0, decile) | (true, decile, 0) => 11_i64.saturating_sub(decile).unsigned_abs().max(1),
        (true, ..) => now.abs_diff(code),
        (false, ..) => 1,
    };
    Point { cell: Cell::Number(code), distance, tie: code }
}

/// A fact that was not delivered: any value is as near as any other.
fn unknown(column: &Column, codes: Vec<i64>, as_of: Date, regions: usize) -> Points {
    let today = i64::from(as_of.0);
    let list: Vec<i64> = if !codes.is_empty() {
        codes
    } else if column.unit == "date" {
        // days of late, then the middle of each year of age
        let ages = (0..=110).map(|age: i64| today - 182 - age * 1_461 / 4);
        (0..=120).map(|days| today - days).chain(ages).filter(|day| *day >= FIRST_DAY).collect()
    } else {
        let (least, most) = bounds(column, None, as_of, regions);
        (least..=most).take(usize::try_from(ALL).unwrap_or(0)).collect()
    };
    // of deciles that would do, the highest is the one to name
    let tie = |value: i64| if column.unit == "decile" { -value } else { value };
    let point = |value: i64| Point { cell: Cell::Number(value), distance: 1, tie: tie(value) };
    Points { list: list.into_iter().map(point).collect(), gaps: false }
}

/// The values that make sense: what intake accepts, and near the present one.
fn bounds(column: &Column, now: Option<i64>, as_of: Date, regions: usize) -> (i64, i64) {
    let date = as_of.civil();
    let (year, month) = (i64::from(date.year()), i64::from(date.month()) - 1);
    let near = |at: i64, reach: i64| (at.saturating_sub(reach), at.saturating_add(reach));
    let (least, most) = match column.unit.as_str() {
        "date" => {
            let (least, most) = near(now.unwrap_or(0), DAYS);
            (least.max(FIRST_DAY), most.min(i64::from(as_of.0)))
        }
        "quarter" => {
            let today = year * 4 + month / 3;
            (now.unwrap_or(today).min(today) - QUARTERS, today)
        }
        "month" => {
            let today = year * 12 + month;
            (now.unwrap_or(today).min(today) - MONTHS, today)
        }
        "region" => (0, i64::try_from(regions).unwrap_or(0) - 1),
        _ => column.range.unwrap_or_else(|| column.kind.bounds()),
    };
    let (low, high) = column.kind.bounds();
    (least.max(low), most.min(high))
}

/// All values if they are few, else steps outward from the present one.
fn stepped(now: i64, (least, most): (i64, i64)) -> Points {
    let point = |value: i64| Point { cell: Cell::Number(value), distance: now.abs_diff(value), tie: value };
    if most.saturating_sub(least) <= ALL {
        let list = (least..=most).filter(|value| *value != now).map(point).collect();
        return Points { list, gaps: false };
    }
    let doubling = (0..62).map(|n| 1_i64 << n);
    let even = (1..=DAYS / STEP + 1).map(|n| n * STEP);
    let mut values: Vec<i64> = doubling
        .chain(even)
        .flat_map(|step| [now.saturating_sub(step), now.saturating_add(step)])
        .chain([least, most])
        .filter(|value| (least..=most).contains(value) && *value != now)
        .collect();
    values.sort_unstable();
    values.dedup();
    Points { list: values.into_iter().map(point).collect(), gaps: true }
}

/// Sets with one code more or known, and with any of the hits taken away.
fn sets(column: &Column, members: u32, known: u32) -> Vec<Point> {
    let all = column.codes.iter().filter_map(|code| 1_u32.checked_shl(code.code)).fold(0, |all, bit| all | bit);
    let mut list = Vec::new();
    let mut add = |to: u32, known_to: u32| {
        let changed = (to ^ members).count_ones().max(1);
        let cell = Cell::Set { members: to, known: known_to };
        if cell != (Cell::Set { members, known }) {
            list.push(Point { cell, distance: u64::from(changed), tie: i64::from(to ^ members) });
        }
    };
    add(members, known | all);
    for code in &column.codes {
        let bit = 1_u32.checked_shl(code.code).unwrap_or(0);
        if members & bit == 0 {
            add(members | bit, known | bit);
        } else {
            add(members & !bit, known);
        }
    }
    if members.count_ones() <= HITS {
        // every subset of the hits, by the well-known step through submasks
        let mut gone = members;
        while gone != 0 {
            if gone.count_ones() > 1 {
                add(members & !gone, known);
            }
            gone = (gone - 1) & members;
        }
    } else {
        add(0, known);
    }
    add(0, known | all);
    list
}
