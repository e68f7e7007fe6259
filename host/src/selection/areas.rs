//! Areas with seats of their own, and the areas above them.
//!
//! Takes a program's quota, the snapshot's areas and rows by area; gives seats
//! after scaling. The arithmetic is `program::quota`'s: whole numbers, largest
//! remainder, equal remainders to the lower area code.

use std::collections::BTreeMap;

use crate::columns::ColumnId;
use crate::error::{Error, Fault, Result};
use crate::program::{AreaLevel, Program, Ratio, ReserveSeats, Seats, largest_remainder, scale_table, scale_total};
use crate::say;

use super::Frame;

/// The areas of one level, by code with system, and where each region lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaTable {
    /// Codes with system, e.g. `kemendagri:35`.
    pub codes: Vec<String>,
    /// For each regency ordinal (province, regency) or village ordinal
    /// (district, village) the position in `codes`.
    pub of: Vec<u32>,
    /// For each area its position in the table of the level above; empty for provinces,
    /// which lie in the nation.
    pub parents: Vec<u32>,
}

/// How a row's area is found.
pub(super) enum AreaOf {
    /// One area for all.
    Nation,
    /// Through a region column of the family; `only` is the column of village kinds and
    /// those that the share-out is over.
    Column { id: ColumnId, of: Vec<u32>, nowhere: u32, only: Option<(ColumnId, Vec<i64>)> },
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
        let kinds: Vec<i64> = program.quota.only.iter().map(|kind| kind.code()).collect();
        let only = match frame.village_kind {
            _ if kinds.is_empty() => None,
            Some(id) => Some((id, kinds)),
            None => return Err(Error::bug("every snapshot tells the kinds of villages")),
        };
        Ok(AreaOf::Column { id, of: table.of.clone(), nowhere, only })
    }

    /// The region column.
    pub(super) fn column(&self) -> Option<ColumnId> {
        match self {
            AreaOf::Nation => None,
            AreaOf::Column { id, .. } => Some(*id),
        }
    }

    /// The column of village kinds, where only some of them share.
    pub(super) fn kind_column(&self) -> Option<ColumnId> {
        match self {
            AreaOf::Column { only: Some((id, _)), .. } => Some(*id),
            _ => None,
        }
    }

    /// The area of a family, `None` for the nation; unknown regions, and villages of a
    /// kind outside the share-out, are one area without seats and without weight
    /// behind all others.
    pub(super) fn find(&self, region: Option<i64>, kind: Option<i64>) -> Option<u32> {
        let AreaOf::Column { of, nowhere, only, .. } = self else { return None };
        if only.as_ref().is_some_and(|(_, kinds)| !kind.is_some_and(|kind| kinds.contains(&kind))) {
            return Some(*nowhere);
        }
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

impl SeatPlan {
    /// Seats in all; `None` = no limit.
    pub(super) fn total(&self) -> Option<u64> {
        match self {
            SeatPlan::Unlimited => None,
            SeatPlan::Nation(seats) => Some(*seats),
            SeatPlan::Areas { total, .. } => Some(*total),
        }
    }
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
            let weights = (0..).zip(&codes).map(|(at, code)| (*code, base.get(&at).copied().unwrap_or(0)));
            let shared = largest_remainder(scale_total(*total, frame.scale), &weights.collect());
            let seats: Vec<u64> = codes.iter().map(|code| shared.get(code).copied().unwrap_or(0)).collect();
            let total = seats.iter().sum();
            Ok(SeatPlan::Areas { seats, total })
        }
        Seats::Table(by_code) => by_table(level, by_code, &codes, frame.scale),
    }
}

fn by_table(level: AreaLevel, by_code: &BTreeMap<String, u64>, codes: &[&str], scale: Ratio) -> Result<SeatPlan> {
    let place: BTreeMap<&str, usize> = codes.iter().enumerate().map(|(at, code)| (*code, at)).collect();
    let scaled = scale_table(by_code, scale);
    let mut seats = vec![0; codes.len()];
    for (code, count) in &scaled {
        match place.get(code.as_str()).and_then(|at| seats.get_mut(*at)) {
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
    Ok(SeatPlan::Areas { seats, total: scaled.values().sum() })
}

/// Seats of each reserve of an area with so many seats, in the order of filling. Shares round
/// down; an area never reserves more than it has.
pub(super) fn reserved(program: &Program, scale: Ratio, seats: u64) -> Vec<u64> {
    let mut left = seats;
    let one = |reserve: &crate::program::Reserve| {
        let wanted = match reserve.seats {
            ReserveSeats::PerMille(share) => {
                u64::try_from(u128::from(seats) * u128::from(share) / 1000).unwrap_or(u64::MAX)
            }
            ReserveSeats::Number(number) => scale_total(number, scale),
        };
        let given = wanted.min(left);
        left -= given;
        given
    };
    program.quota.reserves.iter().map(one).collect()
}

/// The levels above a quota's level, lowest first, each with the area above every area of
/// the quota's own level; the nation, which is last, has no table. Bottom to top, as seats flow.
pub(super) fn above(level: AreaLevel, frame: &Frame) -> Vec<Vec<u32>> {
    let mut all: Vec<Vec<u32>> = Vec::new();
    let mut at = level;
    while let Some(table) = frame.areas.get(&at).filter(|table| table.parents.len() == table.codes.len()) {
        let next = match at {
            AreaLevel::Village => AreaLevel::District,
            AreaLevel::District => AreaLevel::Regency,
            AreaLevel::Regency => AreaLevel::Province,
            AreaLevel::Province | AreaLevel::National => break,
        };
        let up = |area: &u32| table.parents.get(*area as usize).copied().unwrap_or(u32::MAX);
        let parents = match all.last() {
            Some(below) => below.iter().map(up).collect(),
            None => table.parents.clone(),
        };
        all.push(parents);
        at = next;
    }
    all
}
