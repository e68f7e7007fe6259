//! From a scenario to programs on both sides of a comparison.
//!
//! Takes the site's rule files, a scenario and a snapshot; gives the programs as
//! they are and as they would be, checked like any rule file. A problem in a
//! changed value is told at its place in the scenario.

use std::path::{Path, PathBuf};

use crate::columns::regions::Regions;
use crate::columns::{ColumnId, Dictionary, Entity};
use crate::commands::plugins::SitePlugins;
use crate::commands::program::report;
use crate::commands::run::judge_with;
use crate::commands::screen::Screen;
use crate::commands::site::Site;
use crate::error::{Error, Fault, Result};
use crate::program::check::{Plugins, Site as RuleSite};
use crate::program::operator::Operator;
use crate::program::{Program, Ratio, folder};
use crate::sandbox::Unit;
use crate::say;
use crate::selection::Judging;
use crate::simulation::{By, Change, Dimension, Judges, Reform, Scenario, rewritten};
use crate::snapshot::Snapshot;
use crate::terms::Period;

/// Everything that one scenario is simulated with.
pub(super) struct World {
    pub(super) dictionary: Dictionary,
    pub(super) snapshot: Snapshot,
    pub(super) reforms: Vec<Reform>,
    pub(super) periods: i64,
    rules: RuleWorld,
}

/// The sample that stands for the snapshot.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Sample {
    /// Share as asked for.
    pub(crate) share: String,
    /// Families in the sample.
    pub(crate) families: u64,
    /// Families in the snapshot.
    pub(crate) of: u64,
}

/// Ids of the site's programs.
pub(super) fn program_ids(site: &Site) -> Result<Vec<String>> {
    let files = folder::files(&site.rules)?;
    Ok(files.iter().filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect())
}

/// The folder of a snapshot by its root or the root's beginning, or of the newest.
pub(super) fn snapshot_dir(named: Option<&str>, site: &Site) -> Result<PathBuf> {
    let mut found: Vec<(Period, crate::terms::Date, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(&site.snapshots).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.join("manifest.json").is_file() && named.is_none_or(|named| name.starts_with(named)) {
            let snapshot = Snapshot::open(&path)?;
            found.push((snapshot.manifest().period()?, snapshot.manifest().as_of()?, path));
        }
    }
    found.sort();
    match (found.pop(), named) {
        (Some((.., path)), None) => Ok(path),
        (Some((.., path)), Some(_)) if found.is_empty() => Ok(path),
        (Some(_), Some(named)) => Err(Error::new(
            Fault::Usage,
            say!("beberapa snapshot mulai dengan `{named}`", "several snapshots begin with `{named}`"),
        )
        .fix(say!("tulis lebih panjang", "write more of it"))),
        (None, _) => {
            Err(Error::new(Fault::Usage, say!("snapshot itu tidak ada", "there is no such snapshot")).fix(say!(
                "buat dengan `layak freeze PERIODE --as-of TANGGAL`",
                "make one with `layak freeze PERIOD --as-of DATE`"
            )))
        }
    }
}

/// The period of the snapshot in a folder.
pub(super) fn period_of(dir: &Path) -> Result<Period> {
    Snapshot::open(dir)?.manifest().period()
}

