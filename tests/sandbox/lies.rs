//! Plugins of the right shape that misbehave when called: each is refused with
//! one short reason, which is the same every time.

use layak::error::Fault;

use super::batches::{batch, places};
use super::built::{component, configure, judge, load, sandbox, text};

/// Describing: refused at load.
#[test]
fn what_a_plugin_says_of_itself_is_checked() {
    for (mode, words) in [
        (1, "wrong in `name`"),
        (2, "wrong in `name`"),
        (3, "`newest` is not a version"),
        (4, "65 entries, the limit is 64"),
        (5, "`decile_within` is there twice"),
        (6, "it reads column 99, there are 12"),
        (7, "it reads setting 9, there are 1"),
        (8, "bounds 1 to 0 are reversed"),
        (9, "below 0"),
        (10, "its default does not fit"),
        (11, "its answer is too large"),
        (12, "out of fuel"),
        (13, "is there twice"),
        (14, "it stopped itself"),
        (15, "300 entries, the limit is 256"),
    ] {
        let error = load(mode).unwrap_err();
        assert_eq!(error.fault, Fault::Plugin, "{mode}: {error}");
        assert!(text(&error).contains(words), "{mode}: {}", text(&error));
    }
}

#[test]
fn settings_that_a_plugin_does_not_accept_are_the_rule_authors() {
    let error = configure(&load(20).unwrap()).unwrap_err();
    assert_eq!(error.fault, Fault::Rules);
    assert!(text(&error).contains("`max_decile`: must not be 4"), "{}", text(&error));
    // control characters of a plugin's text never reach a terminal
    let error = configure(&load(21).unwrap()).unwrap_err();
    assert!(text(&error).contains("\\u{1b}[31mred\\n"), "{}", text(&error));
    for (mode, words) in [(22, "too large"), (23, "too large"), (24, "`?`"), (25, "it stopped itself")] {
        let error = configure(&load(mode).unwrap()).unwrap_err();
        assert!(text(&error).contains(words), "{mode}: {}", text(&error));
    }
}

/// Judging: the batch fails with one reason, twice the same.
#[test]
fn a_call_that_does_not_return_is_stopped() {
    for (mode, words) in [
        (30, "out of fuel"),
        (31, "memory access out of bounds|stack exhausted"),
        (32, "memory beyond the limit"),
        (33, "out of fuel"),
        (34, "it stopped itself"),
        (35, "it stopped itself"),
        (36, "it stopped itself"),
    ] {
        refused(mode, words);
    }
}

#[test]
fn verdicts_that_break_a_promise_are_refused() {
    for (mode, words) in [
        (50, "list `failed` holds 63, not 64"),
        (51, "list `score` holds 65, not 64"),
        (52, "list `unknown` holds 0, not 64"),
        (53, "its answer is too large"),
        (54, "bit 3 is no declared criterion (row 0"),
        (55, "bit 63 is no declared criterion (row 2"),
        (56, "criterion 0 is both failed and unknown"),
        (57, "amount 5 on a row that failed (row 63"),
        (58, "score 5 on a row that failed (row 0"),
        (59, "score 3000001 outside 0 to 1000000 (row 63"),
        (60, "amount 3000001 outside 0 to 3000000"),
        (61, "score -1 outside 0 to 1000000"),
    ] {
        refused(mode, words);
    }
}

fn refused(mode: u32, words: &str) {
    let judge = judge(mode);
    let error = judge.judge(&batch(64), &places()).unwrap_err();
    assert_eq!(error.fault, Fault::Plugin, "{mode}: {error}");
    assert!(words.split('|').any(|words| text(&error).contains(words)), "{mode}: {}", text(&error));
    assert_eq!(judge.judge(&batch(64), &places()).unwrap_err(), error, "{mode}: another reason the second time");
}

#[test]
fn a_breakdown_that_points_nowhere_is_refused() {
    let honest = judge(0).breakdown(&batch(64), &places()).unwrap();
    assert!(!honest.is_empty());
    for (mode, words) in
        [(70, "differ in length"), (71, "does not exist"), (72, "does not exist"), (73, "does not exist")]
    {
        let error = judge(mode).breakdown(&batch(64), &places()).unwrap_err();
        assert_eq!(error.fault, Fault::Plugin);
        assert!(text(&error).contains(words), "{mode}: {}", text(&error));
    }
}

/// A static that counts calls says 1 for every batch: nothing is kept.
#[test]
fn nothing_is_kept_between_batches() {
    let judge = judge(62);
    for _ in 0..5 {
        let (verdicts, _) = judge.judge(&batch(640), &places()).unwrap();
        let open = verdicts.failed.iter().zip(&verdicts.score).filter(|(failed, _)| **failed == 0);
        assert!(open.clone().count() > 0);
        assert!(open.clone().all(|(_, score)| *score == 1));
    }
}

/// After a trap, the same sandbox and plugin still serve others.
#[test]
fn a_trap_spoils_nothing_else() {
    let sandbox = sandbox();
    let bad = configure(&sandbox.load(&component(34)).unwrap()).unwrap();
    let good = configure(&sandbox.load(&component(0)).unwrap()).unwrap();
    for _ in 0..20 {
        assert!(bad.judge(&batch(64), &places()).is_err());
        assert!(good.judge(&batch(64), &places()).is_ok());
    }
}

#[test]
fn fuel_is_the_same_every_time_and_on_every_thread() {
    let judge = judge(0);
    let rows = batch(16_384);
    let (verdicts, fuel) = judge.judge(&rows, &places()).unwrap();
    assert!(fuel > 16_384);
    std::thread::scope(|scope| {
        let many: Vec<_> = (0..8).map(|_| scope.spawn(|| judge.judge(&rows, &places()).unwrap())).collect();
        for one in many {
            assert_eq!(one.join().unwrap(), (verdicts.clone(), fuel));
        }
    });
}
