//! Judges all batches, ranks, cuts by quota and ceiling.
//!
//! Takes the rows of a snapshot, programs with something that judges, and
//! earlier aid handed in; gives one outcome per program and hands verdicts and
//! selections to a sink as they come. Names no clock, no file, no SQL and no
//! randomness: the same input gives the same rows on any number of threads
//! (I4), and a program that fails takes only those ordered after it along (I5).

mod amounts;
mod areas;
mod cut;
mod fill;
mod funnel;
mod gather;
mod group;
mod hand_out;
mod judge;
mod luck;
mod order;
mod promote;
mod rank;
mod received;
mod sealed;
mod spill;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};

pub use areas::AreaTable;
pub use fill::{AreaFill, Candidate, fill_area, seat};
pub use funnel::{Binds, CriterionCount, Funnel, IncumbentCount, Luck, PartitionCount, PromotionCount};
pub use judge::places;
pub use luck::{AreaCount, Draw, ReserveCount};
pub use order::{Ages, order_hash, order_key};
pub use promote::{Earlier, Listed, list_of};
pub use received::Received;
pub use sealed::{SealedRows, WarmRows, area_code, areas_of};

use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::program::{AreaLevel, Program, Ratio};
use crate::sandbox::Verdicts;
use crate::say;
use crate::snapshot::batch::Batch;
use crate::terms::{Date, Text};

/// One row group of one partition: the unit of work and of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Position of the partition.
    pub partition: usize,
    /// Position of the row group in its partition.
    pub group: usize,
}

/// Rows of one row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRows {
    /// Families.
    pub families: u32,
    /// Members.
    pub members: u32,
}

/// A partition: its code and its row groups in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRows {
    /// Code of the province, e.g. `11`.
    pub code: String,
    /// Row groups in order.
    pub groups: Vec<GroupRows>,
}

/// Columns to read, in dictionary order; ids always come along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Family columns.
    pub family: Vec<ColumnId>,
    /// Member columns.
    pub member: Vec<ColumnId>,
}

/// Where rows come from: a snapshot, or a test.
pub trait Rows: Sync {
    /// Partitions in order; an area of a quota lies in one of them.
    fn partitions(&self) -> &[PartitionRows];
    /// Hands out the batches of one row group in order.
    ///
    /// # Errors
    /// What reading met, or what `each` returned.
    fn read(&self, place: Place, wanted: &Wanted, each: &mut dyn FnMut(&mut Batch) -> Result<()>) -> Result<()>;
    /// Seats that a row of each family of a batch takes, where rows stand for others (a
    /// sample): pushes one number per family, or none at all where each row takes one.
    /// The unit of these numbers is that of the scaled seats, so a sample whose rows stand
    /// for 102.5 families may say 1025 with `Frame::scale` ten to one.
    fn weigh(&self, _place: Place, _batch: &Batch, _into: &mut Vec<u32>) {}
}

/// What judges: a plugin with its settings.
pub trait Judging: Sync {
    /// Checked verdicts of a batch, and the fuel spent.
    ///
    /// # Errors
    /// A fault of this program alone.
    fn judge(&self, batch: &Batch) -> Result<(Verdicts, u64)>;
}

/// Status of a row in a selection.
pub mod status {
    /// Failed a criterion.
    pub const NOT_ELIGIBLE: u8 = 0;
    /// Eligible and chosen.
    pub const RECIPIENT: u8 = 1;
    /// Eligible, not chosen.
    pub const WAITING: u8 = 2;
    /// Failed nothing; an unknown asks for review.
    pub const REVIEW: u8 = 3;
    /// Failed nothing; an unknown refuses.
    pub const REFUSED_UNKNOWN: u8 = 4;
}

/// The selection of the rows of one group; one entry per row of the program's unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// See `status`.
    pub status: Vec<u8>,
    /// 1-based place in the national total order of the eligible; 0 = not eligible.
    pub rank: Vec<u32>,
    /// 1-based place on the waiting list of the row's quota area; 0 = not waiting.
    pub place: Vec<u32>,
    /// Kind of seat, see `seat`; 0 = none.
    pub seat: Vec<u8>,
}

