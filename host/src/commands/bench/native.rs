//! The bundled programs natively: the yardstick of the sandbox.
//!
//! Takes a checked program and a host batch; gives what the plugin gives,
//! without a sandbox. Only `bench` and tests may name a plugin crate.

use kit::native::Judge;

use crate::columns::Entity;
use crate::error::{Error, Fault, Result};
use crate::program::Program;
use crate::sandbox::{Value, Verdicts};
use crate::say;
use crate::snapshot::Snapshot;
use crate::snapshot::batch::{Batch, BatchColumn, Values};

/// A bundled program that judges natively.
pub(super) struct Native<'p> {
    program: &'p Program,
    judge: Boxed,
}

/// The native form of a bundled program; `None` for one from outside.
pub(super) fn judge<'p>(program: &'p Program, snapshot: &Snapshot) -> Result<Option<Native<'p>>> {
    let settings: Vec<kit::Value> = program
        .settings
        .iter()
        .map(|held| match &held.value {
            Value::Integer(number) => kit::Value::Integer(*number),
            Value::Codes(codes) => kit::Value::Codes(codes.clone()),
        })
        .collect();
    let present: Vec<bool> = program.columns.iter().map(Option::is_some).collect();
    let manifest = snapshot.manifest();
    let (as_of, start) = (manifest.as_of()?.0, manifest.period()?.first_day().0);
    let judge = match program.plugin.as_str() {
        "pkh" => boxed::<pkh::Pkh>(&settings, &present, as_of, start)?,
        "sembako" => boxed::<sembako::Sembako>(&settings, &present, as_of, start)?,
        "pbi_jkn" => boxed::<pbi_jkn::PbiJkn>(&settings, &present, as_of, start)?,
        "blt_dd" => boxed::<blt_dd::BltDd>(&settings, &present, as_of, start)?,
        _ => return Ok(None),
    };
    Ok(Some(Native { program, judge }))
}

type Boxed = Box<dyn Fn(&kit::Batch<'_>) -> Option<kit::Verdicts>>;

fn boxed<P: kit::Program + 'static>(
    settings: &[kit::Value],
    present: &[bool],
    as_of: i32,
    start: i32,
) -> Result<Boxed> {
    let judge = Judge::<P>::new(settings, present, as_of, start).map_err(|problems| {
        let first = problems.first().map(|problem| problem.en.clone()).unwrap_or_default();
        Error::new(Fault::Rules, say!("pengaturan ditolak: {first}", "settings refused: {first}"))
    })?;
    Ok(Box::new(move |batch| judge.judge(batch)))
}

impl Native<'_> {
    /// Judges a batch.
    pub(super) fn judge(&self, batch: &Batch) -> Result<Verdicts> {
        let (mut family, mut member) = (Vec::new(), Vec::new());
        for (wish, id) in self.program.description.columns.iter().zip(&self.program.columns) {
            let Some(column) = id.and_then(|id| batch.column(wish.entity, id)) else { continue };
            match wish.entity {
                Entity::Family => family.push(borrowed(column)),
                Entity::Member => member.push(borrowed(column)),
            }
        }
        let batch =
            kit::Batch { families: batch.families, member_ends: &batch.member_ends, family: &family, member: &member };
        let said = (self.judge)(&batch).ok_or_else(|| Error::bug("columns of the declared kinds"))?;
        Ok(Verdicts { failed: said.failed, unknown: said.unknown, score: said.score, amount: said.amount })
    }
}

fn borrowed(column: &BatchColumn) -> kit::BatchColumn<'_> {
    let values = match &column.values {
        Values::Bits(list) => kit::Values::Bits(list),
        Values::U8(list) => kit::Values::U8(list),
        Values::U16(list) => kit::Values::U16(list),
        Values::U32(list) => kit::Values::U32(list),
        Values::S32(list) => kit::Values::S32(list),
        Values::S64(list) => kit::Values::S64(list),
        Values::Set { members, known } => kit::Values::Set { members, known },
    };
    kit::BatchColumn { values, valid: column.valid.as_deref() }
}
