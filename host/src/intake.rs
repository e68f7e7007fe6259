//! Reads an extract through its source mapping.
//!
//! Takes a file and the mappings of `schema/sources/`; gives blocks of typed
//! rows, and for each row that was set aside its number, column, masked value
//! and reason. Rows in = accepted + quarantined. Must never repair an identity
//! number, guess a region from a bare code, or let an unmasked identity out of
//! a block's text.

use std::path::Path;

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Date;

pub mod block;
mod cells;
mod decode;
mod guard;
pub mod keyring;
pub mod layout;
mod looks;
pub mod mapping;
mod pages;
mod parquet_rows;
mod place;
mod row;
pub mod stamp;
mod text;
mod turn;

pub use block::{Block, NOTHING, Reason, Rejected, RowKeys, Unit};
pub use keyring::{Key, Keyring};
pub use layout::{Layout, Place, Table};
pub use mapping::Sources;
pub use stamp::Stamp;

/// What a reading needs beside the file.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Makes ids from identities.
    pub keyring: &'a Keyring,
    /// The extract's as-of: no later date is believed.
    pub as_of: Date,
}

/// What a file holds, found from its first bytes; refused here if it can be refused early.
#[derive(Debug)]
pub struct Opened {
    /// The mapping, laid over this file's header.
    pub layout: Layout,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv(u8),
    Parquet,
}

/// Recognises a file's form, header and mapping.
///
/// # Errors
/// `Fault::Extract` (exit 11) for a file that cannot be read as an extract: empty,
/// UTF-16, a workbook, an archive, an unknown header, a missing column.
pub fn open(path: &Path, sources: &Sources, insist: Option<&str>) -> Result<Opened> {
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet")) {
        let headers = parquet_rows::headers(path)?;
        let layout = sources.recognise(path, headers, insist, None)?;
        return Ok(Opened { layout, form: Form::Parquet });
    }
    let (delimiter, headers) = text::header(path)?;
    let layout = sources.recognise(path, headers, insist, Some(delimiter))?;
    Ok(Opened { layout, form: Form::Csv(delimiter) })
}

/// Reads all rows and hands them on in blocks, in the order of the file.
///
/// # Errors
/// `Fault::Extract` for a truncated file or a column of the wrong type; whatever
/// `emit` returns.
pub fn read(
    path: &Path,
    opened: &Opened,
    reading: Reading<'_>,
    emit: &mut dyn FnMut(Block) -> Result<()>,
) -> Result<()> {
    let mut turn = turn::Turn::new(&opened.layout, reading, emit);
    match opened.form {
        Form::Csv(delimiter) => text::each_row(path, delimiter, &opened.layout, &mut |row| turn.take(row))?,
        Form::Parquet => parquet_rows::each_row(path, &opened.layout, &mut |row| turn.take(row))?,
    }
    turn.finish()
}

/// The raw text of some rows (numbers ascending), for the vault's quarantine.
///
/// # Errors
/// As `read`.
pub fn raw_rows(
    path: &Path,
    opened: &Opened,
    numbers: &[u64],
    emit: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut wanted = numbers.iter().copied().peekable();
    let mut pick = |row: &cells::Row<'_>| {
        if wanted.peek() == Some(&row.number) {
            wanted.next();
            emit(row.number, row.raw)?;
        }
        Ok(())
    };
    match opened.form {
        Form::Csv(delimiter) => text::each_row(path, delimiter, &opened.layout, &mut pick),
        Form::Parquet => parquet_rows::each_row(path, &opened.layout, &mut pick),
    }
}

/// A whole file refused: exit 11.
fn refused(path: &Path, message: crate::terms::Text) -> Error {
    Error::new(Fault::Extract, message).file(path)
}

/// A file that ends in the middle of a row.
fn truncated(path: &Path, row: u64) -> Error {
    refused(path, say!("berkas terpotong di tengah baris {row}", "the file ends in the middle of row {row}"))
        .fix(say!("minta pengirim mengirim ulang seluruh berkas", "ask the sender for the whole file again"))
}
