//! The nearest single change that would flip a criterion that is not met.
//!
//! Takes one family, a program and what judges for it; gives, for each criterion
//! that failed or is not known, the smallest change of one declared input of each
//! kind. Every change was judged by the same plugin before it is stated, and says
//! "eligible" only if it then is. Nothing is assumed about how a criterion
//! depends on its inputs: values are tried, and gaps between them closed.

use std::collections::BTreeMap;

use super::cells::{At, Cell, OneFamily, Put};
use super::settings_search;
use super::trying::Trying;
use super::vary::{self, ChangeKind, Point};
use crate::columns::{Column, Dictionary, Entity};
use crate::error::Result;
use crate::program::{Program, UnknownRule};
use crate::sandbox::{Unit, Value, Verdicts};
use crate::terms::Date;

/// Copies judged in one call.
const COPIES: usize = 4_096;
/// Values tried between two neighbours in one round.
const BETWEEN: u64 = 32;
/// Rounds; 32 to the power of 13 is more than any number.
const ROUNDS: usize = 13;

/// What one row is judged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judged {
    /// Bit n = criterion n failed.
    pub failed: u64,
    /// Bit n = criterion n unknown.
    pub unknown: u64,
    /// Rupiah per run period.
    pub amount: i64,
}

/// What is changed, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A fact.
    Fact(Put),
    /// A setting, by its position in the description.
    Setting(usize, Value),
}

/// One change, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What kind of change.
    pub kind: ChangeKind,
    /// What is changed.
    pub to: To,
    /// Steps in the input's own unit.
    pub distance: u64,
    /// Place of the input among those of the criterion, then of the value.
    pub order: (usize, i64),
    /// What the row is then.
    pub then: Judged,
}

/// The changes of one criterion: at most one of each kind, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfCriterion {
    /// Position of the criterion.
    pub criterion: usize,
    /// In the order of `ChangeKind`.
    pub changes: Vec<Found>,
}

/// One row whose changes are sought.
#[derive(Clone, Copy)]
pub struct Sought<'a> {
    /// The program.
    pub program: &'a Program,
    /// What judges for it.
    pub trying: &'a dyn Trying,
    /// All columns.
    pub dictionary: &'a Dictionary,
    /// The family.
    pub family: &'a OneFamily,
    /// The member, from 0, for a program of persons.
    pub member: Option<u32>,
    /// As-of of the facts.
    pub as_of: Date,
    /// Regencies and villages that ordinals stand for.
    pub regions: (usize, usize),
    /// What the row is now.
    pub now: Judged,
}

/// Bit of a criterion.
#[must_use]
pub fn bit(criterion: usize) -> u64 {
    u32::try_from(criterion).ok().and_then(|at| 1_u64.checked_shl(at)).unwrap_or(0)
}

impl Judged {
    /// Whether a program takes such a row as eligible.
    #[must_use]
    pub fn eligible(self, program: &Program) -> bool {
        self.failed == 0 && self.unknown & !program.unknown_bits(UnknownRule::Pass) == 0
    }

    fn passes(self, bit: u64) -> bool {
        (self.failed | self.unknown) & bit == 0
    }

    /// A row of verdicts.
    pub(super) fn at(verdicts: &Verdicts, row: usize) -> Judged {
        let of = |list: &[u64]| list.get(row).copied().unwrap_or(u64::MAX);
        Judged {
            failed: of(&verdicts.failed),
            unknown: of(&verdicts.unknown),
            amount: verdicts.amount.get(row).copied().unwrap_or(0),
        }
    }
}

