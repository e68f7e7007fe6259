//! Runs the baseline, the reform and every step between them, in memory.
//!
//! Takes rows, programs and what configures their plugins; gives the selections
//! of each step. A plugin that fails ends the simulation with its reason: it is
//! never taken as a pass (I11). Selections go to memory only (I10).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::by::{self, By};
use super::compare::{self, Comparison, ProgramComparison};
use super::held::{Held, Keep};
use super::household;
use super::steps::{Reform, Step, Variant, variants, with_setting};
use crate::columns::{ColumnId, Dictionary, Entity};
use crate::error::{Error, Result};
use crate::program::Program;
use crate::sandbox::Unit;
use crate::selection::{Depth, Entry, Frame, Funnel, Judging, Outcome, Received, Request, Rows, Sink, select};

/// Configures plugins: how they are loaded is not this room's matter.
pub trait Judges: Sync {
    /// What judges for a program with its present settings.
    ///
    /// # Errors
    /// A plugin that does not accept them.
    fn judge(&self, program: &Program) -> Result<Box<dyn Judging + '_>>;
}

/// What every variant is judged on.
pub struct Site<'a> {
    /// The snapshot's rows, or a sample's.
    pub rows: &'a dyn Rows,
    /// What the host reads of them.
    pub frame: &'a Frame,
    /// The columns, those of all programs included.
    pub dictionary: &'a Dictionary,
    /// Whether the snapshot holds a column.
    pub holds: &'a (dyn Fn(ColumnId) -> bool + Sync),
    /// What configures plugins.
    pub judges: &'a dyn Judges,
    /// What to break figures down by.
    pub by: &'a [By],
    /// Run periods in a year.
    pub periods: i64,
    /// Set to stop.
    pub cancel: &'a AtomicBool,
    /// Families read so far.
    pub seen: &'a AtomicU64,
}

/// A selection in memory with its counts.
#[derive(Debug, Clone)]
pub(super) struct Selected {
    pub(super) held: Held,
    pub(super) funnel: Funnel,
}

/// One program from the baseline to the reform.
pub(super) struct Way {
    pub(super) id: String,
    pub(super) program: Program,
    /// The baseline.
    pub(super) before: Selected,
    /// Each step's selection; the last is the reform's. Empty: nothing changes.
    pub(super) steps: Vec<(Step, Selected)>,
    /// Each own setting changed alone.
    pub(super) alone: Vec<(String, Held)>,
    pub(super) ceilings: (Option<i64>, Option<i64>),
}

impl Way {
    /// The reform's selection.
    pub(super) fn after(&self) -> &Selected {
        self.steps.last().map_or(&self.before, |(_, selected)| selected)
    }
}

/// The table whose rows a unit is.
pub(super) fn entity_of(unit: Unit) -> Entity {
    match unit {
        Unit::Family => Entity::Family,
        Unit::Person => Entity::Member,
    }
}

