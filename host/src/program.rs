//! A program: a rule file checked against its plugin, with the values in force.
//!
//! Takes the TOML of a rule file, the plugin's description and a period; gives
//! a `Program` that a run can use. Only the checked form travels. Never decides
//! about a row.

use std::collections::BTreeMap;

use crate::columns::{ColumnId, Entity};
use crate::sandbox::{Description, Unit, Value};
use crate::terms::Text;

pub mod check;
pub mod dated;
pub mod edit;
pub mod folder;
pub mod lock;
pub mod operator;
pub mod page;
pub mod quota;
mod reserve;
pub mod schema;
pub mod settings;
pub mod show;
pub mod texts;
pub mod written;

pub use check::{Found, Plugins, Site, Written, against_snapshot};
pub use folder::{Refusal, dictionary, dictionary_apart, files, levels, load_all, load_apart, load_one, load_texts};
pub use lock::Lock;
pub use operator::{Grant, Limits, Objection, Operator};
pub use quota::{Ratio, largest_remainder, scale_table, scale_total};
pub use show::{Shown, show};

/// What an unknown criterion does to a row that failed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownRule {
    /// The row is not eligible, and counted apart.
    Refuse,
    /// The row is treated as if the criterion passed, and counted as not checked.
    Pass,
    /// The row is set aside for review.
    Review,
}

/// What to do with those who received in the period before and are still eligible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Incumbents {
    /// They stay before any newcomer.
    Keep,
    /// They get n score points.
    Band(i64),
    /// They are ordered like everyone.
    None,
}

/// The areas that have seats of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AreaLevel {
    /// One area: the nation.
    National,
    /// Province.
    Province,
    /// Regency or city.
    Regency,
    /// District, in the source's own code system.
    District,
    /// Village, in the source's own code system.
    Village,
}

/// What a total quota is shared out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// Eligible rows of the area.
    Eligible,
    /// All rows of the area.
    Registered,
    /// Rows of families in decile 1 to 4.
    D1D4,
}

/// A kind of village, as column `village_kind` knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VillageKind {
    /// Urban ward.
    Kelurahan,
    /// Village.
    Desa,
    /// Customary village.
    DesaAdat,
}

/// What becomes of seats that an area cannot fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Unfilled {
    /// They stay unused.
    #[default]
    Stay,
    /// They go to the waiting rows of the area above, then of the one above it, up to the nation.
    Flow,
}

/// Seats of every area that are first offered to a group, before scaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// Name in receipts and tables.
    pub name: String,
    /// Title.
    pub title: Text,
    /// How many of the area's seats.
    pub seats: ReserveSeats,
    /// Where the number comes from.
    pub source: String,
    /// Who may take them.
    pub group: Group,
}

/// How many of an area's seats are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReserveSeats {
    /// So many thousandths of the area's seats, rounded down.
    PerMille(u16),
    /// A number in every area, shrunk with the snapshot's scale (rounds down).
    Number(u64),
}

/// Rows that a reserve is for: a test on one column. A member's column is met by a family if
/// any of its members meets it, a family's column by all its members. Unknown = not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The column.
    pub column: ColumnId,
    /// Its name.
    pub name: String,
    /// Its table.
    pub entity: Entity,
    /// The test.
    pub test: GroupTest,
}

/// A test on a column's whole number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupTest {
    /// One of these values; for a set: holds one of these codes.
    In(Vec<i64>),
    /// At least this.
    AtLeast(i64),
    /// At most this.
    AtMost(i64),
    /// Yes (or no); for a set: holds any code (or is known to hold none).
    Yes(bool),
    /// In one of these regions, by code with system.
    Regions(Vec<String>),
}

/// Seats before scaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The level of the areas.
    pub level: AreaLevel,
    /// How many seats.
    pub seats: Seats,
    /// Kinds of village that a share-out is over, in the order of their codes; empty =
    /// all. Families elsewhere, or of unknown kind, have no area: no seat and no weight.
    pub only: Vec<VillageKind>,
    /// Seats of each area that are first offered to a group, in the order of filling.
    pub reserves: Vec<Reserve>,
    /// What becomes of seats that an area cannot fill.
    pub unfilled: Unfilled,
}

/// How many seats an area has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seats {
    /// No limit: all eligible are served.
    Unlimited,
    /// One number: for the nation, or shared out over the areas by largest remainder.
    Total {
        /// Seats in all.
        total: u64,
        /// Share-out base; ignored for `AreaLevel::National`.
        base: Base,
    },
    /// A number per area, by region code with system.
    Table(BTreeMap<String, u64>),
}

