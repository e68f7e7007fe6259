//! A hypothetical family as a person writes it: TOML with members and facts.
//!
//! Takes the text; gives the family with every column that programs may read,
//! or each problem at its place with the nearest key. What is not written is
//! either a plain family or not known, as the file says. Regions are not
//! written: their numbers belong to a snapshot.

pub mod template;
mod words;

use std::ops::Range;
use std::path::Path;

use schemars::JsonSchema;

use super::cells::{At as Place, Cell, OneColumn, OneFamily, Put};
use crate::columns::{Class, Column, ColumnId, Dictionary, Entity, Kind};
use crate::error::Error;
use crate::program::page::{At, Node, Page, Table, get};
use crate::program::written as shapes;
use crate::say;
use crate::terms::{Date, Period, Text};

pub use words::{AGE, of_word};

/// Members that a family may have.
const MOST_MEMBERS: usize = 99;

/// What is taken where nothing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
pub enum Unwritten {
    /// A complete and ordinary family: no hit on any list, no earlier aid, healthy adults, a village.
    #[schemars(rename = "plain")]
    Plain,
    /// Not known.
    #[schemars(rename = "not known")]
    NotKnown,
}

/// The file as written; the tables hold columns by name.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Layak hypothetical family")]
pub struct FamilyFile {
    /// The schema for editors.
    #[schemars(rename = "$schema")]
    pub schema: Option<String>,
    /// Day of the facts, `2026-09-20`.
    pub as_of: String,
    /// Quarter or month of the aid, `2026Q3`.
    pub period: String,
    /// What is taken where nothing is written.
    pub unwritten: Option<Unwritten>,
    /// Facts of the family.
    pub family: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Members, the head first.
    pub members: Vec<std::collections::BTreeMap<String, serde_json::Value>>,
}

/// A hypothetical family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hypothetical {
    /// Day of the facts.
    pub as_of: Date,
    /// Period of the aid.
    pub period: Period,
    /// The family with every column that programs may read.
    pub family: OneFamily,
}

/// Whether a column may be written of a hypothetical family.
#[must_use]
pub fn writable(column: &Column) -> bool {
    column.class != Class::Identity && column.kind != Kind::Text && column.unit != "region"
}

/// The columns of an entity that a family carries.
fn carried(dictionary: &Dictionary, entity: Entity) -> Vec<ColumnId> {
    let all = dictionary.iter().filter(|(_, column)| column.entity == entity && column.class != Class::Identity);
    all.filter(|(_, column)| column.kind != Kind::Text).map(|(id, _)| id).collect()
}

/// Reads a family file.
///
/// # Errors
/// Every problem of the file, each at its place.
pub fn read(path: &Path, text: &str, dictionary: &Dictionary) -> Result<Hypothetical, Vec<Error>> {
    let (mut page, root) = Page::open(path, text);
    let read = root.and_then(|root| family(&mut page, &root, dictionary));
    let errors = page.close();
    match read {
        Some(read) if errors.is_empty() => Ok(read),
        _ if errors.is_empty() => Err(vec![Error::bug("a family file is wrong without a reason")]),
        _ => Err(errors),
    }
}

