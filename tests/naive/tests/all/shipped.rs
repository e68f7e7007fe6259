//! The values written down in this crate are those of the rule files in 2026Q3.

use std::path::Path;

use naive::Setting;
use naive::blocks::Rules;
use toml::{Table, Value};

/// First month of `2026Q3` or `2026-09`, as a number.
fn month(text: &str) -> i64 {
    let (year, rest) = text.split_at(4);
    let of_year = match rest.strip_prefix('Q') {
        Some(quarter) => quarter.parse::<i64>().unwrap() * 3 - 3,
        None => rest.trim_start_matches('-').parse::<i64>().unwrap() - 1,
    };
    year.parse::<i64>().unwrap() * 12 + of_year
}

/// The value of a dated list in 2026Q3.
fn in_force(lines: &Value) -> &Value {
    let held = lines.as_array().unwrap().iter();
    let held = held.filter(|line| month(line["from"].as_str().unwrap()) <= month("2026Q3"));
    &held.max_by_key(|line| month(line["from"].as_str().unwrap())).unwrap()["value"]
}

fn same(mine: &Setting, theirs: &Value) -> bool {
    match (mine, theirs) {
        (Setting::Integer(n), Value::Integer(m)) => n == m,
        (Setting::Flag(yes), Value::Boolean(said)) => yes == said,
        (Setting::Word(word), Value::String(said)) => word == said,
        (Setting::Words(words), Value::Array(said)) => {
            words.iter().map(|word| Value::String((*word).to_owned())).collect::<Vec<_>>() == *said
        }
        (Setting::Codes(codes), Value::Array(said)) => {
            codes.iter().map(|code| Value::Integer(*code)).collect::<Vec<_>>() == *said
        }
        _ => false,
    }
}

#[test]
fn the_values_are_those_of_the_rule_files() {
    for program in ["pkh", "sembako", "pbi_jkn", "blt_dd"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../rules/{program}.toml"));
        let file: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let mut written: Table = file["settings"].as_table().unwrap().clone();
        if let Some(months) = file.get("months_paid") {
            written.insert("months_paid".to_owned(), months.clone());
        }
        let mine = Rules::shipped(program).unwrap().named();
        assert_eq!(mine.len(), written.len(), "{program}");
        for (name, setting) in &mine {
            let theirs = in_force(&written[*name]);
            assert!(same(setting, theirs), "{program}: `{name}` is {theirs} in the rule file, {setting:?} here");
        }
    }
}
