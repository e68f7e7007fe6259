//! A mapping laid over the header of one file.
//!
//! Takes a mapping, the header and the dictionary; gives which cell goes where
//! and how it is read. Decided once per file, so that a row costs no look-up by name.

use serde::{Deserialize, Serialize};

use super::decode::{Codes, Parse};
use super::looks::shown_header;
use super::mapping::{FileMapping, Part, Source};
use crate::columns::{Column, Dictionary, Entity, Kind, Origin};
use crate::error::Result;
use crate::say;
use crate::terms::{RegionSystem, Text};

/// Where the rows of a file go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the table of that name in `schema/registry.sql`")]
pub enum Table {
    Person,
    Family,
    Exclusion,
    Pregnancy,
    WagePremium,
    HumanRightsVictim,
    SchoolLevel,
    LivelihoodLoss,
    AidHistory,
    FactMonth,
    Village,
}

impl Table {
    /// Its name in SQL.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Table::Person => "person",
            Table::Family => "family",
            Table::Exclusion => "exclusion",
            Table::Pregnancy => "pregnancy",
            Table::WagePremium => "wage_premium",
            Table::HumanRightsVictim => "human_rights_victim",
            Table::SchoolLevel => "school_level",
            Table::LivelihoodLoss => "livelihood_loss",
            Table::AidHistory => "aid_history",
            Table::FactMonth => "fact_month",
            Table::Village => "village",
        }
    }

    /// Whether it is a list by NIK or KK.
    #[must_use]
    pub fn is_list(self) -> bool {
        !matches!(self, Table::Person | Table::Family | Table::Village)
    }

    /// Whether its text goes to the vault.
    #[must_use]
    pub fn is_identified(self) -> bool {
        matches!(self, Table::Person | Table::Family)
    }

    /// Text columns, in the order of a block's texts.
    #[must_use]
    pub fn texts(self) -> &'static [&'static str] {
        match self {
            Table::Person => &["nik", "member_kk_number", "name", "rt", "rw", "hamlet", "ktp_address"],
            Table::Family => &["kk_number", "head_name", "address", "pln_customer_id", "village_name", "district_name"],
            Table::Village => &["name"],
            _ => &[],
        }
    }

    /// Numeric columns of a table whose columns are not the dictionary's delivered ones.
    fn structural(self) -> &'static [&'static str] {
        match self {
            Table::Person | Table::Family | Table::HumanRightsVictim => &[],
            Table::Exclusion => &["item", "noted_on"],
            Table::Pregnancy => &["pregnancy", "pregnancy_order", "delivery_date"],
            Table::WagePremium => &["wage_premium"],
            Table::SchoolLevel => &["school_list_level"],
            Table::LivelihoodLoss => &["lost_on"],
            Table::AidHistory => &["program", "since", "until"],
            Table::FactMonth => &["fact_month"],
            Table::Village => &["system", "village_kind", "settlement"],
        }
    }

    /// Cells that identify a row of a list.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Table::Exclusion => &["key_kind", "key"],
            Table::AidHistory => &["key_kind", "key", "head_nik"],
            Table::LivelihoodLoss | Table::FactMonth => &["kk_number"],
            Table::Village => &["code"],
            Table::Person | Table::Family => &[],
            _ => &["nik"],
        }
    }

    /// Numeric columns, in the order of a block's numbers.
    #[must_use]
    pub fn numbers(self, dictionary: &Dictionary) -> Vec<String> {
        let entity = match self {
            Table::Person => Entity::Member,
            Table::Family => Entity::Family,
            _ => return self.structural().iter().map(|name| (*name).to_owned()).collect(),
        };
        let delivered = |c: &&Column| c.entity == entity && c.origin == Origin::Delivered && c.kind != Kind::Text;
        let mut names: Vec<String> =
            dictionary.iter().map(|(_, c)| c).filter(delivered).map(|c| c.name.clone()).collect();
        if self == Table::Person {
            // what the number says about itself, kept because the number is not
            names.push("nik_state".to_owned());
        }
        names
    }

    /// Everything that a mapping may name.
    pub(super) fn all_names(self, dictionary: &Dictionary) -> Vec<String> {
        let mut names = self.numbers(dictionary);
        names.extend(self.texts().iter().chain(self.keys()).map(|name| (*name).to_owned()));
        names
    }
}

