//! `layak bench --families N`: what reading, judging and whole runs cost.
//!
//! Invents a country straight into a sealed snapshot and measures in one process,
//! warm: reading the granted columns, the rule natively, the same rule in the sandbox
//! (equal results checked row by row), each program and all together from opening the
//! snapshot to the closed selection, and the PKH job in DuckDB and Polars over the
//! same files (equal results again). The only place outside tests that names a plugin
//! crate natively.

mod lots;
mod native;
mod report;
mod rivals;
mod runs;
mod scan;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::program::{Loaded, find, load};
use super::run::{judge_of, snapshot_of};
use super::screen::Screen;
use super::site::Site;
use super::{demo, memory, synth};
use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::ledger::{Ledger, PluginJudge};
use crate::program::Program;
use crate::say;
use crate::selection::Judging;
use crate::snapshot::batch::{Batch, BatchColumn, Values};
use crate::snapshot::{self, Snapshot};
use crate::synth::Options;
use crate::terms::Period;

pub(crate) use report::{Benched, BenchedProgram};
pub(crate) use scan::Scanned;

/// Measures reading, the native rule, the sandbox and whole runs, beside DuckDB and Polars
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of families
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    families: u64,
    /// The whole country: 95,006,179 families, one round, without DuckDB and Polars
    #[arg(long, conflicts_with = "families")]
    nation: bool,
    /// Threads of scan, runs and rivals (default: all cores)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Work folder, kept and used again (default: a temporary one)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Measure only the reading of the snapshot, column by column
    #[arg(long)]
    scan: bool,
}

const PERIOD: Period = Period::Quarter(2026, 3);
const NATION: u64 = 95_006_179;
const ROUNDS: usize = 5;
/// Families judged for the figures per family: enough to pass every cache.
const JUDGED_MOST: u64 = 1 << 20;
/// Past this size one round is enough, and rivals are left out: DuckDB would need
/// tens of gigabytes.
const LARGE: u64 = 20_000_000;

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<()> {
    let temporary = tempfile::tempdir().map_err(|cause| Error::storage(std::env::temp_dir(), cause))?;
    let dir = args.dir.clone().unwrap_or_else(|| temporary.path().join("bench"));
    let families = if args.nation { NATION } else { args.families };
    let site = prepare(&dir, families, screen)?;
    if args.scan {
        return scan::run(&site, args.threads, screen);
    }
    let benched = measure(&site, args.threads, screen)?;
    if screen.json {
        return screen.json(&benched);
    }
    report::show(&benched, screen);
    screen.next("layak demo");
    Ok(())
}

/// A site with a snapshot of so many families; an existing one is used again.
fn prepare(dir: &Path, families: u64, screen: &Screen) -> Result<Site> {
    let site = match Site::open(dir) {
        Ok(site) => site,
        Err(_) => {
            super::init::make(dir, Some(demo::KEY))?;
            Site::open(dir)?
        }
    };
    if Ledger::open(&site.root)?.snapshot_of(PERIOD)?.is_none() {
        synth::in_site(&site, &Options { families, ..Options::default() }, screen)?;
    }
    Ok(site)
}

fn measure(site: &Site, threads: usize, screen: &Screen) -> Result<Benched> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::bug)?;
    let threads = pool.current_num_threads();
    let loaded = load(site, PERIOD, threads, screen)?;
    let snapshot = snapshot_of(site, PERIOD, &loaded.dictionary)?;
    let manifest = snapshot.manifest();
    let rounds = if manifest.families > LARGE { 1 } else { ROUNDS };
    let mut programs = Vec::new();
    let (mut rows_compared, mut differences) = (0, 0);
    for program in &loaded.programs {
        if let Some(mut one) = judge_both(&loaded, program, &snapshot)? {
            let (family, member) = granted(&loaded, program, &snapshot);
            let scanned = times(rounds, || pool.install(|| snapshot::scan(&snapshot, &family, &member).map(drop)))?;
            one.scan_s = seconds(middle(&scanned));
            rows_compared += one.rows;
            differences += one.differences;
            programs.push(one);
        }
    }
    let runs = runs::Runs::new(site, &loaded, threads)?;
    let all = runs.together(rounds)?;
    for one in &mut programs {
        let alone = runs.alone(find(&loaded.programs, &one.program)?, rounds)?;
        (one.run_s, one.run_best_s) = (seconds(middle(&alone)), seconds(least(&alone)));
    }
    let rivals = rivals::all(&runs, &loaded, &snapshot, threads, rounds)?;
    let rival = |name: &str| rivals.iter().find(|one| one.engine == name).and_then(|one| one.median_s);
    let pkh = programs.iter().find(|one| one.program == "pkh");
    let benched = Benched {
        families: manifest.families,
        members: manifest.members,
        threads,
        rounds,
        scan_s: pkh.map_or(0.0, |one| one.scan_s),
        run_s: pkh.map_or(0.0, |one| one.run_s),
        all_s: seconds(middle(&all.times)),
        all_best_s: seconds(least(&all.times)),
        all_read_bytes: all.read_bytes,
        all_peak_rss_mb: all.peak_mb,
        programs,
        duckdb_s: rival("duckdb"),
        polars_s: rival("polars"),
        rows_compared,
        differences: differences + rivals.iter().map(|one| one.differences).sum::<u64>(),
        rivals,
        peak_rss_mb: memory::peak_mb().max(all.peak_mb),
    };
    if benched.differences > 0 {
        let differences = benched.differences;
        return Err(Error::new(Fault::Bug, say!("{differences} baris berbeda", "{differences} rows differ")));
    }
    Ok(benched)
}

