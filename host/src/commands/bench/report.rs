//! The figures of a bench, as a table and as JSON.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::screen::{Screen, Stand};
use crate::sandbox::Verdicts;
use crate::say;
use crate::terms::show_count;

/// What `bench --json` prints; each `_s` is the median of 5, in seconds.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Benched {
    /// Families of the snapshot.
    pub(crate) families: u64,
    /// Members of the snapshot.
    pub(crate) members: u64,
    /// Threads of scan and run.
    pub(crate) threads: usize,
    /// Program by program, on one thread.
    pub(crate) programs: Vec<BenchedProgram>,
    /// Reading the columns that PKH is granted, of the whole snapshot.
    pub(crate) scan_s: f64,
    /// PKH from opening the snapshot to the closed selection.
    pub(crate) run_s: f64,
    /// The same job in DuckDB; null until it is measured.
    pub(crate) duckdb_s: Option<f64>,
    /// The same job in Polars; null until it is measured.
    pub(crate) polars_s: Option<f64>,
    /// Rows judged both natively and in the sandbox.
    pub(crate) rows_compared: u64,
    /// Of these, rows with another verdict.
    pub(crate) differences: u64,
    /// Peak resident memory of this process.
    pub(crate) peak_rss_mb: u64,
}

/// One program, judged over up to a million families in memory.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BenchedProgram {
    /// Program id.
    pub(crate) program: String,
    /// The native rule, nanoseconds per family.
    pub(crate) native_ns: f64,
    /// The sandboxed plugin with fresh instances, fuel and output checks.
    pub(crate) judge_ns: f64,
    /// Fuel per family: exact and repeatable.
    pub(crate) fuel_per_family: u64,
    /// Rows compared.
    #[serde(skip)]
    pub(crate) rows: u64,
    /// Rows that differ.
    #[serde(skip)]
    pub(crate) differences: u64,
}

/// Nanoseconds per family with one decimal.
#[expect(clippy::float_arithmetic, reason = "a measure for people, never a decision")]
pub(super) fn per_family(time: Duration, families: u64) -> f64 {
    let tenths = time.as_nanos().saturating_mul(10).checked_div(u128::from(families)).unwrap_or(0);
    f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
}

/// Rows whose verdicts differ.
pub(super) fn different(a: &Verdicts, b: &Verdicts) -> u64 {
    if a.failed.len() != b.failed.len() {
        return a.failed.len().max(b.failed.len()) as u64;
    }
    let row = |v: &Verdicts, at: usize| {
        (v.failed.get(at).copied(), v.unknown.get(at).copied(), v.score.get(at).copied(), v.amount.get(at).copied())
    };
    (0..a.failed.len()).filter(|at| row(a, *at) != row(b, *at)).count() as u64
}

#[expect(clippy::float_arithmetic, reason = "a ratio for people, never a decision")]
fn ratio(a: f64, b: f64) -> String {
    if b > 0.0 { format!("{:.2}", a / b) } else { String::new() }
}

#[expect(clippy::float_arithmetic, reason = "a measure for people, never a decision")]
fn ns_each(seconds: f64, families: u64) -> String {
    let families = f64::from(u32::try_from(families).unwrap_or(u32::MAX)).max(1.0);
    format!("{:.1}", seconds * 1e9 / families)
}

/// The table.
pub(super) fn show(benched: &Benched, screen: &Screen) {
    let right = Stand::Right;
    let word = |id, en| screen.word(id, en);
    let head = [
        (word("program", "program"), Stand::Left),
        (word("asli ns/keluarga", "native ns/family"), right),
        (word("kotak pasir", "sandboxed"), right),
        (word("rasio", "ratio"), right),
        (word("bahan bakar/keluarga", "fuel/family"), right),
    ];
    let rows: Vec<Vec<String>> = benched
        .programs
        .iter()
        .map(|p| {
            vec![
                p.program.clone(),
                format!("{:.1}", p.native_ns),
                format!("{:.1}", p.judge_ns),
                ratio(p.judge_ns, p.native_ns),
                p.fuel_per_family.to_string(),
            ]
        })
        .collect();
    screen.table(&head, &rows);
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let rows = [
        (word("membaca kolom PKH", "scan of PKH's columns"), benched.scan_s),
        (word("PKH, snapshot sampai seleksi", "PKH, snapshot to selection"), benched.run_s),
    ];
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|(title, s)| vec![(*title).to_owned(), format!("{s:.3}"), ns_each(*s, benched.families)])
        .collect();
    let head = [
        (word("seluruh snapshot", "whole snapshot"), Stand::Left),
        ("s", right),
        (word("ns/keluarga", "ns/family"), right),
    ];
    screen.table(&head, &cells);
    let (families, members, threads) = (count(benched.families), count(benched.members), benched.threads);
    let (rows, differences, peak) =
        (count(benched.rows_compared), count(benched.differences), count(benched.peak_rss_mb));
    screen.say(&say!(
        "{families} keluarga, {members} orang, {threads} utas; {rows} baris dibandingkan, {differences} berbeda; memori puncak {peak} MB",
        "{families} families, {members} people, {threads} threads; {rows} rows compared, {differences} differ; peak memory {peak} MB"
    ));
}
