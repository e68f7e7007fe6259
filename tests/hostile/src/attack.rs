//! The attacks, by mode. 1 to 19 in `describe`, 20 to 29 in `configure`, 30 to
//! 49 while judging, 50 to 69 in the verdicts, 70 to 79 in the breakdown.

use std::hint::black_box;

use crate::bindings::layak::program::types::{BreakdownLines, Description, Problem, Value, Verdicts};

pub(crate) fn describe(mode: u32, mut said: Description) -> Description {
    match mode {
        1 => said.name = "x".repeat(65),
        2 => said.name = "\u{1b}[2Jpkh".to_owned(),
        3 => said.version = "newest".to_owned(),
        4 => said.criteria = (0..65).map(|at| part(&format!("c{at}"))).collect(),
        5 => said.criteria.push(part("decile_within")),
        6 => said.criteria.iter_mut().for_each(|part| part.columns.push(99)),
        7 => said.criteria.iter_mut().for_each(|part| part.settings.push(9)),
        8 => (said.score_min, said.score_max) = (1, 0),
        9 => said.amount_min = -1,
        10 => said.settings.iter_mut().for_each(|wish| wish.default = Some(Value::Integer(11))),
        11 => said.name = "x".repeat(8 << 20),
        12 => burn(),
        13 => {
            let again: Vec<_> = said.columns.drain(..).collect();
            said.columns = again.iter().chain(&again).cloned().collect();
        }
        14 => panic!("in describe"),
        15 => said.components = (0..300).map(|at| part(&format!("c{at}"))).collect(),
        _ => {}
    }
    said
}

pub(crate) fn part(code: &str) -> crate::bindings::layak::program::types::Part {
    crate::bindings::layak::program::types::Part { code: code.to_owned(), columns: Vec::new(), settings: Vec::new() }
}

pub(crate) fn configure(mode: u32, settings: &[Value]) -> Result<(), Vec<Problem>> {
    let problem = |id: String, en: String| Problem { setting: 0, id, en };
    match mode {
        20 => Err(vec![problem("tidak boleh 4".to_owned(), "must not be 4".to_owned())]),
        21 => Err(vec![problem("\u{1b}[31mmerah\n".to_owned(), "\u{1b}[31mred\n".to_owned())]),
        22 => Err(vec![problem("y".repeat(8 << 20), String::new())]),
        23 => Err((0..100_000).map(|at| problem(format!("{at}"), String::new())).collect()),
        24 => Err(vec![Problem { setting: 999, id: "?".to_owned(), en: "?".to_owned() }]),
        25 => panic!("in configure"),
        _ => {
            let _ = settings;
            Ok(())
        }
    }
}

pub(crate) fn burn() {
    let mut at = 0_u64;
    loop {
        at = black_box(at.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "that is the attack")]
pub(crate) fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    recurse(frame.iter().fold(depth, |a, b| a ^ b) + 1) + frame.len() as u64
}

pub(crate) fn hoard() {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(vec![1; 1 << 20]));
    }
}

pub(crate) fn before(mode: u32) {
    match mode {
        30 => burn(),
        31 => {
            black_box(recurse(black_box(1)));
        }
        32 => hoard(),
        33 => {
            let mut room = vec![0_u8; 16 << 20];
            loop {
                black_box(&mut room).fill(black_box(7));
            }
        }
        34 => panic!("a panic with a text that nobody sees"),
        35 => {
            let zero = black_box(0_u32);
            black_box(7_u32.checked_div(zero).unwrap_or_else(|| std::process::abort()));
        }
        36 => {
            let most = black_box(i64::MAX);
            black_box(most + black_box(1));
        }
        _ => {}
    }
}

pub(crate) fn verdicts(mode: u32, mut said: Verdicts, calls: u32) -> Verdicts {
    let last = said.failed.len().saturating_sub(1);
    let set = |list: &mut Vec<i64>, at: usize, value: i64| {
        if let Some(slot) = list.get_mut(at) {
            *slot = value;
        }
    };
    match mode {
        50 => {
            said.failed.pop();
        }
        51 => said.score.push(0),
        52 => said.unknown.clear(),
        53 => said.amount = vec![0; 4 << 20],
        54 => said.failed.iter_mut().for_each(|bits| *bits |= 1 << 3),
        55 => said.unknown.iter_mut().skip(2).for_each(|bits| *bits |= 1 << 63),
        56 => (said.failed, said.unknown) = (vec![1; last + 1], vec![1; last + 1]),
        57 => {
            said.failed.iter_mut().for_each(|bits| *bits = 2);
            said.score.iter_mut().for_each(|score| *score = 0);
            said.amount.iter_mut().for_each(|amount| *amount = 0);
            set(&mut said.amount, last, 5);
        }
        58 => {
            said.failed.iter_mut().for_each(|bits| *bits = 2);
            said.amount.iter_mut().for_each(|amount| *amount = 0);
            said.score.iter_mut().for_each(|score| *score = 0);
            set(&mut said.score, 0, 5);
        }
        59 | 60 => {
            said.failed.iter_mut().for_each(|bits| *bits = 0);
            set(if mode == 59 { &mut said.score } else { &mut said.amount }, last, 3_000_001);
        }
        61 => {
            said.failed.iter_mut().for_each(|bits| *bits = 0);
            set(&mut said.score, 0, -1);
        }
        // honest, but tells how often this instance has judged
        62 => said.score.iter_mut().zip(&said.failed).filter(|(_, failed)| **failed == 0).for_each(|(score, _)| {
            *score = i64::from(calls);
        }),
        _ => {}
    }
    said
}

pub(crate) fn lines(mode: u32, mut said: BreakdownLines) -> BreakdownLines {
    match mode {
        70 => {
            said.value.pop();
        }
        71 => said.row.iter_mut().for_each(|row| *row = 1 << 30),
        72 => said.member.iter_mut().for_each(|member| *member = 1 << 30),
        73 => said.part.iter_mut().for_each(|part| *part = 2),
        _ => {}
    }
    said
}