impl Site<'_> {
    /// Selects programs that need only what is handed in.
    fn select(&self, programs: &[&Program], received: BTreeMap<String, Received>) -> Result<Vec<Selected>> {
        let judges = programs.iter().map(|program| self.judges.judge(program)).collect::<Result<Vec<_>>>()?;
        let id = |prefix: &str, program: &Program| self.dictionary.id(&format!("{prefix}.{}", program.id));
        let own = |program: &Program, column: &ColumnId| {
            (self.holds)(*column) && self.dictionary.get(*column).entity == entity_of(program.unit())
        };
        // variants of one program stand side by side under names of their own
        let twice = |program: &Program| programs.iter().filter(|other| other.id == program.id).count() > 1;
        let named = programs.iter().enumerate().map(|(at, program)| {
            let mut named = (*program).clone();
            if twice(program) {
                named.id = format!("{}/{at}", program.id);
            }
            named
        });
        let named: Vec<Program> = named.collect();
        let entries = programs.iter().zip(&named).zip(&judges).map(|((program, named), judge)| Entry {
            program: named,
            judge: judge.as_ref(),
            previous: id("previous", program).filter(|column| own(program, column)),
            receives: id("receives", program),
            promote: None,
        });
        let entries: Vec<Entry<'_>> = entries.collect();
        let keep = Keep::new(programs.len(), self.rows);
        let outcomes = select(Request {
            rows: self.rows,
            entries: &entries,
            frame: self.frame,
            received,
            depth: Depth::Cut,
            sink: &keep as &dyn Sink,
            cancel: self.cancel,
            seen: self.seen,
        })?;
        let units: Vec<Unit> = programs.iter().map(|program| program.unit()).collect();
        let mut funnels = Vec::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Done(selection) => funnels.push(selection.funnel),
                // a plugin that fails is never taken as a pass
                Outcome::Failed(error) => return Err(error),
                Outcome::NotRun(reason) => return Err(Error::new(crate::error::Fault::Plugin, reason)),
            }
        }
        let held = keep.finish(&units)?;
        Ok(held.into_iter().zip(funnels).map(|(held, funnel)| Selected { held, funnel }).collect())
    }

    fn nobody(&self, program: &Program) -> Selected {
        let held = Held::nobody(program.unit(), self.rows);
        let registered = held.groups.iter().map(|group| group.len() as u64).sum();
        Selected { held, funnel: Funnel { registered, ..Funnel::default() } }
    }

    /// All baseline programs in one pass.
    fn baseline(&self, reforms: &[Reform]) -> Result<BTreeMap<String, Selected>> {
        let programs: Vec<&Program> = reforms.iter().filter_map(|reform| reform.before.as_ref()).collect();
        let selected = self.select(&programs, BTreeMap::new())?;
        Ok(programs.iter().map(|program| program.id.clone()).zip(selected).collect())
    }

    /// The steps of one program; `before` and `after` hold recipients of the programs ordered before it.
    fn way(
        &self,
        reform: &Reform,
        baseline: &BTreeMap<String, Selected>,
        after: &BTreeMap<String, Held>,
    ) -> Result<Way> {
        let id = reform.id().to_owned();
        let either = reform.after.as_ref().or(reform.before.as_ref());
        let program = either.ok_or_else(|| Error::bug("a reform has a program"))?.clone();
        let ceiling = |program: &Option<Program>| program.as_ref().and_then(|one| one.ceiling).map(|one| one.period);
        let ceilings = (ceiling(&reform.before), ceiling(&reform.after));
        let nobody = || self.nobody(&program);
        let before = baseline.get(&id).cloned().unwrap_or_else(nobody);
        let mut way = Way { id, program: program.clone(), before, steps: Vec::new(), alone: Vec::new(), ceilings };
        match (&reform.before, &reform.after) {
            (None, Some(_)) => {
                let selected = self.variants(&[(&program, true)], baseline, after)?;
                way.steps = selected.into_iter().map(|selected| (Step::Added, selected)).collect();
            }
            (Some(_), None) => way.steps.push((Step::Removed, nobody())),
            (Some(old), Some(new)) => self.changed(&mut way, old, new, &reform.settings, baseline, after)?,
            (None, None) => {}
        }
        Ok(way)
    }

    fn changed(
        &self,
        way: &mut Way,
        old: &Program,
        new: &Program,
        settings: &[String],
        baseline: &BTreeMap<String, Selected>,
        after: &BTreeMap<String, Held>,
    ) -> Result<()> {
        let others = old.after != new.after
            || new.after.iter().any(|name| match (baseline.get(name), after.get(name)) {
                (Some(before), Some(now)) => before.held != *now,
                (before, now) => before.is_some() != now.is_some(),
            });
        let steps: Vec<Variant> = variants(old, new, settings, others);
        let one_by_one = steps.iter().filter(|variant| matches!(variant.step, Step::Setting(_))).count();
        let alone: Vec<(String, Program)> = settings
            .iter()
            .filter(|_| one_by_one > 1)
            .filter_map(|name| Some((name.clone(), with_setting(old, name, new)?)))
            .collect();
        let mut all: Vec<(&Program, bool)> = steps.iter().map(|one| (&one.program, one.others)).collect();
        all.extend(alone.iter().map(|(_, program)| (program, false)));
        let mut selected = self.variants(&all, baseline, after)?.into_iter();
        way.steps = steps.into_iter().map(|one| one.step).zip(selected.by_ref()).collect();
        way.alone = alone.into_iter().map(|(name, _)| name).zip(selected.map(|one| one.held)).collect();
        Ok(())
    }

    /// Selects variants of one program; those that see the same earlier recipients in one pass.
    fn variants(
        &self,
        programs: &[(&Program, bool)],
        baseline: &BTreeMap<String, Selected>,
        after: &BTreeMap<String, Held>,
    ) -> Result<Vec<Selected>> {
        let mut out: BTreeMap<usize, Selected> = BTreeMap::new();
        for reformed in [false, true] {
            let chosen = || programs.iter().enumerate().filter(|(_, (_, others))| *others == reformed);
            let held = |name: &String| match reformed {
                true => after.get(name),
                false => baseline.get(name).map(|one| &one.held),
            };
            let names = chosen().flat_map(|(_, (program, _))| &program.after);
            let received = names.filter_map(|name| Some((name.clone(), held(name)?.received()))).collect();
            let alike: Vec<&Program> = chosen().map(|(_, (program, _))| *program).collect();
            if !alike.is_empty() {
                let selected = self.select(&alike, received)?;
                out.extend(chosen().map(|(at, _)| at).zip(selected));
            }
        }
        Ok(out.into_values().collect())
    }
}

/// The present rules' selections, to be compared with any number of reforms.
pub struct Baseline(BTreeMap<String, Selected>);

impl Baseline {
    /// Runs the present rules.
    ///
    /// # Errors
    /// A plugin that fails, a failing snapshot, a cancelled run.
    pub fn of(site: &Site<'_>, reforms: &[Reform]) -> Result<Baseline> {
        Ok(Baseline(site.baseline(reforms)?))
    }

    /// Runs a reform and compares; `reforms` holds every program of either side, in
    /// the order of levels of the reform.
    ///
    /// # Errors
    /// As `of`.
    pub fn against(&self, site: &Site<'_>, reforms: &[Reform]) -> Result<Comparison> {
        let mut after: BTreeMap<String, Held> = BTreeMap::new();
        let mut ways = Vec::new();
        for reform in reforms {
            let way = site.way(reform, &self.0, &after)?;
            if reform.after.is_some() {
                after.insert(way.id.clone(), way.after().held.clone());
            }
            ways.push(way);
        }
        let cells = by::count(site, &ways)?;
        let net = household::net(site, &ways)?;
        let programs: Vec<ProgramComparison> = ways
            .iter()
            .zip(cells)
            .map(|(way, cells)| compare::program(way, cells, site.periods))
            .collect::<Result<_>>()?;
        Ok(Comparison { programs, net })
    }
}

/// Runs baseline and reform and compares them.
///
/// # Errors
/// As `Baseline::of`.
pub fn simulate(site: &Site<'_>, reforms: &[Reform]) -> Result<Comparison> {
    Baseline::of(site, reforms)?.against(site, reforms)
}
