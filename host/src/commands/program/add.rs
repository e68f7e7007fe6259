//! `layak program add RULES.toml PLUGIN.wasm`: a program from outside joins a site.
//!
//! Takes a rule file and a component; puts copies into the site, grants what the
//! plugin asks for and pins its digest. On any refusal the site is byte for byte
//! as before. Must never overwrite or delete what was there.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::unfinished::{Mark, take_back};
use super::{find, period_or_newest, report, try_load};
use crate::commands::plugin::{inspect, needs_toml, write_whole};
use crate::commands::plugins::folder;
use crate::commands::screen::Screen;
use crate::commands::site::Site;
use crate::error::{Error, Fault, Result};
use crate::program::Program;
use crate::program::lock::Lock;
use crate::sandbox::Inspection;
use crate::say;
use crate::terms::Period;

/// Adds a program from a rule file and a plugin
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rule file; its name is the program's id
    #[arg(value_name = "RULES.toml")]
    rules: PathBuf,
    /// Component
    #[arg(value_name = "PLUGIN.wasm")]
    plugin: PathBuf,
}

/// What `program add --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Added {
    /// Program id.
    program: String,
    /// Digest of its plugin.
    plugin_digest: String,
    /// Columns granted.
    granted: Vec<String>,
}

pub(super) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    needs_toml(&args.rules)?;
    let inspection = inspect(&args.plugin)?;
    let id = args.rules.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let period = period_or_newest(None, site).unwrap_or(Period::Quarter(2026, 3));
    take_back(site)?;
    let mut joining = Joining::plan(args, site, &id, &inspection)?;
    let mark = joining.mark(site)?;
    let program = match joining.put(site, &id, &inspection, period) {
        Ok(program) => program,
        Err(errors) => {
            // the copies are about to go: errors name the files that were given
            let errors = errors.into_iter().map(|error| joining.as_given(args, error)).collect();
            joining.undo();
            mark.clear()?;
            return Err(report(errors, screen));
        }
    };
    mark.clear()?;
    let wishes = inspection.description.columns.iter().zip(&program.columns);
    let granted = wishes.filter(|(_, id)| id.is_some()).map(|(wish, _)| wish.name.clone()).collect();
    let added = Added { program: program.id.clone(), plugin_digest: program.plugin_digest.clone(), granted };
    if screen.json {
        return screen.json(&added);
    }
    let (program, columns) = (&added.program, added.granted.join(", "));
    screen.say(&say!(
        "program `{program}` ditambahkan; kolom yang diizinkan: {columns}",
        "program `{program}` added; columns granted: {columns}"
    ));
    screen.next(&format!("layak run {period}"));
    Ok(())
}

/// Copies to make, and what there was before them.
struct Joining {
    /// Path in the site and bytes of the rule file and the plugin, if it is not there already.
    copies: Vec<(PathBuf, Vec<u8>)>,
    rules_to: PathBuf,
    plugin_to: PathBuf,
    /// Files that are changed, as they were.
    before: Vec<(PathBuf, Vec<u8>)>,
    /// Files and folders made so far, in that order.
    made: Vec<PathBuf>,
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| Error::storage(path, cause))
}

impl Joining {
    fn plan(args: &Args, site: &Site, id: &str, inspection: &Inspection) -> Result<Joining> {
        let rules_to = site.rules.join(format!("{id}.toml"));
        let plugin_to = folder(&site.rules).join(format!("{}.wasm", inspection.description.name));
        let mut copies = Vec::new();
        if !rules_to.exists() {
            copies.push((rules_to.clone(), read(&args.rules)?));
        } else if !same(&rules_to, &args.rules) {
            return Err(taken(&rules_to).fix(say!(
                "beri nama lain pada berkas aturan, atau hapus dahulu",
                "give the rule file another name, or remove that one first"
            )));
        }
        let plugin = read(&args.plugin)?;
        if !plugin_to.exists() {
            copies.push((plugin_to.clone(), plugin));
        } else if read(&plugin_to)? != plugin {
            return Err(taken(&plugin_to).fix(say!(
                "itu plugin lain dengan nama yang sama: beri nama lain, atau ganti berkas itu lalu `layak run --update-lock`",
                "that is another plugin of the same name: give this one another name, or replace that file and `layak run --update-lock`"
            )));
        }
        let mut before = Vec::new();
        for path in [site.rules.join("operator.toml"), site.root.join("layak.lock")] {
            let bytes = read(&path)?;
            before.push((path, bytes));
        }
        Ok(Joining { copies, rules_to, plugin_to, before, made: Vec::new() })
    }

    /// Marks the site as being worked on, with what there is to put back.
    fn mark(&self, site: &Site) -> Result<Mark> {
        let made = self.copies.iter().map(|(path, _)| path.clone()).collect();
        let text = |(path, bytes): &(PathBuf, Vec<u8>)| (path.clone(), String::from_utf8_lossy(bytes).into_owned());
        Mark::set(site, made, self.before.iter().map(text).collect())
    }

    /// Puts everything in place and checks the site as a run would.
    fn put(
        &mut self,
        site: &Site,
        id: &str,
        inspection: &Inspection,
        period: Period,
    ) -> std::result::Result<Program, Vec<Error>> {
        self.write(site, id, inspection).map_err(|error| vec![error])?;
        let loaded = try_load(site, period, 0)?;
        let pinned = || {
            let program = find(&loaded.programs, id)?.clone();
            let mut lock = Lock::read(&site.root.join("layak.lock"))?;
            lock.pin(id, &program.plugin_digest, Some(&program.rule_hash));
            lock.write()?;
            Ok(program)
        };
        pinned().map_err(|error| vec![error])
    }

    fn write(&mut self, site: &Site, id: &str, inspection: &Inspection) -> Result<()> {
        let plugins = folder(&site.rules);
        if !plugins.exists() {
            std::fs::create_dir_all(&plugins).map_err(|cause| Error::storage(&plugins, cause))?;
            self.made.push(plugins);
        }
        for (path, bytes) in &self.copies {
            write_whole(path, bytes)?;
            self.made.push(path.clone());
        }
        grant(site, id, inspection)
    }

    /// The error at the file that was given instead of its copy.
    fn as_given(&self, args: &Args, mut error: Error) -> Error {
        for (copy, given) in [(&self.rules_to, &args.rules), (&self.plugin_to, &args.plugin)] {
            if error.path.as_ref() == Some(copy) {
                error.path = Some(given.clone());
            }
        }
        error
    }

    /// Takes back what was made, newest first, and what was changed.
    fn undo(self) {
        for path in self.made.iter().rev() {
            let _gone = if path.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
        }
        for (path, bytes) in self.before {
            if read(&path).ok().as_ref() != Some(&bytes) {
                let _put_back = write_whole(&path, &bytes);
            }
        }
    }
}

fn taken(path: &Path) -> Error {
    let shown = path.display();
    Error::new(Fault::Usage, say!("`{shown}` sudah ada", "`{shown}` is already there"))
}

fn same(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// Appends the grant to operator.toml: the operator who adds the program grants
/// what `plugin inspect` shows, and may cut it there. A grant that is there stays.
fn grant(site: &Site, id: &str, inspection: &Inspection) -> Result<()> {
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
    write_whole(&path, text.as_bytes())
}
