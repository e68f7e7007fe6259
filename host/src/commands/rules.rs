//! `layak rules check FILE`: every problem of a rule file at its place.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::plugins::SitePlugins;
use super::program::{period_or_newest, report};
use super::screen::Screen;
use super::site::Site;
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::program::check::Site as RuleSite;
use crate::program::operator::Operator;
use crate::program::page::{At, Node, Page, Table, get};
use crate::program::{Program, folder};
use crate::say;
use crate::terms::{Period, Text};

/// Rule files
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Checks a rule file: line, column, and how to fix it
    Check(CheckArgs),
}

/// Checks a rule file: line, column, and how to fix it
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Rule file
    file: PathBuf,
    /// Period whose values are checked (default: that of the newest snapshot)
    #[arg(long)]
    period: Option<String>,
}

/// What `rules check --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// The file.
    file: String,
    /// Whether it can be used.
    ok: bool,
    /// Every problem: `path:line:column: message`.
    problems: Vec<Text>,
}

pub(crate) fn run(verb: &Verb, given: Option<&Path>, screen: &Screen) -> Result<()> {
    let Verb::Check(args) = verb;
    let path = &args.file;
    let bytes = super::plugin::read_given(path)?;
    let text = String::from_utf8(bytes).map_err(|cause| Error::storage(path, cause))?;
    let errors = check(args, &text, given)?;
    if screen.json {
        let line = |error: &Error| {
            let (id, en) = (error.line(crate::terms::Lang::Id), error.line(crate::terms::Lang::En));
            Text { id, en }
        };
        let problems: Vec<_> = errors.iter().map(line).collect();
        screen.json(&Checked { file: path.display().to_string(), ok: errors.is_empty(), problems })?;
    }
    if !errors.is_empty() {
        return Err(report(errors, screen));
    }
    let shown = path.display();
    screen.say(&say!("`{shown}` dapat dipakai", "`{shown}` can be used"));
    screen.next("layak run 2026Q3");
    Ok(())
}

/// Checks a rule file against the site it lies in, or against the bundled
/// plugins with every grant where there is no site.
fn check(args: &CheckArgs, text: &str, given: Option<&Path>) -> Result<Vec<Error>> {
    let base = Dictionary::embedded();
    let temporary;
    let (plugins, dictionary, operator, period) = match Site::find(given) {
        Ok(site) => {
            let early = Operator::read(&site.rules, base).unwrap_or_default();
            let plugins = SitePlugins::new(&site, &early, 0)?;
            let dictionary = match folder::dictionary(&site.rules, &plugins, base) {
                Ok(dictionary) => dictionary,
                Err(errors) => return Ok(errors),
            };
            let operator = match Operator::read(&site.rules, &dictionary) {
                Ok(operator) => operator,
                Err(errors) => return Ok(errors),
            };
            let period = period_or_newest(args.period.as_deref(), &site);
            (plugins, dictionary, operator, period)
        }
        Err(_) => {
            temporary = tempfile::tempdir().map_err(|cause| Error::storage(std::env::temp_dir(), cause))?;
            let plugins = SitePlugins::bundled_only(temporary.path())?;
            let id = args.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let operator = Operator::open_handed(&[id.as_str()]);
            let parsed = args.period.as_deref().map(str::parse::<Period>).transpose();
            let period = parsed.map_err(|message| Error::new(Fault::Usage, message));
            (plugins, base.clone(), operator, period.map(|given| given.unwrap_or(Period::Quarter(2026, 3))))
        }
    };
    let period = match period {
        Ok(period) => period,
        Err(error) if args.period.is_some() => return Err(error),
        Err(_) => Period::Quarter(2026, 3),
    };
    let against = RuleSite { dictionary: &dictionary, regions: Regions::embedded(), operator: &operator, period };
    match folder::load_one(&args.file, text, &plugins, &against) {
        Ok(program) => refused_settings(&program, &args.file, text, &plugins, period),
        Err(errors) => Ok(errors),
    }
}

/// What the plugin itself says of its settings, each at its line in force.
fn refused_settings(
    program: &Program,
    path: &Path,
    text: &str,
    plugins: &SitePlugins,
    period: Period,
) -> Result<Vec<Error>> {
    let plugin = plugins.get(&program.plugin)?.ok_or_else(|| Error::bug("a checked program has its plugin"))?;
    let settings: Vec<_> = program.settings.iter().map(|held| held.value.clone()).collect();
    let present: Vec<bool> = program.columns.iter().map(Option::is_some).collect();
    // no snapshot is at hand: the dates of the period's first day stand in for its own
    let refused = match plugin.refusals(&settings, &present, period.first_day(), period.first_day()) {
        Ok(refused) => refused,
        Err(error) => return Ok(vec![error]),
    };
    let root = Page::open(path, text).1.unwrap_or_default();
    let told = |(name, why): (String, Text)| {
        let (id, en) = (&why.id, &why.en);
        let message = say!("plugin tidak menerima `{name}`: {id}", "the plugin does not accept `{name}`: {en}");
        let error = Error::new(Fault::Rules, message)
            .file(path)
            .fix(say!("ubah nilai `{name}` di [settings]", "change the value of `{name}` in [settings]"));
        match place(program, &root, &name) {
            Some(span) => error.at(text, span),
            None => error,
        }
    };
    Ok(refused.into_iter().map(told).collect())
}

/// Where the value in force of a setting is written: its dated line, else its key.
fn place(program: &Program, root: &Table, name: &str) -> Option<std::ops::Range<usize>> {
    let at = program.description.settings.iter().position(|wish| wish.name == name)?;
    let from = &program.settings.get(at)?.from;
    let Node::Table(settings) = &get(root, "settings")?.value else { return None };
    let (key, node) = settings.iter().find(|(key, _)| key.value == name)?;
    let Node::List(lines) = &node.value else { return Some(key.span.clone()) };
    let of_this_date = |line: &&At<Node>| match &line.value {
        Node::Table(table) => get(table, "from").is_some_and(|at| at.value == Node::Text(from.clone())),
        _ => false,
    };
    Some(lines.iter().find(of_this_date).map_or_else(|| key.span.clone(), |line| line.span.clone()))
}
