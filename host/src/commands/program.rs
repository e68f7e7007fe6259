//! `layak program list | show | add`: the programs of a site.

mod add;
mod unfinished;

pub(crate) use add::Added;

use schemars::JsonSchema;
use serde::Serialize;

use super::plugins::SitePlugins;
use super::screen::{Screen, Stand};
use super::site::Site;
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::program::check::Site as RuleSite;
use crate::program::lock::Lock;
use crate::program::operator::Operator;
use crate::program::show::show;
use crate::program::{Program, Refusal, folder as rules_folder};
use crate::say;
use crate::snapshot::Snapshot;
use crate::terms::Period;

/// Programs of a site: list, show, add
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Lists the programs of this site
    List,
    /// Shows one program: settings in force, quota, texts
    Show(ShowArgs),
    /// Adds a program from a rule file and a plugin
    Add(add::Args),
}

/// Shows one program: settings in force, quota, texts
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Program
    name: String,
    /// Period (default: that of the newest snapshot)
    #[arg(long)]
    period: Option<String>,
}

pub(crate) fn run(verb: &Verb, site: &Site, screen: &Screen) -> Result<()> {
    match verb {
        Verb::List => list(site, screen),
        Verb::Show(args) => show_one(args, site, screen),
        Verb::Add(args) => add::run(args, site, screen),
    }
}

/// Everything that rule files are checked against, and the programs themselves.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The dictionary, with the columns of outside programs.
    pub(crate) dictionary: Dictionary,
    /// The plugins.
    pub(crate) plugins: SitePlugins,
    /// Level by level.
    pub(crate) programs: Vec<Program>,
    /// Programs whose plugin is refused; only `load_apart` leaves any here.
    pub(crate) refused: Vec<Refusal>,
}

/// Prints all but the worst, and gives the worst.
pub(crate) fn report(errors: Vec<Error>, screen: &Screen) -> Error {
    let mut errors = errors;
    let last = errors.pop().unwrap_or_else(|| Error::bug("an empty list of errors"));
    for error in &errors {
        screen.error(error);
    }
    last
}

/// The dictionary of a site: the base, and the columns of its outside programs.
pub(crate) fn dictionary(site: &Site, screen: &Screen) -> Result<Dictionary> {
    unfinished::take_back(site)?;
    let base = Dictionary::embedded();
    let early = Operator::read(&site.rules, base).unwrap_or_default();
    let plugins = SitePlugins::new(site, &early, 0)?;
    rules_folder::dictionary(&site.rules, &plugins, base).map_err(|errors| report(errors, screen))
}

/// Loads all programs of a site for one period.
pub(crate) fn load(site: &Site, period: Period, threads: usize, screen: &Screen) -> Result<Loaded> {
    unfinished::take_back(site)?;
    try_load(site, period, threads).map_err(|errors| report(errors, screen))
}

/// As `load`, where a refused plugin leaves only its own program behind (I5).
pub(crate) fn load_apart(site: &Site, period: Period, threads: usize, screen: &Screen) -> Result<Loaded> {
    unfinished::take_back(site)?;
    loaded(site, period, threads, true).map_err(|errors| report(errors, screen))
}

/// As `load`, with every problem found.
fn try_load(site: &Site, period: Period, threads: usize) -> std::result::Result<Loaded, Vec<Error>> {
    loaded(site, period, threads, false)
}

fn loaded(site: &Site, period: Period, threads: usize, apart: bool) -> std::result::Result<Loaded, Vec<Error>> {
    let base = Dictionary::embedded();
    // limits do not name columns, so they can be read before outside programs are known
    let early = Operator::read(&site.rules, base).unwrap_or_default();
    let plugins = SitePlugins::new(site, &early, threads).map_err(|error| vec![error])?;
    let dictionary = if apart {
        rules_folder::dictionary_apart(&site.rules, &plugins, base)?
    } else {
        rules_folder::dictionary(&site.rules, &plugins, base)?
    };
    let operator = Operator::read(&site.rules, &dictionary)?;
    let against = RuleSite { dictionary: &dictionary, regions: Regions::embedded(), operator: &operator, period };
    let (programs, refused) = if apart {
        rules_folder::load_apart(&site.rules, &plugins, &against)?
    } else {
        (rules_folder::load_all(&site.rules, &plugins, &against)?, Vec::new())
    };
    Ok(Loaded { dictionary, plugins, programs, refused })
}

/// Refuses a plugin that is not the one of `layak.lock`, or pins it anew.
pub(crate) fn check_lock(site: &Site, programs: &[Program], update: bool) -> Result<()> {
    let mut lock = Lock::read(&site.root.join("layak.lock"))?;
    if update {
        for program in programs {
            lock.pin(&program.id, &program.plugin_digest, Some(&program.rule_hash));
        }
        return lock.write();
    }
    programs.iter().try_for_each(|program| lock.check(&program.id, &program.plugin_digest))
}

/// Pins the bundled plugins of a new site.
pub(crate) fn write_lock(site: &Site) -> Result<()> {
    let mut lock = Lock::empty(&site.root.join("layak.lock"));
    for name in crate::sandbox::bundled_names() {
        if let Some(bytes) = crate::sandbox::bundled(name) {
            lock.pin(name, &blake3::hash(bytes).to_hex(), None);
        }
    }
    lock.write()
}

