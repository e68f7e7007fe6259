//! Blocks of typed rows on their way to the registry.
//!
//! Takes nothing; holds numbers row by row (`NOTHING` = not delivered), the
//! identity text that only the vault may keep, and the rows set aside.

use serde::{Deserialize, Serialize};

use super::keyring::Key;

/// A number that was not delivered.
pub const NOTHING: i64 = i64::MIN;

/// What a key is the key of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// An NIK, or what stands for it.
    Person = 0,
    /// A KK number.
    Family = 1,
    /// A village code; no pseudonym.
    Village = 2,
}

/// The keys and the number of an accepted row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKeys {
    /// 1-based row of the file, header not counted.
    pub row: u64,
    /// What `id` is the key of.
    pub unit: Unit,
    /// The row's own key.
    pub id: Key,
    /// A person's family, or the head of a family in the aid history.
    pub other: Option<Key>,
}

/// Why a row was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is the reason code itself, explained by `meaning`")]
pub enum Reason {
    NikMissing,
    NikLength,
    NikDigits,
    NikShape,
    KkMissing,
    KkLength,
    KkDigits,
    KkShape,
    DateInvalid,
    DateFuture,
    DateTooOld,
    CodeUnknown,
    NumberInvalid,
    OutOfRange,
    RegionUnknown,
    DuplicateRow,
    DuplicateConflict,
    FieldCount,
    Encoding,
}

impl Reason {
    /// The code that scripts rely on.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Reason::NikMissing => "nik_missing",
            Reason::NikLength => "nik_length",
            Reason::NikDigits => "nik_digits",
            Reason::NikShape => "nik_shape",
            Reason::KkMissing => "kk_missing",
            Reason::KkLength => "kk_length",
            Reason::KkDigits => "kk_digits",
            Reason::KkShape => "kk_shape",
            Reason::DateInvalid => "date_invalid",
            Reason::DateFuture => "date_future",
            Reason::DateTooOld => "date_too_old",
            Reason::CodeUnknown => "code_unknown",
            Reason::NumberInvalid => "number_invalid",
            Reason::OutOfRange => "out_of_range",
            Reason::RegionUnknown => "region_unknown",
            Reason::DuplicateRow => "duplicate_row",
            Reason::DuplicateConflict => "duplicate_conflict",
            Reason::FieldCount => "field_count",
            Reason::Encoding => "encoding",
        }
    }
}

/// A row set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// 1-based row of the file, header not counted.
    pub row: u64,
    /// Delivered header of the column at fault; empty for the whole row.
    pub column: String,
    /// The value, identities masked, at most 40 characters.
    pub shown: String,
    /// Why.
    pub reason: Reason,
    /// The row as it stood in the file: for the vault only.
    pub raw: Vec<u8>,
}

/// Consecutive rows of a file.
#[derive(Debug, Default)]
pub struct Block {
    /// Keys of the accepted rows.
    pub keys: Vec<RowKeys>,
    /// Numbers of the accepted rows, `Layout::numbers` per row.
    pub numbers: Vec<i64>,
    /// End of each text in `text`, `Layout::texts` per accepted row.
    pub text_ends: Vec<u32>,
    /// Text of the accepted rows, UTF-8: identities, or a village's name.
    pub text: Vec<u8>,
    /// Rows set aside.
    pub rejected: Vec<Rejected>,
    /// Regencies recognised by name, not by code (Papua).
    pub regions_by_name: u64,
    /// ID-card regencies that could not be resolved; kept as not delivered.
    pub card_regions_unknown: u64,
    /// Rows that were not UTF-8 and were read as cp1252.
    pub cp1252: u64,
}

impl Block {
    /// The numbers of one accepted row.
    #[must_use]
    pub fn row_numbers(&self, at: usize, width: usize) -> &[i64] {
        self.numbers.get(at * width..(at + 1) * width).unwrap_or(&[])
    }

    /// One text of one accepted row.
    #[must_use]
    pub fn row_text(&self, at: usize, column: usize, width: usize) -> &[u8] {
        let place = at * width + column;
        let end = self.text_ends.get(place).copied().unwrap_or(0);
        let start = if place == 0 { 0 } else { self.text_ends.get(place - 1).copied().unwrap_or(0) };
        self.text.get(start as usize..end as usize).unwrap_or(&[])
    }
}
