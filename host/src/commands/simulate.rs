//! `layak simulate SCENARIO...`: who gains, who loses and what it costs.
//!
//! Runs on a snapshot with the site's rule files as the baseline; no run is
//! needed and none is made.

mod load;
mod output;
mod show;

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use super::screen::Screen;
use super::site::Site;
use super::stop;
use crate::error::{Error, Fault, Result};
use crate::program::Ratio;
use crate::say;
use crate::selection::{Frame, SealedRows, areas_of};
use crate::simulation::{Scenario, Site as Stage, simulate};
use crate::terms::Period;

pub(crate) use output::Simulated;

/// Simulates changed rules: who gains, who loses, what it costs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Scenario files, up to four side by side
    #[arg(value_name = "SCENARIO", num_args = 0..=4)]
    scenario: Vec<PathBuf>,
    /// One-off change, e.g. `pkh.max_decile=5` or `pkh.quota.total=12_000_000`
    #[arg(long, value_name = "PROGRAM.KEY=VALUE")]
    set: Vec<String>,
    /// Snapshot: its root or the root's beginning (default: the newest)
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,
    /// Only the sealed sample of the snapshot: `1%`
    #[arg(long, value_name = "1%")]
    sample: Option<String>,
    /// Facts to break down by, separated by commas; `decile*province` crosses two
    #[arg(long, value_name = "FACT", value_delimiter = ',', default_value = "decile,province")]
    by: Vec<String>,
    /// Threads (default: the site's, else all cores)
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let snapshot_path = load::snapshot_dir(args.snapshot.as_deref(), site)?;
    let period = load::period_of(&snapshot_path)?;
    let threads = args.threads.unwrap_or(site.threads);
    let scenarios = scenarios(args, site, period, screen)?;
    let mut documents = Vec::new();
    for scenario in &scenarios {
        documents.push(one(args, site, screen, scenario, &snapshot_path, threads)?);
    }
    if !screen.json {
        return show::all(&documents, screen);
    }
    match documents.as_slice() {
        [only] => screen.json(only),
        all => screen.json(&output::Several { scenarios: all.to_vec() }),
    }
}

/// The scenarios of the command line: each file, or the one-off changes.
fn scenarios(args: &Args, site: &Site, period: Period, screen: &Screen) -> Result<Vec<Scenario>> {
    let programs = load::program_ids(site)?;
    let report = |errors| super::program::report(errors, screen);
    let mut all = Vec::new();
    for path in &args.scenario {
        let path = if path.exists() { path.clone() } else { site.rules.join("scenarios").join(with_ending(path)) };
        let text = std::fs::read_to_string(&path).map_err(|cause| load::no_file(&path, site, cause))?;
        all.push(Scenario::parse(&path, &text, &programs).map_err(report)?);
    }
    if !args.set.is_empty() {
        let text = load::text_of_sets(&args.set, period)?;
        let set = Scenario::parse(std::path::Path::new("set.toml"), &text, &programs).map_err(report)?;
        all.push(set);
    }
    if all.is_empty() {
        return Err(Error::new(Fault::Usage, say!("tidak ada yang diubah", "nothing is changed")).fix(say!(
            "berikan berkas skenario, atau `--set pkh.max_decile=5`",
            "give a scenario file, or `--set pkh.max_decile=5`"
        )));
    }
    Ok(all)
}

fn with_ending(path: &std::path::Path) -> PathBuf {
    if path.extension().is_some() { path.to_path_buf() } else { path.with_extension("toml") }
}

fn one(
    args: &Args,
    site: &Site,
    screen: &Screen,
    scenario: &Scenario,
    snapshot_path: &std::path::Path,
    threads: usize,
) -> Result<Simulated> {
    let world = load::World::open(site, scenario, snapshot_path, threads, screen)?;
    let by = load::breakdowns(&args.by, &world)?;
    let snapshot = &world.snapshot;
    let manifest = snapshot.manifest();
    let held = |name: &str| world.dictionary.id(name).filter(|id| snapshot.holds(*id));
    let sample = load::sample(args.sample.as_deref(), snapshot)?;
    let rows = match &sample {
        Some(_) => SealedRows::of_sample(snapshot)?,
        None => SealedRows::of(snapshot)?,
    };
    let (holds, stands_for) = (manifest.scale.holds, manifest.scale.stands_for);
    let scale = match &sample {
        // a sample holds fewer families than the snapshot that stands for the country
        Some(sample) => {
            Ratio { holds: sample.families, stands_for: load::scaled(manifest.families, holds, stands_for) }
        }
        None => Ratio { holds, stands_for },
    };
    let frame = Frame {
        as_of: manifest.as_of()?,
        scale,
        regency: held("regency"),
        village: held("village"),
        village_kind: held("village_kind"),
        decile: held("decile"),
        birth_date: held("birth_date"),
        areas: areas_of(&manifest.regions),
        receives: crate::ledger::receives_columns(&world.dictionary),
    };
    let (holds, seen) = (|id| snapshot.holds(id), AtomicU64::new(0));
    let stage = Stage {
        rows: &rows,
        frame: &frame,
        dictionary: &world.dictionary,
        holds: &holds,
        judges: &world,
        by: &by,
        periods: world.periods,
        cancel: stop::flag(),
        seen: &seen,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::bug)?;
    let progress = screen.progress(&say!("menyimulasikan", "simulating"), None);
    let comparison = pool.install(|| simulate(&stage, &world.reforms))?;
    progress.end();
    output::document(&world, scenario, &comparison, &by, sample, scale)
}
