//! `layak program list | show | add`: the programs of a site.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::plugins::{SitePlugins, folder};
use super::screen::{Screen, Stand};
use super::site::Site;
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::program::check::Site as RuleSite;
use crate::program::lock::Lock;
use crate::program::operator::Operator;
use crate::program::show::show;
use crate::program::{Program, folder as rules_folder};
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
    Add(AddArgs),
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

/// Adds a program from a rule file and a plugin
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Rule file; its name is the program's id
    #[arg(value_name = "RULES.toml")]
    rules: PathBuf,
    /// Component
    #[arg(value_name = "PLUGIN.wasm")]
    plugin: PathBuf,
}

pub(crate) fn run(verb: &Verb, site: &Site, screen: &Screen) -> Result<()> {
    match verb {
        Verb::List => list(site, screen),
        Verb::Show(args) => show_one(args, site, screen),
        Verb::Add(args) => add(args, site, screen),
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
    let base = Dictionary::embedded();
    let early = Operator::read(&site.rules, base).unwrap_or_default();
    let plugins = SitePlugins::new(site, &early, 0)?;
    rules_folder::dictionary(&site.rules, &plugins, base).map_err(|errors| report(errors, screen))
}

/// Loads all programs of a site for one period.
pub(crate) fn load(site: &Site, period: Period, threads: usize, screen: &Screen) -> Result<Loaded> {
    let base = Dictionary::embedded();
    // limits do not name columns, so they can be read before outside programs are known
    let read = |dictionary: &Dictionary| Operator::read(&site.rules, dictionary);
    let early = read(base).unwrap_or_default();
    let plugins = SitePlugins::new(site, &early, threads)?;
    let dictionary = rules_folder::dictionary(&site.rules, &plugins, base).map_err(|errors| report(errors, screen))?;
    let operator = read(&dictionary).map_err(|errors| report(errors, screen))?;
    let against = RuleSite { dictionary: &dictionary, regions: Regions::embedded(), operator: &operator, period };
    let programs = rules_folder::load_all(&site.rules, &plugins, &against).map_err(|errors| report(errors, screen))?;
    Ok(Loaded { dictionary, plugins, programs })
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

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Added {
    /// Program id.
    program: String,
    /// Digest of its plugin.
    plugin_digest: String,
    /// Columns granted.
    granted: Vec<String>,
}

/// Checks rule file and plugin together, then puts both into the site, grants
/// what the plugin asks for and pins its digest. Nothing is written on a refusal.
fn add(args: &AddArgs, site: &Site, screen: &Screen) -> Result<()> {
    super::plugin::needs_toml(&args.rules)?;
    let inspection = super::plugin::inspect(&args.plugin)?;
    let id = args.rules.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let rules_to = site.rules.join(format!("{id}.toml"));
    let plugin_to = folder(&site.rules).join(format!("{}.wasm", inspection.description.name));
    for path in [&rules_to, &plugin_to] {
        if path.exists() && !same(path, &args.rules) && !same(path, &args.plugin) {
            let shown = path.display();
            return Err(Error::new(Fault::Usage, say!("`{shown}` sudah ada", "`{shown}` is already there"))
                .fix(say!("hapus dahulu, atau pakai id lain", "remove it first, or use another id")));
        }
    }
    let undo = Undo::begin(site)?;
    let done = put(args, site, &inspection, (&id, &rules_to, &plugin_to), screen);
    if done.is_err() {
        undo.restore(&[&rules_to, &plugin_to]);
    }
    let program = done?;
    let granted: Vec<String> = inspection.description.columns.iter().map(|wish| wish.name.clone()).collect();
    let added = Added { program: program.id.clone(), plugin_digest: program.plugin_digest.clone(), granted };
    if screen.json {
        return screen.json(&added);
    }
    let (program, columns) = (&added.program, added.granted.join(", "));
    screen.say(&say!(
        "program `{program}` ditambahkan; kolom yang diizinkan: {columns}",
        "program `{program}` added; columns granted: {columns}"
    ));
    screen.next("layak run 2026Q3");
    Ok(())
}

fn same(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

fn put(
    args: &AddArgs,
    site: &Site,
    inspection: &crate::sandbox::Inspection,
    (id, rules_to, plugin_to): (&str, &Path, &Path),
    screen: &Screen,
) -> Result<Program> {
    let copy = |from: &Path, to: &Path| -> Result<()> {
        let bytes = std::fs::read(from).map_err(|cause| Error::storage(from, cause))?;
        super::plugin::write_whole(to, &bytes)
    };
    let plugins = folder(&site.rules);
    std::fs::create_dir_all(&plugins).map_err(|cause| Error::storage(&plugins, cause))?;
    copy(&args.plugin, plugin_to)?;
    copy(&args.rules, rules_to)?;
    grant(site, id, inspection)?;
    let period = period_or_newest(None, site).unwrap_or(Period::Quarter(2026, 3));
    let loaded = load(site, period, 0, screen)?;
    let program = find(&loaded.programs, id)?.clone();
    let mut lock = Lock::read(&site.root.join("layak.lock"))?;
    lock.pin(id, &program.plugin_digest, Some(&program.rule_hash));
    lock.write()?;
    Ok(program)
}

/// Appends the grant to operator.toml: the operator who adds the program grants
/// what `plugin inspect` shows, and may cut it there.
fn grant(site: &Site, id: &str, inspection: &crate::sandbox::Inspection) -> Result<()> {
    let path = site.rules.join("operator.toml");
    let mut text = std::fs::read_to_string(&path).map_err(|cause| Error::storage(&path, cause))?;
    let heading = format!("[grants.{id}]");
    if text.lines().any(|line| line.trim() == heading) {
        return Ok(());
    }
    text.push_str(&format!("\n{heading}\ncolumns = [\n"));
    for wish in &inspection.description.columns {
        text.push_str(&format!("  \"{}\",\n", wish.name));
    }
    text.push_str("]\n");
    super::plugin::write_whole(&path, text.as_bytes())
}

/// What `add` found, to be put back if it fails.
struct Undo {
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Undo {
    fn begin(site: &Site) -> Result<Undo> {
        let mut files = Vec::new();
        for path in [site.rules.join("operator.toml"), site.root.join("layak.lock")] {
            let bytes = std::fs::read(&path).map_err(|cause| Error::storage(&path, cause))?;
            files.push((path, bytes));
        }
        Ok(Undo { files })
    }

    fn restore(self, new: &[&PathBuf]) {
        for path in new {
            let _gone = std::fs::remove_file(path);
        }
        for (path, bytes) in self.files {
            let _put_back = std::fs::write(path, bytes);
        }
    }
}
