//! The shape of a program, and the one loop that judges a batch with it.
//!
//! Takes a program and a batch; gives verdicts, or the breakdown of their
//! amounts and scores from the very same `award`. The loop is compiled anew for
//! each program and allocates nothing per row.

use std::ops::Range;

use crate::batch::Batch;
use crate::criteria::{Component, Masks, ScorePart};
use crate::dates::Dates;
use crate::description::{Part, Unit};
use crate::{Columns, Marks, Problem, Settings};

/// The row being judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Row of the unit: the family's, or for unit `person` the member's.
    pub index: usize,
    /// The family's row.
    pub family: usize,
    /// The members of the family, as rows.
    pub members: Range<usize>,
    /// The marks of the members, where the program makes any.
    pub marks: &'a [u32],
}

/// The list of criteria and the call of each; `kit::criteria!` writes it.
pub trait Criteria {
    /// What the criteria and the award need to know of one row.
    type Facts: Default;
    /// Codes, with what each reads.
    const PARTS: &'static [Part];

    /// Puts every criterion to a row.
    fn criteria(&self, facts: &Self::Facts) -> Masks;
}

/// An aid program.
pub trait Program: Sized + Criteria + 'static {
    /// Made by `kit::columns!`.
    type Columns<'a>: Columns<'a>;
    /// Made by `kit::settings!`.
    type Settings: Settings;
    /// Name, e.g. `pkh`.
    const NAME: &'static str;
    /// Semantic version.
    const VERSION: &'static str;
    /// The row judged.
    const UNIT: Unit;
    /// `Component::PARTS`.
    const COMPONENTS: &'static [Part];
    /// `ScorePart::PARTS`.
    const SCORE_PARTS: &'static [Part];
    /// Smallest and largest score of a row that did not fail.
    const SCORE: (i64, i64);
    /// Smallest and largest amount of it, in rupiah per run period.
    const AMOUNT: (i64, i64);

    /// Works out once what every row needs.
    ///
    /// # Errors
    /// Settings that contradict each other.
    fn new(settings: Self::Settings, dates: Dates) -> Result<Self, Vec<Problem>>;

    /// Whether the program makes marks of its members.
    const MARKS: bool = false;

    /// Marks members, column by column; a heavy program is faster so than by
    /// looking at every column of one member after the other.
    fn mark(&self, columns: &Self::Columns<'_>, marks: &mut Marks<'_>) {
        let _ = (columns, marks);
    }

    /// Reads one row. `facts` is reused from row to row: set every field.
    fn read(&self, columns: &Self::Columns<'_>, row: &Row<'_>, facts: &mut Self::Facts);

    /// Pays and ranks a row that failed nothing, as if each unknown passed.
    /// Components add up to the amount, score parts to the score.
    fn award(&self, facts: &Self::Facts, award: &mut impl Award);
}

/// Where `award` puts its lines.
pub trait Award {
    /// Adds rupiah of a component; `member` is the member's row, or `None` for the row as a whole.
    fn pay(&mut self, component: impl Component, member: Option<usize>, rupiah: i64);
    /// Adds points to a part of the score; more is served first.
    fn rank(&mut self, part: impl ScorePart, points: i64);
    /// Whether lines are kept: if not, who of several equal members is paid does not matter.
    fn keeps_lines(&self) -> bool;
}

/// What a program says of each row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// Bit n = criterion n is not met.
    pub failed: Vec<u64>,
    /// Bit n = criterion n could not be put.
    pub unknown: Vec<u64>,
    /// Higher is served first; 0 for a row that failed.
    pub score: Vec<i64>,
    /// Rupiah per run period; 0 for a row that failed.
    pub amount: Vec<i64>,
}

/// One line of a breakdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Row of the unit.
    pub row: u32,
    /// Member row, or `u32::MAX` for the row as a whole.
    pub member: u32,
    /// Component position, or number of components + score part position.
    pub part: u16,
    /// Rupiah or points; never zero.
    pub value: i64,
}

#[derive(Default)]
struct Sum {
    amount: i64,
    score: i64,
}

impl Award for Sum {
    #[inline(always)]
    fn pay(&mut self, _: impl Component, _: Option<usize>, rupiah: i64) {
        self.amount += rupiah;
    }
    #[inline(always)]
    fn rank(&mut self, _: impl ScorePart, points: i64) {
        self.score += points;
    }
    #[inline(always)]
    fn keeps_lines(&self) -> bool {
        false
    }
}

