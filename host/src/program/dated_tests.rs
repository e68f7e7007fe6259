//! Dated values against a naive table of days.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::{day_after, read};
use crate::program::page::{Page, get};
use crate::terms::{Date, Period};

fn pick(lines: &[(&str, Option<&str>, i64)], period: &str) -> Result<i64, String> {
    let line = |(from, until, value): &(&str, Option<&str>, i64)| {
        let until = until.map(|until| format!("until = \"{until}\", ")).unwrap_or_default();
        format!("{{ from = \"{from}\", {until}value = {value}, source = \"assumed\" }}")
    };
    let text = format!("x = [{}]", lines.iter().map(line).collect::<Vec<_>>().join(", "));
    let (mut page, root) = Page::open(Path::new("x.toml"), &text);
    let root = root.unwrap();
    let (key, node) = root.first().unwrap();
    assert!(get(&root, "x").is_some());
    let dated = read(&mut page, key, node, |page, node| page.integer("x", node, 0, 1000));
    if page.count() > 0 {
        return Err(page.close().first().unwrap().message.en.clone());
    }
    let found = dated.in_force(&mut page, period.parse().unwrap()).map(|line| line.value.value.value);
    found.ok_or_else(|| page.close().first().unwrap().message.en.clone())
}

#[test]
fn a_value_holds_until_the_next_from() {
    let lines = [("2025Q2", None, 4), ("2026Q1", None, 5), ("2026-07", None, 6)];
    assert_eq!(pick(&lines, "2025Q2"), Ok(4));
    assert_eq!(pick(&lines, "2025Q4"), Ok(4));
    assert_eq!(pick(&lines, "2026-06"), Ok(5));
    assert_eq!(pick(&lines, "2026Q3"), Ok(6));
    assert_eq!(pick(&lines, "2031Q1"), Ok(6));
}

#[test]
fn the_end_of_a_year_is_followed_by_the_next() {
    assert_eq!(day_after(Period::Quarter(2025, 4)), Date::from_ymd(2026, 1, 1).unwrap());
    assert_eq!(day_after(Period::Month(2025, 12)), Date::from_ymd(2026, 1, 1).unwrap());
    assert_eq!(pick(&[("2024Q1", Some("2025-12"), 1), ("2026Q1", None, 2)], "2025Q4"), Ok(1));
}

#[test]
fn every_pair_of_lines_agrees_with_a_naive_reading() {
    let quarters: Vec<String> = (2024..=2026).flat_map(|y| (1..=4).map(move |q| format!("{y}Q{q}"))).collect();
    for (a, first) in quarters.iter().enumerate() {
        for (b, second) in quarters.iter().enumerate() {
            for (p, period) in quarters.iter().enumerate() {
                for (u, until) in quarters.iter().enumerate() {
                    let picked = pick(&[(first, Some(until), 1), (second, None, 2)], period);
                    let continuous = a < b && u + 1 == b;
                    let expected = if !continuous || p < a {
                        None
                    } else if p >= b {
                        Some(2)
                    } else {
                        Some(1)
                    };
                    assert_eq!(
                        picked.clone().ok(),
                        expected,
                        "{first} until {until}, {second}, in {period}: {picked:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_change_inside_the_period_is_refused() {
    let lines = [("2026Q1", None, 4), ("2026-08", None, 5)];
    assert!(pick(&lines, "2026Q3").unwrap_err().contains("in the middle of 2026Q3"));
    assert_eq!(pick(&lines, "2026-08"), Ok(5));
}
