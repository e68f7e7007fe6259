//! What a program says of itself, in the shapes of `schema/program.wit`.
//!
//! Made by the macros from the program's own code; the one source of truth for
//! grants, rule files and explanations. Never written by hand.

use crate::program::Program;
use crate::{Columns, Criteria, Settings};

/// The row that a program judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// One row per family.
    Family,
    /// One row per member.
    Person,
}

/// The table that a column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// One value per family.
    Family,
    /// One value per member.
    Member,
}

/// How a column's values cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Bits,
    /// 8-bit code or count.
    U8,
    /// 16-bit ordinal or count.
    U16,
    /// 32-bit ordinal or count.
    U32,
    /// Days since 1970-01-01.
    S32,
    /// Rupiah.
    S64,
    /// At most 32 codes, each yes, no or unknown.
    Set,
}

/// A column that the program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnWish {
    /// Name in the dictionary.
    pub name: &'static str,
    /// Family or member.
    pub entity: Entity,
    /// Kind in which it crosses.
    pub kind: Kind,
    /// Whether the program cannot work without it.
    pub required: bool,
}

/// The kind of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// Whole number within bounds.
    Integer,
    /// Yes or no; crosses as 1 or 0.
    Flag,
    /// One of the options; crosses as its position.
    Choice,
    /// Any of the options; crosses as a bit mask.
    Choices,
    /// A list of codes.
    Codes,
}

/// A setting's value as it crosses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Integer, flag, choice or choices.
    Integer(i64),
    /// List of codes.
    Codes(Vec<i64>),
}

/// A setting that the program takes from its rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingWish {
    /// Key in the rule file.
    pub name: &'static str,
    /// Type.
    pub kind: SettingKind,
    /// Names of a choice, in order.
    pub options: &'static [&'static str],
    /// `idr/quarter`, `years`, `decile`, ... or empty.
    pub unit: &'static str,
    /// Smallest value allowed.
    pub min: i64,
    /// Largest value allowed.
    pub max: i64,
    /// Value where the rule file has none; `None` = must be given.
    pub default: Option<Value>,
}

/// A criterion, component or score part with the positions of what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Stable code.
    pub code: &'static str,
    /// Positions in the list of columns.
    pub columns: &'static [u16],
    /// Positions in the list of settings.
    pub settings: &'static [u16],
}

/// What a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name, e.g. `pkh`.
    pub name: &'static str,
    /// Semantic version.
    pub version: &'static str,
    /// The row judged.
    pub unit: Unit,
    /// Columns read, families first.
    pub columns: &'static [ColumnWish],
    /// Settings taken.
    pub settings: Vec<SettingWish>,
    /// Criteria; position = bit.
    pub criteria: &'static [Part],
    /// Benefit components.
    pub components: &'static [Part],
    /// Parts of the score.
    pub score_parts: &'static [Part],
    /// Bounds of the score of a row that did not fail.
    pub score: (i64, i64),
    /// Bounds of its amount, in rupiah per run period.
    pub amount: (i64, i64),
}

impl Description {
    /// The description of a program.
    #[must_use]
    pub fn of<P: Program>() -> Self {
        Self {
            name: P::NAME,
            version: P::VERSION,
            unit: P::UNIT,
            columns: <P::Columns<'static> as Columns<'static>>::WISHES,
            settings: P::Settings::wishes(),
            criteria: <P as Criteria>::PARTS,
            components: P::COMPONENTS,
            score_parts: P::SCORE_PARTS,
            score: P::SCORE,
            amount: P::AMOUNT,
        }
    }

    /// What is wrong with it; empty for a sound program. A test of each program calls it.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut unique = |what: &str, names: Vec<&str>| {
            for (at, name) in names.iter().enumerate() {
                if names.iter().skip(at.saturating_add(1)).any(|other| other == name) {
                    faults.push(format!("{what} `{name}` is declared twice"));
                }
            }
        };
        unique("column", self.columns.iter().map(|c| c.name).collect());
        unique("setting", self.settings.iter().map(|s| s.name).collect());
        let parts = [("criterion", self.criteria), ("component", self.components), ("score part", self.score_parts)];
        for (what, list) in parts {
            unique(what, list.iter().map(|p| p.code).collect());
        }
        if self.criteria.len() > 64 {
            faults.push(format!("{} criteria; at most 64", self.criteria.len()));
        }
        for part in parts.iter().flat_map(|(_, list)| list.iter()) {
            let outside = |list: &[u16], len: usize| list.iter().any(|at| usize::from(*at) >= len);
            if outside(part.columns, self.columns.len()) || outside(part.settings, self.settings.len()) {
                faults.push(format!("`{}` reads what is not declared", part.code));
            }
        }
        for (at, column) in self.columns.iter().enumerate() {
            if !parts.iter().flat_map(|(_, l)| l.iter()).any(|p| p.columns.iter().any(|c| usize::from(*c) == at)) {
                faults.push(format!("column `{}` is declared but nothing reads it", column.name));
            }
        }
        for (at, setting) in self.settings.iter().enumerate() {
            if !parts.iter().flat_map(|(_, l)| l.iter()).any(|p| p.settings.iter().any(|s| usize::from(*s) == at)) {
                faults.push(format!("setting `{}` is declared but nothing reads it", setting.name));
            }
            if let Some(problem) = setting.default.as_ref().and_then(|value| setting.refuses(value)) {
                faults.push(format!("setting `{}`: default {problem}", setting.name));
            }
        }
        faults
    }
}

impl SettingWish {
    /// Why a value is not allowed, or `None`.
    #[must_use]
    pub fn refuses(&self, value: &Value) -> Option<String> {
        let within = |n: &i64| (self.min..=self.max).contains(n);
        match (self.kind, value) {
            (SettingKind::Codes, Value::Codes(codes)) => {
                codes.iter().find(|n| !within(n)).map(|n| format!("{n} is not within {}..={}", self.min, self.max))
            }
            (SettingKind::Codes, Value::Integer(_)) | (_, Value::Codes(_)) => Some("has the wrong type".to_owned()),
            (_, Value::Integer(n)) => (!within(n)).then(|| format!("{n} is not within {}..={}", self.min, self.max)),
        }
    }
}
