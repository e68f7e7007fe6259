//! The corpus of each fuzz target, put through the same door in every test run.
//!
//! To fuzz (10 minutes each; `cargo install cargo-fuzz` once), in `tests/fuzz`:
//! `cargo fuzz run --fuzz-dir . --sanitizer none csv -- -max_total_time=600`, and so
//! for `parquet`, `pages`, `rules`, `component`, `description`. What it finds gets a
//! file in the corpus, named after the fault.

use std::fs;

use crate::tidy::top;

#[path = "fuzz/entries.rs"]
mod entries;

fn replay(target: &str, entry: fn(&[u8])) {
    let folder = top().join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "{target} has {} files", paths.len());
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let stopped = std::panic::catch_unwind(|| entry(&bytes));
        assert!(stopped.is_ok(), "{}", path.display());
    }
}

#[test]
fn csv_is_replayed() {
    replay("csv", entries::csv);
}

#[test]
fn parquet_is_replayed() {
    replay("parquet", entries::parquet);
}

#[test]
fn pages_are_replayed() {
    replay("pages", entries::pages);
}

#[test]
fn rules_are_replayed() {
    replay("rules", entries::rules);
}

#[test]
fn components_are_replayed() {
    replay("component", entries::component);
}

#[test]
fn descriptions_are_replayed() {
    replay("description", entries::description);
}
