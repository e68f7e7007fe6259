//! All programs of a rules folder, and the order that `after` asks for.
//!
//! Takes the folder; gives checked programs level by level, or every problem of
//! every file. A program in a cycle is never loaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::columns::{Dictionary, Entity};
use crate::error::{Error, Fault};
use crate::sandbox::Unit;
use crate::say;

use super::Program;
use super::check::{Found, Plugins, Site, Written};

/// Rule files of a folder: every `*.toml` but `operator.toml`, by name.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(rules: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(rules).map_err(|cause| Error::storage(rules, cause))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|cause| Error::storage(rules, cause))?.path();
        let toml = path.extension().is_some_and(|ending| ending == "toml");
        if toml && path.is_file() && path.file_name().is_some_and(|name| name != "operator.toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn open(rules: &Path) -> Result<Vec<Written>, Vec<Error>> {
    let mut all = Vec::new();
    for path in files(rules).map_err(|error| vec![error])? {
        let text = std::fs::read_to_string(&path).map_err(|cause| vec![Error::storage(&path, cause)])?;
        all.push(Written::parse(&path, &text));
    }
    Ok(all)
}

/// The dictionary with the columns `previous`, `since` and `receives` of those
/// programs of the folder that it does not know yet.
///
/// # Errors
/// A folder or plugin that cannot be read; problems of rule files are left to `load_all`.
pub fn dictionary(rules: &Path, plugins: &dyn Plugins, base: &Dictionary) -> Result<Dictionary, Vec<Error>> {
    with_outside(rules, plugins, base, false)
}

/// The same, where a refused plugin leaves its own program behind: its columns
/// are taken to be those of families, so that files which name them can be read.
///
/// # Errors
/// A folder or plugin that cannot be read.
pub fn dictionary_apart(rules: &Path, plugins: &dyn Plugins, base: &Dictionary) -> Result<Dictionary, Vec<Error>> {
    with_outside(rules, plugins, base, true)
}

fn with_outside(rules: &Path, plugins: &dyn Plugins, base: &Dictionary, apart: bool) -> Result<Dictionary, Vec<Error>> {
    let mut outside = Vec::new();
    for written in open(rules)? {
        if base.id(&format!("receives.{}", written.id)).is_some() {
            continue;
        }
        let Some(name) = &written.plugin else { continue };
        let entity = match plugins.find(&name.value) {
            Ok(found) => found.map(|found| match found.description.unit {
                Unit::Family => Entity::Family,
                Unit::Person => Entity::Member,
            }),
            Err(error) if apart && error.fault == Fault::Plugin => Some(Entity::Family),
            Err(error) => return Err(vec![error]),
        };
        outside.extend(entity.map(|entity| (written.id, entity)));
    }
    let outside: Vec<(&str, Entity)> = outside.iter().map(|(id, entity)| (id.as_str(), *entity)).collect();
    Ok(if outside.is_empty() { base.clone() } else { base.with_programs(&outside) })
}

/// All programs of a folder for one period, level by level; within a level in
/// the operator's order, then by id.
///
/// # Errors
/// Every problem of every file: rule files, names in `operator.toml`, cycles.
pub fn load_all(rules: &Path, plugins: &dyn Plugins, site: &Site<'_>) -> Result<Vec<Program>, Vec<Error>> {
    check_all(open(rules)?, plugins, site, None)
}

/// A program whose plugin is refused: what its rule file says without one, and why.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// A program that reads no column and judges nobody.
    pub program: Program,
    /// Why its plugin is refused.
    pub error: Error,
}

/// As `load_all`, where a refused plugin leaves only its own program behind (I5).
///
/// # Errors
/// As `load_all`, but for what only plugins are to blame for.
pub fn load_apart(
    rules: &Path,
    plugins: &dyn Plugins,
    site: &Site<'_>,
) -> Result<(Vec<Program>, Vec<Refusal>), Vec<Error>> {
    let mut refused = Vec::new();
    let programs = check_all(open(rules)?, plugins, site, Some(&mut refused))?;
    Ok((programs, refused))
}

/// As `load_all`, from texts: (path, text).
///
/// # Errors
/// As `load_all`.
pub fn load_texts(
    texts: &[(PathBuf, String)],
    plugins: &dyn Plugins,
    site: &Site<'_>,
) -> Result<Vec<Program>, Vec<Error>> {
    check_all(texts.iter().map(|(path, text)| Written::parse(path, text)).collect(), plugins, site, None)
}

