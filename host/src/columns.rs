//! The column dictionary, read from `schema/columns.toml`.
//!
//! Takes the text of the dictionary (embedded in the binary); gives every fact
//! that Layak knows: entity, kind, class, codes, meaning, legal source, origin.
//! DDL, snapshot schema, plugin kinds, grants, the synthetic country and the
//! documentation derive from it; nobody else may define a column.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::terms::Text;

pub mod parse;
pub mod regions;

/// The table that a column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// One value per family.
    Family,
    /// One value per member.
    Member,
}

/// The type of a column's values, as they cross to a plugin. `Text` never crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Yes or no.
    Bits,
    /// 8-bit code or count.
    U8,
    /// 16-bit ordinal (region, month, quarter) or count.
    U16,
    /// 32-bit ordinal or count.
    U32,
    /// Days since 1970-01-01.
    S32,
    /// Rupiah.
    S64,
    /// At most 32 codes, each yes, no or unknown.
    Set,
    /// Identity text: vault only.
    Text,
}

/// How a column may be shown and granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// May be published.
    Public,
    /// A fact about a family or person; granted by the operator.
    Fact,
    /// Health, disability, victims: UU 27/2022 specific data.
    Sensitive,
    /// Vault only, never grantable.
    Identity,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A column of the DTSEN delivery, through `schema/sources/dtsen.toml`.
    Delivered,
    /// An imported list by NIK or KK, through `schema/sources/lists.toml`.
    List,
    /// The village table, through `schema/sources/villages.toml`.
    Village,
    /// Earlier aid: `previous.<program>`, `since.<program>`.
    History,
    /// Computed at `freeze` by the column's `derive`.
    Derived,
    /// Made by a run: `receives.<program>`. Never in a snapshot.
    Run,
}

/// One code of a coded column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The number in the snapshot (for `set`: the bit).
    pub code: u32,
    /// Meaning in Indonesian.
    pub id: String,
    /// Meaning in English.
    pub en: String,
}

/// One named, typed fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name in code, rule files and grants, e.g. `decile`, `previous.pkh`.
    pub name: String,
    /// Family or member.
    pub entity: Entity,
    /// Type of the values.
    pub kind: Kind,
    /// Publicity.
    pub class: Class,
    /// Where it comes from.
    pub origin: Origin,
    /// `code`, `date`, `idr`, `people`, `m2`, `va`, `quarter`, `month`, `region`, `decile`, `count` or empty.
    pub unit: String,
    /// Smallest and largest value that intake accepts.
    pub range: Option<(i64, i64)>,
    /// The codes of a coded or set column, ascending.
    pub codes: Vec<Code>,
    /// What it means.
    pub meaning: Text,
    /// Decree, dataset or paper.
    pub legal: String,
    /// For `Derived`: see `Derive`.
    pub derive: Option<Derive>,
    /// The variables of the DTSEN 2026 delivery that this column comes from.
    pub delivered: Vec<String>,
}

/// The definition of a derived column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Derive {
    /// A set: bit i holds where the i-th column equals `equals`; known where that column is known.
    SetWhere {
        /// Columns in the order of the set's codes.
        columns: Vec<String>,
        /// The value that sets the bit.
        equals: u32,
        /// Completed years from which each column is asked; younger members are a
        /// known no. Empty = asked of everyone.
        #[serde(default)]
        asked_from: Vec<u8>,
    },
}

/// All columns, in the order of the file; a column's position is its `ColumnId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dictionary {
    columns: Vec<Column>,
    /// Name to position.
    by_name: BTreeMap<String, ColumnId>,
    /// BLAKE3 of the file's text: the schema hash of a manifest.
    hash: String,
}

/// Position of a column in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u16);

/// The text of `schema/columns.toml`, as built into the binary.
pub const TEXT: &str = include_str!("../../schema/columns.toml");

static EMBEDDED: LazyLock<Dictionary> = LazyLock::new(|| {
    // A test parses the embedded text; an empty dictionary would refuse every column by name.
    Dictionary::parse(TEXT, "schema/columns.toml").unwrap_or_else(|_| Dictionary::empty())
});

impl Dictionary {
    /// The dictionary built into the binary, with the columns of the four bundled programs.
    #[must_use]
    pub fn embedded() -> &'static Dictionary {
        &EMBEDDED
    }

    fn empty() -> Dictionary {
        Dictionary { columns: Vec::new(), by_name: BTreeMap::new(), hash: String::new() }
    }

    /// The position of a column by its name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<ColumnId> {
        self.by_name.get(name).copied()
    }

    /// The column at a position.
    ///
    /// # Panics
    /// Never for an id of this dictionary or of one that it was extended from.
    #[must_use]
    pub fn get(&self, id: ColumnId) -> &Column {
        &self.columns[usize::from(id.0)]
    }

    /// The column of a name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.id(name).map(|id| self.get(id))
    }

    /// All columns in the order of the file, programs last.
    pub fn iter(&self) -> impl Iterator<Item = (ColumnId, &Column)> {
        (0u16..).zip(&self.columns).map(|(at, column)| (ColumnId(at), column))
    }

    /// The number of columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The name most like a mistyped one, if any is near; the first of equals.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let limit = (name.chars().count() / 3).max(2);
        self.columns
            .iter()
            .map(|column| (strsim::damerau_levenshtein(name, &column.name), column.name.as_str()))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= limit)
            .map(|(_, nearest)| nearest)
    }

    /// The columns that a snapshot holds for an entity: no identity, nothing made by a run.
    #[must_use]
    pub fn snapshot_columns(&self, entity: Entity) -> Vec<ColumnId> {
        self.iter()
            .filter(|(_, c)| c.entity == entity && c.class != Class::Identity && c.origin != Origin::Run)
            .map(|(id, _)| id)
            .collect()
    }

    /// This dictionary with `previous.*`, `since.*` and `receives.*` of further programs.
    /// Known programs are left as they are; positions of existing columns never change.
    #[must_use]
    pub fn with_programs(&self, programs: &[(&str, Entity)]) -> Dictionary {
        let mut wider = self.clone();
        for (program, entity) in programs {
            wider.add_program(program, *entity);
        }
        wider
    }

    /// BLAKE3 of the dictionary's text, and of the programs added to it: the schema
    /// hash of a manifest.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl Column {
    /// The meaning of a code, if it is one of this column's.
    #[must_use]
    pub fn code(&self, code: u32) -> Option<&Code> {
        self.codes.binary_search_by_key(&code, |c| c.code).ok().and_then(|at| self.codes.get(at))
    }
}

impl Kind {
    /// The smallest and largest value that a column of this kind can hold.
    #[must_use]
    pub fn bounds(self) -> (i64, i64) {
        match self {
            Kind::Bits => (0, 1),
            Kind::U8 => (0, i64::from(u8::MAX)),
            Kind::U16 => (0, i64::from(u16::MAX)),
            Kind::U32 => (0, i64::from(u32::MAX)),
            Kind::S32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            Kind::S64 => (i64::MIN, i64::MAX),
            Kind::Set => (0, 31),
            Kind::Text => (0, -1),
        }
    }
}
