//! What `program show` prints: the checked program as plain values.
//!
//! Takes a `Program`; gives a structure for JSON and tables. Says where each
//! value comes from and which columns are granted; decides nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::terms::Text;

use super::{
    AreaLevel, Base, Group, GroupTest, Incumbents, Program, Quota, Reserve, ReserveSeats, Seats, Unfilled, UnknownRule,
    VillageKind,
};

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ShownSetting {
    /// As the rule file writes it.
    #[schemars(with = "serde_json::Value")]
    pub value: toml::Value,
    /// Unit or empty.
    pub unit: String,
    /// First period; empty for a plugin's default.
    pub from: String,
    /// Decree, dataset, `assumed`, or `plugin` for its default.
    pub source: String,
    /// What another source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

/// A criterion.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ShownCriterion {
    /// Stable code.
    pub code: String,
    /// Title.
    pub title: Text,
    /// Legal source.
    pub legal: String,
    /// `refuse`, `pass` or `review`.
    pub unknown: &'static str,
}

/// A reserve.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ShownReserve {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Text,
    /// Share of each area's seats, or a number of seats in each.
    pub of: String,
    /// Who may take them.
    pub group: String,
    /// Where the number comes from.
    pub source: String,
}

/// The whole program.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Shown {
    /// Id.
    pub program: String,
    /// Title.
    pub title: Text,
    /// `family` or `person`.
    pub unit: String,
    /// Name of the plugin.
    pub plugin: String,
    /// Version of the plugin.
    pub plugin_version: String,
    /// Digest of its component.
    pub plugin_digest: String,
    /// Hash of rule file and tables.
    pub rule_hash: String,
    /// Programs before.
    pub after: Vec<String>,
    /// Months paid in the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months_paid: Option<u8>,
    /// By name.
    pub settings: BTreeMap<String, ShownSetting>,
    /// In the plugin's order.
    pub criteria: Vec<ShownCriterion>,
    /// Columns granted.
    pub columns: Vec<String>,
    /// Optional columns that were not granted.
    pub not_granted: Vec<String>,
    /// `keep`, `none` or `band N`.
    pub incumbent: String,
    /// Level of the areas.
    pub quota_level: String,
    /// Seats in all; `None` = unlimited.
    pub quota_total: Option<u64>,
    /// Areas with seats of their own in a table.
    pub quota_areas: usize,
    /// What a total below the nation is shared out by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota_base: Option<&'static str>,
    /// Kinds of village that it is shared out over; empty = all.
    pub quota_only: Vec<&'static str>,
    /// What becomes of seats that an area cannot fill: `stay` or `flow`.
    pub quota_unfilled: &'static str,
    /// Seats that are first offered to a group, in the order of filling.
    pub reserves: Vec<ShownReserve>,
    /// Rupiah per run period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling_period: Option<i64>,
    /// Whether the ceiling cuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling_binding: Option<bool>,
    /// Published seed.
    pub seed: String,
}

impl UnknownRule {
    /// As the rule file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            UnknownRule::Refuse => "refuse",
            UnknownRule::Pass => "pass",
            UnknownRule::Review => "review",
        }
    }
}

impl AreaLevel {
    /// As the rule file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AreaLevel::National => "national",
            AreaLevel::Province => "province",
            AreaLevel::Regency => "regency",
            AreaLevel::District => "district",
            AreaLevel::Village => "village",
        }
    }
}

impl Base {
    /// As the rule file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Base::Eligible => "eligible",
            Base::Registered => "registered",
            Base::D1D4 => "d1_d4",
        }
    }
}

impl Unfilled {
    /// As the rule file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Unfilled::Stay => "stay",
            Unfilled::Flow => "flow",
        }
    }
}

impl Reserve {
    /// How many seats, as the rule file writes it.
    #[must_use]
    pub fn of_seats(&self) -> String {
        match self.seats {
            ReserveSeats::PerMille(share) if share % 10 == 0 => format!("{}%", share / 10),
            ReserveSeats::PerMille(share) => format!("{share}‰"),
            ReserveSeats::Number(seats) => seats.to_string(),
        }
    }
}

