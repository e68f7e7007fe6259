//! Reads an extract delivered as Parquet.
//!
//! Takes flat columns of text, whole numbers, booleans or dates; gives rows as
//! text cells, so that a value means the same in either form. A nested column or
//! one of another type is refused whole, and so is a file that would unpack to far
//! more than it is. What a sender's library noted of its own types is not read.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::cells::Row;
use super::guard::guarded;
use super::layout::Layout;
use super::looks::{CAUSE, shown_header, tame};
use super::{pages, refused};
use crate::error::{Error, Result};
use crate::say;
use crate::terms::Date;

/// Column names, after a look at the types.
///
/// # Errors
/// `Fault::Extract`: not Parquet, a nested column, a type that holds no fact.
pub(super) fn headers(path: &Path) -> Result<Vec<String>> {
    let builder = opened(path)?;
    let mut names = Vec::new();
    for field in builder.schema().fields() {
        let name = shown_header(field.name());
        if !readable(field.data_type()) {
            let kind = field.data_type().to_string();
            return Err(refused(
                path,
                say!(
                    "kolom `{name}` bertipe {kind}, yang tidak dapat dibaca",
                    "column `{name}` has type {kind}, which cannot be read"
                ),
            )
            .fix(say!(
                "kirim teks, bilangan bulat atau tanggal; NIK dan KK sebagai teks",
                "deliver text, whole numbers or dates; NIK and KK as text"
            )));
        }
        names.push(field.name().clone());
    }
    Ok(names)
}

fn opened(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let not_whole = |cause: &dyn std::fmt::Display| {
        refused(path, say!("berkas bukan Parquet yang utuh", "the file is not a whole Parquet file"))
            .fix(say!("minta pengirim mengirim ulang seluruh berkas", "ask the sender for the whole file again"))
            .because(tame(&cause.to_string(), CAUSE))
    };
    guarded(|| ParquetRecordBatchReaderBuilder::try_new_with_options(file, options))
        .ok_or_else(|| not_whole(&"footer"))?
        .map_err(|cause| not_whole(&cause))
}

fn readable(kind: &DataType) -> bool {
    use DataType as D;
    matches!(
        kind,
        D::Utf8
            | D::Boolean
            | D::Date32
            | D::Null
            | D::Int8
            | D::Int16
            | D::Int32
            | D::Int64
            | D::UInt8
            | D::UInt16
            | D::UInt32
            | D::UInt64
    )
}

/// Hands on each row.
///
/// # Errors
/// `Fault::Extract` for a page that cannot be read; whatever `take` returns.
pub(super) fn each_row(path: &Path, layout: &Layout, take: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let opened = opened(path)?;
    let file = File::open(path).map_err(|cause| Error::storage(path, cause))?;
    let at_once = pages::rows_at_once(path, &file, opened.metadata())?;
    let mut reader = guarded(|| opened.with_batch_size(at_once).build())
        .ok_or_else(|| pages::damaged(path, "columns"))?
        .map_err(|cause| pages::damaged(path, cause))?;
    let (mut text, mut cells) = (Vec::<u8>::new(), Vec::<(u32, u32)>::new());
    let mut number = 0_u64;
    while let Some(batch) = guarded(|| reader.next()).ok_or_else(|| pages::damaged(path, "a page"))? {
        let batch = batch.map_err(|cause| pages::damaged(path, cause))?;
        for at in 0..batch.num_rows() {
            text.clear();
            cells.clear();
            for (column, array) in batch.columns().iter().enumerate() {
                if column > 0 {
                    text.push(b',');
                }
                let start = u32::try_from(text.len()).unwrap_or(u32::MAX);
                write_cell(array, at, &mut text);
                cells.push((start, u32::try_from(text.len()).unwrap_or(u32::MAX)));
            }
            number += 1;
            let zero = memchr::memchr(0, &text).is_some();
            let broken = zero.then_some(super::cells::Broken::Encoding);
            take(&Row { number, raw: &text, text: &text, cells: &cells, broken, cp1252: false })?;
        }
    }
    debug_assert!(layout.headers.len() == cells.len() || number == 0);
    Ok(())
}

/// Writes a value as a CSV would carry it.
fn write_cell(array: &ArrayRef, at: usize, out: &mut Vec<u8>) {
    if array.is_null(at) {
        return;
    }
    macro_rules! whole {
        ($kind:ty) => {
            out.extend_from_slice(array.as_primitive::<$kind>().value(at).to_string().as_bytes())
        };
    }
    match array.data_type() {
        DataType::Utf8 => out.extend_from_slice(array.as_string::<i32>().value(at).as_bytes()),
        DataType::Boolean => out.push(if array.as_boolean().value(at) { b'1' } else { b'0' }),
        DataType::Date32 => {
            let day = Date(array.as_primitive::<Date32Type>().value(at));
            out.extend_from_slice(day.to_string().as_bytes());
        }
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::UInt8 => whole!(UInt8Type),
        DataType::UInt16 => whole!(UInt16Type),
        DataType::UInt32 => whole!(UInt32Type),
        DataType::UInt64 => whole!(UInt64Type),
        _ => {}
    }
}
