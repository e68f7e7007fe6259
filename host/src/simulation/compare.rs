//! Baseline and reform of one program side by side, and the one cause of each move.
//!
//! Takes the selections of every step; gives counts and sums. A mover is a row
//! that is a recipient on one side only, or on both with another amount. Its
//! cause is the step after which its status and amount stay final; every mover
//! has exactly one, and that they add up is checked here.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::by::{Cell, Cells, Key};
use super::held::{Ended, Held};
use super::household::Net;
use super::stage::Way;
use super::steps::Step;
use crate::error::{Error, Result};
use crate::selection::{Funnel, status};

/// Baseline and reform, program by program, and over all of them.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// In the order of levels.
    pub programs: Vec<ProgramComparison>,
    /// Over all programs together.
    pub net: Net,
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub struct Side {
    /// Counts and sums as a run would give them.
    pub funnel: Funnel,
    /// Rupiah per year: the period's, times the periods of a year.
    pub cost_year: i64,
    /// Ceiling of the rule file in rupiah per period, before scaling.
    pub ceiling: Option<i64>,
}

/// Rows that move, by what they come from or go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoverCount {
    /// Recipients in the reform only.
    pub gainers: u64,
    /// Of these, not eligible before.
    pub newly_eligible: u64,
    /// Of these, from the waiting list.
    pub promoted: u64,
    /// Of these, out of review.
    pub out_of_review: u64,
    /// Recipients in the baseline only.
    pub losers: u64,
    /// Of these, no longer eligible.
    pub no_longer_eligible: u64,
    /// Of these, still eligible but below the cut.
    pub displaced: u64,
    /// Of these, into review.
    pub into_review: u64,
    /// Recipients on both sides with another amount.
    pub changed: u64,
    /// Rupiah per period that movers gain.
    pub rupiah_gained: i64,
    /// Rupiah per period that movers lose.
    pub rupiah_lost: i64,
}

impl MoverCount {
    /// All movers.
    #[must_use]
    pub fn movers(&self) -> u64 {
        self.gainers + self.losers + self.changed
    }

    fn add(&mut self, before: Ended, after: Ended) {
        let delta = after.amount - before.amount;
        match (before.chosen(), after.chosen()) {
            (false, true) => {
                self.gainers += 1;
                match before.status {
                    status::WAITING => self.promoted += 1,
                    status::REVIEW => self.out_of_review += 1,
                    _ => self.newly_eligible += 1,
                }
            }
            (true, false) => {
                self.losers += 1;
                match after.status {
                    status::WAITING => self.displaced += 1,
                    status::REVIEW => self.into_review += 1,
                    _ => self.no_longer_eligible += 1,
                }
            }
            (true, true) => self.changed += u64::from(delta != 0),
            (false, false) => {}
        }
        self.rupiah_gained += delta.max(0);
        self.rupiah_lost += (-delta).max(0);
    }

    fn merge(mut self, other: MoverCount) -> MoverCount {
        let pairs: [(&mut u64, u64); 9] = [
            (&mut self.gainers, other.gainers),
            (&mut self.newly_eligible, other.newly_eligible),
            (&mut self.promoted, other.promoted),
            (&mut self.out_of_review, other.out_of_review),
            (&mut self.losers, other.losers),
            (&mut self.no_longer_eligible, other.no_longer_eligible),
            (&mut self.displaced, other.displaced),
            (&mut self.into_review, other.into_review),
            (&mut self.changed, other.changed),
        ];
        pairs.into_iter().for_each(|(all, part)| *all += part);
        self.rupiah_gained += other.rupiah_gained;
        self.rupiah_lost += other.rupiah_lost;
        self
    }
}

/// One own setting of a scenario with several.
#[derive(Debug, Clone)]
pub struct Waterfall {
    /// The setting.
    pub setting: String,
    /// Movers whose cause it is, in the scenario's order of settings.
    pub movers: u64,
    /// What it moves when it is changed alone.
    pub alone: MoverCount,
}

