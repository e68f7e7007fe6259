//! Writes a scenario's values into the rule files of a site.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::columns::regions::Regions;
use crate::commands::plugin::write_whole;
use crate::commands::program::report;
use crate::commands::screen::Screen;
use crate::commands::simulate::{RuleWorld, read_scenario};
use crate::commands::site::Site;
use crate::error::{Error, Fault, Result};
use crate::program::check::Site as RuleSite;
use crate::program::edit::Edit;
use crate::program::lock::Lock;
use crate::program::operator::Operator;
use crate::program::page::Node;
use crate::program::{Program, folder};
use crate::say;
use crate::simulation::{Change, Scenario};
use crate::terms::Period;

/// Writes a scenario's values into the rule files, dated from a period on
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Scenario file
    file: PathBuf,
    /// First period in which the values hold: `2026Q4`
    #[arg(long, value_name = "PERIOD")]
    from: String,
    /// The decree, dataset or decision that the values come from
    #[arg(long, value_name = "TEXT")]
    source: String,
}

/// What `scenario promote --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Promoted {
    /// The scenario's id.
    scenario: String,
    /// First period in which the values hold.
    from: String,
    /// Rule files written.
    files: Vec<String>,
    /// Keys that carry no date: they hold in every period from now on.
    undated: Vec<String>,
}

/// Keys of `[quota]` of which exactly one stands.
const WAYS: [&str; 4] = ["total", "areas", "table", "unlimited"];

/// Keys of a rule file that carry dates, by part; every setting does.
const DATED: [(&str, &[&str]); 2] = [("quota", &["total", "areas", "table"]), ("ceiling", &["year"])];

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let from: Period = args.from.parse().map_err(|message| Error::new(Fault::Usage, message))?;
    if args.source.trim().is_empty() {
        return Err(Error::new(Fault::Usage, say!("`--source` kosong", "`--source` is empty"))
            .fix(say!("sebutkan keputusan atau asal nilainya", "name the decree, or where the values come from")));
    }
    let scenario = read_scenario(&args.file, site, screen)?;
    let mut undated = Vec::new();
    let mut texts = Vec::new();
    for change in &scenario.changes {
        texts.push(promoted(change, site, from, &args.source, &mut undated)?);
    }
    let operator = operator_text(&scenario, site)?;
    let programs = check(&texts, operator.as_deref(), site, from, screen)?;
    for (path, text) in &texts {
        write_whole(path, text.as_bytes())?;
    }
    if let Some(text) = operator {
        write_whole(&site.rules.join("operator.toml"), text.as_bytes())?;
    }
    pin(&scenario, &programs, site)?;
    let files: Vec<String> = texts.iter().map(|(path, _)| path.display().to_string()).collect();
    if screen.json {
        return screen.json(&Promoted { scenario: scenario.id, from: from.to_string(), files, undated });
    }
    let shown = files.join(", ");
    screen.say(&say!("nilai berlaku sejak {from}, ditulis di {shown}", "values hold from {from}, written to {shown}"));
    if !undated.is_empty() {
        let keys = undated.join(", ");
        screen.warn(&say!(
            "tanpa tanggal, jadi berlaku untuk semua periode: {keys}",
            "without a date, so they hold for every period: {keys}"
        ));
    }
    screen.next(&format!("layak run {from}"));
    Ok(())
}