/// A scenario that cannot be read, with those that are there.
pub(super) fn no_file(path: &Path, site: &Site, cause: std::io::Error) -> Error {
    if cause.kind() != std::io::ErrorKind::NotFound {
        return Error::storage(path, cause);
    }
    let mut there: Vec<String> = std::fs::read_dir(site.rules.join("scenarios"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    there.sort();
    let shown = path.display();
    let error = Error::new(Fault::Usage, say!("tidak ada skenario `{shown}`", "there is no scenario `{shown}`"));
    let list = there.join(", ");
    if there.is_empty() { error } else { error.fix(say!("yang ada: {list}", "there are: {list}")) }
}

/// Scenario text of changes given on the command line.
pub(super) fn text_of_sets(sets: &[String]) -> Result<String> {
    let mut root = toml::Table::new();
    for set in sets {
        let wrong = || {
            Error::new(Fault::Usage, say!("`{set}` bukan PROGRAM.KUNCI=NILAI", "`{set}` is not PROGRAM.KEY=VALUE"))
                .fix(say!("misalnya `--set pkh.max_decile=5`", "for instance `--set pkh.max_decile=5`"))
        };
        let (path, value) = set.split_once('=').ok_or_else(wrong)?;
        let mut keys: Vec<&str> = path.split('.').map(str::trim).collect();
        if keys.len() < 2 || keys.iter().any(|key| key.is_empty()) {
            return Err(wrong());
        }
        // a bare key of a program is one of its plugin's settings
        let parts = [
            "quota",
            "ceiling",
            "incumbent",
            "ranking",
            "unknown",
            "settings",
            "plugin",
            "after",
            "months_paid",
            "like",
            "removed",
        ];
        if keys.get(1).is_some_and(|key| !parts.contains(key)) {
            keys.insert(1, "settings");
        }
        if keys.get(1) == Some(&"incumbent") && keys.len() == 2 {
            keys.push("rule");
        }
        let value = toml::from_str::<toml::Table>(&format!("v = {value}")).ok().and_then(|mut table| table.remove("v"));
        let value =
            value.unwrap_or_else(|| toml::Value::String(set.split_once('=').map_or("", |(_, v)| v).trim().to_owned()));
        let last = keys.pop().ok_or_else(wrong)?;
        let mut table = &mut root;
        for key in keys {
            let inside = table.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            table = inside.as_table_mut().ok_or_else(wrong)?;
        }
        table.insert(last.to_owned(), value);
    }
    toml::to_string(&root).map_err(Error::bug)
}

/// The sample, if one is asked for.
pub(super) fn sample(share: Option<&str>, snapshot: &Snapshot) -> Result<Option<Sample>> {
    let Some(share) = share else { return Ok(None) };
    if share != "1%" {
        return Err(Error::new(
            Fault::Usage,
            say!("snapshot memuat contoh 1%, bukan {share}", "a snapshot holds a sample of 1%, not of {share}"),
        )
        .fix(say!("tulis `--sample 1%`", "write `--sample 1%`")));
    }
    let families = snapshot.sample().iter().map(|part| part.families).sum();
    Ok(Some(Sample { share: share.to_owned(), families, of: snapshot.manifest().families }))
}

/// Families held and stood for: a sample holds fewer of those that its snapshot stands for.
pub(super) fn scale(snapshot: &Snapshot, sample: Option<&Sample>) -> Ratio {
    let manifest = snapshot.manifest();
    let (holds, stands_for) = (manifest.scale.holds, manifest.scale.stands_for);
    let Some(sample) = sample else { return Ratio { holds, stands_for } };
    let all = u128::from(manifest.families) * u128::from(stands_for) / u128::from(holds.max(1));
    Ratio { holds: sample.families, stands_for: u64::try_from(all).unwrap_or(u64::MAX) }
}

/// A site's rule files and what they are checked with.
pub(crate) struct RuleWorld {
    pub(crate) dictionary: Dictionary,
    pub(crate) plugins: SitePlugins,
    texts: Vec<(PathBuf, String)>,
}

impl RuleWorld {
    /// Reads the rule files of a site.
    pub(crate) fn open(site: &Site, threads: usize, screen: &Screen) -> Result<RuleWorld> {
        let base = Dictionary::embedded();
        let early = Operator::read(&site.rules, base).unwrap_or_default();
        let plugins = SitePlugins::new(site, &early, threads)?;
        let dictionary = folder::dictionary(&site.rules, &plugins, base).map_err(|errors| report(errors, screen))?;
        Ok(RuleWorld { dictionary, plugins, texts: texts(site)? })
    }

    /// The programs on both sides of a scenario in one period; widens the dictionary
    /// by the programs that it adds.
    pub(crate) fn both(
        &mut self,
        scenario: &Scenario,
        period: Period,
        site: &Site,
        screen: &Screen,
    ) -> Result<Vec<Reform>> {
        let added = added(scenario, &self.texts, &self.plugins)?;
        let named: Vec<(&str, Entity)> = added.iter().map(|(id, entity)| (id.as_str(), *entity)).collect();
        if !named.is_empty() {
            self.dictionary = self.dictionary.with_programs(&named);
        }
        self.sides(scenario, period, site, screen)
    }

    fn sides(&self, scenario: &Scenario, period: Period, site: &Site, screen: &Screen) -> Result<Vec<Reform>> {
        let told = |errors| report(errors, screen);
        let operator = Operator::read(&site.rules, &self.dictionary).map_err(told)?;
        let (dictionary, regions) = (&self.dictionary, Regions::embedded());
        let against = RuleSite { dictionary, regions, operator: &operator, period };
        let before = folder::load_texts(&self.texts, &self.plugins, &against).map_err(told)?;
        let changed = changed(&self.texts, scenario, period)?;
        let wider = widened(&operator, scenario);
        let against = RuleSite { operator: &wider, ..against };
        let after = folder::load_texts(&changed, &self.plugins, &against)
            .map_err(|errors| told(errors.into_iter().map(|error| at_scenario(error, scenario)).collect()))?;
        Ok(reforms(before, after, scenario))
    }
}

impl World {
    /// Loads both sides.
    pub(super) fn open(
        site: &Site,
        scenario: &Scenario,
        snapshot: &Path,
        threads: usize,
        screen: &Screen,
    ) -> Result<World> {
        let period = period_of(snapshot)?;
        let mut rules = RuleWorld::open(site, threads, screen)?;
        let reforms = rules.both(scenario, period, site, screen)?;
        let snapshot = Snapshot::open_with(snapshot, &rules.dictionary)?;
        let periods = match period {
            Period::Quarter(..) => 4,
            Period::Month(..) => 12,
        };
        Ok(World { dictionary: rules.dictionary.clone(), snapshot, reforms, periods, rules })
    }
}

impl World {
    /// The programs of both sides of another scenario that adds none.
    pub(super) fn reforms_of(&self, scenario: &Scenario, site: &Site, screen: &Screen) -> Result<Vec<Reform>> {
        self.rules.sides(scenario, self.snapshot.manifest().period()?, site, screen)
    }
}

/// Path and text of every rule file.
fn texts(site: &Site) -> Result<Vec<(PathBuf, String)>> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|cause| Error::storage(&path, cause))?;
        Ok((path, text))
    };
    folder::files(&site.rules)?.into_iter().map(read).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Programs that a scenario adds, with the table of their rows.
