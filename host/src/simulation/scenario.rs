//! A scenario file: what is changed, program by program, as it is written.
//!
//! Takes TOML; gives the changes in the order of the text, each with its place,
//! or every problem of the file. Whether a value makes sense is asked where the
//! rule file is: the changed rule file goes through the very same checks.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::error::Error;
use crate::program::page::{At, Node, Page, Table, get};
use crate::program::written::{
    self, AnyValue, BaseWord, Incumbent, LevelWord, QuotaTable, RankingTable, SubKeyWord, UnknownWord, VillageKindWord,
};
use crate::say;
use crate::terms::Text;

/// Seats that a scenario changes; what is not written stays as in the rule file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct QuotaChange {
    /// The level of the areas.
    pub level: Option<LevelWord>,
    /// Seats in all.
    pub total: Option<u64>,
    /// What the total is shared out by.
    pub base: Option<BaseWord>,
    /// Kinds of village that the total is shared out over.
    pub only: Option<Vec<VillageKindWord>>,
    /// Seats by region code with system.
    pub areas: Option<BTreeMap<String, u64>>,
    /// CSV beside the rule files with the header `region,seats`.
    pub table: Option<String>,
    /// All eligible are served.
    pub unlimited: Option<bool>,
}

/// A ceiling that a scenario changes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CeilingChange {
    /// Rupiah per year.
    pub year: Option<u64>,
    /// Share of a year that one quarter may use, in whole percent.
    pub share_per_quarter: Option<String>,
    /// Whether it cuts, or only reports.
    pub binding: Option<bool>,
    /// No ceiling at all.
    pub removed: Option<bool>,
}

/// The order that a scenario changes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RankingChange {
    /// Sub-keys.
    pub then: Option<Vec<SubKeyWord>>,
    /// Seed of the last tie-break.
    pub seed: Option<String>,
}

/// What a scenario changes of one program. Values are not dated: they hold in the
/// period that is simulated.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ChangeTable {
    /// A new program that starts from the rule file of this one.
    pub like: Option<String>,
    /// The program is left out.
    pub removed: Option<bool>,
    /// Another plugin.
    pub plugin: Option<String>,
    /// Programs that are selected before it.
    pub after: Option<Vec<String>>,
    /// Months of the run period that are paid.
    pub months_paid: Option<i64>,
    /// Settings of the plugin.
    pub settings: Option<BTreeMap<String, AnyValue>>,
    /// What an unknown criterion does.
    pub unknown: Option<BTreeMap<String, UnknownWord>>,
    /// Incumbents.
    pub incumbent: Option<Incumbent>,
    /// Seats.
    pub quota: Option<QuotaChange>,
    /// Ceiling.
    pub ceiling: Option<CeilingChange>,
    /// Order after the score.
    pub ranking: Option<RankingChange>,
}

/// A scenario: one table per program that it touches.
#[derive(JsonSchema)]
#[schemars(title = "Layak scenario")]
pub struct ScenarioTable {
    /// The schema for editors.
    #[schemars(rename = "$schema")]
    pub schema: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// By program.
    #[serde(flatten)]
    pub programs: BTreeMap<String, ChangeTable>,
}

/// The JSON Schema of a scenario file.
#[must_use]
pub fn schema() -> Json {
    schemars::schema_for!(ScenarioTable).to_value()
}

/// What is changed of one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Program id.
    pub program: String,
    /// The program whose rule file a new one starts from.
    pub like: Option<String>,
    /// Left out.
    pub removed: bool,
    /// What is written, keys in the order of the text.
    pub table: Table,
    /// The program's name in the text.
    pub span: Range<usize>,
}

impl Change {
    /// Settings that are changed, in the order of the text.
    #[must_use]
    pub fn settings(&self) -> Vec<String> {
        match get(&self.table, "settings").map(|node| &node.value) {
            Some(Node::Table(table)) => table.iter().map(|(key, _)| key.value.clone()).collect(),
            _ => Vec::new(),
        }
    }
}