/// One numeric column: which cell, which slot, how it is read.
#[derive(Debug)]
pub struct Place {
    pub(super) cell: usize,
    pub(super) slot: usize,
    pub(super) parse: Parse,
    /// An empty cell is a fault.
    pub(super) needed: bool,
}

/// The cells of a regency.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RegionCells {
    pub(super) slot: usize,
    pub(super) province_code: Option<usize>,
    pub(super) code: Option<usize>,
    pub(super) name: Option<usize>,
}

/// The cells that make a row's key.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyCells {
    Person { nik: usize, kk: usize, name: Option<usize>, birth: usize, sex: usize, relation: usize, state: usize },
    Kk(usize),
    Nik(usize),
    ByKind { kind: usize, number: usize, head: Option<usize> },
    Village { code: usize, system: usize },
}

/// A mapping laid over a header.
#[derive(Debug)]
pub struct Layout {
    /// The source's name.
    pub source: String,
    /// The kind of file.
    pub file: String,
    /// Where its rows go.
    pub table: Table,
    /// Delivered headers, as compared.
    pub headers: Vec<String>,
    /// Numeric columns, in the order of a block's numbers.
    pub numbers: Vec<String>,
    /// What is odd about the header: unknown columns, absent optional ones.
    pub notes: Vec<Text>,
    pub(super) places: Vec<Place>,
    pub(super) texts: Vec<Option<usize>>,
    pub(super) keys: KeyCells,
    pub(super) key_kinds: Codes,
    pub(super) empty: Vec<Vec<u8>>,
    pub(super) region: Option<RegionCells>,
    pub(super) card: Option<RegionCells>,
    pub(super) village: Option<(usize, usize)>,
    pub(super) system: RegionSystem,
    /// Cells that hold identities, by position.
    pub(super) secret: Vec<bool>,
}

impl Layout {
    /// Number of texts per row.
    #[must_use]
    pub fn text_width(&self) -> usize {
        self.texts.len()
    }

    /// Delivered header of the cell that identifies a row.
    #[must_use]
    pub fn key_header(&self) -> &str {
        let cell = match self.keys {
            KeyCells::Person { nik, .. } => nik,
            KeyCells::Kk(cell) | KeyCells::Nik(cell) | KeyCells::Village { code: cell, .. } => cell,
            KeyCells::ByKind { number, .. } => number,
        };
        self.headers.get(cell).map_or("", String::as_str)
    }