/// The period given, else that of the newest snapshot, else 2026Q3 has no default: refused.
pub(crate) fn period_or_newest(given: Option<&str>, site: &Site) -> Result<Period> {
    if let Some(text) = given {
        return text.parse().map_err(|message| Error::new(Fault::Usage, message));
    }
    let newest = newest_snapshot(site)?;
    newest.map_or_else(
        || {
            Err(Error::new(Fault::Usage, say!("belum ada snapshot", "there is no snapshot yet"))
                .fix(say!("berikan `--period 2026Q3`", "give `--period 2026Q3`")))
        },
        Ok,
    )
}

fn newest_snapshot(site: &Site) -> Result<Option<Period>> {
    let mut newest = None;
    for entry in std::fs::read_dir(&site.snapshots).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.join("manifest.json").is_file() {
            let snapshot = Snapshot::open(&path)?;
            let key = (snapshot.manifest().period()?, snapshot.manifest().as_of()?);
            newest = newest.max(Some(key));
        }
    }
    Ok(newest.map(|(period, _)| period))
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// Programs, level by level.
    programs: Vec<ListedProgram>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ListedProgram {
    program: String,
    title: crate::terms::Text,
    unit: String,
    plugin: String,
    after: Vec<String>,
}

fn list(site: &Site, screen: &Screen) -> Result<()> {
    let period = period_or_newest(None, site).unwrap_or(Period::Quarter(2026, 3));
    let loaded = load(site, period, 0, screen)?;
    let programs: Vec<ListedProgram> = loaded
        .programs
        .iter()
        .map(|program| ListedProgram {
            program: program.id.clone(),
            title: program.title.clone(),
            unit: super::plugin::unit_word(program.unit()).to_owned(),
            plugin: program.plugin.clone(),
            after: program.after.clone(),
        })
        .collect();
    if screen.json {
        return screen.json(&Listed { programs });
    }
    let rows: Vec<Vec<String>> = programs
        .iter()
        .map(|p| {
            let title = p.title.get(screen.lang).to_owned();
            vec![p.program.clone(), title, p.unit.clone(), p.plugin.clone(), p.after.join(", ")]
        })
        .collect();
    let left = Stand::Left;
    let head = [
        (screen.word("program", "program"), left),
        (screen.word("judul", "title"), left),
        (screen.word("unit", "unit"), left),
        ("plugin", left),
        (screen.word("setelah", "after"), left),
    ];
    screen.table(&head, &rows);
    screen.next("layak program show pkh");
    Ok(())
}

fn show_one(args: &ShowArgs, site: &Site, screen: &Screen) -> Result<()> {
    let period = period_or_newest(args.period.as_deref(), site)
        .or_else(|error| if args.period.is_some() { Err(error) } else { Ok(Period::Quarter(2026, 3)) })?;
    let loaded = load(site, period, 0, screen)?;
    let program = find(&loaded.programs, &args.name)?;
    let shown = show(program);
    if screen.json {
        return screen.json(&shown);
    }
    screen.data(&format!("{} · {} · {period}", program.id, program.title.get(screen.lang)));
    let rows: Vec<Vec<String>> = shown
        .settings
        .iter()
        .map(|(name, setting)| {
            let source = match &setting.conflict {
                Some(other) => format!("{} ({other})", setting.source),
                None => setting.source.clone(),
            };
            let value = setting.value.to_string().replace('"', "");
            vec![name.clone(), value, setting.unit.clone(), setting.from.clone(), source]
        })
        .collect();
    let left = Stand::Left;
    let word = |id, en| screen.word(id, en);
    let head = [
        (word("pengaturan", "setting"), left),
        (word("nilai", "value"), left),
        (word("satuan", "unit"), left),
        (word("sejak", "from"), left),
        (word("sumber", "source"), left),
    ];
    screen.table(&head, &rows);
    let rows: Vec<Vec<String>> = shown
        .criteria
        .iter()
        .map(|c| vec![c.code.clone(), c.title.get(screen.lang).to_owned(), c.unknown.to_owned(), c.legal.clone()])
        .collect();
    let head = [
        (word("kriteria", "criterion"), left),
        (word("judul", "title"), left),
        (word("bila tidak diketahui", "if unknown"), left),
        (word("dasar", "source"), left),
    ];
    screen.table(&head, &rows);
    screen.next(&format!("layak rules check {}", site.rules.join(format!("{}.toml", program.id)).display()));
    Ok(())
}

/// A program by id, with the nearest one in the refusal.
pub(crate) fn find<'a>(programs: &'a [Program], name: &str) -> Result<&'a Program> {
    if let Some(program) = programs.iter().find(|program| program.id == name) {
        return Ok(program);
    }
    let ids: Vec<String> = programs.iter().map(|program| program.id.clone()).collect();
    let list = ids.join(", ");
    let all = say!("yang ada: {list}", "there are: {list}");
    Err(Error::new(Fault::Usage, say!("program `{name}` tidak ada", "there is no program `{name}`"))
        .fix(crate::program::page::suggestion(name, &ids).unwrap_or(all)))
}
