//! Cuts a delimited text file into rows and cells.
//!
//! Takes a CSV as senders make them: byte order mark, any of four delimiters,
//! quotes, cp1252; gives rows in order. A stray quote costs its own row only. A
//! file that ends in the middle of a row is refused whole, because nobody knows
//! what it lacks. Memory: one buffer, at most one row of 64 MiB.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::cells::{Broken, Row};
use super::layout::Layout;
use super::{refused, truncated};
use crate::error::{Error, Result};
use crate::say;

const BUFFER: usize = 1 << 20;
const LONGEST_ROW: usize = 64 << 20;
/// A quoted cell without an end within this many bytes is a stray quote.
/// A spreadsheet holds no more than 32,767 characters, and lists are exported to one.
pub(super) const LONGEST_CELL: usize = 32_000;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Finds the delimiter and reads the header.
///
/// # Errors
/// `Fault::Extract`: empty, UTF-16, a workbook or archive, no header.
pub(super) fn header(path: &Path) -> Result<(u8, Vec<String>)> {
    let mut lines = Lines::open(path)?;
    let Some((start, end)) = lines.next_line(path)? else {
        return Err(refused(path, say!("berkas kosong", "the file is empty"))
            .fix(say!("minta pengirim mengirim ulang berkas", "ask the sender for the file again")));
    };
    let line = lines.buffer.get(start..end).unwrap_or(b"").to_vec();
    foreign(path, &line)?;
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
    shaped(path, line)?;
    let outside = |mark: u8| {
        let mut quoted = false;
        line.iter()
            .filter(|b| {
                quoted ^= **b == b'"';
                **b == mark && !quoted
            })
            .count()
    };
    let delimiter = DELIMITERS.into_iter().rev().max_by_key(|mark| outside(*mark)).unwrap_or(b',');
    let mut cutter = Cutter::new(delimiter);
    let (text, cells) = cutter.cut(line).unwrap_or((line, &[]));
    let names =
        cells.iter().map(|&(from, to)| String::from_utf8_lossy(text.get(from as usize..to as usize).unwrap_or(b"")));
    Ok((delimiter, names.map(|name| name.trim().to_owned()).collect()))
}

/// Refuses what is not text in an encoding of one byte per letter or UTF-8.
fn foreign(path: &Path, line: &[u8]) -> Result<()> {
    const OTHERS: [&[u8]; 15] = [
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xd0\xcf\x11\xe0",
        b"\x1f\x8b",
        b"PAR1",
        b"PARE",
        b"%PDF",
        b"7z\xbc\xaf",
        b"\xfd7zXZ",
        b"BZh",
        b"\x28\xb5\x2f\xfd",
        b"Rar!",
        b"SQLite format 3",
        b"ARROW1",
        b"\x7fELF",
    ];
    let start = line.trim_ascii_start();
    let marked = start.starts_with(b"<") || start.starts_with(b"{") || start.starts_with(b"[");
    if marked || OTHERS.iter().any(|magic| line.starts_with(magic)) {
        return Err(refused(
            path,
            say!(
                "berkas ini bukan CSV (buku kerja Excel, arsip, Parquet, PDF, HTML atau JSON)",
                "the file is no CSV (an Excel workbook, an archive, Parquet, PDF, HTML or JSON)"
            ),
        )
        .fix(say!(
            "simpan sebagai CSV UTF-8, atau beri akhiran `.parquet` bila memang Parquet",
            "save it as CSV UTF-8, or name it `.parquet` if it is Parquet"
        )));
    }
    let zeros = memchr::memchr_iter(0, line).count();
    if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") || zeros * 3 > line.len() {
        return Err(refused(path, say!("berkas berkode UTF-16", "the file is encoded in UTF-16"))
            .fix(say!("simpan ulang sebagai CSV UTF-8", "save it again as CSV UTF-8")));
    }
    Ok(())
}

/// Refuses a header line that is not one line.
fn shaped(path: &Path, line: &[u8]) -> Result<()> {
    if line.trim_ascii_end().contains(&b'\r') {
        return Err(refused(
            path,
            say!("akhir baris hanya CR, seperti pada Mac lama", "ends of line are CR alone, as on an old Mac"),
        )
        .fix(say!("simpan ulang dengan akhir baris LF atau CRLF", "save it again with LF or CRLF ends of line")));
    }
    if line.starts_with(b"sep=") && line.len() <= 6 {
        return Err(refused(
            path,
            say!(
                "baris pertama petunjuk Excel `sep=`, bukan baris judul",
                "the first line is Excel's hint `sep=`, no header"
            ),
        )
        .fix(say!("hapus baris pertama itu", "delete that first line")));
    }
    if memchr::memchr_iter(b'"', line).count() % 2 == 1 {
        return Err(refused(
            path,
            say!("tanda kutip di baris judul tidak ditutup", "a quote in the header stays open"),
        )
        .fix(say!("tulis baris judul tanpa tanda kutip", "write the header without quotes")));
    }
    Ok(())
}

