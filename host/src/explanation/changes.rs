//! A nearest change as a person reads it, in both languages.
//!
//! Takes what the search found; gives a sentence that says "would be eligible"
//! only if the plugin then says so, and otherwise what still stands in the way.

use serde::Serialize;

use super::cells::{At, Cell, OneFamily, Put};
use super::nearest::{Found, Sought, To, bit, judged_now, nearest};
use super::values::{shown_cell, shown_setting};
use super::vary::ChangeKind;
use super::{CriterionLine, Regions, RowResult, Source, values};
use crate::error::{Error, Fault, Result};
use crate::program::{Program, settings};
use crate::sandbox::Unit;
use crate::say;
use crate::terms::{Lang, Rupiah, Text};

/// The smallest change of one input that would flip a criterion, judged again.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// `missing`, `correction`, `circumstance` or `rule`.
    pub kind: ChangeKind,
    /// Column or setting.
    pub input: String,
    /// What it means.
    pub meaning: Text,
    /// Member of the family (1 = first), if it is a member's fact.
    pub member: Option<u32>,
    /// The value now.
    pub from: Text,
    /// The value then.
    pub to: Text,
    /// The value then, for machines: a number, `{members, known}` for a set, or as a rule file writes it.
    #[schemars(with = "serde_json::Value")]
    pub value: serde_json::Value,
    /// Steps in the input's own unit.
    pub distance: u64,
    /// Whether the row would be eligible.
    pub eligible: bool,
    /// Rupiah per run period that it would then get, if chosen.
    pub amount: i64,
    /// Criteria that it would still fail.
    pub still_fails: Vec<String>,
    /// Criteria that would still be not known, and are not let pass.
    pub still_unknown: Vec<String>,
    /// The whole in a sentence.
    pub sentence: Text,
}

/// Adds to each criterion in the way the nearest change of each kind.
///
/// # Errors
/// A fault of the plugin, or verdicts that are not those of the run (I9).
pub(super) fn add(
    program: &Program,
    row: u32,
    family: u32,
    result: RowResult,
    from: &Source<'_>,
    criteria: &mut [CriterionLine],
) -> Result<()> {
    let Some(trying) = from.trying else { return Ok(()) };
    let one = OneFamily::of(from.batch, family);
    let member = match program.unit() {
        Unit::Family => None,
        Unit::Person => Some(row.saturating_sub(super::first_member(from.batch, family))),
    };
    let now = judged_now(trying, &one, program.unit(), member)?;
    if (now.failed, now.unknown, now.amount) != (result.failed, result.unknown, result.amount) {
        let name = &program.id;
        return Err(Error::new(
            Fault::Integrity,
            say!(
                "`{name}` menilai keluarga ini lain dari hasil run",
                "`{name}` judges this family otherwise than the run"
            ),
        ));
    }
    let regions = (from.regions.regencies.len(), from.regions.villages.len());
    let sought =
        Sought { program, trying, dictionary: from.dictionary, family: &one, member, as_of: from.as_of, regions, now };
    for of in nearest(&sought)? {
        let Some(line) = criteria.get_mut(of.criterion) else { continue };
        line.nearest = of.changes.iter().map(|found| worded(found, &sought, from.regions)).collect();
    }
    Ok(())
}

/// The found change in words.
pub(super) fn worded(found: &Found, sought: &Sought<'_>, regions: &Regions) -> Change {
    let input = match &found.to {
        To::Fact(put) => fact(put, sought, regions),
        To::Setting(at, value) => setting(*at, value, sought),
    };
    let pass = sought.program.unknown_bits(crate::program::UnknownRule::Pass);
    let still = |mask: u64| -> Vec<usize> {
        (0..sought.program.description.criteria.len()).filter(|at| mask & bit(*at) != 0).collect()
    };
    let (fails, open) = (still(found.then.failed), still(found.then.unknown & !pass));
    let eligible = found.then.eligible(sought.program);
    let codes = |list: &[usize]| {
        let code = |at: &usize| sought.program.description.criteria.get(*at).map(|part| part.code.clone());
        list.iter().filter_map(code).collect::<Vec<_>>()
    };
    let then = if eligible {
        let money = Rupiah(found.then.amount);
        let (id, en) = (money.show(Lang::Id), money.show(Lang::En));
        say!("maka akan layak ({id})", "it would be eligible ({en})")
    } else {
        let (failing, asking) = (titles(&fails, sought), titles(&open, sought));
        let mut rest = Text::new("kriteria ini akan terpenuhi", "this criterion would be met");
        if !fails.is_empty() {
            let (id, en) = (&failing.id, &failing.en);
            rest = joined(&rest, &say!(", tetapi tetap tidak terpenuhi: {id}", ", but still not met: {en}"));
        }
        if !open.is_empty() {
            let (id, en) = (&asking.id, &asking.en);
            rest = joined(&rest, &say!(", tetap belum diketahui: {id}", ", still not known: {en}"));
        }
        rest
    };
    let sentence = joined(&input.condition(found.kind), &joined(&Text::new(": ", ": "), &then));
    Change {
        kind: found.kind,
        input: input.name,
        meaning: input.meaning,
        member: input.member,
        from: input.from,
        to: input.to,
        value: input.value,
        distance: found.distance,
        eligible,
        amount: found.then.amount,
        still_fails: codes(&fails),
        still_unknown: codes(&open),
        sentence,
    }
}