fn added(scenario: &Scenario, texts: &[(PathBuf, String)], plugins: &SitePlugins) -> Result<Vec<(String, Entity)>> {
    let mut added = Vec::new();
    for change in &scenario.changes {
        let Some(like) = &change.like else { continue };
        let text =
            texts.iter().find(|(path, _)| stem(path) == *like).map(|(_, text)| text.as_str()).unwrap_or_default();
        let written: toml::Table = toml::from_str(text).unwrap_or_default();
        let plugin = written.get("plugin").and_then(toml::Value::as_str).unwrap_or_default();
        let entity = match plugins.find(plugin)?.map(|found| found.description.unit) {
            Some(Unit::Person) => Entity::Member,
            _ => Entity::Family,
        };
        added.push((change.program.clone(), entity));
    }
    Ok(added)
}

/// The rule files as the scenario makes them.
fn changed(texts: &[(PathBuf, String)], scenario: &Scenario, period: Period) -> Result<Vec<(PathBuf, String)>> {
    let source = format!("scenario {}", scenario.id);
    let mut all = Vec::new();
    for (path, text) in texts {
        match scenario.change(&stem(path)) {
            Some(change) if change.removed => {}
            Some(change) => all.push((path.clone(), rewritten(text, change, period, &source)?)),
            None => all.push((path.clone(), text.clone())),
        }
    }
    for change in scenario.changes.iter().filter(|change| change.like.is_some()) {
        let from = texts.iter().find(|(path, _)| Some(stem(path)) == change.like);
        let Some((path, text)) = from else { continue };
        all.push((path.with_file_name(format!("{}.toml", change.program)), rewritten(text, change, period, &source)?));
    }
    Ok(all)
}

