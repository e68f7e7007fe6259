//! One snapshot column into the column chunks of a row group.
//!
//! Takes a column of a group; gives Parquet leaves. Refuses a column that is not
//! in canonical form (wrong length, a value in an unknown row), because its hash
//! would say something that its file does not hold.

use std::path::{Path, PathBuf};

use parquet::data_type::{BoolType, DataType, Int32Type, Int64Type};
use parquet::file::writer::{SerializedColumnWriter, SerializedRowGroupWriter};

use super::batch::{BatchColumn, Values, bit};
use super::sealing::HashingFile;
use crate::error::{Error, Result};

/// A row group being written.
pub(super) type GroupWriter<'a> = SerializedRowGroupWriter<'a, HashingFile>;

/// Buffers reused between columns.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The file being written, for errors.
    path: PathBuf,
    levels: Vec<i16>,
    ints: Vec<i32>,
    longs: Vec<i64>,
    bools: Vec<bool>,
}

impl Scratch {
    /// For one file.
    pub(super) fn new(path: PathBuf) -> Scratch {
        Scratch { path, levels: Vec::new(), ints: Vec::new(), longs: Vec::new(), bools: Vec::new() }
    }
}

/// A required leaf of 32-bit integers (unsigned values in their own bits).
pub(super) fn required_ints(group: &mut GroupWriter<'_>, path: &Path, values: &[i32]) -> Result<()> {
    leaf::<Int32Type>(group, path, values, None)
}

/// A required leaf of 64-bit ids.
pub(super) fn required_longs(group: &mut GroupWriter<'_>, path: &Path, values: &[i64]) -> Result<()> {
    leaf::<Int64Type>(group, path, values, None)
}

/// All leaves of one snapshot column with `rows` rows.
pub(super) fn column(
    group: &mut GroupWriter<'_>,
    name: &str,
    column: &BatchColumn,
    rows: usize,
    scratch: &mut Scratch,
) -> Result<()> {
    let valid = column.valid.as_deref();
    scratch.levels.clear();
    match valid {
        None => scratch.levels.resize(rows, 1),
        Some(bits) => scratch.levels.extend((0..rows).map(|row| i16::from(bit(bits, row)))),
    }
    let Scratch { path, levels, ints, longs, bools } = scratch;
    let levels = Some(levels.as_slice());
    let sound = valid.is_none_or(|bits| bits.len() == rows.div_ceil(8))
        && length(&column.values) == lengths(&column.values, rows);
    let sound = sound
        && match &column.values {
            Values::Bits(bits) => dense((0..rows).map(|row| bit(bits, row)), valid, false, bools),
            Values::U8(cells) => dense(cells.iter().map(|cell| i32::from(*cell)), valid, 0, ints),
            Values::U16(cells) => dense(cells.iter().map(|cell| i32::from(*cell)), valid, 0, ints),
            Values::U32(cells) => dense(cells.iter().map(|cell| cell.cast_signed()), valid, 0, ints),
            Values::S32(cells) => dense(cells.iter().copied(), valid, 0, ints),
            Values::S64(cells) => dense(cells.iter().copied(), valid, 0, longs),
            Values::Set { members, known } => {
                valid.is_none()
                    && known.len() == rows
                    && members.iter().zip(known).all(|(held, known)| held & !known == 0)
            }
        };
    if !sound {
        return Err(Error::bug(format!("column `{name}` reaches the snapshot in canonical form")).file(&*path));
    }
    match &column.values {
        Values::Bits(_) => leaf::<BoolType>(group, path, bools, levels),
        Values::S64(_) => leaf::<Int64Type>(group, path, longs, levels),
        Values::Set { members, known } => {
            for half in [members, known] {
                ints.clear();
                ints.extend(half.iter().map(|cell| cell.cast_signed()));
                leaf::<Int32Type>(group, path, ints, None)?;
            }
            Ok(())
        }
        Values::U8(_) | Values::U16(_) | Values::U32(_) | Values::S32(_) => {
            leaf::<Int32Type>(group, path, ints, levels)
        }
    }
}

fn length(values: &Values) -> usize {
    match values {
        Values::Bits(cells) | Values::U8(cells) => cells.len(),
        Values::U16(cells) => cells.len(),
        Values::U32(cells) => cells.len(),
        Values::S32(cells) => cells.len(),
        Values::S64(cells) => cells.len(),
        Values::Set { members, .. } => members.len(),
    }
}

fn lengths(values: &Values, rows: usize) -> usize {
    if matches!(values, Values::Bits(_)) { rows.div_ceil(8) } else { rows }
}

/// Keeps the known values; false if an unknown row holds anything but zero.
fn dense<T: Copy + PartialEq>(cells: impl Iterator<Item = T>, valid: Option<&[u8]>, zero: T, out: &mut Vec<T>) -> bool {
    out.clear();
    let Some(bits) = valid else {
        out.extend(cells);
        return true;
    };
    let mut clean = true;
    for (row, cell) in cells.enumerate() {
        if bit(bits, row) {
            out.push(cell);
        } else {
            clean &= cell == zero;
        }
    }
    clean
}

fn leaf<T: DataType>(group: &mut GroupWriter<'_>, path: &Path, values: &[T::T], levels: Option<&[i16]>) -> Result<()> {
    let missing = || Error::bug("a group has as many columns as its schema");
    let failed = |cause| Error::storage(path, cause);
    let mut writer: SerializedColumnWriter<'_> = group.next_column().map_err(failed)?.ok_or_else(missing)?;
    writer.typed::<T>().write_batch(values, levels, None).map_err(failed)?;
    writer.close().map_err(failed)
}