/// Hands on each row behind the header.
///
/// # Errors
/// `Fault::Extract` for a file that ends in the middle of a row; whatever `take` returns.
pub(super) fn each_row(
    path: &Path,
    delimiter: u8,
    layout: &Layout,
    take: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut lines = Lines::open(path)?;
    lines.next_line(path)?;
    let mut cutter = Cutter::new(delimiter);
    let mut decoded = String::new();
    let mut number = 0_u64;
    while let Some((start, mut end)) = lines.next_line(path)? {
        if lines.buffer.get(start..end).unwrap_or(b"").trim_ascii().is_empty() {
            continue;
        }
        number += 1;
        let mut broken = None;
        let mut last_short = lines.unended;
        if memchr::memchr(b'"', lines.buffer.get(start..end).unwrap_or(b"")).is_some() {
            (end, broken) = lines.close_quotes(start, end, delimiter, path)?;
            let open_at_end = broken.is_some() && lines.unended && lines.quote_open;
            if open_at_end {
                return Err(truncated(path, number));
            }
            last_short = lines.unended;
        }
        let raw = lines.buffer.get(start..end).unwrap_or(b"");
        if memchr::memchr(0, raw).is_some() {
            broken = Some(Broken::Encoding);
        }
        let mut cp1252 = false;
        let mut text = raw;
        if broken.is_none() && std::str::from_utf8(raw).is_err() {
            cp1252 = true;
            let undefined = raw.iter().any(|b| matches!(b, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
            broken = undefined.then_some(Broken::Encoding);
            decoded.clear();
            decoded.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(raw).0);
            text = decoded.as_bytes();
        }
        let (text, cells) = cutter.cut(text).unwrap_or((text, &[]));
        if last_short && broken.is_none() && cells.len() < layout.headers.len() {
            return Err(truncated(path, number));
        }
        take(&Row { number, raw, text, cells, broken, cp1252 })?;
    }
    Ok(())
}

/// Lines of a file through one buffer.
struct Lines {
    file: File,
    buffer: Vec<u8>,
    /// Start of the next line.
    at: usize,
    filled: usize,
    ended: bool,
    /// The line last given had no end of line.
    unended: bool,
    /// A quote stood open where the file ended.
    quote_open: bool,
}

impl Lines {
    fn open(path: &Path) -> Result<Lines> {
        let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
        let buffer = vec![0; BUFFER];
        Ok(Lines { file, buffer, at: 0, filled: 0, ended: false, unended: false, quote_open: false })
    }

    /// The next line as a range of `buffer`, without its end; valid until the next call.
    fn next_line(&mut self, path: &Path) -> Result<Option<(usize, usize)>> {
        let mut searched = self.at;
        loop {
            if let Some(found) = memchr::memchr(b'\n', self.buffer.get(searched..self.filled).unwrap_or(b"")) {
                let (start, end) = (self.at, searched + found);
                self.at = end + 1;
                self.unended = false;
                return Ok(Some((start, self.without_return(start, end))));
            }
            searched = self.filled;
            if self.ended {
                if self.at >= self.filled {
                    return Ok(None);
                }
                let (start, end) = (self.at, self.filled);
                self.at = end;
                self.unended = true;
                return Ok(Some((start, self.without_return(start, end))));
            }
            let kept = self.at;
            self.fill(kept, path)?;
            searched -= kept;
        }
    }

    fn without_return(&self, start: usize, end: usize) -> usize {
        if end > start && self.buffer.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
    }

    /// Drops what lies before `keep` and reads on.
    fn fill(&mut self, keep: usize, path: &Path) -> Result<()> {
        self.buffer.copy_within(keep..self.filled, 0);
        self.filled -= keep;
        self.at -= keep;
        if self.filled == self.buffer.len() {
            if self.filled >= LONGEST_ROW {
                return Err(refused(path, say!("satu baris melebihi 64 MiB", "one row is longer than 64 MiB"))
                    .fix(say!("periksa tanda kutip dan akhir baris", "check quotes and ends of line")));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or(&mut []);
        let read = loop {
            match self.file.read(room) {
                Ok(read) => break read,
                Err(again) if again.kind() == std::io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Error::storage(path, cause)),
            }
        };
        self.filled += read;
        self.ended = read == 0;
        Ok(())
    }

    /// The end of a row whose first line holds a quote: further lines belong to it
    /// while a quoted cell is open. A stray quote breaks its first line only.
    fn close_quotes(
        &mut self,
        start: usize,
        end: usize,
        delimiter: u8,
        path: &Path,
    ) -> Result<(usize, Option<Broken>)> {
        self.quote_open = false;
        // a quoted cell may run on: have its longest form in the buffer, without moving the row
        while !self.ended && self.filled < end + LONGEST_CELL {
            if self.filled == self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            let room = self.buffer.get_mut(self.filled..).unwrap_or(&mut []);
            let read = self.file.read(room).map_err(|cause| Error::storage(path, cause))?;
            self.filled += read;
            self.ended = read == 0;
        }
        let bytes = self.buffer.get(..self.filled).unwrap_or(b"");
        match row_end(bytes, start, end, delimiter) {
            RowEnd::At(row_end) => {
                let end_of_file = row_end >= self.filled;
                if row_end > end {
                    self.unended = end_of_file;
                    self.at = (row_end + 1).min(self.filled);
                }
                Ok((self.without_return(start, row_end), None))
            }
            RowEnd::Stray => Ok((end, Some(Broken::Quotes))),
            RowEnd::Open => {
                self.quote_open = true;
                Ok((end, Some(Broken::Quotes)))
            }
        }
    }
}

enum RowEnd {
    At(usize),
    Stray,
    Open,
}

/// Walks the cells of a row from `start`, whose first line ends at `end`.
fn row_end(bytes: &[u8], start: usize, end: usize, delimiter: u8) -> RowEnd {
    let mut at = start;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let opened = at;
            at += 1;
            loop {
                let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) else {
                    return RowEnd::Open;
                };
                at += found + 1;
                if at - opened > LONGEST_CELL {
                    return if at <= end { RowEnd::At(end) } else { RowEnd::Stray };
                }
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
            if bytes.get(at) == Some(&b'\r') && matches!(bytes.get(at + 1), Some(b'\n') | None) {
                at += 1;
            }
            match bytes.get(at) {
                None | Some(b'\n') => return RowEnd::At(at),
                Some(mark) if *mark == delimiter => at += 1,
                Some(_) => return RowEnd::Stray,
            }
        } else {
            match bytes.get(at..).and_then(|rest| memchr::memchr2(delimiter, b'\n', rest)) {
                Some(found) if bytes.get(at + found) == Some(&delimiter) => at += found + 1,
                Some(found) => return RowEnd::At(at + found),
                None => return RowEnd::At(bytes.len()),
            }
        }
    }
}

