//! One pass over the snapshot for all programs of one level of `after`.
//!
//! Each row group is read once with the union of the granted columns; every
//! program's judge gets the batch with the columns that the run has made.
//! Row groups are handed to threads in order and their results are placed by
//! position, so that threads never reorder anything. A failing program stops
//! alone, and its lowest failing batch is the one reported.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};
use crate::sandbox::Unit;
use crate::say;
use crate::snapshot::batch::Batch;

use super::gather::{Gather, Plan};
use super::received::Received;
use super::spill::Spill;
use super::{Entry, Frame, GroupRows, Place, Rows, Sink, Wanted, granted};

/// The programs of one level and what they share.
pub(super) struct Level<'a> {
    pub(super) rows: &'a dyn Rows,
    pub(super) entries: &'a [Entry<'a>],
    pub(super) frame: &'a Frame,
    pub(super) received: &'a BTreeMap<String, Received>,
    pub(super) depth: super::Depth,
    pub(super) sink: &'a dyn Sink,
    pub(super) cancel: &'a AtomicBool,
    pub(super) seen: &'a AtomicU64,
    pub(super) live: &'a [usize],
}

/// A program judged on the whole snapshot.
pub(super) struct Judged<'a> {
    pub(super) plan: Plan<'a>,
    /// One per row group, over all partitions in order.
    pub(super) spills: Vec<Spill>,
}

/// All row groups in order: where they are and what they hold.
#[must_use]
pub fn places(rows: &dyn Rows) -> Vec<(Place, GroupRows)> {
    let partitions = rows.partitions().iter().enumerate();
    partitions
        .flat_map(|(partition, all)| {
            all.groups.iter().enumerate().map(move |(group, rows)| (Place { partition, group }, *rows))
        })
        .collect()
}

/// Runs numbered tasks on all threads of the pool, handed out in order; the
/// lowest error wins. At most one task per thread is ahead of the lowest open one.
pub(super) fn in_order(tasks: usize, cancel: &AtomicBool, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worst: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    rayon::broadcast(|_| {
        while !stop.load(Ordering::Relaxed) {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                break;
            }
            let done = if cancel.load(Ordering::Relaxed) { Err(interrupted()) } else { work(task) };
            if let Err(error) = done {
                stop.store(true, Ordering::Relaxed);
                let mut worst = worst.lock().unwrap_or_else(PoisonError::into_inner);
                if worst.as_ref().is_none_or(|(at, _)| task < *at) {
                    *worst = Some((task, error));
                }
            }
        }
    });
    match worst.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

fn interrupted() -> Error {
    Error::new(Fault::Interrupted, say!("dihentikan atas permintaan", "stopped on request"))
        .fix(say!("jalankan perintah yang sama sekali lagi", "run the same command again"))
}

/// One program's state during a pass.
struct Running<'a> {
    at: usize,
    plan: Plan<'a>,
    /// Lowest group in which it failed so far.
    failed: AtomicUsize,
    error: Mutex<Option<(usize, Error)>>,
    spills: Vec<Mutex<Option<Spill>>>,
}

impl<'a> Running<'a> {
    fn fail(&self, group: usize, error: Error) {
        self.failed.fetch_min(group, Ordering::Relaxed);
        let mut lowest = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if lowest.as_ref().is_none_or(|(at, _)| group < *at) {
            *lowest = Some((group, error));
        }
    }

    fn finish(self) -> Result<Judged<'a>> {
        if let Some((_, error)) = self.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let take = |slot: Mutex<Option<Spill>>| slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        let spills: Option<Vec<Spill>> = self.spills.into_iter().map(take).collect();
        let spills = spills.ok_or_else(|| Error::bug("every row group was judged"))?;
        Ok(Judged { plan: self.plan, spills })
    }
}