    pub(super) fn new(
        source: &Source,
        file: &FileMapping,
        headers: Vec<String>,
        dictionary: &Dictionary,
    ) -> Result<Layout> {
        let table = file.table;
        let numbers = table.numbers(dictionary);
        let at = |to: &str, part: Option<Part>| cell(file, &headers, to, part);
        let slot = |name: &str| numbers.iter().position(|n| n == name).unwrap_or(usize::MAX);
        let mut places = Vec::new();
        for (header, field) in &file.columns {
            let (Some(to), Some(cell)) = (&field.to, headers.iter().position(|h| h == header)) else { continue };
            let by_region = field.part.is_some() || (to == "village" && table == Table::Family);
            if let Some(slot) = numbers.iter().position(|n| n == to).filter(|_| !by_region) {
                let parse = Parse::new(to, field.values.as_deref(), source, dictionary);
                places.push(Place {
                    cell,
                    slot,
                    parse,
                    needed: (table.is_list() || table == Table::Village) && needed(to),
                });
            }
        }
        places.sort_by_key(|place| place.cell);
        let texts: Vec<Option<usize>> = table.texts().iter().map(|name| at(name, None)).collect();
        let keys = key_cells(table, &at, &slot);
        let region = |name: &str| {
            slot(name).lt(&numbers.len()).then(|| RegionCells {
                slot: slot(name),
                province_code: at(name, Some(Part::ProvinceCode)),
                code: at(name, Some(Part::Code)),
                name: at(name, Some(Part::Name)),
            })
        };
        let secret = secrets(file, &headers, dictionary);
        Ok(Layout {
            source: source.source.clone(),
            file: file.name.clone(),
            table,
            notes: notes(file, &headers),
            key_kinds: Codes::listed(source.values.get("key_kind")),
            empty: source.empty.iter().filter(|e| !e.is_empty()).map(|e| e.as_bytes().to_vec()).collect(),
            region: region("regency").filter(|r| table == Table::Family && r.code.is_some()),
            card: region("ktp_regency").filter(|r| table == Table::Person && r.code.is_some()),
            village: (table == Table::Family).then(|| at("village", None)).flatten().map(|c| (c, slot("village"))),
            system: source.region_system,
            places,
            texts,
            keys,
            secret,
            headers,
            numbers,
        })
    }
}

fn cell(file: &FileMapping, headers: &[String], to: &str, part: Option<Part>) -> Option<usize> {
    let header = file.columns.iter().find(|(_, f)| f.to.as_deref() == Some(to) && f.part == part)?.0;
    headers.iter().position(|h| h == header)
}

fn key_cells(table: Table, at: &dyn Fn(&str, Option<Part>) -> Option<usize>, slot: &dyn Fn(&str) -> usize) -> KeyCells {
    // a missing column was refused before; usize::MAX reads as an empty cell
    let must = |name: &str| at(name, None).unwrap_or(usize::MAX);
    match table {
        Table::Person => KeyCells::Person {
            nik: must("nik"),
            kk: must("member_kk_number"),
            name: at("name", None),
            birth: slot("birth_date"),
            sex: slot("sex"),
            relation: slot("relation"),
            state: slot("nik_state"),
        },
        Table::Family | Table::LivelihoodLoss | Table::FactMonth => KeyCells::Kk(must("kk_number")),
        Table::Exclusion | Table::AidHistory => {
            KeyCells::ByKind { kind: must("key_kind"), number: must("key"), head: at("head_nik", None) }
        }
        Table::Village => KeyCells::Village { code: must("code"), system: slot("system") },
        _ => KeyCells::Nik(must("nik")),
    }
}

/// What a row of a list says nothing without.
fn needed(to: &str) -> bool {
    matches!(
        to,
        "item" | "pregnancy" | "wage_premium" | "school_list_level" | "program" | "until" | "fact_month" | "system"
    )
}

fn notes(file: &FileMapping, headers: &[String]) -> Vec<Text> {
    let mut notes = Vec::new();
    for header in headers.iter().filter(|h| !file.columns.contains_key(*h)) {
        let header = shown_header(header);
        notes.push(say!(
            "kolom `{header}` tidak dikenal dan tidak dibaca",
            "column `{header}` is unknown and was not read"
        ));
    }
    for header in file.columns.keys().filter(|h| !headers.contains(h)) {
        notes.push(say!("kolom `{header}` tidak dikirim", "column `{header}` was not delivered"));
    }
    notes
}

fn secrets(file: &FileMapping, headers: &[String], dictionary: &Dictionary) -> Vec<bool> {
    let secret = |to: &str| {
        let text = dictionary.column(to).is_some_and(|c| c.kind == Kind::Text);
        text || matches!(to, "key" | "head_nik" | "kk_number" | "nik")
    };
    // an unknown column may hold anything
    headers.iter().map(|h| file.columns.get(h).is_none_or(|f| f.to.as_deref().is_some_and(secret))).collect()
}
