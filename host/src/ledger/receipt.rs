//! The receipt of a run: what it read, used and made, in canonical JSON.
//!
//! `result` holds everything that must not vary; its hash is the run's id.
//! `made_with` holds what may: version, threads, fuel, file hashes. No floats,
//! no clock, no identity.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Fault, Result};
use crate::program::{Base, GroupTest, Incumbents, Program, Quota, Reserve, ReserveSeats, Seats};
use crate::sandbox::Unit;
use crate::say;
use crate::selection::{Funnel, Outcome, Selection};
use crate::snapshot::{Manifest, canonical_json};

use super::areas;
use super::sink::Hashes;

/// Areas that a receipt names one by one: the provinces. More stand in their table only.
const FEW_AREAS: usize = 40;

/// File name inside a run's folder.
pub(super) const RECEIPT: &str = "receipt.json";

/// A receipt as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Id of the run: BLAKE3 of the canonical `result`.
    pub run: String,
    /// What must not vary.
    pub result: Value,
    /// What may.
    pub made_with: MadeWith,
}

/// How a run was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeWith {
    /// Version of Layak.
    pub layak: String,
    /// Threads.
    pub threads: u64,
    /// Fuel by program.
    pub fuel: BTreeMap<String, u64>,
    /// BLAKE3 of each file by its path in the run's folder.
    pub files: BTreeMap<String, String>,
}

/// One program's part of a result, before it is written.
pub(super) struct ProgramResult<'a> {
    pub(super) program: &'a Program,
    pub(super) outcome: &'a Outcome,
    pub(super) hashes: Option<(Hashes, Hashes)>,
}

/// The hash of a selection's canonical content: `list` of `run --json`.
pub(super) fn list_hash(program: &str, selection: &Hashes) -> Result<String> {
    let content = json!({ "program": program, "selection": selection });
    Ok(blake3::hash(&canonical_json(&content)?).to_hex().to_string())
}

/// Earlier runs that a run rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct From<'a> {
    /// Gave the recipients of programs that were not run.
    pub(super) receives: Option<&'a str>,
    /// Its vacancies were filled.
    pub(super) promotes: Option<&'a str>,
}

