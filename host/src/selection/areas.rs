//! Areas with seats of their own, and how seats are shared out and scaled.
//!
//! Whole numbers only: largest remainder, equal remainders to the lower area
//! code. A single total that is scaled rounds down; a table is scaled by
//! largest remainder, so that its sum is the scaled total rounded down.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::columns::ColumnId;
use crate::error::{Error, Fault, Result};
use crate::program::{AreaLevel, Program, Seats};
use crate::say;

use super::Frame;
use super::funnel::Scale;

/// The areas of one level, by code with system, and where each region lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaTable {
    /// Codes with system, e.g. `kemendagri:35`.
    pub codes: Vec<String>,
    /// For each regency ordinal (province, regency) or village ordinal
    /// (district, village) the position in `codes`.
    pub of: Vec<u32>,
}

/// How a row's area is found.
pub(super) enum AreaOf {
    /// One area for all.
    Nation,
    /// Through a region column of the family.
    Column { id: ColumnId, of: Vec<u32>, nowhere: u32 },
}

impl AreaOf {
    pub(super) fn of(program: &Program, frame: &Frame) -> Result<AreaOf> {
        let level = program.quota.level;
        let id = match level {
            AreaLevel::National => return Ok(AreaOf::Nation),
            AreaLevel::Province | AreaLevel::Regency => frame.regency,
            AreaLevel::District | AreaLevel::Village => frame.village,
        };
        let (Some(id), Some(table)) = (id, frame.areas.get(&level)) else {
            return Err(Error::bug("the frame knows the areas of every level in use"));
        };
        let nowhere = u32::try_from(table.codes.len()).map_err(|_| Error::bug("areas fit in 32 bits"))?;
        Ok(AreaOf::Column { id, of: table.of.clone(), nowhere })
    }

    /// The region column.
    pub(super) fn column(&self) -> Option<ColumnId> {
        match self {
            AreaOf::Nation => None,
            AreaOf::Column { id, .. } => Some(*id),
        }
    }

    /// The area of a family, `None` for the nation; unknown regions share an area without seats.
    pub(super) fn find(&self, region: Option<i64>) -> Option<u32> {
        let AreaOf::Column { of, nowhere, .. } = self else { return None };
        let at = region.and_then(|region| usize::try_from(region).ok());
        Some(at.and_then(|at| of.get(at)).copied().unwrap_or(*nowhere))
    }
}

/// Seats after scaling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SeatPlan {
    /// Everyone eligible is served.
    Unlimited,
    /// Seats of the one area.
    Nation(u64),
    /// Seats by position in the area table, and of all areas, those outside the snapshot too.
    Areas { seats: Vec<u64>, total: u64 },
}

/// Shares a total out by weights with largest remainder; `codes` settle equal remainders.
/// All zero where no area has weight.
#[must_use]
pub fn apportion(total: u64, weights: &[u64], codes: &[&str]) -> Vec<u64> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if all == 0 {
        return vec![0; weights.len()];
    }
    let exact: Vec<u128> = weights.iter().map(|weight| u128::from(*weight) * u128::from(total)).collect();
    round(&exact, all, u128::from(total), codes)
}

/// Parts `exact / unit` as whole numbers that add up to `total`, largest remainder first.
fn round(exact: &[u128], unit: u128, total: u128, codes: &[&str]) -> Vec<u64> {
    let mut seats: Vec<u128> = exact.iter().map(|part| part / unit).collect();
    let given: u128 = seats.iter().sum();
    let left = usize::try_from(total.saturating_sub(given)).unwrap_or(0);
    let mut by_remainder: Vec<usize> = (0..exact.len()).collect();
    let remainder = |at: usize| exact.get(at).map_or(0, |part| part % unit);
    by_remainder.sort_by_key(|at| (Reverse(remainder(*at)), codes.get(*at).copied().unwrap_or(""), *at));
    for at in by_remainder.into_iter().take(left) {
        if let Some(seat) = seats.get_mut(at) {
            *seat += 1;
        }
    }
    seats.into_iter().map(|seat| u64::try_from(seat).unwrap_or(u64::MAX)).collect()
}

/// A single total under a scale, rounded down.
#[must_use]
pub fn scale_total(total: u64, scale: Scale) -> u64 {
    let stands_for = u128::from(scale.stands_for.max(1));
    u64::try_from(u128::from(total) * u128::from(scale.holds) / stands_for).unwrap_or(u64::MAX)
}

