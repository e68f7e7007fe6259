//! More attacks, by mode: 16 to 19 and 80 to 95 in `describe`, 26 to 29 in
//! `configure`, 37 to 45 while judging, 46 to 49 and 63 to 69 in the verdicts,
//! 74 to 79 in the breakdown.

use std::collections::HashMap;
use std::hint::black_box;

use crate::attack::{burn, hoard, part, recurse};
use crate::bindings::layak::program::types::{
    Batch, BreakdownLines, ColumnWish, Description, Entity, Kind, Problem, Value, Verdicts,
};

fn wish(name: &str, kind: Kind) -> ColumnWish {
    ColumnWish { name: name.to_owned(), entity: Entity::Family, kind, required: true }
}

pub(crate) fn describe(mode: u32, mut said: Description) -> Description {
    let setting = said.settings.first_mut();
    match mode {
        16 => said.columns.push(wish("kk_number", Kind::S64)),
        17 => said.columns.push(wish("religion", Kind::U8)),
        18 => said.columns.iter_mut().for_each(|wish| wish.kind = Kind::U32),
        19 => {
            let again: Vec<_> = said.settings.clone();
            said.settings.extend(again);
        }
        80 => said.criteria = vec![part("<script>alert(1)</script>")],
        81 => said.components = vec![part("base\u{202e}esab")],
        82 => said.name = "pkh".to_owned(),
        83 => said.version = "99999999999.0.0".to_owned(),
        84 => setting.into_iter().for_each(|wish| wish.unit = "\u{1b}]0;idr\u{7}".to_owned()),
        85 => setting.into_iter().for_each(|wish| (wish.min, wish.max) = (wish.max, wish.min)),
        86 => setting.into_iter().for_each(|wish| wish.options = (0..2000).map(|at| format!("o{at}")).collect()),
        87 => hoard(),
        88 => drop(black_box(recurse(black_box(1)))),
        89 => said.name.clear(),
        90 => (said.score_min, said.score_max) = (i64::MIN, i64::MAX),
        91 => said.amount_max = i64::MAX,
        92 => said.score_parts = (0..20_000).map(|at| part(&format!("p{at}"))).collect(),
        93 => said.criteria.iter_mut().for_each(|part| part.columns = vec![0; 60_000]),
        94 => setting.into_iter().for_each(|wish| wish.default = Some(Value::Codes(vec![1; 9_000]))),
        95 => said.columns.iter_mut().for_each(|wish| wish.entity = Entity::Member),
        _ => {}
    }
    said
}

pub(crate) fn configure(mode: u32) -> Result<(), Vec<Problem>> {
    match mode {
        26 => burn(),
        27 => hoard(),
        28 => drop(black_box(recurse(black_box(1)))),
        29 => return Err(Vec::new()),
        _ => {}
    }
    Ok(())
}

pub(crate) fn before(mode: u32, rows: &Batch) {
    match mode {
        37 if rows.families > 60 => burn(),
        38 => {
            let each = vec![7_u8; 64 << 10];
            let held: Vec<Vec<u8>> = (0..rows.families.max(4_000)).map(|_| each.clone()).collect();
            black_box(held);
        }
        39 => {
            black_box("9".repeat(60 << 20));
        }
        40 => {
            // every way of asking for room at once
            let ask = usize::try_from(i32::MAX).unwrap_or(0);
            black_box(Vec::<u8>::with_capacity(black_box(ask)));
        }
        _ => {}
    }
}

pub(crate) fn verdicts(mode: u32, mut said: Verdicts) -> Verdicts {
    let rows = said.failed.len();
    let open = |failed: &[u64]| failed.iter().position(|bits| *bits == 0);
    let shut = |failed: &[u64]| failed.iter().position(|bits| *bits != 0);
    let put = |list: &mut [i64], at: Option<usize>, value: i64| {
        at.and_then(|at| list.get_mut(at)).into_iter().for_each(|slot| *slot = value);
    };
    match mode {
        // a score that follows from the order of a hash map, and one from an address
        41 => {
            let map: HashMap<usize, i64> = (0..rows).map(|row| (row, row as i64 % 1000)).collect();
            for ((score, failed), (_, value)) in said.score.iter_mut().zip(&said.failed).zip(&map) {
                *score = if *failed == 0 { *value } else { 0 };
            }
        }
        42 => {
            let address = black_box(&said.failed).as_ptr().addr() as i64 % 1_000_000;
            for (score, failed) in said.score.iter_mut().zip(&said.failed) {
                *score = if *failed == 0 { address } else { 0 };
            }
        }
        // answers for the rows in another order: wrong, and only for itself
        43 => {
            said.failed.reverse();
            said.unknown.reverse();
            said.score.reverse();
            said.amount.reverse();
        }
        46 => put(&mut said.amount, open(&said.failed), -1),
        47 => put(&mut said.score, shut(&said.failed), -7),
        48 => put(&mut said.amount, open(&said.failed), i64::MIN),
        49 => put(&mut said.score, open(&said.failed), i64::MAX),
        63 => said.amount.truncate(rows / 2),
        64 => said.failed.push(0),
        65 => said.unknown.push(1),
        66 => said = Verdicts { failed: vec![], unknown: vec![], score: vec![], amount: vec![] },
        67 => {
            said.failed.extend_from_within(..);
            said.unknown.extend_from_within(..);
            said.score.extend_from_within(..);
            said.amount.extend_from_within(..);
        }
        68 => said.failed.iter_mut().for_each(|bits| *bits |= 1 << 63),
        69 => put(&mut said.amount, shut(&said.failed), 200_000),
        90 => said
            .score
            .iter_mut()
            .zip(&said.failed)
            .filter(|(_, bits)| **bits == 0)
            .enumerate()
            .for_each(|(at, (score, _))| *score = if at % 2 == 0 { i64::MAX } else { i64::MIN }),
        91 => said
            .amount
            .iter_mut()
            .zip(&said.failed)
            .filter(|(_, bits)| **bits == 0)
            .for_each(|(amount, _)| *amount = i64::MAX),
        _ => {}
    }
    said
}

pub(crate) fn lines(mode: u32, mut said: BreakdownLines) -> BreakdownLines {
    match mode {
        74 => said.value.iter_mut().for_each(|value| *value += 1),
        75 => said = BreakdownLines { row: vec![], member: vec![], part: vec![], value: vec![] },
        76 => burn(),
        77 => {
            let many = 12 << 20;
            said.row = vec![0; many / 4];
        }
        78 => said.part.iter_mut().for_each(|part| *part = u16::MAX),
        79 => {
            said.row.extend_from_within(..);
            said.member.extend_from_within(..);
            said.part.extend_from_within(..);
            said.value.extend_from_within(..);
            said.value.iter_mut().for_each(|value| *value = i64::MAX);
        }
        _ => {}
    }
    said
}
