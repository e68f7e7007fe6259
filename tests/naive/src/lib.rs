//! A second opinion on the four programs: one family at a time, plain structs, no
//! batches and no masks.
//!
//! Takes families drawn to sit on the limits of the law; gives what the law says of
//! each. Written from the programs' page, the domain dossier and the rule files, and
//! never from `plugins/*/src`; it shares with the plugins the shape of a batch alone.

pub mod blocks;
pub mod blt_dd;
pub mod chance;
pub mod drawn;
pub mod family;
pub mod laid;
pub mod law;
pub mod pbi_jkn;
pub mod pkh;
pub mod sembako;
pub mod seen;

/// What one criterion says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Met.
    Pass,
    /// Not met.
    Fail,
    /// A fact is missing.
    Unknown,
}

impl Answer {
    /// Pass on yes, fail on no, unknown where that is not known.
    #[must_use]
    pub fn of(met: Option<bool>) -> Answer {
        match met {
            Some(true) => Answer::Pass,
            Some(false) => Answer::Fail,
            None => Answer::Unknown,
        }
    }
}

/// What the law says of one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opinion {
    /// Each criterion by its code.
    pub criteria: Vec<(&'static str, Answer)>,
    /// Component, the member who brings it (position in the family) or none, rupiah.
    pub paid: Vec<(&'static str, Option<usize>, i64)>,
    /// Points by part of the score.
    pub points: Vec<(&'static str, i64)>,
}

impl Opinion {
    /// A row that fails something is paid nothing and has no points.
    #[must_use]
    pub fn closed(mut self) -> Opinion {
        if self.criteria.iter().any(|(_, answer)| *answer == Answer::Fail) {
            self.paid.clear();
            self.points.clear();
        }
        self.paid.retain(|(_, _, rupiah)| *rupiah != 0);
        self.points.retain(|(_, points)| *points != 0);
        self
    }

    /// Rupiah in all.
    #[must_use]
    pub fn amount(&self) -> i64 {
        self.paid.iter().map(|(_, _, rupiah)| rupiah).sum()
    }

    /// Points in all.
    #[must_use]
    pub fn score(&self) -> i64 {
        self.points.iter().map(|(_, points)| points).sum()
    }
}

/// A setting of a rule file as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
    /// One word of several.
    Word(&'static str),
    /// Any of several words.
    Words(Vec<&'static str>),
    /// A list of codes.
    Codes(Vec<i64>),
}