impl Sought<'_> {
    /// Criteria that stand in the way: failed, or unknown and not let pass.
    #[must_use]
    pub fn in_the_way(&self) -> Vec<usize> {
        let pass = self.program.unknown_bits(UnknownRule::Pass);
        let bits = self.now.failed | (self.now.unknown & !pass);
        (0..self.program.description.criteria.len()).filter(|at| bits & bit(*at) != 0).collect()
    }

    /// The row of the program's unit in copy `nth`.
    pub(super) fn row(&self, nth: usize) -> usize {
        match self.program.unit() {
            Unit::Family => nth,
            Unit::Person => {
                let members = usize::try_from(self.family.members).unwrap_or(0);
                nth * members + self.member.and_then(|at| usize::try_from(at).ok()).unwrap_or(0)
            }
        }
    }

    /// The inputs of a criterion: columns by member, in declared order.
    fn inputs(&self, criterion: usize) -> Vec<At> {
        let declared = self.program.description.criteria.get(criterion).map(|part| part.columns.as_slice());
        let granted = |at: &u16| self.program.columns.get(usize::from(*at)).copied().flatten();
        let mut inputs = Vec::new();
        for column in declared.unwrap_or_default().iter().filter_map(granted) {
            match (self.dictionary.get(column).entity, self.program.unit()) {
                (Entity::Family, _) => inputs.push(At { column, member: None }),
                (Entity::Member, Unit::Person) => inputs.push(At { column, member: self.member }),
                (Entity::Member, Unit::Family) => {
                    inputs.extend((0..self.family.members).map(|nth| At { column, member: Some(nth) }));
                }
            }
        }
        inputs.retain(|at| self.family.cell(*at).is_some());
        inputs
    }

    /// Judges copies of the family.
    fn judged(&self, puts: &[Put]) -> Result<Vec<Judged>> {
        let mut all = Vec::with_capacity(puts.len());
        for chunk in puts.chunks(COPIES) {
            let copies: Vec<Option<Put>> = chunk.iter().copied().map(Some).collect();
            let verdicts = self.trying.verdicts(&self.family.copies(&copies))?;
            all.extend((0..chunk.len()).map(|nth| Judged::at(&verdicts, self.row(nth))));
        }
        Ok(all)
    }
}

/// One input with every value tried so far.
struct Input<'a> {
    at: At,
    column: &'a Column,
    now: Cell,
    gaps: bool,
    tried: Vec<(Point, Judged)>,
}

/// Judges the row as it is.
///
/// # Errors
/// A fault of the plugin.
pub fn judged_now(trying: &dyn Trying, family: &OneFamily, unit: Unit, member: Option<u32>) -> Result<Judged> {
    let verdicts = trying.verdicts(&family.batch())?;
    let row = match unit {
        Unit::Family => 0,
        Unit::Person => member.and_then(|at| usize::try_from(at).ok()).unwrap_or(0),
    };
    Ok(Judged::at(&verdicts, row))
}

/// For each criterion in the way, the nearest change of each kind.
///
/// # Errors
/// A fault of the plugin.
pub fn nearest(sought: &Sought<'_>) -> Result<Vec<OfCriterion>> {
    let criteria = sought.in_the_way();
    if criteria.is_empty() {
        return Ok(Vec::new());
    }
    let mut inputs = first_values(sought, &criteria)?;
    for _ in 0..ROUNDS {
        let between = gaps(sought, &criteria, &inputs);
        if between.is_empty() {
            break;
        }
        let puts: Vec<Put> = between
            .iter()
            .filter_map(|(nth, point)| inputs.get(*nth).map(|input| Put { at: input.at, cell: point.cell }))
            .collect();
        for ((nth, point), then) in between.into_iter().zip(sought.judged(&puts)?) {
            if let Some(input) = inputs.get_mut(nth) {
                input.tried.push((point, then));
            }
        }
    }
    let mut out = Vec::new();
    for criterion in criteria {
        let mut best: BTreeMap<ChangeKind, Found> = BTreeMap::new();
        let places = sought.inputs(criterion);
        for input in &inputs {
            let Some(order) = places.iter().position(|at| *at == input.at) else { continue };
            for found in of_input(input, bit(criterion), order).into_values() {
                keep(sought.program, &mut best, found);
            }
        }
        for found in settings_search::search(sought, criterion)? {
            keep(sought.program, &mut best, found);
        }
        out.push(OfCriterion { criterion, changes: best.into_values().collect() });
    }
    Ok(out)
}

