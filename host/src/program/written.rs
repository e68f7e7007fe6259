//! A rule file as it is written: the structure that people see.
//!
//! The JSON Schema for editors and the lists of known keys both come from the
//! structs here, so that they cannot part. Whether a value makes sense is not
//! asked here (`check`).

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::terms::Text;

use super::page::{At, Node, Page, Table, get};

/// One dated value. It holds until the next `from`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DatedValue<T> {
    /// First period in which the value holds: a quarter (`2026Q3`) or a month (`2026-09`).
    #[schemars(regex(pattern = r"^[0-9]{4}(Q[1-4]|-(0[1-9]|1[0-2]))$"))]
    pub from: String,
    /// Last period in which the value holds; must meet the next `from`.
    #[schemars(regex(pattern = r"^[0-9]{4}(Q[1-4]|-(0[1-9]|1[0-2]))$"))]
    pub until: Option<String>,
    /// The value.
    pub value: T,
    /// Decree, dataset or `assumed`.
    #[schemars(length(min = 1))]
    pub source: String,
    /// What another source says, where sources conflict.
    #[schemars(length(min = 1))]
    pub conflict: Option<String>,
}

/// A number, or dated numbers.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Months {
    /// The same in all periods.
    Always(#[schemars(range(min = 1, max = 12))] i64),
    /// By period.
    Dated(Vec<DatedValue<i64>>),
}

/// Any value that a plugin may ask for.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum AnyValue {
    /// Whole number.
    Integer(i64),
    /// true or false.
    Flag(bool),
    /// One of the options.
    Choice(String),
    /// Some of the options.
    Choices(Vec<String>),
    /// Codes.
    Codes(Vec<i64>),
}

/// What an unknown criterion does to a row that failed nothing.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum UnknownWord {
    /// Not eligible, counted apart.
    Refuse,
    /// As if it passed, counted as not checked.
    Pass,
    /// Set aside for review.
    Review,
}

/// `keep` or `none`.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum IncumbentWord {
    /// Who received last period and is still eligible stays before any newcomer.
    Keep,
    /// Ordered like everyone.
    None,
}

/// Score points for incumbents.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Band {
    /// Points.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub band: i64,
}

/// `keep`, `none` or a band.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum IncumbentRule {
    /// By word.
    Word(IncumbentWord),
    /// By points.
    Band(Band),
}

/// Those who received in the period before.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Incumbent {
    /// What is done with them.
    pub rule: IncumbentRule,
}

/// The areas that have seats of their own.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum LevelWord {
    /// One area: the nation.
    National,
    /// Province.
    Province,
    /// Regency or city.
    Regency,
    /// District.
    District,
    /// Village.
    Village,
}

/// What a total is shared out by.
#[derive(JsonSchema)]
pub enum BaseWord {
    /// Families in decile 1 to 4.
    #[schemars(rename = "d1_d4")]
    D1D4,
    /// Eligible rows.
    #[schemars(rename = "eligible")]
    Eligible,
    /// All rows.
    #[schemars(rename = "registered")]
    Registered,
}

/// A kind of village.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum VillageKindWord {
    /// Urban ward.
    Kelurahan,
    /// Village.
    Desa,
    /// Customary village.
    DesaAdat,
}

/// Seats: exactly one of `total`, `areas`, `table` and `unlimited`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct QuotaTable {
    /// The level of the areas.
    pub level: LevelWord,
    /// Seats in all.
    pub total: Option<Vec<DatedValue<u64>>>,
    /// What the total is shared out by, by largest remainder; below the national level only.
    pub base: Option<BaseWord>,
    /// Kinds of village that the total is shared out over: families elsewhere have no seat
    /// and no weight. Not written = all.
    #[schemars(length(min = 1))]
    pub only: Option<Vec<VillageKindWord>>,
    /// Seats by region code with system.
    pub areas: Option<Vec<DatedValue<BTreeMap<String, u64>>>>,
    /// CSV beside the rule file with the header `region,seats`.
    pub table: Option<Vec<DatedValue<String>>>,
    /// All eligible are served.
    pub unlimited: Option<bool>,
    /// Seats of every area that are first offered to a group, in the order of filling; what a
    /// group does not fill returns to the general seats of the same area.
    #[schemars(length(min = 1, max = 8))]
    pub reserve: Option<Vec<ReserveTable>>,
    /// What becomes of seats that an area cannot fill; not written = `stay`.
    pub unfilled: Option<UnfilledWord>,
}

/// What becomes of seats that an area cannot fill.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum UnfilledWord {
    /// They stay unused.
    Stay,
    /// They go to the waiting rows of the area above, and on up to the nation.
    Flow,
}

/// Seats for a group: exactly one of `share` and `seats`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReserveTable {
    /// Name: small letters, digits and `_`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: String,
    /// Title.
    pub title: Text,
    /// Share of each area's seats, in whole percent or thousandths: `10%`, `125‰`; rounds down.
    pub share: Option<Vec<DatedValue<String>>>,
    /// Seats in every area.
    pub seats: Option<Vec<DatedValue<u64>>>,
    /// Who may take them.
    pub group: GroupTable,
}

