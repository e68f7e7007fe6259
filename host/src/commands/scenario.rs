//! `layak scenario check | promote`: a scenario's values into the rule files.
//!
//! Takes a scenario that was simulated; gives rule files with new dated lines of a
//! stated period and source below the old ones, comments kept. All files are
//! checked before the first one is written: all are changed, or none.

mod promote;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::screen::Screen;
use super::simulate::read_scenario;
use super::site::Site;
use crate::error::Result;
use crate::say;

pub(crate) use promote::Promoted;

/// Scenarios: check, promote
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Checks a scenario against the site's rule files
    Check(CheckArgs),
    /// Writes a scenario's values into the rule files, dated from a period on
    Promote(promote::Args),
}

/// Checks a scenario against the site's rule files
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Scenario file
    file: PathBuf,
}

/// What `scenario check --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// The scenario's id.
    scenario: String,
    /// What it changes.
    changes: Vec<super::simulate::Changed>,
}

pub(crate) fn run(verb: &Verb, site: &Site, screen: &Screen) -> Result<()> {
    match verb {
        Verb::Check(args) => check(args, site, screen),
        Verb::Promote(args) => promote::run(args, site, screen),
    }
}

fn check(args: &CheckArgs, site: &Site, screen: &Screen) -> Result<()> {
    let scenario = read_scenario(&args.file, site, screen)?;
    let changes = super::simulate::changes_of(&scenario, site, screen)?;
    if screen.json {
        return screen.json(&Checked { scenario: scenario.id, changes });
    }
    for change in &changes {
        let (program, key) = (&change.program, &change.key);
        let (before, after) = (change.baseline.as_deref().unwrap_or("-"), change.reform.as_deref().unwrap_or("-"));
        screen.say(&say!("{program}.{key}: {before} -> {after}", "{program}.{key}: {before} -> {after}"));
    }
    let id = &scenario.id;
    screen.say(&say!("skenario `{id}` dapat dipakai", "the scenario `{id}` can be used"));
    screen.next(&format!("layak simulate {}", args.file.display()));
    Ok(())
}