/// The operator's grants: a new program gets those of the one it starts from, never
/// more; names of programs that are left out are forgotten.
fn widened(operator: &Operator, scenario: &Scenario) -> Operator {
    let mut wider = operator.clone();
    for change in &scenario.changes {
        if let Some(grant) = change.like.as_ref().and_then(|like| operator.grants.get(like)) {
            wider.grants.insert(change.program.clone(), grant.clone());
        }
        if change.removed {
            wider.grants.remove(&change.program);
            wider.order.retain(|name| name.value != change.program);
        }
    }
    wider
}

/// A problem of a changed rule file, told at its place in the scenario.
fn at_scenario(error: Error, scenario: &Scenario) -> Error {
    let Some(change) = error.path.as_deref().and_then(|path| scenario.change(&stem(path))) else { return error };
    let span = place(change, &error.message.en);
    let mut moved = Error::new(error.fault, error.message.clone()).file(&scenario.path).at(&scenario.text, span);
    moved.fix.clone_from(&error.fix);
    moved.cause.clone_from(&error.cause);
    moved
}

/// The key of a change that a message names in backticks; else the program's name.
fn place(change: &Change, message: &str) -> std::ops::Range<usize> {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    for (key, node) in &change.table {
        if let crate::program::page::Node::Table(inside) = &node.value
            && let Some((_, node)) = inside.iter().find(|(key, _)| named.contains(&key.value.as_str()))
        {
            return node.span.clone();
        }
        if named.contains(&key.value.as_str()) {
            return key.span.clone();
        }
    }
    change.span.clone()
}

/// Both sides of every program, in the order of the reform's levels; those left out first.
fn reforms(before: Vec<Program>, after: Vec<Program>, scenario: &Scenario) -> Vec<Reform> {
    let settings = |id: &str| scenario.change(id).map(Change::settings).unwrap_or_default();
    let gone = before.iter().filter(|old| !after.iter().any(|new| new.id == old.id));
    let mut all: Vec<Reform> =
        gone.map(|old| Reform { before: Some(old.clone()), after: None, settings: Vec::new() }).collect();
    for new in after {
        let old = before.iter().find(|old| old.id == new.id).cloned();
        all.push(Reform { settings: settings(&new.id), before: old, after: Some(new) });
    }
    all
}

impl Judges for World {
    fn judge(&self, program: &Program) -> Result<Box<dyn Judging + '_>> {
        let plugin =
            self.rules.plugins.get(&program.plugin)?.ok_or_else(|| Error::bug("a loaded program has its plugin"))?;
        Ok(Box::new(judge_with(&plugin, program, &self.snapshot)?))
    }
}

/// The breakdowns asked for.
pub(super) fn breakdowns(asked: &[String], world: &World) -> Result<Vec<By>> {
    let one = |name: &str| -> Result<Dimension> {
        Ok(match name {
            "decile" => Dimension::Decile,
            "province" => Dimension::Province,
            "regency" => Dimension::Regency,
            "head_sex" => Dimension::HeadSex,
            "family_size" => Dimension::FamilySize,
            "age_group" => Dimension::AgeGroup,
            "disability" => Dimension::Disability,
            "settlement" => Dimension::Settlement,
            other => granted(other, world)?,
        })
    };
    let read = |name: &String| -> Result<By> {
        let of = name.split('*').map(|part| one(part.trim())).collect::<Result<Vec<_>>>()?;
        if of.len() > 2 {
            return Err(Error::new(
                Fault::Usage,
                say!("`{name}`: paling banyak dua fakta disilangkan", "`{name}`: at most two facts are crossed"),
            ));
        }
        Ok(By { name: name.clone(), of })
    };
    asked.iter().filter(|name| !name.is_empty()).map(read).collect()
}