/// A scenario in its read form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The file's name without `.toml`, or `set` for one given on the command line.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Where it was read.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Program by program, in the order of the text.
    pub changes: Vec<Change>,
}

/// Tables of a rule file that a scenario may change in part.
fn known_keys(part: &str) -> Option<Vec<String>> {
    match part {
        "quota" => Some(written::keys_of::<QuotaTable>()),
        "ceiling" => Some(written::keys_of::<CeilingChange>()),
        "ranking" => Some(written::keys_of::<RankingTable>()),
        "incumbent" => Some(written::keys_of::<Incumbent>()),
        _ => None,
    }
}

impl Scenario {
    /// Reads a scenario; `programs` are the ids of the site's programs.
    ///
    /// # Errors
    /// Every problem of the file, in the order of the text.
    pub fn parse(path: &Path, text: &str, programs: &[String]) -> Result<Scenario, Vec<Error>> {
        let (mut page, root) = Page::open(path, text);
        let Some(root) = root else { return Err(page.close()) };
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let title = get(&root, "title").and_then(|node| written::text(&mut page, "title", node));
        let mut changes = Vec::new();
        for (key, node) in root.iter().filter(|(key, _)| !["$schema", "title"].contains(&key.value.as_str())) {
            if let Some(change) = change(&mut page, key, node, programs) {
                changes.push(change);
            }
        }
        let errors = page.close();
        if !errors.is_empty() {
            return Err(errors);
        }
        let title = title.map_or_else(|| Text::new(id.clone(), id.clone()), |title| title.value);
        Ok(Scenario { id, title, path: path.to_path_buf(), text: text.to_owned(), changes })
    }

    /// The change of a program, if there is one.
    #[must_use]
    pub fn change(&self, program: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.program == program)
    }
}

fn change(page: &mut Page, key: &At<String>, node: &At<Node>, programs: &[String]) -> Option<Change> {
    let name = &key.value;
    let Node::Table(table) = &node.value else {
        let known: Vec<String> = programs.iter().cloned().chain(["title".to_owned()]).collect();
        page.unlisted(key, say!("kunci `{name}` tidak dikenal", "unknown key `{name}`"), &known);
        return None;
    };
    page.only(table, &written::keys_of::<ChangeTable>());
    let like = get(table, "like").and_then(|node| page.filled("like", node));
    let removed = get(table, "removed").and_then(|node| page.flag("removed", node)).unwrap_or(false);
    match &like {
        Some(like) if !programs.contains(&like.value) => {
            let from = &like.value;
            page.unlisted(like, say!("tidak ada program `{from}`", "there is no program `{from}`"), programs);
        }
        Some(_) if programs.contains(name) => page.note_fix(
            &key.span,
            say!("program `{name}` sudah ada", "the program `{name}` exists already"),
            Text::new("beri nama lain pada program baru", "give the new program another name"),
        ),
        None if !programs.contains(name) => {
            page.unlisted(
                key,
                say!(
                    "tidak ada program `{name}`; program baru perlu `like`",
                    "there is no program `{name}`; a new one needs `like`"
                ),
                programs,
            );
        }
        _ => {}
    }
    if removed && table.len() > 1 {
        page.note(
            &key.span,
            say!(
                "`{name}` dihapus, jadi tidak ada yang lain yang diubah",
                "`{name}` is removed: nothing else of it changes"
            ),
        );
    }
    for (part, node) in table {
        if let (Some(known), Node::Table(inside)) = (known_keys(&part.value), &node.value) {
            page.only(inside, &known);
        } else if known_keys(&part.value).is_some() || ["settings", "unknown"].contains(&part.value.as_str()) {
            page.table(&part.value, node);
        }
    }
    Some(Change {
        program: name.clone(),
        like: like.map(|like| like.value),
        removed,
        table: table.clone(),
        span: key.span.clone(),
    })
}