/// Every input of these criteria with its first values judged.
fn first_values<'a>(sought: &Sought<'a>, criteria: &[usize]) -> Result<Vec<Input<'a>>> {
    let mut places: Vec<At> = criteria.iter().flat_map(|at| sought.inputs(*at)).collect();
    places.sort_unstable();
    places.dedup();
    let (mut inputs, mut puts, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for at in places {
        let column = sought.dictionary.get(at.column);
        let Some(now) = sought.family.cell(at) else { continue };
        let regions = if column.kind == crate::columns::Kind::U32 { sought.regions.1 } else { sought.regions.0 };
        let points = vary::points(column, now, sought.as_of, regions);
        for point in points.list {
            puts.push(Put { at, cell: point.cell });
            owners.push((inputs.len(), point));
        }
        inputs.push(Input { at, column, now, gaps: points.gaps, tried: Vec::new() });
    }
    for ((nth, point), then) in owners.into_iter().zip(sought.judged(&puts)?) {
        if let Some(input) = inputs.get_mut(nth) {
            input.tried.push((point, then));
        }
    }
    Ok(inputs)
}

/// Values between the nearest value that flips a criterion and the value tried
/// before it on the same side.
fn gaps(sought: &Sought<'_>, criteria: &[usize], inputs: &[Input<'_>]) -> Vec<(usize, Point)> {
    let mut out: Vec<(usize, Point)> = Vec::new();
    for (nth, input) in inputs.iter().enumerate().filter(|(_, input)| input.gaps) {
        let Cell::Number(now) = input.now else { continue };
        for criterion in criteria.iter().filter(|at| sought.inputs(**at).contains(&input.at)) {
            for up in [false, true] {
                for value in between(input, now, up, bit(*criterion)) {
                    let point = Point { cell: Cell::Number(value), distance: now.abs_diff(value), tie: value };
                    if !out.contains(&(nth, point)) {
                        out.push((nth, point));
                    }
                }
            }
        }
    }
    out
}

fn between(input: &Input<'_>, now: i64, up: bool, bit: u64) -> Vec<i64> {
    let side = |point: &Point| match point.cell {
        Cell::Number(value) => (value > now) == up,
        _ => false,
    };
    let of_side = || input.tried.iter().filter(|(point, _)| side(point));
    let Some(far) = of_side().filter(|(_, then)| then.passes(bit)).map(|(point, _)| point.distance).min() else {
        return Vec::new();
    };
    let near = of_side().map(|(point, _)| point.distance).filter(|distance| *distance < far).max().unwrap_or(0);
    let width = far - near;
    let step = width.div_ceil(BETWEEN).max(1);
    let distances = (1..BETWEEN).map(|n| near + n * step).take_while(|distance| *distance < far);
    let value = |distance: u64| {
        let distance = i64::try_from(distance).unwrap_or(i64::MAX);
        if up { now.saturating_add(distance) } else { now.saturating_sub(distance) }
    };
    distances.map(value).collect()
}

/// The nearest value of one input that flips a criterion, of each kind of change.
fn of_input(input: &Input<'_>, bit: u64, order: usize) -> BTreeMap<ChangeKind, Found> {
    let mut best: BTreeMap<ChangeKind, Found> = BTreeMap::new();
    for (point, then) in input.tried.iter().filter(|(_, then)| then.passes(bit)) {
        let Some(kind) = vary::kind_of(input.column, input.now, point.cell) else { continue };
        let found = Found {
            kind,
            to: To::Fact(Put { at: input.at, cell: point.cell }),
            distance: point.distance,
            order: (order, point.tie),
            then: *then,
        };
        let nearer = |held: &Found| (found.distance, found.order.1) < (held.distance, held.order.1);
        if best.get(&kind).is_none_or(nearer) {
            best.insert(kind, found);
        }
    }
    best
}

/// Of changes of one kind: those that make the row eligible, then the smaller
/// step, then the input declared first.
fn keep(program: &Program, best: &mut BTreeMap<ChangeKind, Found>, found: Found) {
    let rank = |one: &Found| (!one.then.eligible(program), one.distance, one.order);
    if best.get(&found.kind).is_none_or(|held| rank(&found) < rank(held)) {
        best.insert(found.kind, found);
    }
}
