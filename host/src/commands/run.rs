//! `layak run PERIOD`: judges, ranks and cuts; recipient lists of one period.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use schemars::JsonSchema;
use serde::Serialize;

use super::program::{Loaded, check_lock, find, load_apart};
use super::screen::{Screen, Stand};
use super::site::Site;
use super::stop;
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::ledger::{Candidate, Folders, Ledger, Made, PluginJudge, ProgramLine, RunRequest, Used};
use crate::program::Program;
use crate::program::check::{Site as RuleSite, Written, hash_of};
use crate::program::operator::Operator;
use crate::sandbox::{Plugin, Verdicts};
use crate::say;
use crate::selection::{Binds, Judging, Outcome};
use crate::snapshot::{Batch, Snapshot};
use crate::terms::{Period, Rupiah, show_count};

/// Judges, ranks and cuts: the recipient lists of one period
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Period of a snapshot
    period: String,
    /// Programs, separated by commas (default: all)
    #[arg(long, value_name = "PROGRAM", value_delimiter = ',')]
    program: Vec<String>,
    /// Earlier run that gives the recipients of programs before these
    #[arg(long, value_name = "RUN")]
    receives: Option<String>,
    /// Earlier run whose vacancies are filled from its waiting lists, without ranking anew
    #[arg(long, value_name = "RUN", conflicts_with = "receives")]
    promote: Option<String>,
    /// Threads (default: the site's, else all cores)
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Accept plugins that changed, and note them in layak.lock
    #[arg(long)]
    update_lock: bool,
}

impl Args {
    /// All programs of one period.
    pub(crate) fn of(period: &str) -> Args {
        Args {
            period: period.to_owned(),
            program: Vec::new(),
            receives: None,
            promote: None,
            threads: None,
            update_lock: false,
        }
    }
}

