//! The same program without a sandbox: for tests and as the yardstick of
//! benchmarks. A run never judges natively.
//!
//! Takes settings as they cross and a batch of borrowed slices; gives what the
//! plugin gives.

use crate::dates::Dates;
use crate::description::{Description, Value};
use crate::program::{Line, Program, Verdicts};
use crate::{Batch, Problem, Settings, program};

pub use crate::settings::{choice, choices, codes, flag, integer, read_one};

/// A program with its settings.
#[derive(Debug, Clone)]
pub struct Judge<P> {
    program: P,
    present: Vec<bool>,
}

impl<P: Program> Judge<P> {
    /// Takes settings in the order of the description, which of its columns
    /// are present, and the two dates in days since 1970-01-01.
    ///
    /// # Errors
    /// Each setting that is missing, out of bounds or contradicts another.
    pub fn new(settings: &[Value], present: &[bool], as_of: i32, period_start: i32) -> Result<Self, Vec<Problem>> {
        let program = P::new(P::Settings::read(settings)?, Dates { as_of, period_start })?;
        Ok(Self { program, present: present.to_vec() })
    }

    /// Judges a batch; `None` if its columns do not have the declared kinds.
    #[must_use]
    pub fn judge(&self, batch: &Batch<'_>) -> Option<Verdicts> {
        program::judge(&self.program, batch, &self.present)
    }

    /// The lines behind amounts and scores; `None` as in [`Judge::judge`].
    #[must_use]
    pub fn breakdown(&self, batch: &Batch<'_>) -> Option<Vec<Line>> {
        program::breakdown(&self.program, batch, &self.present)
    }
}

/// What a program says of itself.
#[must_use]
pub fn describe<P: Program>() -> Description {
    Description::of::<P>()
}

/// Judges one batch; see [`Judge::new`] and [`Judge::judge`].
///
/// # Errors
/// As [`Judge::new`].
pub fn judge<P: Program>(
    settings: &[Value],
    present: &[bool],
    as_of: i32,
    period_start: i32,
    batch: &Batch<'_>,
) -> Result<Option<Verdicts>, Vec<Problem>> {
    Ok(Judge::<P>::new(settings, present, as_of, period_start)?.judge(batch))
}

/// The breakdown of one batch; see [`judge`].
///
/// # Errors
/// As [`Judge::new`].
pub fn breakdown<P: Program>(
    settings: &[Value],
    present: &[bool],
    as_of: i32,
    period_start: i32,
    batch: &Batch<'_>,
) -> Result<Option<Vec<Line>>, Vec<Problem>> {
    Ok(Judge::<P>::new(settings, present, as_of, period_start)?.breakdown(batch))
}
