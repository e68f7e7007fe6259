//! Says why a family or person is in or out, and how far from the cut.
//!
//! Takes a program, the run's own masks, score, amount and place of one row, the
//! batch that holds the row, and its breakdown; gives an `Explanation` in both
//! languages. Never judges: the masks are the run's (I9), and never names a
//! person: members are told apart by relation and age.

mod around;
pub mod cells;
mod changes;
pub mod grid;
pub mod letter;
pub mod nearest;
mod outcome;
pub mod render;
mod settings_search;
mod trying;
mod values;
pub mod vary;
pub mod written;

use serde::Serialize;

use crate::columns::{Dictionary, Entity};
use crate::error::{Error, Fault, Result};
use crate::program::{AreaLevel, Incumbents, Program, UnknownRule};
use crate::sandbox::{Line, Unit};
use crate::say;
use crate::snapshot::batch::Batch;
use crate::terms::{Date, Text};

pub use around::{ALSO_READ, FactAge, Others};
pub use changes::Change;
pub use trying::{InSandbox, Trying};
pub use values::{Regions, shown_value};
pub use vary::ChangeKind;

/// Where a row stands after ranking and cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In the list.
    Recipient,
    /// Eligible, behind the cut.
    Waiting,
    /// Eligible, where nothing was ranked: a hypothetical family.
    Eligible,
    /// A fact is missing that the rule file wants looked at.
    Review,
    /// A missing fact that the rule file refuses.
    RefusedUnknown,
    /// Failed at least one criterion.
    NotEligible,
}

/// What the run says of one row.
#[derive(Debug, Clone, Copy)]
pub struct RowResult {
    /// Bit n = criterion n failed.
    pub failed: u64,
    /// Bit n = criterion n unknown.
    pub unknown: u64,
    /// Score of the plugin.
    pub score: i64,
    /// Rupiah per run period.
    pub amount: i64,
    /// Standing.
    pub standing: Standing,
    /// National rank among the eligible, 1 = first.
    pub rank: Option<u64>,
    /// Place on the area's waiting list, 1 = first.
    pub place: Option<u64>,
}

/// What the run says of the cut.
#[derive(Debug, Clone, Copy, Default, Serialize, schemars::JsonSchema)]
pub struct Cut {
    /// Recipients of the program.
    pub recipients: u64,
    /// Eligible rows of the program.
    pub eligible: u64,
}

/// A fact or limit as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Fact {
    /// Column or setting.
    pub name: String,
    /// What it means.
    pub meaning: Text,
    /// Member of the family (1 = first in the snapshot's order), if a member's fact.
    pub member: Option<u32>,
    /// The value.
    pub value: Text,
    /// Where a setting's value comes from; empty for a fact.
    pub source: String,
    /// First period in which a setting's value holds; empty for a fact or a plugin's default.
    pub since: String,
    /// How old a fact is; a setting has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<FactAge>,
}

/// One criterion put to the row.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CriterionLine {
    /// Stable code.
    pub code: String,
    /// Title.
    pub title: Text,
    /// `pass`, `fail` or `unknown`.
    pub outcome: Outcome,
    /// What this outcome means, in a sentence.
    pub sentence: Text,
    /// What it read.
    pub facts: Vec<Fact>,
    /// The settings that it read.
    pub limits: Vec<Fact>,
    /// Legal source.
    pub legal: String,
    /// For a criterion in the way: the nearest single change of each kind that would flip it.
    pub nearest: Vec<Change>,
}

/// How a criterion came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Met.
    Pass,
    /// Not met.
    Fail,
    /// The registry does not say.
    Unknown,
}

/// One line of an amount or a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PartLine {
    /// Component or score part.
    pub code: String,
    /// Title.
    pub title: Text,
    /// Member, if it is about one.
    pub member: Option<u32>,
    /// Rupiah or points.
    pub value: i64,
}

/// Why one row of one program is in or out.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Explanation {
    /// Program id.
    pub program: String,
    /// Program title.
    pub title: Text,
    /// Id of the family or person, as other verbs print it.
    pub id: String,
    /// The person, by relation and age, for a program of persons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whose: Option<Text>,
    /// Standing.
    pub standing: Standing,
    /// The whole outcome in a sentence.
    pub sentence: Text,
    /// Every criterion, in the plugin's order.
    pub criteria: Vec<CriterionLine>,
    /// Rupiah per run period.
    pub amount: i64,
    /// By component; adds up to `amount`.
    pub components: Vec<PartLine>,
    /// Points.
    pub score: i64,
    /// By part; adds up to `score`.
    pub score_parts: Vec<PartLine>,
    /// National rank among the eligible.
    pub rank: Option<u64>,
    /// Place on the waiting list.
    pub place: Option<u64>,
    /// Rank minus recipients: how many places from the cut; 0 or less = inside. Where
    /// areas have seats of their own: the place on the area's waiting list.
    pub from_cut: Option<i64>,
    /// The area for whose seats the row stands.
    pub area: Text,
    /// The regency, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regency: Option<String>,
    /// What the rows of this program in the regency got; counts of 1 to 9 are withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Others>,
    /// How old the family's facts are.
    pub facts: FactAge,
    /// The members, by relation and age.
    pub members: Vec<Text>,
}