/// A column that one of the programs is granted.
fn granted(name: &str, world: &World) -> Result<Dimension> {
    let programs = world.reforms.iter().flat_map(|reform| [&reform.before, &reform.after]).flatten();
    let granted: Vec<ColumnId> = programs.flat_map(|program| program.columns.iter().copied().flatten()).collect();
    let id = world.dictionary.id(name).filter(|id| granted.contains(id) && world.snapshot.holds(*id));
    let Some(id) = id else {
        let mut names: Vec<String> =
            ["decile", "province", "regency", "head_sex", "family_size", "age_group", "disability", "settlement"]
                .map(str::to_owned)
                .to_vec();
        names.extend(granted.iter().map(|id| world.dictionary.get(*id).name.clone()));
        let error = Error::new(
            Fault::Usage,
            say!(
                "`{name}` bukan fakta yang diizinkan bagi program-program ini",
                "`{name}` is no fact that these programs are granted"
            ),
        );
        return Err(match crate::program::page::suggestion(name, &names) {
            Some(fix) => error.fix(fix),
            None => error,
        });
    };
    Ok(Dimension::Column(id, world.dictionary.get(id).entity))
}

/// What a scenario changes, key by key, with the values of both sides.
pub(super) fn differences(reforms: &[Reform]) -> Vec<super::output::Changed> {
    let mut all = Vec::new();
    for reform in reforms {
        let mut note = |key: &str, baseline: Option<String>, reformed: Option<String>| {
            if baseline != reformed {
                let (program, key) = (reform.id().to_owned(), key.to_owned());
                all.push(super::output::Changed { program, key, baseline, reform: reformed });
            }
        };
        match (&reform.before, &reform.after) {
            (Some(old), Some(new)) => {
                note("plugin", Some(old.plugin.clone()), Some(new.plugin.clone()));
                for (wish, value) in new.description.settings.iter().zip(&new.settings) {
                    let at = old.description.settings.iter().position(|known| known.name == wish.name);
                    let before = at.and_then(|at| old.settings.get(at)).map(|held| held.written.to_string());
                    note(&wish.name, before, Some(value.written.to_string()));
                }
                for (part, (before, after)) in
                    shapes(old).into_iter().zip(shapes(new)).map(|((part, a), (_, b))| (part, (a, b)))
                {
                    note(part, Some(before), Some(after));
                }
            }
            (before, after) => {
                let title = |program: &Option<Program>| program.as_ref().map(|program| program.title.en.clone());
                note("program", title(before), title(after));
            }
        }
    }
    all
}

/// What is not a setting, as text that can be compared.
fn shapes(program: &Program) -> Vec<(&'static str, String)> {
    use crate::program::{Incumbents, Seats};
    let incumbent = match program.incumbents {
        Incumbents::Keep => "keep".to_owned(),
        Incumbents::Band(points) => format!("band {points}"),
        Incumbents::None => "none".to_owned(),
    };
    let seats = match &program.quota.seats {
        Seats::Unlimited => "unlimited".to_owned(),
        Seats::Total { total, base } => format!("{total} ({:?}, {base:?})", program.quota.level).to_lowercase(),
        Seats::Table(table) => format!("table of {} areas, {} seats", table.len(), table.values().sum::<u64>()),
    };
    let ceiling = program.ceiling.map_or_else(
        || "none".to_owned(),
        |one| format!("{} per period, {}", one.period, if one.binding { "binding" } else { "reports" }),
    );
    vec![
        ("incumbent", incumbent),
        ("quota", seats),
        ("ceiling", ceiling),
        ("ranking.then", format!("{:?}", program.sub_keys).to_lowercase()),
        ("ranking.seed", program.seed.clone()),
        ("after", program.after.join(", ")),
        ("unknown", format!("{:?}", program.unknowns).to_lowercase()),
    ]
}