/// One sub-key of the total order, after the score; ascending wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubKey {
    /// One keyed lot per family, so that members stand together.
    FamilyLot,
    /// Age in completed years, youngest first; an unknown birth date comes last.
    AgeYoungest,
    /// Age in completed years, oldest first; an unknown birth date comes last.
    AgeOldest,
}

/// A value in force with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// The value as it crosses.
    pub value: Value,
    /// The value as the rule file writes it.
    pub written: toml::Value,
    /// First period in which it holds, as written; empty for a plugin's default.
    pub from: String,
    /// Decree, dataset or `assumed`; `plugin` for a plugin's default.
    pub source: String,
    /// What another source says, where sources conflict.
    pub conflict: Option<String>,
}

/// Texts of one criterion, component or score part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartText {
    /// Title.
    pub title: Text,
    /// Legal source.
    pub legal: String,
    /// What a criterion says of a row that passes; `{value}` is the first column
    /// that it reads, `{limit}` its first setting, any other by its own name.
    pub pass: Option<Text>,
    /// Of a row that fails.
    pub fail: Option<Text>,
    /// Of a row to which it cannot be put.
    pub unknown: Option<Text>,
}

/// A ceiling in rupiah per run period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// Rupiah per run period, before scaling.
    pub period: i64,
    /// Whether it cuts, or only reports.
    pub binding: bool,
}

/// A rule file in its checked form, for one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Program id: the rule file's name without `.toml`.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Name of the plugin.
    pub plugin: String,
    /// What the plugin says of itself.
    pub description: Description,
    /// Values in force, in the order of the description.
    pub settings: Vec<InForce>,
    /// For each column of the description its id, or `None` if not granted.
    pub columns: Vec<Option<ColumnId>>,
    /// What each criterion's unknown does, by bit.
    pub unknowns: Vec<UnknownRule>,
    /// Texts by criterion, component and score part, in the description's order.
    pub criteria: Vec<PartText>,
    /// See `criteria`.
    pub components: Vec<PartText>,
    /// See `criteria`.
    pub score_parts: Vec<PartText>,
    /// Incumbents.
    pub incumbents: Incumbents,
    /// Seats.
    pub quota: Quota,
    /// Ceiling.
    pub ceiling: Option<Ceiling>,
    /// Sub-keys after the score.
    pub sub_keys: Vec<SubKey>,
    /// Published tie-break seed.
    pub seed: String,
    /// Months of the run period that are paid, where the rule file says so.
    pub months_paid: Option<u8>,
    /// Programs that must be selected before.
    pub after: Vec<String>,
    /// BLAKE3 of the rule file's text and of its tables.
    pub rule_hash: String,
    /// Digest of the plugin's component.
    pub plugin_digest: String,
}

impl Program {
    /// A program whose plugin is refused: known by name only, it is never judged.
    pub(crate) fn without_plugin(
        id: String,
        plugin: String,
        plugin_digest: String,
        rule_hash: String,
        after: Vec<String>,
    ) -> Program {
        Program {
            id,
            title: Text::default(),
            description: Description {
                name: plugin.clone(),
                version: String::new(),
                unit: Unit::Family,
                columns: Vec::new(),
                settings: Vec::new(),
                criteria: Vec::new(),
                components: Vec::new(),
                score_parts: Vec::new(),
                score: (0, 0),
                amount: (0, 0),
            },
            plugin,
            settings: Vec::new(),
            columns: Vec::new(),
            unknowns: Vec::new(),
            criteria: Vec::new(),
            components: Vec::new(),
            score_parts: Vec::new(),
            incumbents: Incumbents::None,
            quota: Quota {
                level: AreaLevel::National,
                seats: Seats::Unlimited,
                only: Vec::new(),
                reserves: Vec::new(),
                unfilled: Unfilled::Stay,
            },
            ceiling: None,
            sub_keys: Vec::new(),
            seed: String::new(),
            months_paid: None,
            after,
            rule_hash,
            plugin_digest,
        }
    }

    /// The row judged.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.description.unit
    }

    /// Bits of the criteria with this unknown rule.
    #[must_use]
    pub fn unknown_bits(&self, rule: UnknownRule) -> u64 {
        let bit = |at: usize| 1u64.checked_shl(u32::try_from(at).unwrap_or(64)).unwrap_or(0);
        self.unknowns.iter().enumerate().filter(|(_, r)| **r == rule).map(|(at, _)| bit(at)).fold(0, |all, b| all | b)
    }
}
