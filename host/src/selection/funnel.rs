//! The funnel: how many rows each step left, and the rupiah of those chosen.
//!
//! Partial counts of row groups add up in any order; the nation is the sum of
//! its partitions, and that is checked (I8). Rupiah are summed in 128 bits.

use crate::error::{Error, Fault, Result};
use crate::say;

use super::luck::AreaCount;

/// Rows by one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CriterionCount {
    /// Rows that failed it.
    pub failed: u64,
    /// Rows to which it could not be put.
    pub unknown: u64,
    /// Eligible rows that passed it although it could not be put to them.
    pub not_checked: u64,
    /// Rows in review for which this fact is missing.
    pub review: u64,
}

/// Those who received in the period before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IncumbentCount {
    /// Received in the period before.
    pub last: u64,
    /// Of these, still eligible.
    pub eligible: u64,
    /// Of these, chosen again.
    pub kept: u64,
    /// No longer eligible, or set aside.
    pub gone: u64,
    /// Recipients who hold their place by the rule of incumbents alone: an order without it
    /// would not have given it.
    pub held: u64,
}

/// What a promotion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PromotionCount {
    /// Recipients of the run promoted from.
    pub last: u64,
    /// Of these, still recipients.
    pub stayed: u64,
    /// Vacancies: not in this snapshot, no longer eligible, or in another area of the quota.
    pub left: u64,
    /// Waiting rows of that run who got a vacancy.
    pub promoted: u64,
    /// Vacancies that nobody on the list could take.
    pub open: u64,
}

/// Lots drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Luck {
    /// Areas in which a lot decided.
    pub areas: u64,
    /// Rows of equal standing at the cuts of general seats.
    pub candidates: u64,
    /// Seats among them.
    pub places: u64,
    /// Recipients whom the lot alone parts from a waiting row of the same area and standing.
    pub recipients: u64,
}

/// What limits the number of recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binds {
    /// All eligible rows are served.
    #[default]
    None,
    /// Seats.
    Quota,
    /// Rupiah.
    Ceiling,
}

impl Binds {
    /// The word in receipts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Binds::None => "none",
            Binds::Quota => "quota",
            Binds::Ceiling => "ceiling",
        }
    }
}

/// Counts of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartitionCount {
    /// Code of the partition.
    pub code: String,
    /// Rows of the program's unit.
    pub registered: u64,
    /// Rows that failed a criterion.
    pub failed: u64,
    /// Eligible rows.
    pub eligible: u64,
    /// Rows in review.
    pub review: u64,
    /// Rows refused for an unknown.
    pub refused_unknown: u64,
    /// Chosen rows.
    pub recipients: u64,
    /// Eligible rows not chosen.
    pub waiting: u64,
    /// Rupiah per run period for the chosen.
    pub cost_period: i64,
}

impl PartitionCount {
    pub(super) fn add(&mut self, part: &PartitionCount) {
        self.registered += part.registered;
        self.failed += part.failed;
        self.eligible += part.eligible;
        self.review += part.review;
        self.refused_unknown += part.refused_unknown;
        self.recipients += part.recipients;
        self.waiting += part.waiting;
    }
}

/// Counts and sums of one program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Funnel {
    /// Rows of the program's unit in the snapshot.
    pub registered: u64,
    /// Rows with a verdict.
    pub judged: u64,
    /// Rows that failed a criterion.
    pub failed: u64,
    /// Rows refused for an unknown.
    pub refused_unknown: u64,
    /// Rows set aside for review.
    pub review: u64,
    /// Eligible rows.
    pub eligible: u64,
    /// Rows with a rank: all eligible ones.
    pub ranked: u64,
    /// Chosen rows.
    pub recipients: u64,
    /// Eligible rows not chosen.
    pub waiting: u64,
    /// Rupiah per run period for the chosen.
    pub cost_period: i64,
    /// By criterion, in the order of bits.
    pub criteria: Vec<CriterionCount>,
    /// Those who received before.
    pub incumbents: IncumbentCount,
    /// Seats after scaling; `None` = no limit.
    pub seats: Option<u64>,
    /// Ceiling in rupiah per run period after scaling.
    pub ceiling: Option<i64>,
    /// Rupiah by which the seats' cost passes a ceiling that only reports.
    pub over_ceiling: i64,
    /// What limits.
    pub binds: Binds,
    /// Rank of the last chosen row; 0 = nobody is chosen.
    pub last_rank: u32,
    /// Seats that nobody took, of the areas in the snapshot; 0 without a limit.
    pub unfilled: u64,
    /// Rows served on seats that areas below could not fill.
    pub flowed: u64,
    /// Lots drawn.
    pub luck: Luck,
    /// Promotion, where the run promotes.
    pub promotion: Option<PromotionCount>,
    /// Areas of the quota that have seats or eligible rows, in the order of codes; those in
    /// no area last.
    pub areas: Vec<AreaCount>,
    /// Partitions in order.
    pub partitions: Vec<PartitionCount>,
}

/// A sum of rupiah as 64 bits, or the plugin's fault.
///
/// # Errors
/// Amounts so large that a country's sum does not fit.
pub(super) fn rupiah(sum: i128) -> Result<i64> {
    i64::try_from(sum).map_err(|_| {
        Error::new(
            Fault::Plugin,
            say!("jumlah rupiah {sum} melampaui 64 bit", "the sum of {sum} rupiah does not fit in 64 bits"),
        )
        .code("amount_sum")
    })
}

impl Funnel {
    /// Adds the partitions up and holds them against the nation (I8).
    ///
    /// # Errors
    /// A bug: some sum does not agree.
    pub(super) fn check(&self) -> Result<()> {
        let sum = |part: fn(&PartitionCount) -> u64| self.partitions.iter().map(part).sum::<u64>();
        let cost: i128 = self.partitions.iter().map(|part| i128::from(part.cost_period)).sum();
        let holds = sum(|part| part.registered) == self.registered
            && sum(|part| part.eligible) == self.eligible
            && sum(|part| part.review) == self.review
            && sum(|part| part.recipients) == self.recipients
            && sum(|part| part.waiting) == self.waiting
            && cost == i128::from(self.cost_period)
            && self.areas.iter().map(|area| area.eligible).sum::<u64>() == self.eligible
            && self.areas.iter().map(|area| area.recipients).sum::<u64>() == self.recipients
            && self.recipients + self.waiting == self.eligible
            && self.ranked == self.eligible
            && self.failed + self.refused_unknown + self.review + self.eligible == self.judged
            && self.incumbents.eligible + self.incumbents.gone == self.incumbents.last
            && self.seats.is_none_or(|seats| self.recipients <= seats);
        if holds { Ok(()) } else { Err(Error::bug("regions sum to the nation and every row has one status")) }
    }
}
