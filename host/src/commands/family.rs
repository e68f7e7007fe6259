//! `layak family new | judge`: a family that exists only on paper.
//!
//! Takes a family file; judges it by all programs of the site, or by the bundled
//! rule files where there is no site. Needs no snapshot, so there is no rank.

mod judge;

use std::path::PathBuf;

use super::init::RULE_FILES;
use super::plugins::SitePlugins;
use super::program::{Loaded, load, period_or_newest, report};
use super::screen::Screen;
use super::site::Site;
use crate::columns::regions::Regions;
use crate::columns::{Column, Dictionary};
use crate::error::{Error, Fault, Result};
use crate::explanation::written::template;
use crate::program::check::Site as RuleSite;
use crate::program::{Operator, load_texts};
use crate::say;
use crate::terms::{Date, Period};

pub(crate) use judge::Judged;

/// Hypothetical families
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Prints a commented family file to edit
    New(NewArgs),
    /// Judges a hypothetical family by all programs at once
    Judge(judge::Args),
}

/// Prints a commented family file to edit
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// File to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What `family new --json` prints.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Written {
    /// The file written, if one was.
    file: Option<String>,
    /// The text.
    text: String,
}

/// What a family is judged by.
struct Rules {
    loaded: Loaded,
    /// Keeps the compiled plugins of a judgement outside a site.
    _cache: Option<tempfile::TempDir>,
}

pub(crate) fn run(verb: &Verb, given: Option<&std::path::Path>, screen: &Screen) -> Result<()> {
    match verb {
        Verb::New(args) => new(args, given, screen),
        Verb::Judge(args) => judge::run(args, given, screen),
    }
}

/// The programs of the site, or the bundled ones with the shipped rule files.
fn rules(given: Option<&std::path::Path>, period: Option<Period>, screen: &Screen) -> Result<(Rules, Period)> {
    let fallback = Period::Quarter(2026, 3);
    if given.is_some() || Site::find(None).is_ok() {
        let site = Site::find(given)?;
        let period = period.unwrap_or_else(|| period_or_newest(None, &site).unwrap_or(fallback));
        return Ok((Rules { loaded: load(&site, period, 0, screen)?, _cache: None }, period));
    }
    let period = period.unwrap_or(fallback);
    let cache = tempfile::tempdir().map_err(|cause| Error::storage(std::env::temp_dir(), cause))?;
    let plugins = SitePlugins::bundled_only(cache.path())?;
    let dictionary = Dictionary::embedded();
    let refused = |errors: Vec<Error>| report(errors, screen);
    let mut operator = Operator::default();
    let mut texts = Vec::new();
    for (name, text) in RULE_FILES {
        if *name == "operator.toml" {
            operator = Operator::parse(name.as_ref(), text, dictionary).map_err(refused)?;
        } else {
            texts.push((PathBuf::from(name), (*text).to_owned()));
        }
    }
    let against = RuleSite { dictionary, regions: Regions::embedded(), operator: &operator, period };
    let programs = load_texts(&texts, &plugins, &against).map_err(refused)?;
    let loaded = Loaded { dictionary: dictionary.clone(), plugins, programs, refused: Vec::new() };
    Ok((Rules { loaded, _cache: Some(cache) }, period))
}

fn new(args: &NewArgs, given: Option<&std::path::Path>, screen: &Screen) -> Result<()> {
    let (Rules { loaded, .. }, period) = rules(given, None, screen)?;
    let read = |column: &&Column| {
        let id = loaded.dictionary.id(&column.name);
        id.is_some() && loaded.programs.iter().any(|program| program.columns.contains(&id))
    };
    let columns: Vec<&Column> = loaded.dictionary.iter().map(|(_, column)| column).filter(read).collect();
    let text = template::template(&columns, Date(period.first_day().0 + 81), period, screen.lang);
    if let Some(path) = &args.out {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = made.map_err(|cause| match cause.kind() {
            std::io::ErrorKind::AlreadyExists => {
                let shown = path.display();
                Error::new(Fault::Usage, say!("`{shown}` sudah ada", "`{shown}` exists"))
                    .fix(say!("pilih nama lain", "choose another name"))
            }
            _ => Error::storage(path, cause),
        })?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(|cause| Error::storage(path, cause))?;
    }
    let file = args.out.as_ref().map(|path| path.display().to_string());
    if screen.json {
        return screen.json(&Written { file, text });
    }
    match file {
        None => screen.data(text.trim_end()),
        Some(file) => screen.next(&format!("layak family judge {file}")),
    }
    Ok(())
}
