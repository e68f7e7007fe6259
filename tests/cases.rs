//! Cases: families that a domain person wrote down, with what the law says of
//! them. Each runs natively and in the sandbox, and both must agree with the
//! case and with each other.
//!
//! A file `tests/cases/<program>/*.toml` holds `[[case]]` tables:
//!
//! | key | meaning |
//! |---|---|
//! | `name`, `law` | what is shown; the sentence or source that says so |
//! | `as_of`, `period` | may also stand at the top of the file for all its cases |
//! | `settings` | overrides of the plugin's defaults, as in a rule file |
//! | `family` | columns by name |
//! | `members` | a list of tables of columns; `age = 7` stands for a birth date half a year before |
//! | `absent` | optional columns that are not granted |
//! | `row` | which member is judged, from 0 (programs of unit `person`) |
//! | `failed`, `unknown` | criteria by code; all others pass |
//! | `amount`, `components`, `score_parts` | rupiah by run period, by component; points by part (checked where given) |
//! | `paid` | component by member row, e.g. `{ 0 = "disability" }` (checked where given) |
//!
//! A value is a number, a yes or no, a date, a code's name in Indonesian or
//! English as in `schema/columns.toml`, a quarter ("2021Q3"), a list of codes for
//! a set, or "unknown". `{ yes = [1], known = [1, 2] }` is a set known in part.
//! Unknown keys, columns that the program does not read and names that do not
//! exist are refused.
//!
//! What a case does not say is a complete and ordinary family: decile 2, lists
//! delivered complete without a hit, no earlier aid, a desa; `member_count` as
//! many as are listed; the first member is the head, the others children; age
//! 35, male head, female others; not attending school, no certificate, not
//! working, no severe difficulty, no illness, alive. Questions not asked below
//! an age are unknown there. Other columns are unknown.

mod native;
mod read;
mod sandboxed;

use std::collections::BTreeMap;
use std::path::Path;

use kit::{Line, Program, Verdicts};
use read::{Case, Setup};

/// Runs the cases of one program natively and in the sandbox.
fn cases_of<P: Program>(program: &str, at_least: usize) {
    let cases = read::cases(program);
    assert!(cases.len() >= at_least, "{program} has {} cases; at least {at_least} are asked for", cases.len());
    let sandboxed = sandboxed::Plugin::bundled(program);
    assert!(sandboxed.is_some(), "this build does not bundle {program}");
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let description = kit::native::describe::<P>();
    for (file, case) in &cases {
        let setup = Setup::new(&description, case, file);
        let (verdicts, lines) = native::judge::<P>(&setup);
        let mut say = |what: String| wrong.push(format!("{file}: {}: {what}", case.name));
        for difference in differences(&description, case, &verdicts, &lines) {
            say(difference);
        }
        if let Some(plugin) = &sandboxed {
            let said = plugin.judge(&setup);
            if said.0 != verdicts || said.1 != lines {
                say(format!("sandboxed {said:?}, native {:?}", (&verdicts, &lines)));
            }
        }
        for bit in 0..description.criteria.len() {
            let outcome = match (verdicts.failed[case.row] >> bit & 1, verdicts.unknown[case.row] >> bit & 1) {
                (1, _) => "fail",
                (_, 1) => "unknown",
                _ => "pass",
            };
            *seen.entry((bit, outcome)).or_default() += 1;
        }
        for fault in native::disturbed::<P>(&setup) {
            say(fault);
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases of {program}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for (bit, part) in description.criteria.iter().enumerate() {
        let count = |outcome| seen.get(&(bit, outcome)).copied().unwrap_or(0);
        assert!(count("pass") > 0, "{program}: no case passes `{}`", part.code);
        assert!(count("fail") + count("unknown") > 0, "{program}: no case fails or leaves open `{}`", part.code);
    }
}

/// Runs the cases of a file through a component that no test is linked with.
pub(crate) fn cases_through(component: &[u8], path: &Path) {
    let plugin = sandboxed::Plugin::of("outside", component);
    let description = plugin.description();
    let cases = read::of_file(path, "outside");
    assert!(!cases.is_empty());
    for (file, case) in &cases {
        let setup = Setup::new(&description, case, file);
        let (verdicts, lines) = plugin.judge(&setup);
        assert_eq!(differences(&description, case, &verdicts, &lines), Vec::<String>::new(), "{}", case.name);
    }
}

/// What a case says and the program does not, or the other way round.
fn differences(description: &kit::Description, case: &Case, verdicts: &Verdicts, lines: &[Line]) -> Vec<String> {
    let mut wrong = Vec::new();
    let row = case.row;
    let named = |mask: u64| -> Vec<&str> {
        let set = description.criteria.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
        set.map(|(_, part)| part.code).collect()
    };
    let mut expect = |what: &str, got: String, wanted: String| {
        if got != wanted {
            wrong.push(format!("{what}: got {got}, the case says {wanted}"));
        }
    };
    let listed = |codes: &[String]| {
        let at = |code: &String| description.criteria.iter().position(|part| part.code == code);
        named(
            codes
                .iter()
                .map(|code| 1 << at(code).expect("a criterion of the program"))
                .fold(0, |all, bit: u64| all | bit),
        )
    };
    expect("failed", format!("{:?}", named(verdicts.failed[row])), format!("{:?}", listed(&case.failed)));
    expect("unknown", format!("{:?}", named(verdicts.unknown[row])), format!("{:?}", listed(&case.unknown)));
    expect("amount", verdicts.amount[row].to_string(), case.amount.to_string());
    let components = description.components.len();
    let mut paid = BTreeMap::new();
    let (mut by_component, mut by_score) = (BTreeMap::new(), BTreeMap::new());
    for line in lines.iter().filter(|line| line.row as usize == row) {
        let at = usize::from(line.part);
        if at < components {
            let code = description.components[at].code.to_owned();
            if line.member != u32::MAX {
                paid.insert(line.member.to_string(), code.clone());
            }
            *by_component.entry(code).or_insert(0) += line.value;
        } else {
            *by_score.entry(description.score_parts[at - components].code.to_owned()).or_insert(0) += line.value;
        }
    }
    expect("components", format!("{by_component:?}"), format!("{:?}", case.components));
    let sum: i64 = by_component.values().sum();
    expect("sum of the components", sum.to_string(), verdicts.amount[row].to_string());
    let sum: i64 = by_score.values().sum();
    expect("sum of the score parts", sum.to_string(), verdicts.score[row].to_string());
    if let Some(parts) = &case.score_parts {
        expect("score", format!("{by_score:?}"), format!("{parts:?}"));
    }
    if let Some(members) = &case.paid {
        expect("paid", format!("{paid:?}"), format!("{members:?}"));
    }
    if verdicts.failed[row] != 0 {
        expect("score of a failed row", verdicts.score[row].to_string(), "0".to_owned());
    }
    wrong
}

#[test]
fn pkh() {
    cases_of::<pkh::Pkh>("pkh", 60);
}

#[test]
fn sembako() {
    cases_of::<sembako::Sembako>("sembako", 25);
}

#[test]
fn pbi_jkn() {
    cases_of::<pbi_jkn::PbiJkn>("pbi_jkn", 20);
}

#[test]
fn blt_dd() {
    cases_of::<blt_dd::BltDd>("blt_dd", 25);
}
