//! `layak simulate SCENARIO...`: who gains, who loses and what it costs.
//!
//! Runs on a snapshot with the site's rule files as the baseline; no run is
//! needed and none is made.

mod load;
mod output;
mod show;
mod sweep;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use super::program::report;
use super::screen::Screen;
use super::site::Site;
use super::stop;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::selection::{Frame, SealedRows, areas_of};
use crate::simulation::{By, Scenario, Site as Stage, simulate};

pub(crate) use load::RuleWorld;
pub(crate) use output::{Changed, Simulated};
pub(crate) use sweep::Swept;

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
    /// One value after the other, e.g. `pkh.max_decile=3..6`
    #[arg(long, value_name = "PROGRAM.KEY=A..B")]
    sweep: Option<String>,
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
    let threads = args.threads.unwrap_or(site.threads);
    if let Some(asked) = &args.sweep {
        return sweep::run(args, asked, &snapshot_path, site, screen);
    }
    let scenarios = scenarios(args, site, screen)?;
    let mut documents = Vec::new();
    for scenario in &scenarios {
        let world = load::World::open(site, scenario, &snapshot_path, threads, screen)?;
        documents.push(one(args, &world, scenario, threads, screen)?);
    }
    if !screen.json {
        return show::all(&documents, &next(args), screen);
    }
    match documents.as_slice() {
        [only] => screen.json(only),
        all => screen.json(&output::Several { scenarios: all.to_vec() }),
    }
}

/// The same question, one breakdown further.
fn next(args: &Args) -> String {
    let mut command = "layak simulate".to_owned();
    args.scenario.iter().for_each(|path| command.push_str(&format!(" {}", path.display())));
    args.set.iter().for_each(|set| command.push_str(&format!(" --set {set}")));
    command.push_str(" --by 'province*decile,family_size,age_group'");
    command
}

/// Reads a scenario by its path, or by its name in `rules/scenarios`.
pub(crate) fn read_scenario(path: &Path, site: &Site, screen: &Screen) -> Result<Scenario> {
    let path = if path.exists() { path.to_path_buf() } else { site.rules.join("scenarios").join(with_ending(path)) };
    let text = std::fs::read_to_string(&path).map_err(|cause| load::no_file(&path, site, cause))?;
    let programs = load::program_ids(site)?;
    Scenario::parse(&path, &text, &programs).map_err(|errors| report(errors, screen))
}

/// What a scenario changes in the period of the newest snapshot.
pub(crate) fn changes_of(scenario: &Scenario, site: &Site, screen: &Screen) -> Result<Vec<Changed>> {
    let period = super::program::period_or_newest(None, site)?;
    let mut rules = RuleWorld::open(site, 0, screen)?;
    Ok(load::differences(&rules.both(scenario, period, site, screen)?))
}

/// The scenarios of the command line: each file, or the one-off changes.
fn scenarios(args: &Args, site: &Site, screen: &Screen) -> Result<Vec<Scenario>> {
    let read = |path: &PathBuf| read_scenario(path, site, screen);
    let mut all = args.scenario.iter().map(read).collect::<Result<Vec<_>>>()?;
    if !args.set.is_empty() {
        let text = load::text_of_sets(&args.set)?;
        let programs = load::program_ids(site)?;
        let set = Scenario::parse(Path::new("set.toml"), &text, &programs);
        all.push(set.map_err(|errors| report(errors, screen))?);
    }
    if all.is_empty() {
        return Err(Error::new(Fault::Usage, say!("tidak ada yang diubah", "nothing is changed")).fix(say!(
            "berikan berkas skenario, atau `--set pkh.max_decile=5`",
            "give a scenario file, or `--set pkh.max_decile=5`"
        )));
    }
    Ok(all)
}

fn with_ending(path: &Path) -> PathBuf {
    if path.extension().is_some() { path.to_path_buf() } else { path.with_extension("toml") }
}

/// One scenario against the baseline.
fn one(args: &Args, world: &load::World, scenario: &Scenario, threads: usize, screen: &Screen) -> Result<Simulated> {
    let by = load::breakdowns(&args.by, world)?;
    let sample = load::sample(args.sample.as_deref(), &world.snapshot)?;
    let comparison = staged(world, sample.as_ref(), &by, threads, screen, |stage| simulate(stage, &world.reforms))?;
    let scale = load::scale(&world.snapshot, sample.as_ref());
    output::document(world, &world.reforms, scenario, &comparison, &by, sample, scale)
}

/// Hands out what every variant is judged on, on as many threads as wanted.
fn staged<T: Send>(
    world: &load::World,
    sample: Option<&load::Sample>,
    by: &[By],
    threads: usize,
    screen: &Screen,
    work: impl FnOnce(&Stage<'_>) -> Result<T> + Send,
) -> Result<T> {
    let snapshot = &world.snapshot;
    let manifest = snapshot.manifest();
    let held = |name: &str| world.dictionary.id(name).filter(|id| snapshot.holds(*id));
    let rows = match sample {
        Some(_) => SealedRows::of_sample(snapshot)?,
        None => SealedRows::of(snapshot)?,
    };
    let frame = Frame {
        as_of: manifest.as_of()?,
        scale: load::scale(snapshot, sample),
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
        judges: world,
        by,
        periods: world.periods,
        cancel: stop::flag(),
        seen: &seen,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::bug)?;
    let progress = screen.progress(&say!("menyimulasikan", "simulating"), None);
    let done = pool.install(|| work(&stage));
    progress.end();
    done
}