/// A table under a scale: its sum is the scaled sum rounded down.
#[must_use]
pub fn scale_table(table: &[u64], codes: &[&str], scale: Scale) -> Vec<u64> {
    let stands_for = u128::from(scale.stands_for.max(1));
    let exact: Vec<u128> = table.iter().map(|seats| u128::from(*seats) * u128::from(scale.holds)).collect();
    let total = exact.iter().sum::<u128>() / stands_for;
    round(&exact, stands_for, total, codes)
}

/// The seats of a program. `base` counts its rows by area.
pub(super) fn seats(program: &Program, frame: &Frame, base: &BTreeMap<u32, u64>) -> Result<SeatPlan> {
    let level = program.quota.level;
    let empty = AreaTable::default();
    let table = frame.areas.get(&level).unwrap_or(&empty);
    let codes: Vec<&str> = table.codes.iter().map(String::as_str).collect();
    match &program.quota.seats {
        Seats::Unlimited => Ok(SeatPlan::Unlimited),
        Seats::Total { total, .. } if level == AreaLevel::National => {
            Ok(SeatPlan::Nation(scale_total(*total, frame.scale)))
        }
        Seats::Table(by_code) if level == AreaLevel::National => {
            let total = by_code.values().fold(0u64, |sum, seats| sum.saturating_add(*seats));
            Ok(SeatPlan::Nation(scale_total(total, frame.scale)))
        }
        Seats::Total { total, .. } => {
            // rows of an unknown region have no area, and weigh nothing
            let weights: Vec<u64> = (0..).zip(&codes).map(|(at, _)| base.get(&at).copied().unwrap_or(0)).collect();
            let seats = apportion(scale_total(*total, frame.scale), &weights, &codes);
            let total = seats.iter().sum();
            Ok(SeatPlan::Areas { seats, total })
        }
        Seats::Table(by_code) => by_table(level, by_code, &codes, frame.scale),
    }
}

fn by_table(level: AreaLevel, by_code: &BTreeMap<String, u64>, codes: &[&str], scale: Scale) -> Result<SeatPlan> {
    let place: BTreeMap<&str, usize> = codes.iter().enumerate().map(|(at, code)| (*code, at)).collect();
    let named: Vec<&str> = by_code.keys().map(String::as_str).collect();
    let written: Vec<u64> = by_code.values().copied().collect();
    let scaled = scale_table(&written, &named, scale);
    let mut seats = vec![0; codes.len()];
    for (code, count) in named.iter().zip(&scaled) {
        let slot = place.get(code).and_then(|at| seats.get_mut(*at));
        match slot {
            Some(slot) => *slot = *count,
            // a sample need not hold every village; provinces and regencies are all known
            None if matches!(level, AreaLevel::District | AreaLevel::Village) => {}
            None => {
                return Err(Error::new(
                    Fault::Rules,
                    say!("kuota untuk wilayah yang tidak dikenal: `{code}`", "quota for an unknown region: `{code}`"),
                )
                .fix(say!(
                    "tulis kode dengan sistemnya, misalnya `kemendagri:35`",
                    "write the code with its system, for example `kemendagri:35`"
                )));
            }
        }
    }
    Ok(SeatPlan::Areas { seats, total: scaled.iter().sum() })
}

#[cfg(test)]
mod tests {
    use super::{Scale, apportion, scale_table, scale_total};

    #[test]
    fn shares_add_up_and_equal_remainders_go_to_the_lower_code() {
        assert_eq!(apportion(10, &[1, 1, 1], &["c", "a", "b"]), vec![3, 4, 3]);
        assert_eq!(apportion(5, &[0, 0], &["a", "b"]), vec![0, 0]);
        assert_eq!(apportion(0, &[3, 4], &["a", "b"]), vec![0, 0]);
        let weights: Vec<u64> = (0..500).map(|at| at * at % 97).collect();
        let codes: Vec<String> = (0..500).map(|at| format!("{at:03}")).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        assert_eq!(apportion(1_800_000, &weights, &codes).iter().sum::<u64>(), 1_800_000);
    }

    #[test]
    fn a_total_rounds_down_and_a_table_keeps_its_sum() {
        let scale = Scale { stands_for: 95_006_179, holds: 100_000 };
        assert_eq!(scale_total(10_000_000, scale), 10_525);
        let table = scale_table(&[5_000_000, 4_999_999, 1], &["a", "b", "c"], scale);
        assert_eq!(table.iter().sum::<u64>(), 10_525);
    }
}