/// Where verdicts and selections go. Called from any thread, in any order of
/// groups; each group of a program that does not fail comes exactly once.
pub trait Sink: Sync {
    /// Verdicts of one group. `program` is the position in the request.
    ///
    /// # Errors
    /// Stops the whole run.
    fn verdicts(&self, program: usize, place: Place, verdicts: &Verdicts) -> Result<()>;
    /// Selection of one group.
    ///
    /// # Errors
    /// Stops the whole run.
    fn selected(&self, program: usize, place: Place, rows: &Selected) -> Result<()>;
    /// The program failed: nothing of it may remain.
    ///
    /// # Errors
    /// Stops the whole run.
    fn spoiled(&self, program: usize) -> Result<()>;
}

/// A program, what judges for it, and the columns that the host adds for it.
pub struct Entry<'a> {
    /// The checked rule file.
    pub program: &'a Program,
    /// Its plugin with its settings.
    pub judge: &'a dyn Judging,
    /// `previous.<program>`, if the snapshot has it.
    pub previous: Option<ColumnId>,
    /// `receives.<program>`, made for those ordered after it.
    pub receives: Option<ColumnId>,
    /// The list of an earlier run: its vacancies are filled from its waiting rows, and
    /// nobody is ranked anew.
    pub promote: Option<&'a Earlier>,
}

/// How far rows are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// All eligible rows: ranks and waiting lists.
    #[default]
    Whole,
    /// Only where a cut falls: who is served, with which kind of seat, and every count.
    /// Ranks and places are 0. The recipients are those of `Whole`.
    Cut,
}

/// What the host itself reads or knows of the snapshot.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Date on which ages are counted.
    pub as_of: Date,
    /// Families that the snapshot stands for over those it holds.
    pub scale: Ratio,
    /// Column `regency`.
    pub regency: Option<ColumnId>,
    /// Column `village`.
    pub village: Option<ColumnId>,
    /// Column `village_kind`.
    pub village_kind: Option<ColumnId>,
    /// Column `decile`.
    pub decile: Option<ColumnId>,
    /// Column `birth_date`.
    pub birth_date: Option<ColumnId>,
    /// Areas by level; the nation needs none.
    pub areas: BTreeMap<AreaLevel, AreaTable>,
    /// Which program each column `receives.<program>` tells of.
    pub receives: BTreeMap<ColumnId, String>,
}

/// One making of selections.
pub struct Request<'a> {
    /// The snapshot's rows.
    pub rows: &'a dyn Rows,
    /// Programs, in the order in which outcomes are given.
    pub entries: &'a [Entry<'a>],
    /// What the host reads.
    pub frame: &'a Frame,
    /// Recipients of an earlier run of the same snapshot and period, by program.
    pub received: BTreeMap<String, Received>,
    /// How far rows are put in order.
    pub depth: Depth,
    /// Where verdicts and selections go.
    pub sink: &'a dyn Sink,
    /// Set to stop: the run ends with `Fault::Interrupted`.
    pub cancel: &'a AtomicBool,
    /// Families read so far, over all passes; for a progress bar.
    pub seen: &'a AtomicU64,
}

/// A program's selection, as counted; its rows went to the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Counts and sums.
    pub funnel: Funnel,
    /// Fuel spent by judging.
    pub fuel: u64,
}

/// How one program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Judged, ranked and cut.
    Done(Box<Selection>),
    /// Its plugin failed; the error of its lowest batch.
    Failed(Error),
    /// A program ordered before it did not finish.
    NotRun(Text),
}

/// Judges, ranks and cuts all programs, level by level of `after`.
///
/// # Errors
/// A cycle or a missing program in `after`, a failing snapshot or sink, a
/// cancelled run. A failing plugin is an `Outcome`, not an error.
pub fn select(request: Request<'_>) -> Result<Vec<Outcome>> {
    let Request { rows, entries, frame, mut received, depth, sink, cancel, seen } = request;
    let levels = levels(entries, &received)?;
    let mut outcomes: Vec<Option<Outcome>> = entries.iter().map(|_| None).collect();
    for level in levels {
        let mut live = Vec::new();
        for at in level {
            match broken_before(entries, &outcomes, at) {
                Some(reason) => set(&mut outcomes, at, Outcome::NotRun(reason)),
                None => live.push(at),
            }
        }
        let job = judge::Level { rows, entries, frame, received: &received, depth, sink, cancel, seen, live: &live };
        let mut made = Vec::new();
        for (at, judged) in live.iter().copied().zip(judge::judge_level(&job)?) {
            match judged.and_then(|judged| cut::rank_and_cut(&job, at, judged)) {
                Ok((selection, bits)) => {
                    made.extend(entries.get(at).map(|entry| (entry.program.id.clone(), bits)));
                    set(&mut outcomes, at, Outcome::Done(Box::new(selection)));
                }
                Err(error) if stops_the_run(error.fault) => return Err(error),
                Err(error) => {
                    sink.spoiled(at)?;
                    set(&mut outcomes, at, Outcome::Failed(error));
                }
            }
        }
        received.extend(made);
    }
    outcomes.into_iter().map(|one| one.ok_or_else(|| Error::bug("every program has an outcome"))).collect()
}