/// A test on one granted column: exactly one of `in`, `at_least`, `at_most` and `yes`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GroupTable {
    /// Column of the dictionary, granted to this program. A family meets the test of a
    /// member's column if any member does.
    pub column: String,
    /// One of these values; of a set, one of these codes; of `regency` and `village`, region
    /// codes with system.
    #[schemars(rename = "in", length(min = 1))]
    pub one_of: Option<Vec<GroupValue>>,
    /// At least this number.
    pub at_least: Option<i64>,
    /// At most this number.
    pub at_most: Option<i64>,
    /// Yes or no; of a set: whether it holds any code.
    pub yes: Option<bool>,
}

/// A number, or a region code with system.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum GroupValue {
    /// Code or number.
    Number(i64),
    /// Region, e.g. `kemendagri:91.01`.
    Region(String),
}

/// A ceiling in rupiah.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CeilingTable {
    /// Rupiah per year.
    pub year: Vec<DatedValue<u64>>,
    /// Share of a year that one quarter may use, in whole percent.
    #[schemars(regex(pattern = r"^([1-9][0-9]?|100)%$"))]
    pub share_per_quarter: String,
    /// Whether it cuts, or only reports.
    pub binding: bool,
}

/// A sub-key of the order, after the score.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum SubKeyWord {
    /// One lot per family, so that members stand together.
    FamilyLot,
    /// Youngest first.
    AgeYoungest,
    /// Oldest first.
    AgeOldest,
}

/// The order after the score.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RankingTable {
    /// Sub-keys.
    pub then: Option<Vec<SubKeyWord>>,
    /// Published seed of the last tie-break.
    #[schemars(length(min = 1))]
    pub seed: String,
}

/// Texts of a criterion. `{value}`: the first column read, `{limit}`: the first setting.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CriterionTable {
    /// Title.
    pub title: Text,
    /// Legal source.
    #[schemars(length(min = 1))]
    pub legal: String,
    /// Said of a row that passes.
    pub pass: Option<Text>,
    /// Said of a row that fails.
    pub fail: Option<Text>,
    /// Said of a row to which it cannot be put.
    pub unknown: Option<Text>,
}

/// Texts of a benefit component or a score part.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PartTable {
    /// Title.
    pub title: Text,
    /// Legal source.
    #[schemars(length(min = 1))]
    pub legal: String,
}

/// The rule file of one aid program.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Layak rule file")]
pub struct RuleTable {
    /// The schema for editors.
    #[schemars(rename = "$schema")]
    pub schema: Option<String>,
    /// The plugin that holds the logic.
    pub plugin: String,
    /// Title.
    pub title: Text,
    /// Programs that are selected before this one.
    pub after: Option<Vec<String>>,
    /// Months of the run period that are paid.
    pub months_paid: Option<Months>,
    /// What the plugin asks for.
    pub settings: Option<BTreeMap<String, Vec<DatedValue<AnyValue>>>>,
    /// What an unknown criterion does; not written = review.
    pub unknown: Option<BTreeMap<String, UnknownWord>>,
    /// Incumbents.
    pub incumbent: Incumbent,
    /// Seats.
    pub quota: QuotaTable,
    /// Ceiling in rupiah.
    pub ceiling: Option<CeilingTable>,
    /// Order after the score.
    pub ranking: RankingTable,
    /// Texts of every criterion of the plugin.
    pub criteria: Option<BTreeMap<String, CriterionTable>>,
    /// Texts of every benefit component of the plugin.
    pub components: Option<BTreeMap<String, PartTable>>,
    /// Texts of every score part of the plugin.
    pub score_parts: Option<BTreeMap<String, PartTable>>,
}

/// The keys of a table, and those of them that must be there.
fn keys<T: JsonSchema>() -> (Vec<String>, Vec<String>) {
    let schema = schemars::schema_for!(T);
    let names = |key: &str| schema.get(key).cloned().unwrap_or_default();
    let all = names("properties").as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
    let required = names("required");
    let required =
        required.as_array().map(|list| list.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect());
    (all, required.unwrap_or_default())
}

/// The keys of a table, from its schema.
#[must_use]
pub fn keys_of<T: JsonSchema>() -> Vec<String> {
    keys::<T>().0
}

/// Notes unknown and missing keys of a table.
pub fn shape<T: JsonSchema>(page: &mut Page, name: &str, table: &Table, span: &std::ops::Range<usize>) {
    let (all, required) = keys::<T>();
    page.only(table, &all);
    for key in required {
        if get(table, &key).is_none() {
            if name.is_empty() {
                page.note(span, crate::say!("`{key}` tidak ditulis", "`{key}` is missing"));
            } else {
                page.note(span, crate::say!("`{key}` tidak ditulis di `{name}`", "`{key}` is missing in `{name}`"));
            }
        }
    }
}

/// A text in both languages.
pub fn text(page: &mut Page, name: &str, node: &At<Node>) -> Option<At<Text>> {
    let table = page.table(name, node)?;
    shape::<Text>(page, name, table, &node.span);
    let id = get(table, "id").and_then(|node| page.filled("id", node));
    let en = get(table, "en").and_then(|node| page.filled("en", node));
    Some(At { value: Text { id: id?.value, en: en?.value }, span: node.span.clone() })
}
