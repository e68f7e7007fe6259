//! Typed views of a batch's columns, and the macro that declares them.
//!
//! Takes the columns of a batch; gives one view per declared column, found once
//! per batch. A column that is absent answers "unknown" for every row.

use crate::batch::{BatchColumn, Values};
use crate::description::ColumnWish;

/// A fact that may be unknown: `None` is unknown, never "no".
pub type Known<T> = Option<T>;

/// A column of numbers: codes, counts, ordinals, dates, money.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a, T> {
    values: &'a [T],
    valid: Option<&'a [u8]>,
}

/// Codes and small counts.
pub type U8<'a> = Numbers<'a, u8>;
/// Ordinals, months, quarters.
pub type U16<'a> = Numbers<'a, u16>;
/// Ordinals and counts.
pub type U32<'a> = Numbers<'a, u32>;
/// Days since 1970-01-01.
pub type S32<'a> = Numbers<'a, i32>;
/// Rupiah.
pub type S64<'a> = Numbers<'a, i64>;

#[inline(always)]
fn bit(bits: &[u8], row: usize) -> Option<bool> {
    bits.get(row / 8).map(|byte| (byte >> (row % 8)) & 1 == 1)
}

impl<T: Copy> Numbers<'_, T> {
    /// The value of a row, if it is known.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, row: usize) -> Known<T> {
        let value = *self.values.get(row)?;
        match self.valid {
            None => Some(value),
            Some(bits) => bit(bits, row)?.then_some(value),
        }
    }
}

impl<'a, T> Numbers<'a, T> {
    /// So many values from a row on, none if the column is absent, and the bytes of known rows.
    #[inline(always)]
    pub(crate) fn rows(&self, start: usize, count: usize) -> (&'a [T], Option<&'a [u8]>) {
        let values = self.values.get(start..start + count).unwrap_or_default();
        (values, self.valid.map(|valid| valid.get(start / 8..).unwrap_or_default()))
    }
}

impl Numbers<'_, u8> {
    /// The code of a row, 0 where it is unknown or the column is absent: for
    /// columns whose codes start at 1. The contract has unknown rows hold zero,
    /// so this needs no look at the known rows and no branch.
    #[inline(always)]
    #[must_use]
    pub fn code(&self, row: usize) -> u8 {
        self.values.get(row).copied().unwrap_or(0)
    }
}

/// A column of yes and no.
#[derive(Debug, Clone, Copy)]
pub struct Bits<'a> {
    values: &'a [u8],
    valid: Option<&'a [u8]>,
}

impl<'a> Bits<'a> {
    /// The bytes from a row on, none if the column is absent, and those of known rows by position.
    #[inline(always)]
    pub(crate) fn rows(&self, start: usize, count: usize) -> (&'a [u8], impl Fn(usize) -> u8 + use<'a>) {
        let bytes = start / 8..(start + count).div_ceil(8);
        let values = self.values.get(bytes.clone()).unwrap_or_default();
        let valid = self.valid.map(|valid| valid.get(bytes).unwrap_or_default());
        let all = if values.is_empty() { 0 } else { u8::MAX };
        (values, move |at| valid.map_or(all, |valid| valid.get(at).copied().unwrap_or(0)))
    }

    /// Yes or no, if it is known.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, row: usize) -> Known<bool> {
        let value = bit(self.values, row)?;
        match self.valid {
            None => Some(value),
            Some(bits) => bit(bits, row)?.then_some(value),
        }
    }

    /// Whether it is a known yes; unknown rows hold zero.
    #[inline(always)]
    #[must_use]
    pub fn is_yes(&self, row: usize) -> bool {
        bit(self.values, row).unwrap_or(false)
    }
}

/// A column of sets of at most 32 codes.
#[derive(Debug, Clone, Copy)]
pub struct Set<'a> {
    members: &'a [u32],
    known: &'a [u32],
}

/// The set of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetAt {
    /// Codes that hold.
    pub members: u32,
    /// Codes whose state is known.
    pub known: u32,
}

