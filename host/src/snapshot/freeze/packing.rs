//! Rows in a bucket: fixed width, so that a sort moves numbers and not rows.
//!
//! Takes the facts of a row; keeps each in the width of its kind, with a mark for
//! what was not delivered. One bucket per regency; large countries spill to disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use crate::columns::Kind;
use crate::error::{Error, Result};
use crate::intake::NOTHING;

/// How rows of one table are packed: width in bytes of each column.
#[derive(Debug, Clone)]
pub(super) struct Packing {
    /// Offset and width of each column.
    columns: Vec<(usize, usize)>,
    /// Bytes of a row.
    pub(super) width: usize,
}

impl Packing {
    /// For columns of these kinds; `None` is a whole 64-bit number.
    pub(super) fn new(kinds: &[Option<Kind>]) -> Packing {
        let mut at = 0;
        let mut columns = Vec::new();
        for kind in kinds {
            let width = match kind {
                // one value more than the kind holds, for "not delivered"
                Some(Kind::Bits | Kind::U8) => 2,
                Some(Kind::U16 | Kind::S32) => 4,
                _ => 8,
            };
            columns.push((at, width));
            at += width;
        }
        Packing { columns, width: at }
    }

    /// Appends a row.
    pub(super) fn push(&self, values: &[i64], out: &mut Vec<u8>) {
        for (value, (_, width)) in values.iter().zip(&self.columns) {
            let bytes = value.to_le_bytes();
            match width {
                2 => out.extend_from_slice(&(if *value == NOTHING { i16::MIN } else { *value as i16 }).to_le_bytes()),
                4 => out.extend_from_slice(&(if *value == NOTHING { i32::MIN } else { *value as i32 }).to_le_bytes()),
                _ => out.extend_from_slice(&bytes),
            }
        }
    }

    /// A column of a packed row.
    pub(super) fn get(&self, row: &[u8], column: usize) -> i64 {
        let Some((at, width)) = self.columns.get(column) else { return NOTHING };
        let Some(bytes) = row.get(*at..at + width) else { return NOTHING };
        match bytes {
            [a, b] => Some(i16::from_le_bytes([*a, *b])).filter(|v| *v != i16::MIN).map_or(NOTHING, i64::from),
            [a, b, c, d] => {
                Some(i32::from_le_bytes([*a, *b, *c, *d])).filter(|v| *v != i32::MIN).map_or(NOTHING, i64::from)
            }
            _ => bytes.try_into().map_or(NOTHING, i64::from_le_bytes),
        }
    }
}

/// The rows of one regency, of families or of members.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    held: Vec<u8>,
    spilled: Option<File>,
}

impl Bucket {
    /// Where the next row goes.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.held
    }

    /// Moves what is held to disk.
    pub(super) fn spill(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let wrong = |cause: std::io::Error| Error::storage(std::env::temp_dir(), cause);
        if self.spilled.is_none() {
            self.spilled = Some(tempfile::tempfile().map_err(wrong)?);
        }
        if let Some(file) = &mut self.spilled {
            file.write_all(&self.held).map_err(wrong)?;
        }
        self.held.clear();
        Ok(())
    }

    /// All rows.
    pub(super) fn rows(&self) -> Result<Vec<u8>> {
        let wrong = |cause: std::io::Error| Error::storage(std::env::temp_dir(), cause);
        let mut all = Vec::new();
        if let Some(file) = &self.spilled {
            let mut file = file;
            file.seek(SeekFrom::Start(0)).map_err(wrong)?;
            file.read_to_end(&mut all).map_err(wrong)?;
        }
        all.extend_from_slice(&self.held);
        Ok(all)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.spilled.is_none()
    }
}