/// What an explanation is made from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The dictionary.
    pub dictionary: &'a Dictionary,
    /// Names of regions by ordinal.
    pub regions: &'a Regions,
    /// The identical batch of the run, with the program's granted columns.
    pub batch: &'a Batch,
    /// As-of of the snapshot.
    pub as_of: Date,
    /// What judges again, to find what would change the outcome; `None` = not sought.
    pub trying: Option<&'a dyn Trying>,
    /// What others in the regency got, where a run or scenario knows it.
    pub others: Option<Others>,
}

/// Explains row `row` of the batch (a family, or a member for unit person).
///
/// # Errors
/// `Integrity` if the breakdown does not add up to the run's amount and score.
pub fn explain(
    program: &Program,
    id: String,
    row: u32,
    result: RowResult,
    cut: Cut,
    lines: &[Line],
    from: Source<'_>,
) -> Result<Explanation> {
    let family = family_of(program.unit(), from.batch, row);
    let mut criteria: Vec<CriterionLine> =
        (0..program.description.criteria.len()).map(|at| criterion(program, at, row, family, result, from)).collect();
    changes::add(program, row, family, result, &from, &mut criteria)?;
    let area = around::area(program.quota.level, &from, family);
    let components = program.description.components.len();
    let own: Vec<&Line> = lines.iter().filter(|line| line.row == row).collect();
    let part = |line: &&Line| usize::from(line.part);
    let first_member = first_member(from.batch, family);
    let shown = |line: &Line, code: &str, title: Text| PartLine {
        code: code.to_owned(),
        title,
        member: line.member.map(|member| member.saturating_sub(first_member) + 1),
        value: line.value,
    };
    let titled = |texts: &[crate::program::PartText], at: usize| texts.get(at).map(|text| text.title.clone());
    let amount_lines: Vec<PartLine> = own
        .iter()
        .filter(|line| part(line) < components)
        .filter_map(|line| {
            let code = &program.description.components.get(part(line))?.code;
            Some(shown(line, code, titled(&program.components, part(line))?))
        })
        .collect();
    let score_lines: Vec<PartLine> = own
        .iter()
        .filter_map(|line| {
            let at = part(line).checked_sub(components)?;
            let code = &program.description.score_parts.get(at)?.code;
            Some(shown(line, code, titled(&program.score_parts, at)?))
        })
        .collect();
    let sum = |lines: &[PartLine]| lines.iter().map(|line| line.value).sum::<i64>();
    if sum(&amount_lines) != result.amount || sum(&score_lines) != result.score {
        let name = &program.id;
        return Err(Error::new(
            Fault::Integrity,
            say!("rincian `{name}` tidak sama dengan hasil run", "the breakdown of `{name}` differs from the run"),
        ));
    }
    let from_cut = match program.quota.level {
        AreaLevel::National => result.rank.map(|rank| signed(rank).saturating_sub(signed(cut.recipients))),
        _ => result.place.map(signed),
    };
    let members = values::members(&from, family);
    let whose = match program.unit() {
        Unit::Family => None,
        Unit::Person => usize::try_from(row.saturating_sub(first_member)).ok().and_then(|at| members.get(at)).cloned(),
    };
    Ok(Explanation {
        program: program.id.clone(),
        title: program.title.clone(),
        id,
        whose,
        standing: result.standing,
        sentence: outcome::sentence(program, result, cut, &criteria, &area),
        criteria,
        amount: result.amount,
        components: amount_lines,
        score: result.score,
        score_parts: score_lines,
        rank: result.rank,
        place: result.place,
        from_cut,
        area,
        regency: around::regency(&from, family),
        others: from.others,
        facts: around::fact_age(&from, family),
        members,
    })
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The family row that a unit's row belongs to.
fn family_of(unit: Unit, batch: &Batch, row: u32) -> u32 {
    match unit {
        Unit::Family => row,
        Unit::Person => {
            let at = batch.member_ends.partition_point(|end| *end <= row);
            u32::try_from(at).unwrap_or(u32::MAX)
        }
    }
}

fn first_member(batch: &Batch, family: u32) -> u32 {
    let before = usize::try_from(family).unwrap_or(usize::MAX).checked_sub(1);
    before.and_then(|at| batch.member_ends.get(at)).copied().unwrap_or(0)
}

fn criterion(
    program: &Program,
    at: usize,
    row: u32,
    family: u32,
    result: RowResult,
    from: Source<'_>,
) -> CriterionLine {
    let bit = 1u64.checked_shl(u32::try_from(at).unwrap_or(64)).unwrap_or(0);
    let outcome = if result.failed & bit != 0 {
        Outcome::Fail
    } else if result.unknown & bit != 0 {
        Outcome::Unknown
    } else {
        Outcome::Pass
    };
    let part = program.description.criteria.get(at);
    let text = program.criteria.get(at);
    let facts = part.map(|part| facts(program, &part.columns, row, family, from)).unwrap_or_default();
    let limits = part.map(|part| limits(program, &part.settings)).unwrap_or_default();
    let sentence = render::criterion_sentence(text, outcome, program.unknowns.get(at).copied(), &facts, &limits);
    CriterionLine {
        code: part.map(|part| part.code.clone()).unwrap_or_default(),
        title: text.map(|text| text.title.clone()).unwrap_or_default(),
        outcome,
        sentence,
        facts,
        limits,
        legal: text.map(|text| text.legal.clone()).unwrap_or_default(),
        nearest: Vec::new(),
    }
}

/// The facts that a part reads, of the row's family and of its members (a
/// person's criterion reads that person's facts only).
fn facts(program: &Program, columns: &[u16], row: u32, family: u32, from: Source<'_>) -> Vec<Fact> {
    let mut out = Vec::new();
    let of_family = around::fact_age(&from, family);
    let first = first_member(from.batch, family);
    let end = from.batch.member_ends.get(usize::try_from(family).unwrap_or(usize::MAX)).copied().unwrap_or(first);
    for wish in columns.iter().filter_map(|at| program.columns.get(usize::from(*at)).copied().flatten()) {
        let column = from.dictionary.get(wish);
        let rows: Vec<(u32, Option<u32>)> = match (column.entity, program.unit()) {
            (Entity::Family, _) => vec![(family, None)],
            (Entity::Member, Unit::Person) => vec![(row, None)],
            (Entity::Member, Unit::Family) => (first..end).map(|member| (member, Some(member - first + 1))).collect(),
        };
        for (at, member) in rows {
            let Some(values) = from.batch.column(column.entity, wish) else { continue };
            out.push(Fact {
                name: column.name.clone(),
                meaning: column.meaning.clone(),
                member,
                value: shown_value(column, values, at, from.regions),
                source: String::new(),
                since: String::new(),
                age: FactAge::of_fact(column, &of_family),
            });
        }
    }
    out
}

fn limits(program: &Program, settings: &[u16]) -> Vec<Fact> {
    let both = |at: &u16| {
        let at = usize::from(*at);
        Some((program.description.settings.get(at)?, program.settings.get(at)?))
    };
    settings
        .iter()
        .filter_map(both)
        .map(|(wish, held)| Fact {
            name: wish.name.clone(),
            meaning: Text::new(wish.unit.clone(), wish.unit.clone()),
            member: None,
            value: values::shown_setting(wish, &held.written),
            source: match &held.conflict {
                Some(other) => format!("{} ({other})", held.source),
                None => held.source.clone(),
            },
            since: held.from.clone(),
            age: None,
        })
        .collect()
}

/// Whether a rule lets an unknown pass, sets it aside or refuses.
#[must_use]
pub fn rule_word(rule: UnknownRule) -> Text {
    match rule {
        UnknownRule::Refuse => Text::new("menolak", "refuses"),
        UnknownRule::Pass => Text::new("dianggap lolos, belum diperiksa", "passes, not checked"),
        UnknownRule::Review => Text::new("perlu ditinjau", "asks for review"),
    }
}

/// How incumbents stand, in words.
#[must_use]
pub fn incumbent_word(rule: Incumbents) -> Text {
    match rule {
        Incumbents::Keep => {
            Text::new("penerima lama yang masih layak didahulukan", "incumbents still eligible come first")
        }
        Incumbents::Band(points) => say!("penerima lama mendapat {points} poin", "incumbents get {points} points"),
        Incumbents::None => {
            Text::new("penerima lama diurutkan seperti yang lain", "incumbents are ordered like everyone")
        }
    }
}
