//! A CSV file being written: no allocation per field, one buffer per file.
//!
//! Takes fields in order; gives rows and their count. A field can be spoilt on
//! purpose. Fields must come without separators or quotes, or ready quoted.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Bytes kept before a write.
const BUFFER: usize = 1 << 20;

/// One file.
pub(super) struct Sheet {
    path: PathBuf,
    /// Has a name of its own until it is complete, so that nobody imports a half.
    file: NamedTempFile,
    buffer: Vec<u8>,
    column: usize,
    spoilt: Option<(usize, Vec<u8>)>,
    /// Rows so far, the header not counted.
    pub(super) rows: u64,
}

impl Sheet {
    /// Begins the file with its header; an empty header writes none.
    pub(super) fn create(folder: &Path, name: &str, header: &str) -> Result<Sheet> {
        let path = folder.join(name);
        let file = NamedTempFile::with_prefix_in(".synth-", folder).map_err(|e| Error::storage(&path, e))?;
        let mut buffer = Vec::with_capacity(BUFFER + 4_096);
        if !header.is_empty() {
            buffer.extend_from_slice(header.as_bytes());
            buffer.push(b'\n');
        }
        Ok(Sheet { path, file, buffer, column: 0, spoilt: None, rows: 0 })
    }

    /// Replaces a field of the next row.
    pub(super) fn spoil(&mut self, column: usize, text: Vec<u8>) {
        self.spoilt = Some((column, text));
    }

    fn close_field(&mut self, from: usize) {
        if self.spoilt.as_ref().is_some_and(|(column, _)| *column == self.column)
            && let Some((_, text)) = self.spoilt.take()
        {
            self.buffer.truncate(from);
            self.buffer.extend_from_slice(&text);
        }
        self.buffer.push(b',');
        self.column += 1;
    }

    /// A field of bytes.
    pub(super) fn text(&mut self, text: &[u8]) {
        let from = self.buffer.len();
        self.buffer.extend_from_slice(text);
        self.close_field(from);
    }

    /// A field of several parts.
    pub(super) fn parts(&mut self, parts: &[&str]) {
        let from = self.buffer.len();
        for part in parts {
            self.buffer.extend_from_slice(part.as_bytes());
        }
        self.close_field(from);
    }

    /// Several fields at once, as they stand, separated by commas.
    pub(super) fn fields(&mut self, fields: &str) {
        for field in fields.split(',') {
            self.text(field.as_bytes());
        }
    }

    /// A number.
    pub(super) fn number(&mut self, value: u32) {
        let from = self.buffer.len();
        digits(&mut self.buffer, value, 1);
        self.close_field(from);
    }

    /// A number with leading zeros.
    pub(super) fn padded(&mut self, value: u32, width: usize) {
        let from = self.buffer.len();
        digits(&mut self.buffer, value, width);
        self.close_field(from);
    }

    /// A code followed by a padded number: village codes.
    pub(super) fn code_with(&mut self, code: &str, value: u32, width: usize) {
        let from = self.buffer.len();
        self.buffer.extend_from_slice(code.as_bytes());
        digits(&mut self.buffer, value, width);
        self.close_field(from);
    }

    /// A code; 0 is an empty field.
    pub(super) fn code(&mut self, value: u8) {
        if value == 0 { self.text(b"") } else { self.number(u32::from(value)) }
    }

    /// `1` yes, `2` no.
    pub(super) fn yes_no(&mut self, value: bool) {
        self.text(if value { b"1" } else { b"2" });
    }

    /// A date `YYYY-MM-DD`.
    pub(super) fn date(&mut self, (year, month, day): (u16, u8, u8)) {
        let from = self.buffer.len();
        digits(&mut self.buffer, u32::from(year), 4);
        self.buffer.push(b'-');
        digits(&mut self.buffer, u32::from(month), 2);
        self.buffer.push(b'-');
        digits(&mut self.buffer, u32::from(day), 2);
        self.close_field(from);
    }

    /// A number, a joint and a number: `2026Q2`, `2026-08`.
    pub(super) fn joined(&mut self, first: u32, joint: &str, second: u32, width: usize) {
        let from = self.buffer.len();
        digits(&mut self.buffer, first, 4);
        self.buffer.extend_from_slice(joint.as_bytes());
        digits(&mut self.buffer, second, width);
        self.close_field(from);
    }

    /// Ends the row.
    pub(super) fn end(&mut self) -> Result<()> {
        if let Some(last) = self.buffer.last_mut() {
            *last = b'\n';
        }
        self.column = 0;
        self.spoilt = None;
        self.rows += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// A ready line.
    pub(super) fn line(&mut self, text: &str) -> Result<()> {
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.push(b' ');
        self.end()
    }

    /// Writes what is kept.
    fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).map_err(|e| Error::storage(&self.path, e))?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is kept and gives the file its name.
    pub(super) fn close(&mut self) -> Result<()> {
        self.flush()?;
        std::fs::rename(self.file.path(), &self.path).map_err(|e| Error::storage(&self.path, e))
    }
}

fn digits(buffer: &mut Vec<u8>, mut value: u32, width: usize) {
    let mut out = [b'0'; 12];
    let mut at = out.len();
    while value > 0 || out.len() - at < width {
        at -= 1;
        if let Some(slot) = out.get_mut(at) {
            *slot = b'0' + (value % 10) as u8;
        }
        value /= 10;
    }
    buffer.extend_from_slice(out.get(at..).unwrap_or(b""));
}
