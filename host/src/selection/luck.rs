//! Luck made visible: who got a seat, and who of equal standing did not, by lot alone.
//!
//! Takes the ranked rows of an area with the seats that they got; gives the
//! group of equal standing at each cut, the places in it and those who stood
//! for them. Equal standing is all that is compared before the keyed hash.

use std::collections::BTreeMap;

use super::fill::seat;
use super::rank::Steps;

/// A group of equal standing that seats of one kind ran out in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Score of the group, with the band's points.
    pub score: i64,
    /// Whether it is of incumbents who come before all others.
    pub incumbents: bool,
    /// Rows that stood for the seats: those that got one, and those that wait.
    pub candidates: u64,
    /// Seats among them: the chance of one is `places` in `candidates`.
    pub places: u64,
}

/// Seats of one reserve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReserveCount {
    /// Seats reserved.
    pub seats: u64,
    /// Eligible rows of the group.
    pub group: u64,
    /// Seats that the group took; the rest returned to the general ones.
    pub filled: u64,
    /// The group of equal standing at its cut.
    pub draw: Option<Draw>,
}

/// What became of one area of the quota.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaCount {
    /// Region code with system; empty for the nation, and for rows in no area.
    pub code: String,
    /// Seats; `None` = no limit.
    pub seats: Option<u64>,
    /// Eligible rows.
    pub eligible: u64,
    /// Rows served.
    pub recipients: u64,
    /// Of these, on seats that areas beside it could not fill.
    pub flowed: u64,
    /// Eligible rows not served.
    pub waiting: u64,
    /// Rows served whom the lot alone parts from a waiting row of the same standing.
    pub drawn: u64,
    /// The group of equal standing at the cut of its general seats.
    pub draw: Option<Draw>,
    /// By reserve, in the order of filling.
    pub reserves: Vec<ReserveCount>,
}

impl AreaCount {
    /// Adds another part of the rows that are in no area: they have no seats and no draws.
    pub(super) fn join(&mut self, part: &AreaCount) {
        if self.eligible == 0 {
            *self = part.clone();
            return;
        }
        self.eligible += part.eligible;
        self.recipients += part.recipients;
        self.flowed += part.flowed;
        self.waiting += part.waiting;
        self.drawn += part.drawn;
        for (sum, part) in self.reserves.iter_mut().zip(&part.reserves) {
            sum.group += part.group;
            sum.filled += part.filled;
        }
    }
}

/// Rows of one kind of seat in one bucket: served, waiting.
type Tally = BTreeMap<(u8, usize), (u64, u64)>;

/// Counts one area, row by row.
pub(super) struct AreaTally<'a> {
    steps: &'a Steps,
    pub(super) count: AreaCount,
    tally: Tally,
    /// Rank from which buckets can be parted, and up to which.
    mixed: std::ops::Range<u32>,
}

impl<'a> AreaTally<'a> {
    /// `mixed`: the ranks between the first waiting and the last served row, in either order.
    pub(super) fn new(steps: &'a Steps, reserves: usize, first_waiting: u32, last_served: u32) -> AreaTally<'a> {
        let (low, high) = (first_waiting.min(last_served), first_waiting.max(last_served));
        let mixed = if low == 0 { 0..0 } else { steps.ranks(steps.at(low)).start..steps.ranks(steps.at(high)).end };
        let count = AreaCount { reserves: vec![ReserveCount::default(); reserves], ..AreaCount::default() };
        AreaTally { steps, count, tally: Tally::new(), mixed }
    }

    /// Adds an eligible row.
    pub(super) fn add(&mut self, rank: u32, marks: u16, kind: u8) {
        self.count.eligible += 1;
        let served = kind != seat::NONE;
        self.count.recipients += u64::from(served);
        self.count.waiting += u64::from(!served);
        self.count.flowed += u64::from(kind == seat::FLOW);
        for (code, (at, reserve)) in (seat::RESERVE..).zip(self.count.reserves.iter_mut().enumerate()) {
            reserve.group += u64::from(marks >> at & 1);
            reserve.filled += u64::from(kind == code);
        }
        if !self.mixed.contains(&rank) || kind == seat::HELD {
            return;
        }
        let step = self.steps.at(rank);
        let general = kind == seat::GENERAL || kind == seat::FLOW;
        if general || !served {
            add(&mut self.tally, seat::GENERAL, step, served);
        }
        for (code, at) in (seat::RESERVE..).zip(0..self.count.reserves.len()) {
            if kind == code || (!served && marks >> at & 1 == 1) {
                add(&mut self.tally, code, step, served);
            }
        }
    }

    /// Adds another part of the same area.
    pub(super) fn merge(&mut self, other: AreaTally<'_>) {
        let (sum, part) = (&mut self.count, other.count);
        sum.eligible += part.eligible;
        sum.recipients += part.recipients;
        sum.waiting += part.waiting;
        sum.flowed += part.flowed;
        for (sum, part) in sum.reserves.iter_mut().zip(part.reserves) {
            sum.group += part.group;
            sum.filled += part.filled;
        }
        for (key, (served, waiting)) in other.tally {
            let slot = self.tally.entry(key).or_default();
            *slot = (slot.0 + served, slot.1 + waiting);
        }
    }

    /// The area's counts with its draws.
    pub(super) fn finish(mut self) -> AreaCount {
        for ((code, step), (served, waiting)) in self.tally {
            let Some(bucket) = self.steps.get(step).map(|step| step.bucket) else { continue };
            // rows promoted from a list stand there in an order of their own
            if served == 0 || waiting == 0 || !bucket.unlisted {
                continue;
            }
            let draw = Some(Draw {
                score: bucket.score.0,
                incumbents: !bucket.newcomer,
                candidates: served + waiting,
                places: served,
            });
            self.count.drawn += served;
            match usize::from(code).checked_sub(usize::from(seat::RESERVE)) {
                None => self.count.draw = draw,
                Some(at) => {
                    if let Some(reserve) = self.count.reserves.get_mut(at) {
                        reserve.draw = draw;
                    }
                }
            }
        }
        self.count
    }
}

fn add(tally: &mut Tally, code: u8, step: usize, served: bool) {
    let slot = tally.entry((code, step)).or_default();
    slot.0 += u64::from(served);
    slot.1 += u64::from(!served);
}