/// A fault that is not one program's own: ours, of the disk, of the snapshot, or a stop.
fn stops_the_run(fault: Fault) -> bool {
    matches!(fault, Fault::Bug | Fault::Storage | Fault::Integrity | Fault::Interrupted | Fault::Busy)
}

fn set(outcomes: &mut [Option<Outcome>], at: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(at) {
        *slot = Some(outcome);
    }
}

/// Positions of the programs by level: each level needs only levels before it.
fn levels(entries: &[Entry<'_>], received: &BTreeMap<String, Received>) -> Result<Vec<Vec<usize>>> {
    let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
    let here = |name: &str| entries.iter().any(|entry| entry.program.id == name);
    for entry in entries {
        for before in &entry.program.after {
            if !here(before) && !received.contains_key(before) {
                let id = &entry.program.id;
                return Err(Error::new(
                    Fault::Usage,
                    say!(
                        "`{id}` disusun sesudah `{before}`, yang tidak ikut dijalankan",
                        "`{id}` is ordered after `{before}`, which is not part of this run"
                    ),
                )
                .fix(say!(
                    "sertakan `{before}`, atau ambil dari putaran lain dengan --receives RUN",
                    "include `{before}`, or take it from an earlier run with --receives RUN"
                )));
            }
        }
    }
    let mut levels: Vec<Vec<usize>> = Vec::new();
    while placed.len() < entries.len() {
        let ready = |entry: &Entry<'_>| {
            entry.program.after.iter().all(|name| placed.contains_key(name.as_str()) || !here(name))
        };
        let level: Vec<usize> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| !placed.contains_key(entry.program.id.as_str()) && ready(entry))
            .map(|(at, _)| at)
            .collect();
        if level.is_empty() {
            let stuck: Vec<&str> =
                entries.iter().map(|e| e.program.id.as_str()).filter(|id| !placed.contains_key(id)).collect();
            let names = stuck.join(", ");
            return Err(Error::new(
                Fault::Rules,
                say!("`after` melingkar di antara {names}", "`after` goes round in a circle among {names}"),
            ));
        }
        let depth = levels.len();
        for at in &level {
            if let Some(entry) = entries.get(*at) {
                placed.insert(entry.program.id.as_str(), depth);
            }
        }
        levels.push(level);
    }
    Ok(levels)
}

/// Why a program cannot run: one that it is ordered after did not finish.
fn broken_before(entries: &[Entry<'_>], outcomes: &[Option<Outcome>], at: usize) -> Option<Text> {
    let after = &entries.get(at)?.program.after;
    entries.iter().zip(outcomes).find_map(|(entry, outcome)| {
        let id = &entry.program.id;
        if !after.contains(id) {
            return None;
        }
        match outcome {
            Some(Outcome::Failed(_)) => Some(say!("`{id}` gagal", "`{id}` failed")),
            Some(Outcome::NotRun(_)) => Some(say!("`{id}` tidak dijalankan", "`{id}` was not run")),
            _ => None,
        }
    })
}

/// What a program reads of the snapshot: granted columns that are not made by the run.
fn granted<'a>(frame: &'a Frame, entry: &'a Entry<'_>) -> impl Iterator<Item = (Entity, ColumnId)> + 'a {
    let wishes = entry.program.description.columns.iter().zip(&entry.program.columns);
    wishes.filter_map(|(wish, id)| Some((wish.entity, (*id)?))).filter(|(_, id)| !frame.receives.contains_key(id))
}
