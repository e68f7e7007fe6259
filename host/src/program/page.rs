//! A TOML text with the place of every word, and the problems found in it.
//!
//! Takes the text of a rule or site file; gives its tree, typed getters that
//! note a problem instead of stopping, and at the end every problem in the
//! order of the text. Knows nothing about programs.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::error::{Error, Fault};
use crate::say;
use crate::terms::Text;

/// A value with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// What is written.
    pub value: T,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// A TOML value; tables keep the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Text in quotes.
    Text(String),
    /// Whole number of 64 bits.
    Integer(i64),
    /// true or false.
    Flag(bool),
    /// List.
    List(Vec<At<Node>>),
    /// Table.
    Table(Table),
    /// A date, a number with a point or a number past 64 bits: nothing of ours takes one.
    Other,
}

/// Keys with their values, in the order of the text.
pub type Table = Vec<(At<String>, At<Node>)>;

impl Node {
    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> Text {
        match self {
            Node::Text(_) => Text::new("teks", "a text"),
            Node::Integer(_) => Text::new("bilangan bulat", "a whole number"),
            Node::Flag(_) => Text::new("true/false", "true/false"),
            Node::List(_) => Text::new("daftar", "a list"),
            Node::Table(_) => Text::new("tabel", "a table"),
            Node::Other => Text::new(
                "bilangan pecahan, tanggal atau bilangan yang terlalu besar",
                "a fraction, a date or too large a number",
            ),
        }
    }

    /// The same value in TOML's own form, without places.
    #[must_use]
    pub fn plain(&self) -> toml::Value {
        match self {
            Node::Text(text) => toml::Value::String(text.clone()),
            Node::Integer(number) => toml::Value::Integer(*number),
            Node::Flag(flag) => toml::Value::Boolean(*flag),
            Node::List(items) => toml::Value::Array(items.iter().map(|item| item.value.plain()).collect()),
            Node::Table(table) => {
                toml::Value::Table(table.iter().map(|(key, node)| (key.value.clone(), node.value.plain())).collect())
            }
            Node::Other => toml::Value::String(String::new()),
        }
    }
}

/// One file under examination.
#[derive(Debug)]
pub struct Page {
    path: PathBuf,
    text: String,
    errors: Vec<Error>,
}

impl Page {
    /// Parses the text; without a tree if it is not TOML, which is noted.
    #[must_use]
    pub fn open(path: &Path, text: &str) -> (Page, Option<Table>) {
        let mut page = Page { path: path.to_path_buf(), text: text.to_owned(), errors: Vec::new() };
        let (root, faults) = DeTable::parse_recoverable(text);
        // one slip of the pen makes many faults behind it: the first is the one to mend
        if let Some(fault) = faults.into_iter().next() {
            let span = fault.span().unwrap_or(0..0);
            page.note(&span, say!("ini bukan TOML", "this is not TOML")).cause = Some(fault.message().to_owned());
            return (page, None);
        }
        (page, Some(table_of(root.into_inner())))
    }

    /// Notes a problem at a place; the caller may add to it.
    pub fn note(&mut self, span: &Range<usize>, message: Text) -> &mut Error {
        let error = Error::new(Fault::Rules, message).file(&self.path).at(&self.text, span.clone());
        self.add(error)
    }

    /// Notes a problem with its fix.
    pub fn note_fix(&mut self, span: &Range<usize>, message: Text, fix: Text) {
        self.note(span, message).fix = Some(fix);
    }

    /// Notes a problem of another file or of no place.
    pub fn add(&mut self, error: Error) -> &mut Error {
        let at = self.errors.len();
        self.errors.push(error);
        &mut self.errors[at]
    }

    /// The problem noted last.
    pub fn last(&mut self) -> Option<&mut Error> {
        self.errors.last_mut()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All problems in the order of the text; those of other
    /// files and those without a place last.
    #[must_use]
    pub fn close(mut self) -> Vec<Error> {
        let own = Some(self.path.clone());
        self.errors
            .sort_by_key(|error| (error.path != own, error.span.as_ref().map_or(usize::MAX, |span| span.offset)));
        self.errors.dedup();
        self.errors
    }

    /// How many problems were noted so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.errors.len()
    }

    /// Notes a value of the wrong type.
    pub fn wrong_type(&mut self, key: &str, node: &At<Node>, wanted: Text) {
        let (Text { id, en }, Text { id: must_id, en: must_en }) = (node.value.kind(), wanted);
        let message = say!("`{key}` berisi {id}, seharusnya {must_id}", "`{key}` is {en}, it must be {must_en}");
        self.note(&node.span, message);
    }

    /// Notes every key of the table that is not among `known`, with the nearest.
    pub fn only(&mut self, table: &Table, known: &[String]) {
        for (key, _) in table {
            if !known.contains(&key.value) {
                let name = &key.value;
                self.unlisted(key, say!("kunci `{name}` tidak dikenal", "unknown key `{name}`"), known);
            }
        }
    }