/// What `run --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Ran {
    /// Id: the hash of the receipt's result.
    pub(crate) run: String,
    /// Root of the snapshot.
    pub(crate) snapshot: String,
    /// Hash of the receipt.
    pub(crate) receipt: String,
    /// Program by program.
    pub(crate) programs: Vec<ProgramLine>,
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let made = make(args, site, screen)?;
    let failed = made.worst().cloned();
    if screen.json {
        screen.json(&Ran { run: made.run, snapshot: made.snapshot, receipt: made.receipt, programs: made.programs })?;
    } else {
        if failed.is_none() {
            let peak = super::memory::peak_mb();
            screen.say(&say!("memori puncak {peak} MB", "peak memory {peak} MB"));
        }
        show(&made, screen);
    }
    match failed {
        // the others finished: their lists stand, and the exit code tells
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The folders that the ledger works in.
pub(crate) fn folders(site: &Site) -> Folders {
    Folders {
        root: site.root.clone(),
        snapshots: site.snapshots.clone(),
        runs: site.runs.clone(),
        lists: site.lists.clone(),
    }
}

/// The newest snapshot of a period.
pub(crate) fn snapshot_of(site: &Site, period: Period, dictionary: &Dictionary) -> Result<Snapshot> {
    let ledger = Ledger::open(&site.root)?;
    let Some(root) = ledger.snapshot_of(period)? else {
        return Err(Error::new(
            Fault::Usage,
            say!("belum ada snapshot untuk {period}", "there is no snapshot of {period} yet"),
        )
        .fix(say!(
            "buat dengan `layak freeze {period} --as-of TANGGAL`",
            "make one with `layak freeze {period} --as-of DATE`"
        )));
    };
    Snapshot::open_with(site.snapshots.join(root), dictionary)
}

/// A program's plugin with the settings of the rule file.
pub(crate) fn judge_of(loaded: &Loaded, program: &Program, snapshot: &Snapshot) -> Result<PluginJudge> {
    let plugin = loaded.plugins.get(&program.plugin)?.ok_or_else(|| Error::bug("a loaded program has its plugin"))?;
    judge_with(&plugin, program, snapshot)
}

/// A plugin with the settings of a program, for the columns of a snapshot.
pub(crate) fn judge_with(plugin: &Plugin, program: &Program, snapshot: &Snapshot) -> Result<PluginJudge> {
    let manifest = snapshot.manifest();
    let mut columns = program.columns.clone();
    for (wish, column) in program.description.columns.iter().zip(&mut columns) {
        let there = column.is_some_and(|id| snapshot.holds(id) || wish.name.starts_with("receives."));
        if !there && column.is_some() {
            if wish.required {
                return Err(missing(program, &wish.name));
            }
            *column = None;
        }
    }
    let settings: Vec<_> = program.settings.iter().map(|held| held.value.clone()).collect();
    let present: Vec<bool> = columns.iter().map(Option::is_some).collect();
    let judge = plugin.configure(&settings, &present, manifest.as_of()?, manifest.period()?.first_day())?;
    Ok(PluginJudge::new(judge, columns))
}

/// The rule files, their tables and the plugins of all sound programs, for a run to keep.
fn used(site: &Site, loaded: &Loaded, period: Period) -> Result<Used> {
    // only the tables of a rule file are looked for: grants do not matter
    let operator = Operator::default();
    let (dictionary, regions) = (&loaded.dictionary, Regions::embedded());
    let against = RuleSite { dictionary, regions, operator: &operator, period };
    let mut all = BTreeMap::new();
    for program in &loaded.programs {
        let path = site.rules.join(format!("{}.toml", program.id));
        let text = std::fs::read_to_string(&path).map_err(|cause| Error::storage(&path, cause))?;
        let texts = Written::parse(&path, &text).texts(&against);
        let plugin = loaded.plugins.bytes(&program.plugin)?.unwrap_or_default();
        let same_plugin = blake3::hash(&plugin).to_hex().as_str() == program.plugin_digest;
        if hash_of(&texts) != program.rule_hash || !same_plugin {
            return Err(Error::new(
                Fault::Busy,
                say!("berkas ini berubah selagi dibaca", "this file changed while it was read"),
            )
            .file(&path)
            .fix(say!("jalankan lagi", "run again")));
        }
        let mut files: Vec<(String, Vec<u8>)> =
            texts.into_iter().map(|(name, text)| (format!("rules/{name}"), text.into_bytes())).collect();
        files.push(("plugin.wasm".to_owned(), plugin));
        all.insert(program.id.clone(), files);
    }
    Ok(all)
}

/// Judges nobody: the program fails with this, and the others run (I5).
struct Refused(Error);

impl Judging for Refused {
    fn judge(&self, _batch: &Batch) -> Result<(Verdicts, u64)> {
        Err(self.0.clone())
    }
}

/// What judges for a program, or the plugin's own refusal in its place.
fn judge_or_refusal(
    loaded: &Loaded,
    program: &Program,
    snapshot: &Snapshot,
) -> Result<std::result::Result<PluginJudge, Error>> {
    if let Some(refused) = loaded.refused.iter().find(|refused| refused.program.id == program.id) {
        return Ok(Err(refused.error.clone()));
    }
    match judge_of(loaded, program, snapshot) {
        Err(error) if error.fault != Fault::Plugin && error.code != Some("settings") => Err(error),
        found => Ok(found),
    }
}

fn missing(program: &Program, column: &str) -> Error {
    let id = &program.id;
    Error::new(
        Fault::Rules,
        say!("snapshot tidak memuat kolom `{column}` untuk `{id}`", "the snapshot has no column `{column}` for `{id}`"),
    )
    .fix(say!("bekukan lagi: `layak freeze`", "freeze again: `layak freeze`"))
}

/// Runs as the arguments say.
pub(crate) fn make(args: &Args, site: &Site, screen: &Screen) -> Result<Made> {
    let period: Period = args.period.parse().map_err(|message| Error::new(Fault::Usage, message))?;
    let threads = args.threads.unwrap_or(site.threads);
    let loaded = load_apart(site, period, threads, screen)?;
    let all: Vec<Program> =
        loaded.programs.iter().chain(loaded.refused.iter().map(|refused| &refused.program)).cloned().collect();
    for name in &args.program {
        find(&all, name)?;
    }
    let wanted: Vec<Program> =
        all.into_iter().filter(|program| args.program.is_empty() || args.program.contains(&program.id)).collect();
    check_lock(site, &wanted, args.update_lock)?;
    let snapshot = snapshot_of(site, period, &loaded.dictionary)?;
    let found: Vec<std::result::Result<PluginJudge, Error>> =
        wanted.iter().map(|program| judge_or_refusal(&loaded, program, &snapshot)).collect::<Result<_>>()?;
    if let Some(Err(error)) = found.first().filter(|_| found.iter().all(std::result::Result::is_err)) {
        // with nobody to judge for there is no run to make
        return Err(error.clone());
    }
    let boxed = |one| match one {
        Ok(judge) => Box::new(judge) as Box<dyn Judging>,
        Err(error) => Box::new(Refused(error)),
    };
    let judges: Vec<Box<dyn Judging>> = found.into_iter().map(boxed).collect();
    let candidates: Vec<Candidate<'_>> =
        wanted.iter().zip(&judges).map(|(program, judge)| Candidate { program, judge: judge.as_ref() }).collect();
    let used = used(site, &loaded, period)?;
    let seen = AtomicU64::new(0);
    let request = RunRequest {
        folders: &folders(site),
        snapshot: &snapshot,
        dictionary: &loaded.dictionary,
        programs: &candidates,
        used: &used,
        receives: args.receives.as_deref(),
        promote: args.promote.as_deref(),
        threads,
        cancel: stop::flag(),
        seen: &seen,
        durable: true,
    };
    let mut ledger = Ledger::open(&site.root)?;
    watched(&seen, snapshot.manifest().families, &loaded.programs, screen, || crate::ledger::run(&mut ledger, &request))
}

/// Runs `work` beside a bar that follows `seen`.
fn watched<T: Send>(
    seen: &AtomicU64,
    families: u64,
    programs: &[Program],
    screen: &Screen,
    work: impl FnOnce() -> T + Send,
) -> T {
    let passes = crate::program::folder::levels(programs).len().max(1) as u64;
    let total = families.saturating_mul(passes);
    let progress = screen.progress(&say!("menilai, keluarga", "judging, families"), Some(total));
    std::thread::scope(|scope| {
        let done = scope.spawn(work);
        while !done.is_finished() {
            progress.set(seen.load(Ordering::Relaxed));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        progress.end();
        done.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The funnel as a table, then what binds and what the incumbents met.
pub(crate) fn show(made: &Made, screen: &Screen) {
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let word = |id, en| screen.word(id, en);
    let right = Stand::Right;
    let head = [
        (word("program", "program"), Stand::Left),
        (word("terdaftar", "registered"), right),
        (word("layak", "eligible"), right),
        (word("penerima", "recipients"), right),
        (word("menunggu", "waiting"), right),
        (word("ditinjau", "review"), right),
        (word("rupiah periode ini", "rupiah this period"), right),
    ];
    let rows: Vec<Vec<String>> = made
        .programs
        .iter()
        .map(|line| {
            if line.status != "done" {
                let status =
                    if line.status == "failed" { word("gagal", "failed") } else { word("tidak dijalankan", "not run") };
                let mut cells = vec![line.program.clone(), status.to_owned()];
                cells.resize(head.len(), String::new());
                return cells;
            }
            vec![
                line.program.clone(),
                count(line.registered),
                count(line.eligible),
                count(line.recipients),
                count(line.waiting),
                count(line.review),
                Rupiah(line.cost_period).show(screen.lang),
            ]
        })
        .collect();
    screen.table(&head, &rows);
    // the worst failure is what the verb ends with: it is said there
    let worst = made.worst();
    let is_worst = |outcome: &Outcome| matches!(outcome, Outcome::Failed(error) if Some(error) == worst);
    let last_word = made.outcomes.iter().position(is_worst);
    for (at, (line, outcome)) in made.programs.iter().zip(&made.outcomes).enumerate() {
        match outcome {
            Outcome::Done(selection) => {
                said(&line.program, &selection.funnel, screen);
                said_more(line, &selection.funnel, screen);
            }
            _ if last_word == Some(at) => {}
            _ => {
                let (program, reason) = (&line.program, line.reason.clone().unwrap_or_default());
                screen.warn(&crate::terms::Text::new(
                    format!("`{program}`: {}", reason.id),
                    format!("`{program}`: {}", reason.en),
                ));
            }
        }
    }
    let short = made.run.get(..12).unwrap_or(&made.run);
    let again = if made.again { word(", sama dengan sebelumnya", ", the same as before") } else { "" };
    screen.say(&say!("run {short}{again}", "run {short}{again}"));
    match made.programs.iter().find(|line| line.status == "done") {
        Some(line) => screen.next(&format!("layak export {short} --program {} --format csv", line.program)),
        None => screen.next("layak program list"),
    }
}

fn said(program: &str, funnel: &crate::selection::Funnel, screen: &Screen) {
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let mut id = format!("{program}: ");
    let mut en = id.clone();
    match funnel.seats {
        Some(seats) => {
            id.push_str(&format!("{} kursi", count(seats)));
            en.push_str(&format!("{} seats", count(seats)));
        }
        None => {
            id.push_str("tanpa batas kursi");
            en.push_str("no limit of seats");
        }
    }
    let (last, kept, gone) =
        (count(funnel.incumbents.last), count(funnel.incumbents.kept), count(funnel.incumbents.gone));
    if funnel.incumbents.last > 0 {
        id.push_str(&format!("; penerima lama {last}, tetap {kept}, tidak lagi layak {gone}"));
        en.push_str(&format!("; received last period {last}, kept {kept}, no longer eligible {gone}"));
    }
    let (binds, mengikat) = match funnel.binds {
        Binds::Quota => ("quota", "kuota"),
        Binds::Ceiling => ("ceiling", "pagu"),
        Binds::None => ("nothing, all eligible are served", "tidak ada, semua yang layak dilayani"),
    };
    id.push_str(&format!("; yang mengikat: {mengikat}"));
    en.push_str(&format!("; what binds: {binds}"));
    screen.say(&crate::terms::Text { id, en });
}

/// Reserves, flow, promotion, the lot and what is missing, each where there is something to say.
fn said_more(line: &ProgramLine, funnel: &crate::selection::Funnel, screen: &Screen) {
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let program = &line.program;
    if !line.reserves.is_empty() {
        let all: Vec<String> = line.reserves.iter().map(|(name, rows)| format!("{name} {}", count(*rows))).collect();
        let all = all.join(", ");
        screen.say(&say!("  {program}: kursi cadangan terisi: {all}", "  {program}: reserved seats filled: {all}"));
    }
    if line.flowed > 0 || (line.unfilled > 0 && funnel.waiting > 0) {
        let (flowed, open) = (count(line.flowed), count(line.unfilled));
        screen.say(&say!(
            "  {program}: kursi yang mengalir ke wilayah lain {flowed}, tetap kosong {open}",
            "  {program}: seats that went to other areas {flowed}, still empty {open}"
        ));
    }
    if let (Some(left), Some(promoted)) = (line.left, line.promoted) {
        let (left, promoted) = (count(left), count(promoted));
        screen.say(&say!(
            "  {program}: keluar {left}, naik dari daftar tunggu {promoted}",
            "  {program}: left {left}, promoted from the waiting list {promoted}"
        ));
    }
    if line.by_lot > 0 {
        let (rows, candidates, places) = (count(line.by_lot), count(line.cut_candidates), count(line.cut_places));
        let permille = u128::from(line.by_lot) * 1000 / u128::from(line.recipients.max(1));
        let (whole, tenth) = (permille / 10, permille % 10);
        screen.say(&say!(
            "  {program}: di batas, {candidates} sama urutannya untuk {places} tempat; {rows} penerima ({whole},{tenth}%) karena undian",
            "  {program}: at the cut, {candidates} stand equal for {places} places; {rows} recipients ({whole}.{tenth}%) by lot"
        ));
    }
    if funnel.incumbents.held > 0 {
        let held = count(funnel.incumbents.held);
        screen.say(&say!(
            "  {program}: {held} penerima lama tetap hanya karena aturan penerima lama",
            "  {program}: {held} keep their place only by the rule of incumbents"
        ));
    }
    if !line.missing.is_empty() {
        let all: Vec<String> = line.missing.iter().map(|(code, rows)| format!("{code} {}", count(*rows))).collect();
        let all = all.join(", ");
        screen.say(&say!(
            "  {program}: ditinjau karena belum diketahui: {all}",
            "  {program}: in review for what is not known: {all}"
        ));
    }
}