/// Path and text of one program's rule file with the change written in.
fn promoted(
    change: &Change,
    site: &Site,
    from: Period,
    source: &str,
    undated: &mut Vec<String>,
) -> Result<(PathBuf, String)> {
    let program = &change.program;
    if change.removed {
        let message = say!("skenario menghapus `{program}`", "the scenario removes `{program}`");
        return Err(Error::new(Fault::Usage, message).fix(say!(
            "hapus sendiri berkas aturannya dan izinnya di operator.toml",
            "remove its rule file and its grant in operator.toml yourself"
        )));
    }
    let base = change.like.as_ref().unwrap_or(program);
    let path = site.rules.join(format!("{base}.toml"));
    let text = std::fs::read_to_string(&path).map_err(|cause| Error::storage(&path, cause))?;
    let mut edit = Edit::open(&path, &text)?;
    for (key, node) in &change.table {
        let part = key.value.as_str();
        match &node.value {
            _ if matches!(part, "like" | "removed") => {}
            Node::Table(inside) if part == "ceiling" && inside.iter().any(|(name, _)| name.value == "removed") => {
                undated.push(format!("{program}.ceiling"));
                edit.drop_part(part);
            }
            Node::Table(inside) => {
                if part == "quota" && inside.iter().any(|(name, _)| WAYS.contains(&name.value.as_str())) {
                    let stays = |way: &str| inside.iter().any(|(name, _)| name.value == way);
                    WAYS.into_iter().filter(|way| !stays(way)).for_each(|way| edit.drop_key(part, way));
                }
                for (name, node) in inside {
                    let name = name.value.as_str();
                    if part == "settings" || DATED.iter().any(|(known, keys)| *known == part && keys.contains(&name)) {
                        edit.add_line(part, name, from, &node.value, source);
                    } else {
                        undated.push(format!("{program}.{part}.{name}"));
                        edit.set(part, name, &node.value);
                    }
                }
            }
            plain => {
                undated.push(format!("{program}.{part}"));
                edit.set("", part, plain);
            }
        }
    }
    Ok((site.rules.join(format!("{program}.toml")), edit.close()))
}

/// operator.toml with the grants of new programs: those of the program each starts from.
fn operator_text(scenario: &Scenario, site: &Site) -> Result<Option<String>> {
    let path = site.rules.join("operator.toml");
    let mut text = std::fs::read_to_string(&path).map_err(|cause| Error::storage(&path, cause))?;
    let written: toml::Table = toml::from_str(&text).map_err(Error::bug)?;
    let grants = written.get("grants").and_then(toml::Value::as_table);
    let mut changed = false;
    for change in &scenario.changes {
        let Some(grant) = change.like.as_ref().and_then(|like| grants?.get(like)?.as_table()) else { continue };
        let body = toml::to_string(grant).map_err(Error::bug)?;
        text.push_str(&format!("\n[grants.{}]\n{body}", change.program));
        changed = true;
    }
    Ok(changed.then_some(text))
}

/// Checks the whole folder as it would be, as a run would.
fn check(
    texts: &[(PathBuf, String)],
    operator: Option<&str>,
    site: &Site,
    period: Period,
    screen: &Screen,
) -> Result<Vec<Program>> {
    let world = RuleWorld::open(site, 0, screen)?;
    let told = |errors| report(errors, screen);
    let operator = match operator {
        Some(text) => Operator::parse(&site.rules.join("operator.toml"), text, &world.dictionary).map_err(told)?,
        None => Operator::read(&site.rules, &world.dictionary).map_err(told)?,
    };
    let mut all: Vec<(PathBuf, String)> = Vec::new();
    let new = |path: &Path| texts.iter().find(|(changed, _)| changed == path);
    for path in folder::files(&site.rules)? {
        let text = std::fs::read_to_string(&path).map_err(|cause| Error::storage(&path, cause))?;
        all.push(new(&path).cloned().unwrap_or((path, text)));
    }
    let added = texts.iter().filter(|(path, _)| !path.exists()).cloned();
    all.extend(added);
    let against = RuleSite { dictionary: &world.dictionary, regions: Regions::embedded(), operator: &operator, period };
    folder::load_texts(&all, &world.plugins, &against).map_err(told)
}

/// Pins the plugins of new programs, as those that they start from are pinned.
fn pin(scenario: &Scenario, programs: &[Program], site: &Site) -> Result<()> {
    let mut lock = Lock::read(&site.root.join("layak.lock"))?;
    let new = |program: &&Program| scenario.change(&program.id).is_some_and(|change| change.like.is_some());
    let mut pinned = false;
    for program in programs.iter().filter(new) {
        lock.pin(&program.id, &program.plugin_digest, Some(&program.rule_hash));
        pinned = true;
    }
    if pinned { lock.write() } else { Ok(()) }
}