impl SetAt {
    /// Whether any code of the mask holds: a hit is a yes, whatever else is
    /// unknown; no hit is a no only if each code of the mask is known.
    #[inline(always)]
    #[must_use]
    pub fn any(self, mask: u32) -> Known<bool> {
        if self.members & mask != 0 {
            Some(true)
        } else if self.known & mask == mask {
            Some(false)
        } else {
            None
        }
    }
}

impl<'a> Set<'a> {
    /// So many sets from a row on, none if the column is absent: members and known.
    #[inline(always)]
    pub(crate) fn rows(&self, start: usize, count: usize) -> (&'a [u32], &'a [u32]) {
        let rows = start..start + count;
        (self.members.get(rows.clone()).unwrap_or_default(), self.known.get(rows).unwrap_or_default())
    }

    /// The set of a row; an absent column knows nothing.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, row: usize) -> SetAt {
        match (self.members.get(row), self.known.get(row)) {
            (Some(members), Some(known)) => SetAt { members: *members, known: *known },
            _ => SetAt::default(),
        }
    }
}

/// The columns of a program; `kit::columns!` writes the implementation.
pub trait Columns<'a>: Sized {
    /// What is read, families first: the order in which columns cross.
    const WISHES: &'static [ColumnWish];

    /// Finds each declared column among those present, once per batch.
    ///
    /// `None` if a column does not have the kind that was declared: the host
    /// has checked that, so it is a fault of the caller.
    fn bind(family: &[BatchColumn<'a>], member: &[BatchColumn<'a>], present: &[bool]) -> Option<Self>;
}

macro_rules! numbers {
    ($($t:ty, $variant:ident);*) => { $(
        impl<'a> TryFrom<BatchColumn<'a>> for Numbers<'a, $t> {
            type Error = ();
            fn try_from(column: BatchColumn<'a>) -> Result<Self, ()> {
                match column.values {
                    Values::$variant(values) => Ok(Self { values, valid: column.valid }),
                    _ => Err(()),
                }
            }
        }
    )* };
}
numbers!(u8, U8; u16, U16; u32, U32; i32, S32; i64, S64);

/// Used by `columns!`: the next column if it is present, an empty one if not.
pub fn bind_numbers<'a, T>(columns: &mut impl Iterator<Item = BatchColumn<'a>>, present: bool) -> Option<Numbers<'a, T>>
where
    Numbers<'a, T>: TryFrom<BatchColumn<'a>>,
{
    if present { Numbers::try_from(columns.next()?).ok() } else { Some(Numbers { values: &[], valid: None }) }
}

/// See [`bind_numbers`].
pub fn bind_bits<'a>(columns: &mut impl Iterator<Item = BatchColumn<'a>>, present: bool) -> Option<Bits<'a>> {
    if !present {
        return Some(Bits { values: &[], valid: None });
    }
    let column = columns.next()?;
    match column.values {
        Values::Bits(values) => Some(Bits { values, valid: column.valid }),
        _ => None,
    }
}

/// See [`bind_numbers`].
pub fn bind_set<'a>(columns: &mut impl Iterator<Item = BatchColumn<'a>>, present: bool) -> Option<Set<'a>> {
    if !present {
        return Some(Set { members: &[], known: &[] });
    }
    match columns.next()?.values {
        Values::Set { members, known } => Some(Set { members, known }),
        _ => None,
    }
}

