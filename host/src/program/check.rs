//! From a rule file as written to a program that a run can use.
//!
//! Takes the parsed page, the plugin's description and the site's grants; gives
//! a `Program` for one period, or every problem of the file.

use std::path::Path;

use crate::columns::regions::Regions;
use crate::columns::{Dictionary, Origin};
use crate::error::{Error, Fault};
use crate::sandbox::Description;
use crate::say;
use crate::terms::{Period, Text};

use super::dated;
use super::operator::Operator;
use super::page::{At, Node, Page, Table, get};
use super::quota;
use super::settings;
use super::texts::{self, Kind};
use super::written::{self, CeilingTable, Incumbent, RankingTable, RuleTable};
use super::{Ceiling, Incumbents, Program, SubKey};

/// A plugin as the rule room needs it: what it says of itself, and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it says of itself.
    pub description: Description,
    /// Digest of its component.
    pub digest: String,
}

/// Where plugins come from; how they are loaded is not this room's matter.
pub trait Plugins {
    /// The plugin of this name; `None` if there is none.
    ///
    /// # Errors
    /// A plugin that is there and is refused.
    fn find(&self, name: &str) -> Result<Option<Found>, Error>;

    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;

    /// Digest of the component of this name, refused or not; empty where there is none.
    fn digest(&self, name: &str) -> String {
        self.find(name).ok().flatten().map(|found| found.digest).unwrap_or_default()
    }
}

/// What a rule file is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// All columns, those of outside programs included.
    pub dictionary: &'a Dictionary,
    /// All regions.
    pub regions: &'a Regions,
    /// Grants.
    pub operator: &'a Operator,
    /// The period whose values are taken.
    pub period: Period,
}

/// A rule file as written: parsed, its top level read, its values not yet checked.
#[derive(Debug)]
pub struct Written {
    /// Program id.
    pub id: String,
    /// Name of the plugin.
    pub plugin: Option<At<String>>,
    /// Programs before this one.
    pub after: Vec<At<String>>,
    pub(super) page: Page,
    /// `None` if the text is not TOML.
    root: Option<Table>,
}

impl Written {
    /// Parses a rule file's text.
    #[must_use]
    pub fn parse(path: &Path, text: &str) -> Written {
        let (mut page, root) = Page::open(path, text);
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let shaped = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !shaped {
            page.note(
                &(0..0),
                say!(
                    "nama berkas `{id}` bukan id program; pakai huruf kecil, angka dan `_`",
                    "the file name `{id}` is no program id; use small letters, digits and `_`"
                ),
            );
        }
        let Some(root) = root else { return Written { id, plugin: None, after: Vec::new(), page, root: None } };
        written::shape::<RuleTable>(&mut page, "", &root, &(0..0));
        let plugin = get(&root, "plugin").and_then(|node| page.filled("plugin", node));
        let after = get(&root, "after").map(|node| page.texts("after", node)).unwrap_or_default();
        Written { id, plugin, after, page, root: Some(root) }
    }

    /// Finds the plugin, noting one that is not there or is refused.
    pub fn find(&mut self, plugins: &dyn Plugins) -> Option<Found> {
        let name = self.plugin.clone()?;
        match plugins.find(&name.value) {
            Ok(Some(found)) => Some(found),
            Ok(None) => {
                let word = &name.value;
                self.page.unlisted(
                    &name,
                    say!("tidak ada plugin `{word}`", "there is no plugin `{word}`"),
                    &plugins.names(),
                );
                None
            }
            Err(error) => {
                self.page.add(error);
                None
            }
        }
    }

    /// The rule file and its tables, by name: what `hash_of` is the hash of.
    #[must_use]
    pub fn texts(mut self, site: &Site<'_>) -> Vec<(String, String)> {
        let mut all = vec![(format!("{}.toml", self.id), self.page.text().to_owned())];
        if let Some(root) = &self.root {
            all.extend(quota::check(&mut self.page, root, &self.id, site).1);
        }
        all
    }

    /// What is known of the program while its plugin is refused.
    pub(super) fn without_plugin(&self, plugins: &dyn Plugins) -> Program {
        let plugin = self.plugin.as_ref().map(|name| name.value.clone()).unwrap_or_default();
        let digest = plugins.digest(&plugin);
        let after = self.after.iter().map(|name| name.value.clone()).collect();
        Program::without_plugin(self.id.clone(), plugin, digest, rule_hash(self.page.text(), &[]), after)
    }

