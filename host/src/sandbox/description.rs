//! What a plugin says of itself: the host's own form of the WIT description.
//!
//! Every list is checked against the limits of the gate before it gets here.

use crate::columns::{Entity, Kind};

/// The row that a program judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// One row per family.
    Family,
    /// One row per member.
    Person,
}

/// A column that the plugin reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnWish {
    /// Name in the dictionary.
    pub name: String,
    /// Family or member.
    pub entity: Entity,
    /// Kind in which it must cross.
    pub kind: Kind,
    /// Whether the program can work without it.
    pub required: bool,
}

/// The kind of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingKind {
    /// Whole number within bounds.
    Integer,
    /// true or false.
    Flag,
    /// One of the options, by name.
    Choice,
    /// Any of the options, by name.
    Choices,
    /// A list of codes.
    Codes,
}

/// A setting that the plugin takes from its rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingWish {
    /// Key in `[settings]` of the rule file.
    pub name: String,
    /// Type.
    pub kind: SettingKind,
    /// Names of a choice.
    pub options: Vec<String>,
    /// `idr/month`, `years`, `decile`, ... or empty.
    pub unit: String,
    /// Smallest value allowed.
    pub min: i64,
    /// Largest value allowed.
    pub max: i64,
    /// Value where the rule file has none; `None` = must be given.
    pub default: Option<Value>,
}

/// A setting's value as it crosses: a flag is 0 or 1, a choice its position,
/// choices a bit mask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Integer, flag, choice or choices.
    Integer(i64),
    /// List of codes.
    Codes(Vec<i64>),
}

/// A criterion, component or score part, with the positions of what it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Stable code, e.g. `decile_within`.
    pub code: String,
    /// Positions in `Description::columns`.
    pub columns: Vec<u16>,
    /// Positions in `Description::settings`.
    pub settings: Vec<u16>,
}

/// What a plugin is, from its own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Plugin name, e.g. `pkh`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// The row judged.
    pub unit: Unit,
    /// Columns read, in the order in which they cross.
    pub columns: Vec<ColumnWish>,
    /// Settings taken, in the order in which they cross.
    pub settings: Vec<SettingWish>,
    /// Criteria; position = bit; at most 64.
    pub criteria: Vec<Part>,
    /// Benefit components.
    pub components: Vec<Part>,
    /// Parts of the score.
    pub score_parts: Vec<Part>,
    /// Bounds of the score of a row that did not fail.
    pub score: (i64, i64),
    /// Bounds of its amount.
    pub amount: (i64, i64),
}