fn family(page: &mut Page, root: &Table, dictionary: &Dictionary) -> Option<Hypothetical> {
    shapes::shape::<FamilyFile>(page, "", root, &(0..0));
    let parsed = |page: &mut Page, key: &str| {
        let node = get(root, key)?;
        let word = words::word(page, node)?;
        Some(At { value: word, span: node.span.clone() })
    };
    let as_of = parsed(page, "as_of").and_then(|word| noted::<Date>(page, &word));
    let period = parsed(page, "period").and_then(|word| noted::<Period>(page, &word));
    let words = [("plain", Unwritten::Plain), ("not known", Unwritten::NotKnown)];
    let unwritten = match get(root, "unwritten") {
        Some(node) => page.word("unwritten", node, &words).unwrap_or(Unwritten::Plain),
        None => Unwritten::Plain,
    };
    let list = get(root, "members").and_then(|node| Some((page.list("members", node)?, node.span.clone())));
    let (members, span) = list?;
    if members.is_empty() || members.len() > MOST_MEMBERS {
        page.note(
            &span,
            say!("keluarga punya 1 sampai {MOST_MEMBERS} anggota", "a family has 1 to {MOST_MEMBERS} members"),
        );
        return None;
    }
    let tables: Vec<&Table> = members.iter().filter_map(|node| page.table("members", node)).collect();
    if tables.len() != members.len() {
        return None;
    }
    // with a wrong date the rest is still looked at; nothing is given in the end
    let (given, as_of) = (as_of, as_of.unwrap_or(Date(0)));
    let empty = Table::new();
    let own = get(root, "family").and_then(|node| page.table("family", node)).unwrap_or(&empty);
    known_keys(page, own, Entity::Family, dictionary);
    for table in &tables {
        known_keys(page, table, Entity::Member, dictionary);
    }
    let births: Vec<Cell> =
        (0..).zip(&tables).map(|(nth, table)| birth(page, table, as_of, (nth, unwritten))).collect();
    let mut columns = Vec::new();
    for id in carried(dictionary, Entity::Family) {
        let column = dictionary.get(id);
        let cell = match get(own, &column.name) {
            Some(node) => words::cell(page, column, node).unwrap_or(Cell::Unknown),
            None => words::of_family(column, tables.len(), unwritten),
        };
        columns.push(OneColumn { id, entity: Entity::Family, kind: column.kind, cells: vec![cell] });
    }
    for id in carried(dictionary, Entity::Member) {
        let column = dictionary.get(id);
        let one = |(nth, (table, birth)): (usize, (&&Table, &Cell))| match get(table, &column.name) {
            _ if column.name == "birth_date" => *birth,
            Some(node) => words::cell(page, column, node).unwrap_or(Cell::Unknown),
            None => words::of_member(column, nth, *birth, as_of, unwritten),
        };
        let cells = tables.iter().zip(&births).enumerate().map(one).collect();
        columns.push(OneColumn { id, entity: Entity::Member, kind: column.kind, cells });
    }
    let members = u32::try_from(tables.len()).ok()?;
    Some(Hypothetical { as_of: given?, period: period?, family: OneFamily { members, columns } })
}

/// A value that its own type reads, or a note at its place.
fn noted<T: std::str::FromStr<Err = Text>>(page: &mut Page, word: &At<String>) -> Option<T> {
    match word.value.parse::<T>() {
        Ok(value) => Some(value),
        Err(message) => {
            page.note(&word.span, message);
            None
        }
    }
}

/// Notes keys that are no column of the entity, with the nearest.
fn known_keys(page: &mut Page, table: &Table, entity: Entity, dictionary: &Dictionary) {
    let own = |entity: Entity| -> Vec<String> {
        let columns = dictionary.iter().filter(|(_, column)| column.entity == entity && writable(column));
        let mut names: Vec<String> = columns.map(|(_, column)| column.name.clone()).collect();
        if entity == Entity::Member {
            names.push(AGE.to_owned());
        }
        names
    };
    let (known, other) = match entity {
        Entity::Family => (own(Entity::Family), own(Entity::Member)),
        Entity::Member => (own(Entity::Member), own(Entity::Family)),
    };
    for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.value)) {
        let name = &key.value;
        if other.contains(name) {
            let (message, fix) = match entity {
                Entity::Family => (
                    say!("`{name}` adalah fakta anggota", "`{name}` is a fact of a member"),
                    say!("tulis di salah satu [[members]]", "write it in one of [[members]]"),
                ),
                Entity::Member => (
                    say!("`{name}` adalah fakta keluarga", "`{name}` is a fact of the family"),
                    say!("tulis di [family]", "write it in [family]"),
                ),
            };
            page.note_fix(&key.span, message, fix);
        } else {
            page.unlisted(key, say!("kunci `{name}` tidak dikenal", "unknown key `{name}`"), &known);
        }
    }
}

