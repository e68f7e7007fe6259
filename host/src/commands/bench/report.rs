//! The figures of a bench, as a table and as JSON.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::rivals::Rival;
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
    /// Threads of scan, runs and rivals.
    pub(crate) threads: usize,
    /// Rounds of each measure.
    pub(crate) rounds: usize,
    /// Program by program, on one thread.
    pub(crate) programs: Vec<BenchedProgram>,
    /// Reading the columns that PKH is granted, of the whole snapshot.
    pub(crate) scan_s: f64,
    /// PKH from opening the snapshot to the closed selection.
    pub(crate) run_s: f64,
    /// The same job in DuckDB; null where it is not measured.
    pub(crate) duckdb_s: Option<f64>,
    /// The same job in Polars; null where it is not measured.
    pub(crate) polars_s: Option<f64>,
    /// Both, with best round, rows compared, memory, or why not.
    pub(crate) rivals: Vec<Rival>,
    /// All programs in one run, from opening the snapshot to the closed selections.
    pub(crate) all_s: f64,
    /// Its shortest round.
    pub(crate) all_best_s: f64,
    /// Bytes that it read.
    pub(crate) all_read_bytes: u64,
    /// Peak resident memory while it ran.
    pub(crate) all_peak_rss_mb: u64,
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
    /// Reading the columns that it is granted, of the whole snapshot.
    pub(crate) scan_s: f64,
    /// The program alone, from opening the snapshot to the closed selection.
    pub(crate) run_s: f64,
    /// Its shortest round.
    pub(crate) run_best_s: f64,
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
    let mut cells = Vec::new();
    let mut line = |title: String, median: f64, best: Option<f64>| {
        let best = best.map(|best| format!("{best:.3}")).unwrap_or_default();
        cells.push(vec![title, format!("{median:.3}"), best, ns_each(median, benched.families)]);
    };
    for one in &benched.programs {
        let id = &one.program;
        line(format!("{id}: {}", word("membaca kolomnya", "scan of its columns")), one.scan_s, None);
        let title = word("snapshot sampai seleksi", "snapshot to selection");
        line(format!("{id}: {title}"), one.run_s, Some(one.run_best_s));
    }
    line(word("semua program bersama", "all programs together").to_owned(), benched.all_s, Some(benched.all_best_s));
    for rival in &benched.rivals {
        if let (Some(median), Some(version)) = (rival.median_s, &rival.version) {
            line(format!("pkh: {} {version}", rival.engine), median, rival.best_s);
        }
    }
    let head = [
        (word("seluruh snapshot", "whole snapshot"), Stand::Left),
        (word("s, tengah", "s, median"), right),
        (word("s, terbaik", "s, best"), right),
        (word("ns/keluarga", "ns/family"), right),
    ];
    screen.table(&head, &cells);
    show_rivals(benched, screen);
    let (families, members, threads) = (count(benched.families), count(benched.members), benched.threads);
    let (rows, differences, rounds) = (count(benched.rows_compared), count(benched.differences), benched.rounds);
    let (peak, read) = (count(benched.all_peak_rss_mb), count(benched.all_read_bytes / 1_000_000));
    screen.say(&say!(
        "{families} keluarga, {members} orang, {threads} utas, {rounds} babak; {rows} baris dibandingkan dengan aturan asli, {differences} berbeda",
        "{families} families, {members} people, {threads} threads, {rounds} rounds; {rows} rows compared with the native rule, {differences} differ"
    ));
    screen.say(&say!(
        "semua program bersama: memori puncak {peak} MB, {read} MB dibaca",
        "all programs together: peak memory {peak} MB, {read} MB read"
    ));
}

/// How much faster we are than each rival, or why it was not measured.
#[expect(clippy::float_arithmetic, reason = "a ratio for people, never a decision")]
fn show_rivals(benched: &Benched, screen: &Screen) {
    for rival in &benched.rivals {
        let engine = &rival.engine;
        if let Some(reason) = &rival.not_measured {
            let (id, en) = (&reason.id, &reason.en);
            screen.say(&say!("pkh: {engine} tidak diukur: {id}", "pkh: {engine} not measured: {en}"));
        } else if let Some(median) = rival.median_s {
            let ratio = if benched.run_s > 0.0 { median / benched.run_s } else { 0.0 };
            let (rows, peak) = (rival.rows, rival.peak_rss_mb.unwrap_or(0));
            screen.say(&say!(
                "pkh: {engine} {ratio:.1} kali lebih lama; {rows} baris dibandingkan, semua sama; memori puncak {peak} MB",
                "pkh: {engine} takes {ratio:.1} times as long; {rows} rows compared, all equal; peak memory {peak} MB"
            ));
        }
    }
}