/// One program's comparison.
#[derive(Debug, Clone)]
pub struct ProgramComparison {
    /// Program id.
    pub program: String,
    /// Whether its rows are people.
    pub person: bool,
    /// As it is.
    pub baseline: Side,
    /// As it would be.
    pub reform: Side,
    /// Who moves.
    pub movers: MoverCount,
    /// Movers by cause, in the order of steps; sums to all movers.
    pub causes: Vec<(&'static str, u64)>,
    /// Own settings one by one; empty unless the scenario changes several.
    pub waterfall: Vec<Waterfall>,
    /// Figures by breakdown: name, and cells by key.
    pub by: Vec<BTreeMap<Key, Cell>>,
}

/// Counts the movers between two selections.
pub(super) fn movers(before: &Held, after: &Held) -> MoverCount {
    let one = |(before, after): (&super::held::Outcomes, &super::held::Outcomes)| {
        let mut count = MoverCount::default();
        before.rows().zip(after.rows()).filter(|(a, b)| a != b).for_each(|(a, b)| count.add(a, b));
        count
    };
    before.groups.par_iter().zip(&after.groups).map(one).reduce(MoverCount::default, MoverCount::merge)
}

/// For each step, the movers that end with it.
fn causes(way: &Way) -> Vec<u64> {
    let groups = way.before.held.groups.len();
    let one = |group: usize| {
        let mut counts = vec![0u64; way.steps.len()];
        let Some(before) = way.before.held.groups.get(group) else { return counts };
        let steps: Vec<_> = way.steps.iter().filter_map(|(_, step)| step.held.groups.get(group)).collect();
        let Some(last) = steps.last() else { return counts };
        for row in 0..before.len() {
            let (from, to) = (before.at(row), last.at(row));
            if from == to || (!from.chosen() && !to.chosen()) {
                continue;
            }
            // the last step at which the row was not yet where it ends
            let open = steps.iter().rposition(|step| step.at(row) != to);
            if let Some(count) = counts.get_mut(open.map_or(0, |open| open + 1)) {
                *count += 1;
            }
        }
        counts
    };
    (0..groups).into_par_iter().map(one).reduce(
        || vec![0; way.steps.len()],
        |mut all, part| {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
            all
        },
    )
}

fn side(funnel: &Funnel, ceiling: Option<i64>, periods: i64) -> Result<Side> {
    let cost_year = funnel.cost_period.checked_mul(periods);
    let cost_year = cost_year.ok_or_else(|| Error::bug("a year's rupiah fit in 64 bits"))?;
    Ok(Side { funnel: funnel.clone(), cost_year, ceiling })
}

/// Compares one program.
///
/// # Errors
/// A bug: causes or cells that do not add up to the movers.
pub(super) fn program(way: &Way, by: Cells, periods: i64) -> Result<ProgramComparison> {
    let after = way.after();
    let movers = movers(&way.before.held, &after.held);
    let by_step = causes(way);
    if by_step.iter().sum::<u64>() != movers.movers() {
        return Err(Error::bug("every mover has exactly one cause"));
    }
    for cells in &by {
        let sum = |of: fn(&Cell) -> u64| cells.values().map(of).sum::<u64>();
        if (sum(|c| c.gainers), sum(|c| c.losers), sum(|c| c.changed))
            != (movers.gainers, movers.losers, movers.changed)
        {
            return Err(Error::bug("the cells of a breakdown add up to the whole"));
        }
    }
    let mut causes: Vec<(&'static str, u64)> = Vec::new();
    for ((step, _), count) in way.steps.iter().zip(&by_step) {
        match causes.last_mut().filter(|(cause, _)| *cause == step.cause()) {
            Some((_, all)) => *all += count,
            None => causes.push((step.cause(), *count)),
        }
    }
    let alone = |setting: &str| way.alone.iter().find(|(name, _)| name == setting);
    let waterfall = way.steps.iter().zip(&by_step).filter_map(|((step, _), movers_of)| {
        let Step::Setting(setting) = step else { return None };
        let (_, held) = alone(setting)?;
        let alone = self::movers(&way.before.held, held);
        Some(Waterfall { setting: setting.clone(), movers: *movers_of, alone })
    });
    Ok(ProgramComparison {
        program: way.id.clone(),
        person: way.program.unit() == crate::sandbox::Unit::Person,
        baseline: side(&way.before.funnel, way.ceilings.0, periods)?,
        reform: side(&after.funnel, way.ceilings.1, periods)?,
        movers,
        causes,
        waterfall: waterfall.collect(),
        by,
    })
}