fn joined(first: &Text, second: &Text) -> Text {
    Text::new(format!("{}{}", first.id, second.id), format!("{}{}", first.en, second.en))
}

fn titles(criteria: &[usize], sought: &Sought<'_>) -> Text {
    let title = |lang: Lang| {
        let of = |at: &usize| sought.program.criteria.get(*at).map(|text| text.title.get(lang));
        criteria.iter().filter_map(of).collect::<Vec<_>>().join("; ")
    };
    Text::new(title(Lang::Id), title(Lang::En))
}

/// An input with its two values.
struct Worded {
    name: String,
    meaning: Text,
    member: Option<u32>,
    from: Text,
    to: Text,
    value: serde_json::Value,
}

impl Worded {
    fn condition(&self, kind: ChangeKind) -> Text {
        let Worded { name, meaning, member, from, to, .. } = self;
        let (id, en) = (&meaning.id, &meaning.en);
        let whose = match member {
            Some(nth) => say!(" anggota {nth}", " of member {nth}"),
            None => Text::default(),
        };
        let (of_id, of_en) = (&whose.id, &whose.en);
        let (now_id, now_en, then_id, then_en) = (&from.id, &from.en, &to.id, &to.en);
        match kind {
            ChangeKind::Missing => say!(
                "bila \"{id}\"{of_id} diketahui, yaitu {then_id}",
                "if \"{en}\"{of_en} were known and were {then_en}"
            ),
            ChangeKind::Correction => say!(
                "bila \"{id}\"{of_id} tercatat keliru dan seharusnya {then_id} (kini {now_id})",
                "if \"{en}\"{of_en} is recorded wrongly and should be {then_en} (now {now_en})"
            ),
            ChangeKind::Circumstance => say!(
                "seandainya \"{id}\"{of_id} {then_id} (kini {now_id})",
                "if \"{en}\"{of_en} were {then_en} (now {now_en})"
            ),
            ChangeKind::Rule => say!(
                "seandainya aturan `{name}` = {then_id} (kini {now_id})",
                "if the rule had `{name}` = {then_en} (now {now_en})"
            ),
        }
    }
}

fn fact(put: &Put, sought: &Sought<'_>, regions: &Regions) -> Worded {
    let At { column: id, member } = put.at;
    let column = sought.dictionary.get(id);
    let now = sought.family.cell(put.at).unwrap_or(Cell::Unknown);
    let value = match put.cell {
        Cell::Unknown => serde_json::Value::Null,
        Cell::Number(number) => serde_json::json!(number),
        Cell::Set { members, known } => serde_json::json!({ "members": members, "known": known }),
    };
    Worded {
        name: column.name.clone(),
        meaning: values::short(&column.meaning),
        member: member.map(|nth| nth + 1),
        from: shown_cell(column, now, regions),
        to: shown_cell(column, put.cell, regions),
        value,
    }
}

fn setting(at: usize, value: &crate::sandbox::Value, sought: &Sought<'_>) -> Worded {
    let (wish, held) = (sought.program.description.settings.get(at), sought.program.settings.get(at));
    let written = wish.map(|wish| settings::shown(wish, value));
    let shown = |written: Option<&toml::Value>| match (wish, written) {
        (Some(wish), Some(written)) => shown_setting(wish, written),
        _ => Text::default(),
    };
    Worded {
        name: wish.map(|wish| wish.name.clone()).unwrap_or_default(),
        meaning: wish.map(|wish| Text::new(wish.unit.clone(), wish.unit.clone())).unwrap_or_default(),
        member: None,
        from: shown(held.map(|held| &held.written)),
        to: shown(written.as_ref()),
        value: written.as_ref().and_then(|written| serde_json::to_value(written).ok()).unwrap_or_default(),
    }
}