    /// The checked form, or all problems; without a plugin only what needs none is checked.
    ///
    /// # Errors
    /// Every problem of the file, in the order of the text.
    pub fn check(mut self, found: Option<Found>, site: &Site<'_>) -> Result<Program, Vec<Error>> {
        let program = self.build(found, site);
        let id = self.id;
        let errors = self.page.close();
        match program {
            Some(program) if errors.is_empty() => Ok(program),
            _ if errors.is_empty() => Err(vec![Error::bug(format!("the rule file of {id} is wrong without a reason"))]),
            _ => Err(errors),
        }
    }

    fn build(&mut self, found: Option<Found>, site: &Site<'_>) -> Option<Program> {
        let root = self.root.as_ref()?;
        let page = &mut self.page;
        let title = get(root, "title").and_then(|node| written::text(page, "title", node));
        let incumbents = incumbents(page, root);
        let (quota, tables) = quota::check(page, root, &self.id, site);
        let ceiling = ceiling(page, root, site.period);
        let ranking = ranking(page, root);
        let months = settings::months_paid(page, root, 1, 12, site.period);
        let found = found?;
        let Found { description, digest } = found;
        let settings = settings::check(page, root, &description.settings, site.period);
        let unknowns = texts::unknowns(page, root, &description.criteria);
        let criteria = texts::check(page, root, Kind::Criterion, &description.criteria, &description);
        let components = texts::check(page, root, Kind::Component, &description.components, &description);
        let score_parts = texts::check(page, root, Kind::ScorePart, &description.score_parts, &description);
        let columns = match site.operator.resolve(&self.id, &description, site.dictionary) {
            Ok(columns) => Some(columns),
            Err(errors) => {
                for error in errors {
                    self.page.add(error);
                }
                None
            }
        };
        self.receives(&description, columns.as_deref(), site.dictionary);
        let (sub_keys, seed) = ranking?;
        let rule_hash = rule_hash(self.page.text(), &tables);
        Some(Program {
            id: self.id.clone(),
            title: title?.value,
            plugin: self.plugin.as_ref()?.value.clone(),
            settings: settings?,
            columns: columns?,
            unknowns,
            criteria: criteria?,
            components: components?,
            score_parts: score_parts?,
            incumbents: incumbents?,
            quota: quota?,
            ceiling: ceiling?,
            sub_keys,
            seed,
            months_paid: months.and_then(|months| u8::try_from(months.written.as_integer()?).ok()),
            after: self.after.iter().map(|name| name.value.clone()).collect(),
            rule_hash,
            plugin_digest: digest,
            description,
        })
    }

    /// A program that reads another's recipients must be ordered after it.
    fn receives(
        &mut self,
        plugin: &Description,
        columns: Option<&[Option<crate::columns::ColumnId>]>,
        dictionary: &Dictionary,
    ) {
        for (wish, id) in plugin.columns.iter().zip(columns.unwrap_or_default()) {
            let Some(other) = wish.name.strip_prefix("receives.") else { continue };
            let made = id.is_some_and(|id| dictionary.get(id).origin == Origin::Run);
            if made && !self.after.iter().any(|name| name.value == other) {
                let span = self
                    .root
                    .iter()
                    .flatten()
                    .find(|(key, _)| key.value == "after")
                    .map_or(0..0, |(_, node)| node.span.clone());
                self.page.note_fix(
                    &span,
                    say!(
                        "plugin membaca penerima `{other}`, tetapi `after` tidak menyebutnya",
                        "the plugin reads the recipients of `{other}`, but `after` does not name it"
                    ),
                    say!("tambahkan \"{other}\" ke `after`", "add \"{other}\" to `after`"),
                );
            }
        }
    }
}

/// The rule hash of a rule file and its tables, as `Written::texts` gives them.
#[must_use]
pub fn hash_of(texts: &[(String, String)]) -> String {
    match texts.split_first() {
        Some(((_, text), tables)) => rule_hash(text, tables),
        None => String::new(),
    }
}

/// BLAKE3 of the text, and of each table's name and text behind it.
fn rule_hash(text: &str, tables: &[(String, String)]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &str| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    };
    add(text);
    for (name, table) in tables {
        add(name);
        add(table);
    }
    hasher.finalize().to_hex().to_string()
}

