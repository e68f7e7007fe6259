//! `layak verify RUN`: every hash, count and sum of a run and its snapshot, again;
//! with `--deep`, every row judged and explained again by the plugin that the run kept.

use std::path::Path;

use serde_json::Value;

use super::export::opened;
use super::program::Loaded;
use super::run::{folders, judge_with};
use super::screen::{Screen, Stand};
use super::site::Site;
use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::ledger::{Failure, Ledger, RunView, Verified, deep, verify};
use crate::program::check::{Found, Plugins, Site as RuleSite};
use crate::program::operator::Operator;
use crate::program::{Program, load_one};
use crate::sandbox::Plugin;
use crate::say;
use crate::snapshot::Snapshot;
use crate::terms::{Text, show_count};

/// Computes every hash, count and sum of a run and its snapshot again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run id, its beginning, or `latest`
    run: String,
    /// Judge every row again, with the plugin and the rule file that the run kept
    #[arg(long)]
    deep: bool,
}

impl Args {
    /// One run.
    pub(crate) fn of(run: &str) -> Args {
        Args { run: run.to_owned(), deep: false }
    }
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let ledger = Ledger::open(&site.root)?;
    let mut verified = verify(&ledger, &folders(site), &args.run)?;
    // what is not whole need not be judged again
    if args.deep && verified.ok {
        again(&args.run, site, screen, &mut verified)?;
    }
    if screen.json {
        screen.json(&verified)?;
    } else if !verified.failures.is_empty() {
        let left = Stand::Left;
        let head = [(screen.word("berkas", "file"), left), (screen.word("yang berbeda", "what differs"), left)];
        let row = |failure: &Failure| vec![failure.file.clone(), failure.what.get(screen.lang).to_owned()];
        let rows: Vec<Vec<String>> = verified.failures.iter().map(row).collect();
        screen.table(&head, &rows);
    }
    if let Some(error) = verified.error() {
        return Err(error);
    }
    let n = show_count(i64::try_from(verified.checked).unwrap_or(i64::MAX), screen.lang);
    screen.say(&say!("{n} hash, jumlah dan total cocok", "{n} hashes, counts and sums agree"));
    screen.next("layak explain");
    Ok(())
}

/// The plugin that a run kept, as the only one that there is.
struct Kept {
    name: String,
    plugin: Plugin,
}

impl Plugins for Kept {
    fn find(&self, name: &str) -> Result<Option<Found>> {
        let found =
            Found { description: self.plugin.description().clone(), digest: self.plugin.digest().to_hex().to_string() };
        Ok((name == self.name).then_some(found))
    }

    fn names(&self) -> Vec<String> {
        vec![self.name.clone()]
    }
}

/// Judges every program of the run again, and adds what differs.
fn again(run: &str, site: &Site, screen: &Screen, verified: &mut Verified) -> Result<()> {
    let (ledger, loaded, snapshot) = opened(run, site, screen)?;
    let view = RunView::open(&ledger, &folders(site), run, &snapshot, &loaded.dictionary)?;
    for noted in view.done() {
        let id = noted.get("program").and_then(Value::as_str).unwrap_or_default();
        let kept = view.dir().join(id);
        let file = kept.strip_prefix(&site.root).unwrap_or(&kept).display().to_string();
        match kept_program(&kept, id, noted, &loaded, &snapshot) {
            Ok((program, plugin)) => {
                let judged = judge_with(&plugin, &program, &snapshot).and_then(|judge| deep(&view, &program, &judge));
                match judged {
                    Ok((rows, failures)) => {
                        verified.checked += rows;
                        verified.failures.extend(failures);
                    }
                    Err(error) if error.fault == Fault::Plugin => {
                        verified.failures.push(Failure { file: format!("{file}/plugin.wasm"), what: error.message });
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(what) => verified.failures.push(Failure { file, what }),
        }
    }
    verified.ok = verified.failures.is_empty();
    Ok(())
}

/// A program from the rule file and the plugin in a run's folder, held against the receipt.
fn kept_program(
    kept: &Path,
    id: &str,
    noted: &Value,
    loaded: &Loaded,
    snapshot: &Snapshot,
) -> std::result::Result<(Program, Plugin), Text> {
    let told = |error: Error| error.message;
    let path = kept.join(format!("rules/{id}.toml"));
    let text = std::fs::read_to_string(&path).map_err(|cause| told(Error::storage(&path, cause)))?;
    let bytes = std::fs::read(kept.join("plugin.wasm")).map_err(|cause| told(Error::storage(kept, cause)))?;
    let plugin = loaded.plugins.load(&bytes).map_err(told)?;
    let plugins = Kept {
        name: noted.get("plugin").and_then(Value::as_str).unwrap_or_default().to_owned(),
        plugin: plugin.clone(),
    };
    let operator = Operator::open_handed(&[id]);
    let period = snapshot.manifest().period().map_err(told)?;
    let against =
        RuleSite { dictionary: &loaded.dictionary, regions: Regions::embedded(), operator: &operator, period };
    let mut program = load_one(&path, &text, &plugins, &against)
        .map_err(|errors| errors.into_iter().next().map(told).unwrap_or_default())?;
    let same = |key: &str, now: &str| noted.get(key).and_then(Value::as_str) == Some(now);
    if !same("rules", &program.rule_hash) || !same("plugin_digest", &program.plugin_digest) {
        return Err(say!(
            "berkas aturan atau plugin yang disimpan bukan yang disebut bukti",
            "the kept rule file or plugin is not the one that the receipt names"
        ));
    }
    let granted: Vec<&str> =
        noted.get("columns").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (wish, column) in program.description.columns.iter().zip(&mut program.columns) {
        if !granted.contains(&wish.name.as_str()) {
            *column = None;
        }
    }
    Ok((program, plugin))
}