/// A member's birth date, from the date or the age.
fn birth(page: &mut Page, table: &Table, as_of: Date, (nth, unwritten): (usize, Unwritten)) -> Cell {
    let span = |node: &At<Node>| -> Range<usize> { node.span.clone() };
    match (get(table, "birth_date"), get(table, AGE)) {
        (Some(_), Some(age)) => {
            page.note(
                &span(age),
                say!("tulis `age` atau `birth_date`, bukan keduanya", "write `age` or `birth_date`, not both"),
            );
            Cell::Unknown
        }
        (Some(node), None) => match Dictionary::embedded().column("birth_date") {
            Some(column) => words::cell(page, column, node).unwrap_or(Cell::Unknown),
            None => Cell::Unknown,
        },
        (None, Some(node)) => match words::word(page, node) {
            Some(word) if words::is_unknown(&word) => Cell::Unknown,
            _ => match page.integer(AGE, node, 0, 120) {
                Some(age) => Cell::Number(words::born(as_of, age.value)),
                None => Cell::Unknown,
            },
        },
        (None, None) if unwritten == Unwritten::Plain => {
            Cell::Number(words::born(as_of, if nth < 2 { 35 } else { 10 }))
        }
        (None, None) => Cell::Unknown,
    }
}

impl Hypothetical {
    /// The position of a fact named `column`, `head.column`, `youngest.column`,
    /// `oldest.column` or `3.column`, and what a value of it is as it stands there.
    ///
    /// # Errors
    /// A name that is no fact, with the nearest.
    pub fn place(&self, path: &str, dictionary: &Dictionary) -> Result<(Place, bool), Text> {
        let (who, name) = match path.split_once('.') {
            Some((who, name)) if dictionary.id(path).is_none() => (Some(who), name),
            _ => (None, path),
        };
        let age = name == AGE;
        let name = if age { "birth_date" } else { name };
        let Some(id) = dictionary.id(name).filter(|id| writable(dictionary.get(*id))) else {
            let near = dictionary.nearest(name).unwrap_or(AGE);
            return Err(say!(
                "`{name}` bukan fakta; maksudnya `{near}`?",
                "`{name}` is no fact; did you mean `{near}`?"
            ));
        };
        match (dictionary.get(id).entity, who) {
            (Entity::Family, None) => Ok((Place { column: id, member: None }, false)),
            (Entity::Family, Some(_)) => Err(say!(
                "`{name}` adalah fakta keluarga: tulis tanpa anggota",
                "`{name}` is a fact of the family: write it alone"
            )),
            (Entity::Member, who) => {
                let member = who.and_then(|who| self.member(who, dictionary));
                let fix = say!(
                    "`{path}`: sebut anggotanya: head, youngest, oldest, atau nomor",
                    "`{path}`: name the member: head, youngest, oldest, or a number"
                );
                member.map(|nth| (Place { column: id, member: Some(nth) }, age)).ok_or(fix)
            }
        }
    }

    fn member(&self, who: &str, dictionary: &Dictionary) -> Option<u32> {
        let number =
            |name: &str, nth: u32| match self.family.cell(Place { column: dictionary.id(name)?, member: Some(nth) }) {
                Some(Cell::Number(number)) => Some(number),
                _ => None,
            };
        let all = 0..self.family.members;
        match who {
            "head" => all.into_iter().find(|nth| number("relation", *nth) == Some(1)),
            "youngest" => all.max_by_key(|nth| number("birth_date", *nth)),
            "oldest" => {
                all.filter(|nth| number("birth_date", *nth).is_some()).min_by_key(|nth| number("birth_date", *nth))
            }
            nth => nth.parse::<u32>().ok()?.checked_sub(1).filter(|nth| *nth < self.family.members),
        }
    }

    /// The same family with one fact put in, given as a word of the file.
    ///
    /// # Errors
    /// A word that is no value of the fact.
    pub fn with_word(&self, (at, age): (Place, bool), word: &str, dictionary: &Dictionary) -> Result<Put, Text> {
        let column = dictionary.get(at.column);
        let cell = if age && !words::is_unknown(word) {
            let years = word.parse::<i64>().ok().filter(|years| (0..=120).contains(years));
            let years =
                years.ok_or_else(|| say!("`{word}` bukan umur 0 sampai 120", "`{word}` is no age of 0 to 120"))?;
            Cell::Number(words::born(self.as_of, years))
        } else {
            of_word(column, word)?
        };
        Ok(Put { at, cell })
    }
}