    /// Notes a name that is not among `known`, suggesting the nearest or listing all.
    pub fn unlisted(&mut self, name: &At<String>, message: Text, known: &[String]) {
        let fix = suggestion(&name.value, known);
        self.note(&name.span, message).fix = fix;
    }

    /// A text.
    pub fn text_of(&mut self, key: &str, node: &At<Node>) -> Option<At<String>> {
        match &node.value {
            Node::Text(text) => Some(At { value: text.clone(), span: node.span.clone() }),
            _ => {
                self.wrong_type(key, node, Text::new("teks", "a text"));
                None
            }
        }
    }

    /// A text that is not blank.
    pub fn filled(&mut self, key: &str, node: &At<Node>) -> Option<At<String>> {
        let text = self.text_of(key, node)?;
        if text.value.trim().is_empty() {
            self.note(&node.span, say!("`{key}` kosong", "`{key}` is empty"));
            return None;
        }
        Some(text)
    }

    /// A whole number within bounds.
    pub fn integer(&mut self, key: &str, node: &At<Node>, min: i64, max: i64) -> Option<At<i64>> {
        let Node::Integer(number) = node.value else {
            self.wrong_type(key, node, Text::new("bilangan bulat", "a whole number"));
            return None;
        };
        if number < min || number > max {
            let message = say!(
                "`{key}` = {number} di luar batas {min} sampai {max}",
                "`{key}` = {number} is out of the bounds {min} to {max}"
            );
            self.note(&node.span, message);
            return None;
        }
        Some(At { value: number, span: node.span.clone() })
    }

    /// true or false.
    pub fn flag(&mut self, key: &str, node: &At<Node>) -> Option<bool> {
        match node.value {
            Node::Flag(flag) => Some(flag),
            _ => {
                self.wrong_type(key, node, Text::new("true atau false", "true or false"));
                None
            }
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, key: &str, node: &At<Node>, words: &[(&str, T)]) -> Option<T> {
        let text = self.text_of(key, node)?;
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|(word, _)| (*word).to_owned()).collect();
            let word = &text.value;
            self.unlisted(
                &text,
                say!("`{word}` bukan pilihan untuk `{key}`", "`{word}` is not an option of `{key}`"),
                &known,
            );
        }
        found
    }

    /// A table.
    pub fn table<'n>(&mut self, key: &str, node: &'n At<Node>) -> Option<&'n Table> {
        match &node.value {
            Node::Table(table) => Some(table),
            _ => {
                self.wrong_type(key, node, Text::new("tabel", "a table"));
                None
            }
        }
    }

    /// A list.
    pub fn list<'n>(&mut self, key: &str, node: &'n At<Node>) -> Option<&'n [At<Node>]> {
        match &node.value {
            Node::List(items) => Some(items),
            _ => {
                self.wrong_type(key, node, Text::new("daftar", "a list"));
                None
            }
        }
    }

    /// A list of different texts.
    pub fn texts(&mut self, key: &str, node: &At<Node>) -> Vec<At<String>> {
        let mut texts: Vec<At<String>> = Vec::new();
        for item in self.list(key, node).unwrap_or_default() {
            let Some(text) = self.filled(key, item) else { continue };
            if texts.iter().any(|earlier| earlier.value == text.value) {
                let name = &text.value;
                self.note(
                    &text.span,
                    say!("`{name}` ditulis dua kali di `{key}`", "`{name}` is written twice in `{key}`"),
                );
            } else {
                texts.push(text);
            }
        }
        texts
    }
}

/// The value under a key.
#[must_use]
pub fn get<'n>(table: &'n Table, key: &str) -> Option<&'n At<Node>> {
    table.iter().find(|(name, _)| name.value == key).map(|(_, node)| node)
}

/// "Did you mean" with the nearest name, or all names if none is near.
#[must_use]
pub fn suggestion(name: &str, known: &[String]) -> Option<Text> {
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(name, k), k)).min()?;
    // a third of the letters may differ: enough for a slip, too little for another word
    if near.0 <= (name.chars().count() / 3).max(2) {
        let k = near.1;
        return Some(say!("maksudnya `{k}`?", "did you mean `{k}`?"));
    }
    let all = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    Some(say!("yang dikenal: {all}", "known here: {all}"))
}

fn table_of(table: DeTable<'_>) -> Table {
    let mut out: Table = table
        .into_iter()
        .map(|(key, value)| {
            let span = key.span();
            (At { value: key.into_inner().into_owned(), span }, node_of(value.span(), value.into_inner()))
        })
        .collect();
    out.sort_by_key(|(key, _)| key.span.start);
    out
}

fn node_of(span: Range<usize>, value: DeValue<'_>) -> At<Node> {
    let value = match value {
        DeValue::String(text) => Node::Text(text.into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Node::Other, Node::Integer)
        }
        DeValue::Boolean(flag) => Node::Flag(flag),
        DeValue::Array(items) => {
            Node::List(items.into_iter().map(|item| node_of(item.span(), item.into_inner())).collect())
        }
        DeValue::Table(table) => Node::Table(table_of(table)),
        DeValue::Float(_) | DeValue::Datetime(_) => Node::Other,
    };
    At { value, span }
}