/// A text, and the ranges of its cells.
type Cut<'a> = (&'a [u8], &'a [(u32, u32)]);

/// Cuts one row into cells.
struct Cutter {
    delimiter: u8,
    cells: Vec<(u32, u32)>,
    bare: Vec<u8>,
}

impl Cutter {
    fn new(delimiter: u8) -> Cutter {
        Cutter { delimiter, cells: Vec::new(), bare: Vec::new() }
    }

    /// The text that cells lie in, and the cells.
    fn cut<'a>(&'a mut self, row: &'a [u8]) -> Option<Cut<'a>> {
        self.cells.clear();
        if memchr::memchr(b'"', row).is_none() {
            let mut start = 0_u32;
            for at in memchr::memchr_iter(self.delimiter, row) {
                let end = u32::try_from(at).ok()?;
                self.cells.push((start, end));
                start = end + 1;
            }
            self.cells.push((start, u32::try_from(row.len()).ok()?));
            return Some((row, &self.cells));
        }
        self.cut_quoted(row)?;
        Some((&self.bare, &self.cells))
    }

    fn cut_quoted(&mut self, row: &[u8]) -> Option<()> {
        self.bare.clear();
        let mut at = 0;
        loop {
            let start = u32::try_from(self.bare.len()).ok()?;
            if row.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    let found = memchr::memchr(b'"', row.get(at..)?)?;
                    self.bare.extend_from_slice(row.get(at..at + found)?);
                    at += found + 1;
                    if row.get(at) != Some(&b'"') {
                        break;
                    }
                    self.bare.push(b'"');
                    at += 1;
                }
            } else {
                let rest = row.get(at..)?;
                let found = memchr::memchr(self.delimiter, rest).unwrap_or(rest.len());
                self.bare.extend_from_slice(rest.get(..found)?);
                at += found;
            }
            self.cells.push((start, u32::try_from(self.bare.len()).ok()?));
            match row.get(at) {
                Some(mark) if *mark == self.delimiter => at += 1,
                _ => return Some(()),
            }
        }
    }
}
