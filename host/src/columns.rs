//! The column dictionary, read from `schema/columns.toml`.
//!
//! Takes the text of the dictionary (embedded in the binary); gives every fact
//! that Layak knows: entity, kind, class, codes, meaning, legal source, origin.
//! DDL, snapshot schema, plugin kinds, grants, the synthetic country and the
//! documentation derive from it; nobody else may define a column.

use serde::Deserialize;

use crate::terms::Text;

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
    },
}

/// All columns, in the order of the file; a column's position is its `ColumnId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dictionary {
    columns: Vec<Column>,
    /// BLAKE3 of the file's text: the schema hash of a manifest.
    hash: String,
}

/// Position of a column in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u16);
