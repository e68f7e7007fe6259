//! Source mappings: which delivered column is which of ours, and how it writes its values.
//!
//! Takes `schema/sources/*.toml`; gives `Sources`, which recognises a file by its
//! header. A mapping that names an unknown column, table or value list is refused
//! with its place; a file that lacks a column is refused with the nearest header.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

use super::layout::{Layout, Table};
use super::looks::{is_row, shown_header};
use super::refused;
use crate::columns::Dictionary;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::{RegionSystem, Text};

/// The widest known delivery has 52 columns.
const MOST_COLUMNS: usize = 1000;

/// One source, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, for `--source` and reports.
    pub source: String,
    /// What it is.
    pub title: Text,
    /// Whose region codes it delivers.
    pub region_system: RegionSystem,
    /// Date forms in the order in which they are tried.
    pub date_formats: Vec<DateForm>,
    /// Values that mean "not delivered", lower case.
    pub empty: Vec<String>,
    /// Named tables: delivered value, lower case, to our code.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, i64>>,
    /// The kinds of files it delivers.
    pub file: Vec<FileMapping>,
}

/// One kind of file of a source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileMapping {
    /// Its name; a file of this name is held to this mapping.
    pub name: String,
    /// Where its rows go.
    pub table: Table,
    /// Delivered header to our column.
    pub columns: BTreeMap<String, Field>,
}

/// One delivered column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Our column, or a structural column of the table; absent = known and not kept.
    pub to: Option<String>,
    /// A table of `values` to read it with.
    pub values: Option<String>,
    /// Which part of a region it delivers.
    pub part: Option<Part>,
    /// Whether a file may lack it.
    #[serde(default)]
    pub optional: bool,
}

/// The parts of which a region is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Code of the province.
    ProvinceCode,
    /// Name of the province.
    ProvinceName,
    /// Code of the regency.
    Code,
    /// Name of the regency.
    Name,
}

/// A way of writing a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DateForm {
    /// `2001-12-31`, also with a time behind it.
    #[serde(rename = "YYYY-MM-DD")]
    YearDash,
    /// `31-12-2001`.
    #[serde(rename = "DD-MM-YYYY")]
    DayDash,
    /// `31/12/2001`.
    #[serde(rename = "DD/MM/YYYY")]
    DaySlash,
    /// `2001/12/31`.
    #[serde(rename = "YYYY/MM/DD")]
    YearSlash,
    /// `20011231`.
    #[serde(rename = "YYYYMMDD")]
    Plain,
}

/// All sources.
#[derive(Debug, Clone)]
pub struct Sources {
    all: Vec<Source>,
}

static EMBEDDED: LazyLock<Result<Sources>> = LazyLock::new(|| {
    let files = [
        ("schema/sources/dtsen.toml", include_str!("../../../schema/sources/dtsen.toml")),
        ("schema/sources/lists.toml", include_str!("../../../schema/sources/lists.toml")),
        ("schema/sources/villages.toml", include_str!("../../../schema/sources/villages.toml")),
    ];
    Sources::parse(&files, Dictionary::embedded())
});