/// Seconds with six digits, for JSON; a measure, never a decision.
#[expect(clippy::float_arithmetic, reason = "a measure for people, never a decision")]
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

/// The times of some rounds, shortest first.
fn times(rounds: usize, mut work: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        work()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn middle(times: &[Duration]) -> Duration {
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn least(times: &[Duration]) -> Duration {
    times.first().copied().unwrap_or_default()
}

/// The columns that a program reads of the snapshot.
fn granted(loaded: &Loaded, program: &Program, snapshot: &Snapshot) -> (Vec<ColumnId>, Vec<ColumnId>) {
    let ids = program.columns.iter().copied().flatten().filter(|id| snapshot.holds(*id));
    let (mut family, mut member) = (Vec::new(), Vec::new());
    for id in ids {
        match loaded.dictionary.get(id).entity {
            Entity::Family => family.push(id),
            Entity::Member => member.push(id),
        }
    }
    (family, member)
}

/// The first batches of the snapshot, in memory; `receives.*` says that nobody does.
fn batches(loaded: &Loaded, program: &Program, snapshot: &Snapshot) -> Result<Vec<Batch>> {
    let (family, member) = granted(loaded, program, snapshot);
    let mut all = Vec::new();
    let mut families = 0u64;
    for partition in snapshot.partitions() {
        let mut stream = snapshot.batches(partition, &family, &member, false)?;
        let mut batch = Batch::default();
        while families < JUDGED_MOST && stream.next_into(&mut batch)? {
            families += u64::from(batch.families);
            let mut batch = std::mem::take(&mut batch);
            add_receives(loaded, program, snapshot, &mut batch);
            all.push(batch);
        }
    }
    Ok(all)
}

fn add_receives(loaded: &Loaded, program: &Program, snapshot: &Snapshot, batch: &mut Batch) {
    for id in program.columns.iter().copied().flatten().filter(|id| !snapshot.holds(*id)) {
        let (rows, columns) = match loaded.dictionary.get(id).entity {
            Entity::Family => (batch.families, &mut batch.family),
            Entity::Member => (batch.member_ends.last().copied().unwrap_or(0), &mut batch.member),
        };
        let bits = vec![0; usize::try_from(rows).unwrap_or(0).div_ceil(8)];
        columns.push((id, BatchColumn { values: Values::Bits(bits), valid: None }));
    }
}

/// The rule natively and in the sandbox over the same batches, on one thread,
/// best of five each.
fn judge_both(loaded: &Loaded, program: &Program, snapshot: &Snapshot) -> Result<Option<BenchedProgram>> {
    let judge: PluginJudge = judge_of(loaded, program, snapshot)?;
    let Some(native) = native::judge(program, snapshot)? else { return Ok(None) };
    let batches = batches(loaded, program, snapshot)?;
    let families: u64 = batches.iter().map(|batch| u64::from(batch.families)).sum();
    let (mut rows, mut differences, mut fuel) = (0u64, 0u64, 0u64);
    for batch in &batches {
        let (sandboxed, burnt) = judge.judge(batch)?;
        fuel += burnt;
        let same = native.judge(batch)?;
        rows += sandboxed.failed.len() as u64;
        differences += report::different(&sandboxed, &same);
    }
    let native_time = least(&times(ROUNDS, || batches.iter().try_for_each(|batch| native.judge(batch).map(drop)))?);
    let judge_time = least(&times(ROUNDS, || batches.iter().try_for_each(|batch| judge.judge(batch).map(drop)))?);
    Ok(Some(BenchedProgram {
        program: program.id.clone(),
        native_ns: report::per_family(native_time, families),
        judge_ns: report::per_family(judge_time, families),
        fuel_per_family: fuel.checked_div(families).unwrap_or(0),
        scan_s: 0.0,
        run_s: 0.0,
        run_best_s: 0.0,
        rows,
        differences,
    }))
}
