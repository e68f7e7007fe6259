//! The way from the baseline to the reform of one program, step by step.
//!
//! Takes the program before and after; gives the steps that change anything, in
//! the order in which causes are told apart: own settings (one by one, in the
//! scenario's order), other programs, order, seats, ceiling. Judges nothing.

use serde::Serialize;

use crate::program::Program;

/// What a step changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One of the program's own settings.
    Setting(String),
    /// Another plugin, what unknowns do, the columns read: all else that judges.
    Judging,
    /// The recipients of programs ordered before it.
    Others,
    /// Incumbents, sub-keys, tie-break.
    Order,
    /// Seats: quota, reserves, flow.
    Seats,
    /// Rupiah.
    Ceiling,
    /// The program is new.
    Added,
    /// The program is left out.
    Removed,
}

impl Step {
    /// The name in outputs: `own`, `others`, `order`, `seats`, `ceiling`, `added`, `removed`.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Step::Setting(_) | Step::Judging => "own",
            Step::Others => "others",
            Step::Order => "order",
            Step::Seats => "seats",
            Step::Ceiling => "ceiling",
            Step::Added => "added",
            Step::Removed => "removed",
        }
    }
}

/// A program of the reform and what it takes the place of.
#[derive(Debug, Clone)]
pub struct Reform {
    /// As it is; `None` for a new program.
    pub before: Option<Program>,
    /// As it would be; `None` for one that is left out.
    pub after: Option<Program>,
    /// Settings that the scenario changes, in its order.
    pub settings: Vec<String>,
}

impl Reform {
    /// The program's id.
    #[must_use]
    pub fn id(&self) -> &str {
        let program = self.after.as_ref().or(self.before.as_ref());
        program.map_or("", |program| &program.id)
    }
}

/// A program on the way, and whether it already sees the reform's other recipients.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    pub(super) step: Step,
    pub(super) program: Program,
    pub(super) others: bool,
}

/// Whether two programs give a row the same verdict.
pub(super) fn judge_alike(a: &Program, b: &Program) -> bool {
    let values = |program: &Program| program.settings.iter().map(|held| held.value.clone()).collect::<Vec<_>>();
    a.plugin_digest == b.plugin_digest && values(a) == values(b) && a.columns == b.columns && a.unknowns == b.unknowns
}

/// A program with one setting taken from another.
pub(super) fn with_setting(program: &Program, name: &str, from: &Program) -> Option<Program> {
    let at = program.description.settings.iter().position(|wish| wish.name == name)?;
    let mut program = program.clone();
    let (slot, value) = (program.settings.get_mut(at)?, from.settings.get(at)?);
    if slot.value == value.value {
        return None;
    }
    *slot = value.clone();
    Some(program)
}

/// The variants from just after the baseline to the reform; `others` says whether
/// a program ordered before it has other recipients. Empty: nothing changes.
pub(super) fn variants(before: &Program, after: &Program, settings: &[String], others: bool) -> Vec<Variant> {
    let mut way: Vec<Variant> = Vec::new();
    let mut now = before.clone();
    let mut seen = false;
    let mut push = |step: Step, program: &Program, others: bool| {
        way.push(Variant { step, program: program.clone(), others });
    };
    // under another plugin, settings are other settings
    if before.plugin_digest == after.plugin_digest {
        for name in settings {
            if let Some(next) = with_setting(&now, name, after) {
                now = next;
                push(Step::Setting(name.clone()), &now, seen);
            }
        }
    }
    if !judge_alike(&now, after) {
        let kept = now;
        now = after.clone();
        now.incumbents = kept.incumbents;
        now.sub_keys = kept.sub_keys;
        now.seed = kept.seed;
        now.quota = kept.quota;
        now.ceiling = kept.ceiling;
        push(Step::Judging, &now, seen);
    }
    if others {
        seen = true;
        push(Step::Others, &now, seen);
    }
    let order = |program: &Program| (program.incumbents, program.sub_keys.clone(), program.seed.clone());
    if order(&now) != order(after) {
        now.incumbents = after.incumbents;
        now.sub_keys.clone_from(&after.sub_keys);
        now.seed.clone_from(&after.seed);
        push(Step::Order, &now, seen);
    }
    if now.quota != after.quota {
        now.quota = after.quota.clone();
        push(Step::Seats, &now, seen);
    }
    if now.ceiling != after.ceiling {
        now.ceiling = after.ceiling;
        push(Step::Ceiling, &now, seen);
    }
    way
}
