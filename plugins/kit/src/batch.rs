//! A batch as a program is handed it: borrowed slices, nothing else.
//!
//! Takes nothing, holds what crossed. The shapes are those of
//! `schema/program.wit`; the host has checked lengths and padding.

/// The values of one column, one per row. Unknown rows hold zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values<'a> {
    /// One bit per row, least significant first.
    Bits(&'a [u8]),
    /// Codes and small counts.
    U8(&'a [u8]),
    /// Ordinals, months, quarters.
    U16(&'a [u16]),
    /// Ordinals and counts.
    U32(&'a [u32]),
    /// Days since 1970-01-01.
    S32(&'a [i32]),
    /// Rupiah.
    S64(&'a [i64]),
    /// A set of codes and the codes whose state is known.
    Set {
        /// Codes that hold.
        members: &'a [u32],
        /// Codes whose state is known.
        known: &'a [u32],
    },
}

/// A column: values and which rows are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchColumn<'a> {
    /// One value per row.
    pub values: Values<'a>,
    /// One bit per row, 1 = known; `None` = all known.
    pub valid: Option<&'a [u8]>,
}

/// Columns of consecutive families and exactly their members.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batch<'a> {
    /// Number of families.
    pub families: u32,
    /// For each family the end of its members, ascending.
    pub member_ends: &'a [u32],
    /// The family columns that are present, in the order of the description.
    pub family: &'a [BatchColumn<'a>],
    /// The member columns that are present, in the order of the description.
    pub member: &'a [BatchColumn<'a>],
}