impl Sources {
    /// The mappings built into the binary.
    ///
    /// # Errors
    /// `Fault::Rules` if one of them is wrong, which a test rules out.
    pub fn embedded() -> Result<&'static Sources> {
        EMBEDDED.as_ref().map_err(Clone::clone)
    }

    /// Reads and checks mappings; `files` are names and texts.
    ///
    /// # Errors
    /// `Fault::Rules` with place: unknown key, table, column or value list.
    pub fn parse(files: &[(&str, &str)], dictionary: &Dictionary) -> Result<Sources> {
        let mut all = Vec::new();
        for (name, text) in files {
            let source: Source = toml::from_str(text).map_err(|fault| {
                let said = fault.message().to_owned();
                let error =
                    Error::new(Fault::Rules, say!("pemetaan sumber: {said}", "source mapping: {said}")).file(name);
                match fault.span() {
                    Some(span) => error.at(text, span),
                    None => error,
                }
            })?;
            for file in &source.file {
                check(&source, file, dictionary).map_err(|error| place(error.file(name), text))?;
            }
            all.push(source);
        }
        Ok(Sources { all })
    }

    /// Names of all kinds of files, for `extract.toml`'s `complete`.
    #[must_use]
    pub fn list_names(&self) -> Vec<String> {
        let lists = self.all.iter().flat_map(|s| &s.file).filter(|f| f.table.is_list());
        lists.map(|f| f.name.clone()).collect()
    }

    /// Finds the mapping that a header belongs to, and lays it over the header.
    ///
    /// # Errors
    /// `Fault::Extract`: no mapping fits, a column is missing or there twice.
    pub fn recognise(
        &self,
        path: &Path,
        headers: Vec<String>,
        insist: Option<&str>,
        delimiter: Option<u8>,
    ) -> Result<Layout> {
        let count = headers.len();
        if count > MOST_COLUMNS {
            return Err(refused(
                path,
                say!(
                    "baris judul punya {count} kolom, batasnya {MOST_COLUMNS}",
                    "the header has {count} columns, the limit is {MOST_COLUMNS}"
                ),
            )
            .fix(say!("kirim hanya kolom yang dikenal", "deliver the known columns only")));
        }
        let headers: Vec<String> = headers.iter().map(|h| plain(h)).collect();
        let (source, file) = self.best(path, &headers, insist, delimiter)?;
        if let Some(double) = headers.iter().enumerate().find(|(at, h)| headers.iter().take(*at).any(|g| g == *h)) {
            let header = shown_header(double.1);
            return Err(refused(path, say!("kolom `{header}` ada dua kali", "column `{header}` is there twice")).fix(
                say!(
                    "tanyakan kepada pengirim yang mana yang benar, lalu hapus yang lain",
                    "ask the sender which of them is right, then remove the other"
                ),
            ));
        }
        let missing: Vec<&String> =
            file.columns.iter().filter(|(h, f)| !f.optional && !headers.contains(h)).map(|(h, _)| h).collect();
        if let Some(first) = missing.first() {
            return Err(lacking(path, file, &headers, first, missing.len()));
        }
        Layout::new(source, file, headers, Dictionary::embedded())
    }

    fn best(
        &self,
        path: &Path,
        headers: &[String],
        insist: Option<&str>,
        delimiter: Option<u8>,
    ) -> Result<(&Source, &FileMapping)> {
        if insist.is_some_and(|name| !self.all.iter().any(|s| s.source == name)) {
            let (name, known) =
                (insist.unwrap_or(""), self.all.iter().map(|s| s.source.as_str()).collect::<Vec<_>>().join(", "));
            return Err(Error::new(Fault::Usage, say!("sumber `{name}` tidak dikenal", "unknown source `{name}`"))
                .fix(say!("sumber yang dikenal: {known}", "known sources: {known}")));
        }
        let stem = path.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
        let mut best: Option<(usize, &Source, &FileMapping)> = None;
        for source in self.all.iter().filter(|s| insist.is_none_or(|name| s.source == name)) {
            for file in &source.file {
                let present = file.columns.keys().filter(|h| headers.contains(h)).count();
                let all_there = file.columns.iter().all(|(h, f)| f.optional || headers.contains(h));
                // a whole match beats a part; a file's own name decides between parts
                let score = present * 1000 / file.columns.len().max(1)
                    + if all_there { 1000 + present } else { 0 }
                    + if present > 0 && stem == file.name { 300 } else { 0 };
                if score > 600 && best.is_none_or(|(most, ..)| score > most) {
                    best = Some((score, source, file));
                }
            }
        }
        best.map(|(_, source, file)| (source, file)).ok_or_else(|| self.unknown(path, headers, insist, delimiter))
    }

    fn unknown(&self, path: &Path, headers: &[String], insist: Option<&str>, delimiter: Option<u8>) -> Error {
        if is_row(headers) {
            return refused(
                path,
                say!(
                    "berkas tidak punya baris judul: baris pertamanya sudah data",
                    "the file has no header: its first line holds data"
                ),
            )
            .fix(say!("minta pengirim menyertakan baris judul", "ask the sender to deliver the header line"));
        }
        if headers.len() == 1 && delimiter.is_some() {
            return refused(
                path,
                say!(
                    "baris judul tidak terpisah menjadi kolom; pemisah kolom bukan koma, titik koma, tab atau `|`",
                    "the header does not split into columns; its delimiter is none of comma, semicolon, tab and `|`"
                ),
            )
            .fix(say!("simpan berkas sebagai CSV berpemisah koma", "save the file as comma-separated CSV"));
        }
        let first = headers.first().map(|header| shown_header(header)).unwrap_or_default();
        let kinds: Vec<String> =
            self.all.iter().flat_map(|s| s.file.iter().map(move |f| format!("{}/{}", s.source, f.name))).collect();
        let kinds = kinds.join(", ");
        let count = headers.len();
        if let Some(name) = insist {
            return refused(
                path,
                say!(
                    "baris judul ({count} kolom, mulai `{first}`) tidak cocok dengan sumber `{name}`",
                    "the header ({count} columns, from `{first}`) fits no source named `{name}`"
                ),
            )
            .fix(say!(
                "hilangkan `--source`: berkas dikenali dari baris judulnya",
                "leave out `--source`: a file is recognised by its header"
            ));
        }
        refused(
            path,
            say!(
                "baris judul ({count} kolom, mulai `{first}`) tidak cocok dengan sumber mana pun",
                "the header ({count} columns, from `{first}`) fits no source"
            ),
        )
        .fix(say!("jenis berkas yang dikenal: {kinds}", "known kinds of files: {kinds}"))
    }
}