fn incumbents(page: &mut Page, root: &Table) -> Option<Incumbents> {
    let node = get(root, "incumbent")?;
    let table = page.table("incumbent", node)?;
    written::shape::<Incumbent>(page, "incumbent", table, &node.span);
    let rule = get(table, "rule")?;
    let band = match &rule.value {
        Node::Table(band) => band,
        Node::Text(_) => return page.word("rule", rule, &[("keep", Incumbents::Keep), ("none", Incumbents::None)]),
        _ => {
            let wanted =
                Text::new("\"keep\", \"none\" atau { band = POIN }", "\"keep\", \"none\" or { band = POINTS }");
            page.wrong_type("rule", rule, wanted);
            return None;
        }
    };
    written::shape::<written::Band>(page, "rule", band, &rule.span);
    let points = get(band, "band").and_then(|node| page.integer("band", node, 1, 1_000_000_000))?;
    Some(Incumbents::Band(points.value))
}

/// `Some(None)`: no ceiling is written.
#[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
fn ceiling(page: &mut Page, root: &Table, period: Period) -> Option<Option<Ceiling>> {
    let Some(node) = get(root, "ceiling") else { return Some(None) };
    let table = page.table("ceiling", node)?;
    written::shape::<CeilingTable>(page, "ceiling", table, &node.span);
    let year = table.iter().find(|(key, _)| key.value == "year").and_then(|(key, node)| {
        let dated = dated::read(page, key, node, |page, node| page.integer("year", node, 1, 1_000_000_000_000_000));
        dated.in_force(page, period).map(|line| line.value.value.value)
    });
    let share = get(table, "share_per_quarter").and_then(|node| percent(page, node));
    let binding = get(table, "binding").and_then(|node| page.flag("binding", node));
    let divisor = match period {
        Period::Quarter(..) => 100,
        Period::Month(..) => 300,
    };
    let rupiah = i128::from(year?) * i128::from(share?) / divisor;
    Some(Some(Ceiling { period: i64::try_from(rupiah).ok()?, binding: binding? }))
}

fn percent(page: &mut Page, node: &At<Node>) -> Option<i64> {
    let text = page.text_of("share_per_quarter", node)?;
    let number = text.value.strip_suffix('%').and_then(|n| n.parse::<i64>().ok()).filter(|n| (1..=100).contains(n));
    if number.is_none() {
        let word = &text.value;
        page.note_fix(
            &text.span,
            say!("`{word}` bukan persen utuh dari 1% sampai 100%", "`{word}` is no whole percentage from 1% to 100%"),
            Text::new("tulis \"25%\"", "write \"25%\""),
        );
    }
    number
}

fn ranking(page: &mut Page, root: &Table) -> Option<(Vec<SubKey>, String)> {
    let node = get(root, "ranking")?;
    let table = page.table("ranking", node)?;
    written::shape::<RankingTable>(page, "ranking", table, &node.span);
    let words =
        [("family_lot", SubKey::FamilyLot), ("age_youngest", SubKey::AgeYoungest), ("age_oldest", SubKey::AgeOldest)];
    let mut keys: Vec<SubKey> = Vec::new();
    let items = get(table, "then").and_then(|node| page.list("then", node)).unwrap_or_default();
    for item in items {
        let Some(key) = page.word("then", item, &words) else { continue };
        if keys.contains(&key) {
            page.note(&item.span, Text::new("kunci urutan ini ditulis dua kali", "this sub-key is written twice"));
        }
        keys.push(key);
    }
    let seed = get(table, "seed").and_then(|node| page.filled("seed", node))?;
    (keys.len() == items.len()).then_some((keys, seed.value))
}

/// Checks a program against the columns that a snapshot has: an optional one
/// that is missing becomes "not granted", a required one is an error.
///
/// # Errors
/// Required columns that the snapshot does not have, all in one.
pub fn against_snapshot(program: &mut Program, dictionary: &Dictionary, present: &[String]) -> Result<(), Error> {
    let mut missing = Vec::new();
    for (wish, slot) in program.description.columns.iter().zip(program.columns.iter_mut()) {
        let made_by_run = slot.is_some_and(|id| dictionary.get(id).origin == Origin::Run);
        if slot.is_none() || made_by_run || present.contains(&wish.name) {
            continue;
        }
        if wish.required {
            missing.push(wish.name.clone());
        } else {
            *slot = None;
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let (id, shown) = (&program.id, missing.join(", "));
    let error = Error::new(
        Fault::Rules,
        say!(
            "snapshot tidak punya kolom yang diperlukan program `{id}`: {shown}",
            "the snapshot has no column that the program `{id}` needs: {shown}"
        ),
    )
    .fix(Text::new(
        "bekukan ulang dengan kamus kolom yang sekarang",
        "freeze again with the present column dictionary",
    ));
    Err(error)
}