/// Declares the columns that a program reads.
///
/// Makes `struct Columns<'a>` with a typed view per column, `enum Column` with
/// their names for the reads-lists of criteria, and the description's list, so
/// that the three cannot drift. A name with a dot is given after `=`.
///
/// ```
/// kit::columns! {
///     family {
///         decile: u8 required,
///         previous: bits optional = "previous.pkh",
///     }
///     member {
///         birth_date: s32 required,
///     }
/// }
/// ```
#[macro_export]
macro_rules! columns {
    (
        family { $( $(#[$fdoc:meta])* $f:ident : $fkind:ident $fwish:ident $(= $fname:literal)? ),* $(,)? }
        member { $( $(#[$mdoc:meta])* $m:ident : $mkind:ident $mwish:ident $(= $mname:literal)? ),* $(,)? }
    ) => {
        /// The columns of a batch that this program reads.
        #[derive(Debug, Clone, Copy)]
        pub struct Columns<'a> {
            $( $(#[$fdoc])* #[doc = concat!("Family column `", stringify!($f), "`.")] pub $f: $crate::column_view!($fkind, 'a), )*
            $( $(#[$mdoc])* #[doc = concat!("Member column `", stringify!($m), "`.")] pub $m: $crate::column_view!($mkind, 'a), )*
            #[doc(hidden)]
            pub lifetime: ::core::marker::PhantomData<&'a ()>,
        }

        /// Names of the columns, for reads-lists; in the order of the description.
        #[expect(non_camel_case_types, reason = "a variant is spelt as its column")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Column {
            $( #[doc = concat!("`", stringify!($f), "`")] $f, )*
            $( #[doc = concat!("`", stringify!($m), "`")] $m, )*
        }

        impl<'a> $crate::Columns<'a> for Columns<'a> {
            const WISHES: &'static [$crate::ColumnWish] = &[
                $( $crate::ColumnWish {
                    name: $crate::column_name!($f $(, $fname)?), entity: $crate::Entity::Family,
                    kind: $crate::column_kind!($fkind), required: $crate::column_required!($fwish) }, )*
                $( $crate::ColumnWish {
                    name: $crate::column_name!($m $(, $mname)?), entity: $crate::Entity::Member,
                    kind: $crate::column_kind!($mkind), required: $crate::column_required!($mwish) }, )*
            ];

            #[allow(unused_mut, unused_variables, clippy::allow_attributes, reason = "a program may read no column of one entity")]
            fn bind(family: &[$crate::BatchColumn<'a>], member: &[$crate::BatchColumn<'a>], present: &[bool]) -> Option<Self> {
                let here = |column: Column| present.get(column as usize).copied().unwrap_or(false);
                let mut family = family.iter().copied();
                let mut member = member.iter().copied();
                Some(Self {
                    $( $f: $crate::column_bind!($fkind, &mut family, here(Column::$f))?, )*
                    $( $m: $crate::column_bind!($mkind, &mut member, here(Column::$m))?, )*
                    lifetime: ::core::marker::PhantomData,
                })
            }
        }
    };
}

/// Part of [`columns!`].
#[doc(hidden)]
#[macro_export]
macro_rules! column_view {
    (bits, $l:lifetime) => { $crate::Bits<$l> };
    (u8, $l:lifetime) => { $crate::U8<$l> };
    (u16, $l:lifetime) => { $crate::U16<$l> };
    (u32, $l:lifetime) => { $crate::U32<$l> };
    (s32, $l:lifetime) => { $crate::S32<$l> };
    (s64, $l:lifetime) => { $crate::S64<$l> };
    (set, $l:lifetime) => { $crate::Set<$l> };
}

/// Part of [`columns!`].
#[doc(hidden)]
#[macro_export]
macro_rules! column_kind {
    (bits) => {
        $crate::Kind::Bits
    };
    (u8) => {
        $crate::Kind::U8
    };
    (u16) => {
        $crate::Kind::U16
    };
    (u32) => {
        $crate::Kind::U32
    };
    (s32) => {
        $crate::Kind::S32
    };
    (s64) => {
        $crate::Kind::S64
    };
    (set) => {
        $crate::Kind::Set
    };
}

/// Part of [`columns!`].
#[doc(hidden)]
#[macro_export]
macro_rules! column_bind {
    (bits, $from:expr, $here:expr) => {
        $crate::bind_bits($from, $here)
    };
    (set, $from:expr, $here:expr) => {
        $crate::bind_set($from, $here)
    };
    ($numbers:ident, $from:expr, $here:expr) => {
        $crate::bind_numbers($from, $here)
    };
}

/// Part of [`columns!`].
#[doc(hidden)]
#[macro_export]
macro_rules! column_name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident, $literal:literal) => {
        $literal
    };
}

/// Part of [`columns!`].
#[doc(hidden)]
#[macro_export]
macro_rules! column_required {
    (required) => {
        true
    };
    (optional) => {
        false
    };
}