/// Header as compared: lower case, blanks as underscores.
fn plain(header: &str) -> String {
    header.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '\u{a0}'], "_")
}

fn lacking(path: &Path, file: &FileMapping, headers: &[String], first: &str, missing: usize) -> Error {
    let name = &file.name;
    let error = refused(
        path,
        say!(
            "kolom `{first}` tidak ada (kolom yang kurang untuk berkas `{name}`: {missing})",
            "column `{first}` is missing (columns that a file `{name}` lacks: {missing})"
        ),
    );
    let extra = headers.iter().filter(|h| !file.columns.contains_key(*h));
    let near = extra.map(|h| (strsim::damerau_levenshtein(h, first), h)).min();
    match near {
        Some((distance, header)) if distance <= first.len() / 2 + 1 => {
            let header = shown_header(header);
            error.fix(say!(
                "kolom terdekat dalam berkas: `{header}`; betulkan judulnya bila itu yang dimaksud",
                "nearest column in the file: `{header}`; correct the header if that is meant"
            ))
        }
        _ => error.fix(say!("minta pengirim menyertakan kolom itu", "ask the sender to deliver that column")),
    }
}

/// Every `to` must be a place of the table, every `values` a table of the source.
fn check(source: &Source, file: &FileMapping, dictionary: &Dictionary) -> Result<()> {
    let places = file.table.all_names(dictionary);
    for (header, field) in &file.columns {
        if let Some(to) = field.to.as_deref().filter(|to| !places.iter().any(|p| p == to)) {
            let near = places.iter().min_by_key(|p| strsim::damerau_levenshtein(p, to)).cloned().unwrap_or_default();
            return Err(Error::new(
                Fault::Rules,
                say!("`{header}`: kolom `{to}` tidak ada", "`{header}`: there is no column `{to}`"),
            )
            .fix(say!("mungkin maksudnya `{near}`", "did you mean `{near}`?")));
        }
        if let Some(values) = field.values.as_deref().filter(|v| !source.values.contains_key(*v)) {
            return Err(Error::new(
                Fault::Rules,
                say!("`{header}`: daftar nilai `{values}` tidak ada", "`{header}`: there is no value list `{values}`"),
            ));
        }
    }
    Ok(())
}

/// Puts the caret under the header that the message quotes first.
fn place(error: Error, text: &str) -> Error {
    let quoted = error.message.en.split('`').nth(1).unwrap_or("").to_owned();
    match text.find(&format!("\n{quoted} =")) {
        Some(at) if !quoted.is_empty() => error.at(text, at + 1..at + 1 + quoted.len()),
        _ => error,
    }
}
