//! The nearest single setting that would flip a criterion: a change of the rule.
//!
//! Takes a row and a criterion; tries other values of each setting that the
//! criterion reads, within the bounds that the plugin states; each value is
//! judged by the plugin configured with it. Integers are tried outward in
//! doubling steps, then every gap before a flip is halved until it is closed.

use super::nearest::{Found, Judged, Sought, To, bit};
use super::vary::ChangeKind;
use crate::error::Result;
use crate::sandbox::{SettingKind, SettingWish, Value};
use crate::snapshot::batch::Batch;

/// Integers and codes that are all tried; past it, steps.
const ALL: i64 = 32;

/// One setting under search.
struct Knob<'a> {
    sought: &'a Sought<'a>,
    batch: &'a Batch,
    at: usize,
    bit: u64,
}

/// The nearest value of each setting of a criterion that flips it.
pub(super) fn search(sought: &Sought<'_>, criterion: usize) -> Result<Vec<Found>> {
    let description = &sought.program.description;
    let Some(part) = description.criteria.get(criterion) else { return Ok(Vec::new()) };
    let batch = sought.family.batch();
    let mut out = Vec::new();
    for (order, at) in part.settings.iter().map(|at| usize::from(*at)).enumerate() {
        let (Some(wish), Some(held)) = (description.settings.get(at), sought.program.settings.get(at)) else {
            continue;
        };
        let knob = Knob { sought, batch: &batch, at, bit: bit(criterion) };
        let best = match (wish.kind, &held.value) {
            (SettingKind::Integer, Value::Integer(now)) => knob.integer(wish, *now)?,
            (_, value) => knob.first_of(others(wish, value))?,
        };
        let found = |(distance, value, then): (u64, Value, Judged)| Found {
            kind: ChangeKind::Rule,
            to: To::Setting(at, value),
            distance,
            order: (order, 0),
            then,
        };
        out.extend(best.map(found));
    }
    Ok(out)
}

type Best = Option<(u64, Value, Judged)>;

impl Knob<'_> {
    /// What the row is with this value, if it is accepted and the criterion then passes.
    fn flips(&self, value: &Value) -> Result<Option<Judged>> {
        let mut settings: Vec<Value> = self.sought.program.settings.iter().map(|held| held.value.clone()).collect();
        if let Some(slot) = settings.get_mut(self.at) {
            *slot = value.clone();
        }
        let verdicts = self.sought.trying.verdicts_with(&settings, self.batch)?;
        let then = verdicts.map(|verdicts| Judged::at(&verdicts, self.sought.row(0)));
        Ok(then.filter(|then| (then.failed | then.unknown) & self.bit == 0))
    }

    /// The first of these values, nearest first, that flips the criterion.
    fn first_of(&self, values: Vec<(u64, Value)>) -> Result<Best> {
        for (distance, value) in values {
            if let Some(then) = self.flips(&value)? {
                return Ok(Some((distance, value, then)));
            }
        }
        Ok(None)
    }

    fn integer(&self, wish: &SettingWish, now: i64) -> Result<Best> {
        let span = wish.max.saturating_sub(wish.min);
        if span <= ALL {
            let mut values: Vec<(u64, Value)> = (wish.min..=wish.max)
                .filter(|value| *value != now)
                .map(|value| (now.abs_diff(value), Value::Integer(value)))
                .collect();
            values.sort_by_key(|(distance, _)| *distance);
            return self.first_of(values);
        }
        let mut best: Best = None;
        for up in [false, true] {
            let found = self.outward(wish, now, up)?;
            if let Some(found) = found
                && best.as_ref().is_none_or(|held| found.0 < held.0)
            {
                best = Some(found);
            }
        }
        Ok(best)
    }

    /// Doubling steps to one side, then halving between the last value that does
    /// not flip and the first that does.
    fn outward(&self, wish: &SettingWish, now: i64, up: bool) -> Result<Best> {
        let edge = if up { now.abs_diff(wish.max) } else { now.abs_diff(wish.min) };
        let value = |distance: u64| {
            let distance = i64::try_from(distance).unwrap_or(i64::MAX);
            Value::Integer(if up { now.saturating_add(distance) } else { now.saturating_sub(distance) })
        };
        let steps = (0..63).map(|n| 1_u64 << n).take_while(|step| *step < edge).chain([edge]);
        let mut near = 0;
        for step in steps.filter(|step| *step > 0) {
            let Some(mut then) = self.flips(&value(step))? else {
                near = step;
                continue;
            };
            let mut far = step;
            while far - near > 1 {
                let middle = near + (far - near) / 2;
                match self.flips(&value(middle))? {
                    Some(nearer) => (far, then) = (middle, nearer),
                    None => near = middle,
                }
            }
            return Ok(Some((far, value(far), then)));
        }
        Ok(None)
    }
}

/// Other values of a flag, a choice, choices or codes, nearest first.
fn others(wish: &SettingWish, now: &Value) -> Vec<(u64, Value)> {
    let options = i64::try_from(wish.options.len()).unwrap_or(0);
    match (wish.kind, now) {
        (SettingKind::Flag, Value::Integer(flag)) => vec![(1, Value::Integer(i64::from(*flag == 0)))],
        (SettingKind::Choice, Value::Integer(now)) => {
            (0..options).filter(|at| at != now).map(|at| (1, Value::Integer(at))).collect()
        }
        (SettingKind::Choices, Value::Integer(mask)) => {
            let one = (0..options.min(62)).map(|at| (1, Value::Integer(mask ^ (1_i64 << at))));
            let none = (mask.count_ones() > 1).then(|| (u64::from(mask.count_ones()), Value::Integer(0)));
            one.chain(none).collect()
        }
        (SettingKind::Codes, Value::Codes(codes)) => {
            let without = codes.iter().map(|gone| codes.iter().copied().filter(|code| code != gone).collect());
            let added = |code: i64| codes.iter().copied().chain([code]).collect();
            let range = wish.min..=wish.max.min(wish.min.saturating_add(ALL));
            let with = range.filter(|code| !codes.contains(code)).map(added);
            without.chain(with).map(|codes: Vec<i64>| (1, Value::Codes(codes))).collect()
        }
        _ => Vec::new(),
    }
}