/// One rule file alone: `after` may name programs that are not looked at.
///
/// # Errors
/// Every problem of the file.
pub fn load_one(path: &Path, text: &str, plugins: &dyn Plugins, site: &Site<'_>) -> Result<Program, Vec<Error>> {
    let mut written = Written::parse(path, text);
    let found = written.find(plugins);
    written.check(found, site)
}

fn check_all(
    mut all: Vec<Written>,
    plugins: &dyn Plugins,
    site: &Site<'_>,
    mut refused: Option<&mut Vec<Refusal>>,
) -> Result<Vec<Program>, Vec<Error>> {
    let ids: Vec<String> = all.iter().map(|written| written.id.clone()).collect();
    let mut errors = Vec::new();
    site.operator.names(&ids, &mut errors);
    for written in &mut all {
        for other in written.after.clone() {
            if !ids.contains(&other.value) {
                let name = &other.value;
                written.page.unlisted(
                    &other,
                    say!(
                        "`after` menyebut program `{name}` yang tidak ada",
                        "`after` names the program `{name}`, which does not exist"
                    ),
                    &ids,
                );
            }
        }
    }
    cycles(&mut all);
    let mut programs = Vec::new();
    for mut written in all {
        let found: Option<Found> = written.find(plugins);
        let without = written.without_plugin(plugins);
        match (written.check(found, site), &mut refused) {
            (Ok(program), _) => programs.push(program),
            (Err(more), Some(refused)) if more.iter().all(|error| error.fault == Fault::Plugin) => {
                let first = more.into_iter().next();
                refused.extend(first.map(|error| Refusal { program: without, error }));
            }
            (Err(more), _) => errors.extend(more),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let place = |id: &str| site.operator.order.iter().position(|name| name.value == id).unwrap_or(usize::MAX);
    programs.sort_by_key(|program| (place(&program.id), program.id.clone()));
    let order: Vec<usize> = levels(&programs).into_iter().flatten().collect();
    let mut slots: Vec<Option<Program>> = programs.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|at| slots.get_mut(at)?.take()).collect())
}

/// Notes each cycle once, at the `after` of its first program by name.
fn cycles(all: &mut [Written]) {
    let graph: BTreeMap<String, Vec<String>> =
        all.iter().map(|w| (w.id.clone(), w.after.iter().map(|name| name.value.clone()).collect())).collect();
    for written in all.iter_mut() {
        for next in written.after.clone() {
            let Some(mut chain) = path_back(&graph, &next.value, &written.id) else { continue };
            // the smallest id of the circle tells of it
            if chain.iter().any(|id| *id < written.id) {
                continue;
            }
            chain.insert(0, written.id.clone());
            let shown = chain.join(" -> ");
            written.page.note_fix(
                &next.span,
                say!("`after` berputar: {shown}", "`after` goes in a circle: {shown}"),
                say!("hapus salah satu dari mata rantai itu", "drop one of these links"),
            );
        }
    }
}

/// A way from `from` to `to` along `after`, both included.
fn path_back(graph: &BTreeMap<String, Vec<String>>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = vec![from.to_owned()];
    let mut open = vec![vec![from.to_owned()]];
    while let Some(way) = open.pop() {
        let last = way.last()?.clone();
        if last == to {
            return Some(way);
        }
        for next in graph.get(&last).into_iter().flatten() {
            if next == to || !seen.contains(next) {
                seen.push(next.clone());
                let mut longer = way.clone();
                longer.push(next.clone());
                open.push(longer);
            }
        }
    }
    None
}

/// Positions of programs by level: each level comes after the levels before it.
/// An `after` that names no program of the list is taken as done; programs in a
/// cycle, which `load_all` refuses, are left out.
#[must_use]
pub fn levels(programs: &[Program]) -> Vec<Vec<usize>> {
    let mut levels: Vec<Vec<usize>> = Vec::new();
    let mut placed = vec![false; programs.len()];
    loop {
        let ready = |at: usize, program: &Program| {
            let waits = |name: &String| programs.iter().position(|p| p.id == *name).is_some_and(|other| !placed[other]);
            !placed[at] && !program.after.iter().any(waits)
        };
        let level: Vec<usize> =
            programs.iter().enumerate().filter(|(at, program)| ready(*at, program)).map(|(at, _)| at).collect();
        if level.is_empty() {
            return levels;
        }
        for at in &level {
            placed[*at] = true;
        }
        levels.push(level);
    }
}