/// The `result` of a run.
pub(super) fn result(
    snapshot: &str,
    manifest: &Manifest,
    from: From<'_>,
    programs: &[ProgramResult<'_>],
) -> Result<Value> {
    let programs = programs.iter().map(program_result).collect::<Result<Vec<Value>>>()?;
    Ok(json!({
        "format": 1,
        "snapshot": snapshot,
        "period": manifest.period,
        "as_of": manifest.as_of,
        "scale": { "holds": manifest.scale.holds, "stands_for": manifest.scale.stands_for },
        "receives": from.receives,
        "promotes": from.promotes,
        "programs": programs,
    }))
}

fn program_result(one: &ProgramResult<'_>) -> Result<Value> {
    let program = one.program;
    let unit = match program.unit() {
        Unit::Family => "family",
        Unit::Person => "person",
    };
    let incumbents = match program.incumbents {
        Incumbents::Keep => json!("keep"),
        Incumbents::Band(points) => json!({ "band": points }),
        Incumbents::None => json!("none"),
    };
    let mut value = json!({
        "program": program.id,
        "unit": unit,
        "plugin": program.plugin,
        "plugin_digest": program.plugin_digest,
        "rules": program.rule_hash,
        "seed": program.seed,
        "incumbents": incumbents,
        "quota": quota(&program.quota),
        "after": program.after,
    });
    let rest = match one.outcome {
        Outcome::Done(selection) => done(program, selection, one.hashes.as_ref())?,
        Outcome::Failed(error) => json!({ "status": "failed", "reason": error.message, "code": error.code }),
        Outcome::NotRun(reason) => json!({ "status": "not_run", "reason": reason }),
    };
    if let (Value::Object(all), Value::Object(rest)) = (&mut value, rest) {
        if !matches!(one.outcome, Outcome::Done(_)) {
            // nobody was ranked, and without its plugin a rule file is not read to the end
            ["unit", "seed", "incumbents", "quota"].iter().for_each(|key| drop(all.remove(*key)));
        }
        all.extend(rest);
    }
    Ok(value)
}

/// The quota as ruled, before scaling; `base` and `only` say how a total is shared out.
fn quota(quota: &Quota) -> Value {
    let seats = match &quota.seats {
        Seats::Unlimited => None,
        Seats::Total { total, .. } => Some(*total),
        Seats::Table(table) => Some(table.values().fold(0, |sum: u64, seats| sum.saturating_add(*seats))),
    };
    let only: Vec<&str> = quota.only.iter().map(|kind| kind.word()).collect();
    let reserves: Vec<Value> = quota.reserves.iter().map(reserve).collect();
    json!({
        "level": quota.level.word(), "seats": seats, "base": quota.base().map(Base::word), "only": only,
        "reserves": reserves, "unfilled": quota.unfilled.word(),
    })
}

/// A reserve as ruled, before scaling.
fn reserve(reserve: &Reserve) -> Value {
    let seats = match reserve.seats {
        ReserveSeats::PerMille(share) => json!({ "per_mille": share }),
        ReserveSeats::Number(seats) => json!({ "seats": seats }),
    };
    let test = match &reserve.group.test {
        GroupTest::In(values) => json!({ "in": values }),
        GroupTest::AtLeast(least) => json!({ "at_least": least }),
        GroupTest::AtMost(most) => json!({ "at_most": most }),
        GroupTest::Yes(yes) => json!({ "yes": yes }),
        GroupTest::Regions(codes) => json!({ "in": codes }),
    };
    json!({ "name": reserve.name, "of": seats, "column": reserve.group.name, "test": test })
}

fn done(program: &Program, selection: &Selection, hashes: Option<&(Hashes, Hashes)>) -> Result<Value> {
    let (verdicts, selected) = hashes.ok_or_else(|| Error::bug("a finished program has tables"))?;
    let lines = areas::lines(program, &selection.funnel);
    let few = selection.funnel.areas.len() <= FEW_AREAS;
    let columns = program.description.columns.iter().zip(&program.columns);
    let granted: Vec<&str> = columns.filter(|(_, id)| id.is_some()).map(|(wish, _)| wish.name.as_str()).collect();
    Ok(json!({
        "status": "done",
        "columns": granted,
        "funnel": funnel(program, &selection.funnel),
        "verdicts": verdicts,
        "selection": selected,
        "list": list_hash(&program.id, selected)?,
        "areas_hash": areas::hash(&lines)?,
        "areas": few.then_some(lines),
    }))
}

fn funnel(program: &Program, funnel: &Funnel) -> Value {
    let criteria: BTreeMap<&str, Value> = program
        .description
        .criteria
        .iter()
        .zip(&funnel.criteria)
        .map(|(part, count)| {
            let counts = json!({
                "failed": count.failed, "unknown": count.unknown, "not_checked": count.not_checked,
                "review": count.review,
            });
            (part.code.as_str(), counts)
        })
        .collect();
    let partitions: BTreeMap<&str, Value> = funnel
        .partitions
        .iter()
        .map(|part| {
            let counts = json!({
                "registered": part.registered, "failed": part.failed, "eligible": part.eligible,
                "review": part.review, "refused_unknown": part.refused_unknown, "recipients": part.recipients,
                "waiting": part.waiting, "cost_period": part.cost_period,
            });
            (part.code.as_str(), counts)
        })
        .collect();
    let (incumbents, luck) = (funnel.incumbents, funnel.luck);
    let promotion = funnel.promotion.map(|count| {
        json!({
            "last": count.last, "stayed": count.stayed, "left": count.left, "promoted": count.promoted,
            "open": count.open,
        })
    });
    json!({
        "registered": funnel.registered, "judged": funnel.judged, "failed": funnel.failed,
        "refused_unknown": funnel.refused_unknown, "review": funnel.review, "eligible": funnel.eligible,
        "ranked": funnel.ranked, "recipients": funnel.recipients, "waiting": funnel.waiting,
        "cost_period": funnel.cost_period, "seats": funnel.seats, "ceiling": funnel.ceiling,
        "over_ceiling": funnel.over_ceiling, "binds": funnel.binds.name(), "last_rank": funnel.last_rank,
        "incumbents": {
            "last": incumbents.last, "eligible": incumbents.eligible, "kept": incumbents.kept, "gone": incumbents.gone,
            "held": incumbents.held,
        },
        "unfilled": funnel.unfilled, "flowed": funnel.flowed, "promotion": promotion,
        "luck": {
            "areas": luck.areas, "candidates": luck.candidates, "places": luck.places, "recipients": luck.recipients,
        },
        "criteria": criteria, "partitions": partitions,
    })
}

/// Reads the receipt of a run's folder.
///
/// # Errors
/// `Fault::Integrity` if it is missing or is no receipt.
pub fn read_receipt(run_dir: &Path) -> Result<(Receipt, String)> {
    let path = run_dir.join(RECEIPT);
    let spoiled = |cause: String| {
        let shown = path.display().to_string();
        Error::new(Fault::Integrity, say!("`{shown}` bukan bukti putaran", "`{shown}` is not the receipt of a run"))
            .file(&path)
            .because(cause)
    };
    let bytes = fs::read(&path).map_err(|cause| spoiled(cause.to_string()))?;
    let receipt: Receipt = serde_json::from_slice(&bytes).map_err(|cause| spoiled(cause.to_string()))?;
    Ok((receipt, blake3::hash(&bytes).to_hex().to_string()))
}

/// Id of the run that has this result.
pub(super) fn run_id(result: &Value) -> Result<String> {
    Ok(blake3::hash(&canonical_json(result)?).to_hex().to_string())
}