struct Lines {
    row: u32,
    components: u16,
    lines: Vec<Line>,
}

impl Lines {
    fn add(&mut self, member: u32, part: u16, value: i64) {
        if value != 0 {
            self.lines.push(Line { row: self.row, member, part, value });
        }
    }
}

impl Award for Lines {
    fn pay(&mut self, component: impl Component, member: Option<usize>, rupiah: i64) {
        let member = member.and_then(|row| u32::try_from(row).ok()).unwrap_or(u32::MAX);
        self.add(member, component.position(), rupiah);
    }
    fn rank(&mut self, part: impl ScorePart, points: i64) {
        self.add(u32::MAX, self.components.saturating_add(part.position()), points);
    }
    fn keeps_lines(&self) -> bool {
        true
    }
}

/// Calls `each` for every row of the unit, in order.
#[inline(always)]
fn rows<P: Program>(batch: &Batch<'_>, marks: &[u32], mut each: impl FnMut(Row<'_>)) {
    let mut start = 0_usize;
    for (family, end) in batch.member_ends.iter().enumerate() {
        let end = *end as usize;
        let marks = marks.get(start..end).unwrap_or_default();
        match P::UNIT {
            Unit::Family => each(Row { index: family, family, members: start..end, marks }),
            Unit::Person => {
                for member in start..end {
                    each(Row { index: member, family, members: start..end, marks });
                }
            }
        }
        start = end;
    }
}

/// Members marked at a time: their words stay in the nearest cache.
const MARKED: usize = 1024;

/// The marks of all members of a batch; none if the program makes none.
fn marks<P: Program>(program: &P, columns: &P::Columns<'_>, batch: &Batch<'_>) -> Vec<u32> {
    let members = if P::MARKS { batch.member_ends.last().map_or(0, |end| *end as usize) } else { 0 };
    let mut words = vec![0; members];
    for (at, words) in words.chunks_mut(MARKED).enumerate() {
        program.mark(columns, &mut Marks::new(at * MARKED, words));
    }
    words
}

/// Judges a batch; `None` if its columns are not those of the description.
pub(crate) fn judge<P: Program>(program: &P, batch: &Batch<'_>, present: &[bool]) -> Option<Verdicts> {
    let columns = P::Columns::bind(batch.family, batch.member, present)?;
    let count = match P::UNIT {
        Unit::Family => batch.member_ends.len(),
        Unit::Person => batch.member_ends.last().map_or(0, |end| *end as usize),
    };
    let mut verdicts = Verdicts {
        failed: Vec::with_capacity(count),
        unknown: Vec::with_capacity(count),
        score: Vec::with_capacity(count),
        amount: Vec::with_capacity(count),
    };
    let mut facts = <P as Criteria>::Facts::default();
    let marks = marks(program, &columns, batch);
    rows::<P>(batch, &marks, |row| {
        program.read(&columns, &row, &mut facts);
        let masks = program.criteria(&facts);
        let mut sum = Sum::default();
        if masks.failed == 0 {
            program.award(&facts, &mut sum);
        }
        verdicts.failed.push(masks.failed);
        verdicts.unknown.push(masks.unknown);
        verdicts.score.push(sum.score);
        verdicts.amount.push(sum.amount);
    });
    Some(verdicts)
}

/// The lines behind the amounts and scores of the rows that failed nothing.
pub(crate) fn breakdown<P: Program>(program: &P, batch: &Batch<'_>, present: &[bool]) -> Option<Vec<Line>> {
    let columns = P::Columns::bind(batch.family, batch.member, present)?;
    let mut facts = <P as Criteria>::Facts::default();
    let components = u16::try_from(P::COMPONENTS.len()).ok()?;
    let mut lines = Lines { row: 0, components, lines: Vec::new() };
    let marks = marks(program, &columns, batch);
    rows::<P>(batch, &marks, |row| {
        program.read(&columns, &row, &mut facts);
        if program.criteria(&facts).failed == 0 {
            lines.row = u32::try_from(row.index).unwrap_or(u32::MAX);
            program.award(&facts, &mut lines);
        }
    });
    Some(lines.lines)
}
