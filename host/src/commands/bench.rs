//! `layak bench --families N`: what reading, judging and a whole run cost.
//!
//! Makes a country, freezes it, and measures in one process, warm: reading the
//! granted columns, the rule natively, the same rule in the sandbox (equal
//! results checked row by row), and PKH from opening the snapshot to the closed
//! selection. The only place outside tests that names a plugin crate natively.

mod native;
mod report;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use super::program::{Loaded, find, load};
use super::run::{folders, judge_of, snapshot_of};
use super::screen::Screen;
use super::site::Site;
use super::{demo, stop};
use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::ledger::{Candidate, Ledger, PluginJudge, RunRequest};
use crate::program::Program;
use crate::say;
use crate::selection::Judging;
use crate::snapshot::batch::{Batch, BatchColumn, Values};
use crate::snapshot::{self, Snapshot};
use crate::terms::Period;

pub(crate) use report::{Benched, BenchedProgram};
pub(crate) use scan::Scanned;

/// Measures reading, the native rule, the sandbox and a whole run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of families
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    families: u64,
    /// Threads of scan and run (default: all cores)
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
const ROUNDS: usize = 5;
/// Families judged for the figures per family: enough to pass every cache.
const JUDGED_MOST: u64 = 1 << 20;

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<()> {
    let temporary = tempfile::tempdir().map_err(|cause| Error::storage(std::env::temp_dir(), cause))?;
    let dir = args.dir.clone().unwrap_or_else(|| temporary.path().join("bench"));
    let site = prepare(&dir, args.families, screen)?;
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
    if Ledger::open(&site.root)?.snapshot_of(PERIOD)?.is_some() {
        return Ok(site);
    }
    demo::country(&site, families, 1, 0, screen)?;
    demo::freeze(&site, screen)?;
    Ok(site)
}

fn measure(site: &Site, threads: usize, screen: &Screen) -> Result<Benched> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::bug)?;
    let loaded = load(site, PERIOD, pool.current_num_threads(), screen)?;
    let snapshot = snapshot_of(site, PERIOD, &loaded.dictionary)?;
    let mut programs = Vec::new();
    let (mut rows_compared, mut differences) = (0, 0);
    for program in &loaded.programs {
        if let Some(one) = judge_both(&loaded, program, &snapshot)? {
            rows_compared += one.rows;
            differences += one.differences;
            programs.push(one);
        }
    }
    let pkh = find(&loaded.programs, "pkh")?;
    let (family, member) = granted(&loaded, pkh, &snapshot);
    let scan_s = pool.install(|| median(|| snapshot::scan(&snapshot, &family, &member).map(drop)))?;
    let run_s = median(|| one_run(site, &loaded, pkh, pool.current_num_threads()))?;
    let manifest = snapshot.manifest();
    let benched = Benched {
        families: manifest.families,
        members: manifest.members,
        threads: pool.current_num_threads(),
        programs,
        scan_s: seconds(scan_s),
        run_s: seconds(run_s),
        duckdb_s: None,
        polars_s: None,
        rows_compared,
        differences,
        peak_rss_mb: peak_rss_mb(),
    };
    if differences > 0 {
        return Err(Error::new(
            Fault::Bug,
            say!("{differences} baris berbeda dari aturan asli", "{differences} rows differ from the native rule"),
        ));
    }
    Ok(benched)
}

/// Seconds with six digits, for JSON; a measure, never a decision.
#[expect(clippy::float_arithmetic, reason = "a measure for people, never a decision")]
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

/// The median of five.
fn median(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        work()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().ok_or_else(|| Error::bug("five rounds have a median"))
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
    let native_time = best(|| batches.iter().try_for_each(|batch| native.judge(batch).map(drop)))?;
    let judge_time = best(|| batches.iter().try_for_each(|batch| judge.judge(batch).map(drop)))?;
    Ok(Some(BenchedProgram {
        program: program.id.clone(),
        native_ns: report::per_family(native_time, families),
        judge_ns: report::per_family(judge_time, families),
        fuel_per_family: fuel.checked_div(families).unwrap_or(0),
        rows,
        differences,
    }))
}

fn best(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        work()?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}

/// PKH from opening the snapshot to the closed selection, in a folder that goes again.
fn one_run(site: &Site, loaded: &Loaded, program: &Program, threads: usize) -> Result<()> {
    let place = tempfile::tempdir_in(&site.root).map_err(|cause| Error::storage(&site.root, cause))?;
    let snapshot = snapshot_of(site, PERIOD, &loaded.dictionary)?;
    let judge = judge_of(loaded, program, &snapshot)?;
    let candidates = [Candidate { program, judge: &judge }];
    let mut folders = folders(site);
    folders.root = place.path().to_path_buf();
    folders.runs = place.path().join("runs");
    let seen = AtomicU64::new(0);
    let request = RunRequest {
        folders: &folders,
        snapshot: &snapshot,
        dictionary: &loaded.dictionary,
        programs: &candidates,
        receives: None,
        promote: None,
        threads,
        cancel: stop::flag(),
        seen: &seen,
    };
    let made = crate::ledger::run(&mut Ledger::open(place.path())?, &request)?;
    match made.worst() {
        Some(error) => Err(error.clone()),
        None => Ok(()),
    }
}

/// Peak resident memory of this process in megabytes, from the kernel; 0 where it does not say.
fn peak_rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
