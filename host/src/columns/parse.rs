//! Reads `schema/columns.toml` into a `Dictionary`.
//!
//! Takes the text and the path to name in errors; gives the dictionary or the
//! first fault with its line and column. Must never guess: an unknown key, a
//! double name, a code that its kind cannot hold or a `derive` over a column
//! that is not there is refused.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{Class, Code, Column, ColumnId, Derive, Dictionary, Entity, Kind, Origin};
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    codes: BTreeMap<String, Spanned<Vec<Code>>>,
    #[serde(default)]
    column: Vec<RawColumn>,
    #[serde(default)]
    program: Vec<RawProgram>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProgram {
    id: Spanned<String>,
    entity: Entity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    name: Spanned<String>,
    entity: Entity,
    kind: Kind,
    class: Class,
    origin: Origin,
    #[serde(default)]
    unit: String,
    range: Option<Spanned<(i64, i64)>>,
    codes: Option<Spanned<String>>,
    meaning: Text,
    legal: String,
    #[serde(default)]
    delivered: Vec<String>,
    derive: Option<Spanned<Derive>>,
}

/// The file being read: makes errors that name the place.
struct Place<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Place<'_> {
    fn error(&self, range: Range<usize>, message: Text) -> Error {
        Error::new(Fault::Rules, message).file(self.path).at(self.text, range)
    }
}

impl Dictionary {
    /// Reads a dictionary; `path` is only named in errors.
    ///
    /// # Errors
    /// `Fault::Rules` with line and column: unknown key, wrong type, double name,
    /// a code list that is missing, unsorted or too large for the kind, a `derive`
    /// that names a column that is not there.
    pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<Dictionary> {
        let place = Place { text, path: path.as_ref() };
        let file: File = toml::from_str(text).map_err(|e| {
            let what = e.message();
            place.error(
                e.span().unwrap_or(0..1),
                say!("kamus kolom tidak terbaca: {what}", "the column dictionary cannot be read: {what}"),
            )
        })?;
        let mut dictionary = Dictionary::empty();
        dictionary.hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        for (name, list) in &file.codes {
            check_codes(&place, name, list)?;
        }
        let mut derives = Vec::new();
        for raw in file.column {
            if let Some(derive) = &raw.derive {
                derives.push((derive.span(), derive.get_ref().clone()));
            }
            let range = raw.name.span();
            let column = finish_column(&place, &file.codes, raw)?;
            let name = column.name.clone();
            if !dictionary.add(column) {
                return Err(place
                    .error(range, say!("kolom `{name}` ditulis dua kali", "column `{name}` is written twice"))
                    .fix(say!("hapus salah satunya", "remove one of them")));
            }
        }
        for program in file.program {
            let (range, id) = (program.id.span(), program.id.into_inner());
            if !dictionary.add_program(&id, program.entity) {
                return Err(
                    place.error(range, say!("program `{id}` ditulis dua kali", "program `{id}` is written twice"))
                );
            }
        }
        for (range, derive) in derives {
            check_derive(&place, &dictionary, range, &derive)?;
        }
        // The text itself is hashed already: its own programs do not count again.
        dictionary.hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(dictionary)
    }

    fn add(&mut self, column: Column) -> bool {
        let Ok(at) = u16::try_from(self.columns.len()) else { return false };
        if self.by_name.contains_key(&column.name) {
            return false;
        }
        self.by_name.insert(column.name.clone(), ColumnId(at));
        self.columns.push(column);
        true
    }

    /// Adds the three columns of a program; false if they are there already.
    pub(super) fn add_program(&mut self, program: &str, entity: Entity) -> bool {
        if self.by_name.contains_key(&format!("previous.{program}")) {
            return false;
        }
        let column = |name: String, kind, origin, unit: &str, meaning| Column {
            name,
            entity,
            kind,
            class: Class::Fact,
            origin,
            unit: unit.to_owned(),
            range: None,
            codes: Vec::new(),
            meaning,
            legal: "ledger".to_owned(),
            derive: None,
            delivered: Vec::new(),
        };
        let added = [
            column(
                format!("previous.{program}"),
                Kind::Bits,
                Origin::History,
                "",
                say!("Menerima {program} pada periode lalu", "Received {program} in the previous period"),
            ),
            column(
                format!("since.{program}"),
                Kind::U16,
                Origin::History,
                "quarter",
                say!(
                    "Triwulan pertama dari rangkaian {program} yang tak terputus",
                    "First quarter of the unbroken run of {program}"
                ),
            ),
            column(
                format!("receives.{program}"),
                Kind::Bits,
                Origin::Run,
                "",
                say!("Menerima {program} pada periode ini", "Receives {program} in this period"),
            ),
        ];
        let entity_name = match entity {
            Entity::Family => "family",
            Entity::Member => "member",
        };
        self.hash = blake3::hash(format!("{}\n{program} {entity_name}", self.hash).as_bytes()).to_hex().to_string();
        added.into_iter().all(|column| self.add(column))
    }
}