/// Judges the programs of a level; one result for each of `level.live`.
pub(super) fn judge_level<'a>(level: &Level<'a>) -> Result<Vec<Result<Judged<'a>>>> {
    if level.live.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(level.rows);
    let mut running = Vec::new();
    for at in level.live {
        let entry = level.entries.get(*at).ok_or_else(|| Error::bug("a level holds positions of entries"))?;
        running.push(Running {
            at: *at,
            plan: Plan::of(entry, level.frame)?,
            failed: AtomicUsize::new(usize::MAX),
            error: Mutex::new(None),
            spills: places.iter().map(|_| Mutex::new(None)).collect(),
        });
    }
    let wanted = wanted(level, &running);
    in_order(places.len(), level.cancel, |group| {
        let Some((place, rows)) = places.get(group) else { return Ok(()) };
        judge_group(level, &running, &wanted, group, *place, *rows)
    })?;
    Ok(running.into_iter().map(Running::finish).collect())
}

/// The union of what the programs were granted and what the host reads for them.
fn wanted(level: &Level<'_>, running: &[Running<'_>]) -> Wanted {
    let mut all: BTreeSet<(Entity, ColumnId)> = BTreeSet::new();
    for run in running {
        if let Some(entry) = level.entries.get(run.at) {
            all.extend(granted(level.frame, entry));
        }
        all.extend(run.plan.columns());
    }
    let of = |entity: Entity| all.iter().filter(|(e, _)| *e == entity).map(|(_, id)| *id).collect();
    Wanted { family: of(Entity::Family), member: of(Entity::Member) }
}

fn judge_group(
    level: &Level<'_>,
    running: &[Running<'_>],
    wanted: &Wanted,
    group: usize,
    place: Place,
    rows: GroupRows,
) -> Result<()> {
    let mut gathers: Vec<Option<Gather<'_>>> = Vec::with_capacity(running.len());
    for run in running {
        let count = match run.plan.unit {
            Unit::Family => rows.families,
            Unit::Person => rows.members,
        };
        let live = run.failed.load(Ordering::Relaxed) >= group;
        gathers.push(if live { Some(Gather::new(&run.plan, group, count as usize)?) } else { None });
    }
    let (mut families, mut members) = (0u32, 0u32);
    let mut weights: Vec<u32> = Vec::new();
    level.rows.read(place, wanted, &mut |batch| {
        if level.cancel.load(Ordering::Relaxed) {
            return Err(interrupted());
        }
        let (next_families, next_members) = (families + batch.families, members + batch.members());
        if next_families > rows.families || next_members > rows.members {
            return Err(short(place));
        }
        add_received(level, batch, group, families as usize, members as usize);
        (families, members) = (next_families, next_members);
        weights.clear();
        level.rows.weigh(place, batch, &mut weights);
        for (run, slot) in running.iter().zip(&mut gathers) {
            let (Some(gather), Some(entry)) = (slot.as_mut(), level.entries.get(run.at)) else { continue };
            let judged =
                entry.judge.judge(batch).and_then(|(verdicts, fuel)| gather.add(batch, &verdicts, fuel, &weights));
            if let Err(error) = judged {
                if super::stops_the_run(error.fault) {
                    return Err(error);
                }
                run.fail(group, error);
                *slot = None;
            }
        }
        level.seen.fetch_add(u64::from(batch.families), Ordering::Relaxed);
        Ok(())
    })?;
    if (families, members) != (rows.families, rows.members) {
        return Err(short(place));
    }
    for (run, gather) in running.iter().zip(gathers) {
        let Some(gather) = gather else { continue };
        let (verdicts, spill) = gather.finish();
        level.sink.verdicts(run.at, place, &verdicts)?;
        if let Some(slot) = run.spills.get(group) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(spill);
        }
    }
    Ok(())
}

fn short(place: Place) -> Error {
    let Place { partition, group } = place;
    Error::new(
        Fault::Integrity,
        say!(
            "jumlah baris kelompok {group} pada bagian {partition} tidak sama dengan manifes",
            "row group {group} of partition {partition} does not hold the rows that the manifest says"
        ),
    )
}

/// Adds `receives.<program>` of the programs that have been selected.
fn add_received(level: &Level<'_>, batch: &mut Batch, group: usize, family_at: usize, member_at: usize) {
    for (id, program) in &level.frame.receives {
        let read = |at: &usize| level.entries.get(*at).is_some_and(|entry| entry.program.columns.contains(&Some(*id)));
        if let Some(received) = level.received.get(program).filter(|_| level.live.iter().any(read)) {
            received.add_to(batch, *id, group, family_at, member_at);
        }
    }
}