impl Group {
    /// The test, as the rule file writes it.
    #[must_use]
    pub fn words(&self) -> String {
        let name = &self.name;
        match &self.test {
            GroupTest::In(values) => format!("{name} in {values:?}"),
            GroupTest::AtLeast(least) => format!("{name} at_least {least}"),
            GroupTest::AtMost(most) => format!("{name} at_most {most}"),
            GroupTest::Yes(yes) => format!("{name} yes {yes}"),
            GroupTest::Regions(codes) => format!("{name} in {}", codes.join(", ")),
        }
    }
}

impl VillageKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [VillageKind; 3] = [VillageKind::Kelurahan, VillageKind::Desa, VillageKind::DesaAdat];

    /// As the rule file writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            VillageKind::Kelurahan => "kelurahan",
            VillageKind::Desa => "desa",
            VillageKind::DesaAdat => "desa_adat",
        }
    }

    /// Code in column `village_kind`.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            VillageKind::Kelurahan => 1,
            VillageKind::Desa => 2,
            VillageKind::DesaAdat => 3,
        }
    }
}

impl Quota {
    /// What a total below the nation is shared out by; `None` where nothing is shared out.
    #[must_use]
    pub fn base(&self) -> Option<Base> {
        match self.seats {
            Seats::Total { base, .. } if self.level != AreaLevel::National => Some(base),
            _ => None,
        }
    }
}

fn shown_reserve(reserve: &Reserve) -> ShownReserve {
    ShownReserve {
        name: reserve.name.clone(),
        title: reserve.title.clone(),
        of: reserve.of_seats(),
        group: reserve.group.words(),
        source: reserve.source.clone(),
    }
}

/// The program for people.
#[must_use]
pub fn show(program: &Program) -> Shown {
    let plugin = &program.description;
    let setting = |(wish, value): (&crate::sandbox::SettingWish, &super::InForce)| {
        let shown = ShownSetting {
            value: value.written.clone(),
            unit: wish.unit.clone(),
            from: value.from.clone(),
            source: value.source.clone(),
            conflict: value.conflict.clone(),
        };
        (wish.name.clone(), shown)
    };
    let criteria = plugin.criteria.iter().zip(&program.criteria).zip(&program.unknowns).map(|((part, text), rule)| {
        ShownCriterion {
            code: part.code.clone(),
            title: text.title.clone(),
            legal: text.legal.clone(),
            unknown: rule.word(),
        }
    });
    let granted = |yes: bool| {
        let wishes = plugin.columns.iter().zip(&program.columns);
        wishes.filter(|(_, id)| id.is_some() == yes).map(|(wish, _)| wish.name.clone()).collect()
    };
    let (quota_total, quota_areas) = match &program.quota.seats {
        Seats::Unlimited => (None, 0),
        Seats::Total { total, .. } => (Some(*total), 0),
        Seats::Table(table) => (Some(table.values().sum()), table.len()),
    };
    Shown {
        program: program.id.clone(),
        title: program.title.clone(),
        unit: format!("{:?}", plugin.unit).to_lowercase(),
        plugin: program.plugin.clone(),
        plugin_version: plugin.version.clone(),
        plugin_digest: program.plugin_digest.clone(),
        rule_hash: program.rule_hash.clone(),
        after: program.after.clone(),
        months_paid: program.months_paid,
        settings: plugin.settings.iter().zip(&program.settings).map(setting).collect(),
        criteria: criteria.collect(),
        columns: granted(true),
        not_granted: granted(false),
        incumbent: match program.incumbents {
            Incumbents::Keep => String::from("keep"),
            Incumbents::None => String::from("none"),
            Incumbents::Band(points) => format!("band {points}"),
        },
        quota_level: program.quota.level.word().to_owned(),
        quota_total,
        quota_areas,
        quota_base: program.quota.base().map(Base::word),
        quota_only: program.quota.only.iter().map(|kind| kind.word()).collect(),
        quota_unfilled: program.quota.unfilled.word(),
        reserves: program.quota.reserves.iter().map(shown_reserve).collect(),
        ceiling_period: program.ceiling.map(|ceiling| ceiling.period),
        ceiling_binding: program.ceiling.map(|ceiling| ceiling.binding),
        seed: program.seed.clone(),
    }
}