fn check_codes(place: &Place<'_>, name: &str, list: &Spanned<Vec<Code>>) -> Result<()> {
    let codes = list.get_ref();
    let ascending = codes.windows(2).all(|pair| matches!(pair, [a, b] if a.code < b.code));
    if codes.is_empty() || !ascending {
        return Err(place
            .error(
                list.span(),
                say!(
                    "kode `{name}` kosong, ganda atau tidak urut",
                    "codes of `{name}` are empty, double or out of order"
                ),
            )
            .fix(say!("tulis kode menaik tanpa ganda", "write the codes ascending, each once")));
    }
    Ok(())
}

fn finish_column(place: &Place<'_>, lists: &BTreeMap<String, Spanned<Vec<Code>>>, raw: RawColumn) -> Result<Column> {
    let name = raw.name.get_ref().clone();
    let (low, high) = raw.kind.bounds();
    let named_ok = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.');
    if name.is_empty() || !named_ok {
        return Err(place.error(
            raw.name.span(),
            say!("nama kolom `{name}` harus huruf kecil", "column name `{name}` must be lower case"),
        ));
    }
    if (raw.kind == Kind::Text) != (raw.class == Class::Identity) {
        return Err(place.error(
            raw.name.span(),
            say!(
                "kolom `{name}`: teks dan identitas selalu bersama",
                "column `{name}`: text and identity always go together"
            ),
        ));
    }
    let codes = match &raw.codes {
        None => Vec::new(),
        Some(list) => {
            let wanted = list.get_ref();
            let found = lists.get(wanted).ok_or_else(|| {
                place.error(list.span(), say!("tidak ada daftar kode `{wanted}`", "there is no code list `{wanted}`"))
            })?;
            found.get_ref().clone()
        }
    };
    if let Some(code) = codes.iter().map(|c| i64::from(c.code)).find(|c| *c > high) {
        let span = raw.codes.as_ref().map_or(raw.name.span(), Spanned::span);
        return Err(place.error(
            span,
            say!("kode {code} tidak muat di kolom `{name}`", "code {code} does not fit column `{name}`"),
        ));
    }
    if raw.kind == Kind::Set && codes.is_empty() {
        return Err(place.error(raw.name.span(), say!("himpunan `{name}` tanpa kode", "set `{name}` has no codes")));
    }
    if let Some(range) = &raw.range {
        let (from, to) = *range.get_ref();
        if from > to || from < low || to > high {
            return Err(place.error(
                range.span(),
                say!("rentang kolom `{name}` tidak mungkin", "the range of column `{name}` cannot be"),
            ));
        }
    }
    Ok(Column {
        name,
        entity: raw.entity,
        kind: raw.kind,
        class: raw.class,
        origin: raw.origin,
        unit: raw.unit,
        range: raw.range.map(Spanned::into_inner),
        codes,
        meaning: raw.meaning,
        legal: raw.legal,
        derive: raw.derive.map(Spanned::into_inner),
        delivered: raw.delivered,
    })
}

fn check_derive(place: &Place<'_>, dictionary: &Dictionary, range: Range<usize>, derive: &Derive) -> Result<()> {
    let Derive::SetWhere { columns, asked_from, .. } = derive;
    for name in columns {
        if dictionary.id(name).is_none() {
            let error = place.error(range, say!("tidak ada kolom `{name}`", "there is no column `{name}`"));
            return Err(match dictionary.nearest(name) {
                Some(near) => error.fix(say!("mungkin maksudnya `{near}`", "perhaps `{near}` is meant")),
                None => error,
            });
        }
    }
    if !asked_from.is_empty() && asked_from.len() != columns.len() {
        return Err(place
            .error(range, say!("`asked_from` harus sebanyak `columns`", "`asked_from` must be as long as `columns`")));
    }
    Ok(())
}
