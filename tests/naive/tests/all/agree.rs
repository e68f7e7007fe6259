//! The programs, judged natively, against the second opinion of this crate.
//!
//! `LAYAK_FAMILIES=1000000 cargo test --release -p naive -- --nocapture` draws a million
//! families for each program and prints what they met; without it 50,000.

use std::io::Write;

use kit::{Program, native};
use naive::Answer;
use naive::blocks::Block;
use naive::seen::Seen;

const BLOCK: usize = 1000;

fn families() -> u64 {
    std::env::var("LAYAK_FAMILIES").ok().and_then(|text| text.parse().ok()).unwrap_or(50_000)
}

/// Judges blocks of families and insists that every row is as the law has it.
/// `never` names what a criterion never says.
fn agrees<P: Program>(never: &[(&'static str, Answer)]) {
    let description = native::describe::<P>();
    let mut seen = Seen::default();
    for number in 0..families().div_ceil(BLOCK as u64) {
        let block = Block::draw(&description, number, BLOCK).unwrap();
        let dates = [block.when.as_of, block.when.period].map(|day| i32::try_from(day.count()).unwrap());
        let judge = native::Judge::<P>::new(&block.settings, &block.present, dates[0], dates[1])
            .unwrap_or_else(|problems| panic!("{problems:?}: {:?}", block.rules));
        let (said, lines) = block.laid.batch(|batch| (judge.judge(batch).unwrap(), judge.breakdown(batch).unwrap()));
        let difference = block.difference(&description, &said, Some(&lines), &mut seen);
        assert!(difference.is_none(), "{}, block {number}: {}", P::NAME, difference.unwrap_or_default());
    }
    let codes: Vec<&'static str> = description.criteria.iter().map(|part| part.code).collect();
    std::io::stdout().write_all(seen.shown(P::NAME, &codes).as_bytes()).unwrap();
    for code in codes {
        for answer in [Answer::Pass, Answer::Fail, Answer::Unknown] {
            let unreachable = never.contains(&(code, answer));
            assert_eq!(seen.times(code, answer) == 0, unreachable, "{}: `{code}` says {answer:?}", P::NAME);
        }
    }
}

#[test]
fn pkh_as_the_law_has_it() {
    let never = ["members_complete", "decile_determined", "state_job_checked", "component_facts_known", "levels_known"];
    let never = never.map(|code| (code, Answer::Fail));
    agrees::<pkh::Pkh>(&[never.as_slice(), &[("alive", Answer::Unknown)]].concat());
}

#[test]
fn sembako_as_the_law_has_it() {
    let never = ["members_complete", "decile_determined", "state_job_checked"].map(|code| (code, Answer::Fail));
    agrees::<sembako::Sembako>(&[never.as_slice(), &[("alive", Answer::Unknown)]].concat());
}

#[test]
fn pbi_jkn_as_the_law_has_it() {
    agrees::<pbi_jkn::PbiJkn>(&[]);
}

#[test]
fn blt_dd_as_the_law_has_it() {
    agrees::<blt_dd::BltDd>(&[("members_complete", Answer::Fail), ("alive", Answer::Unknown)]);
}
