//! Writers of recipient lists: CSV, XLSX, Parquet.
//!
//! Takes rows one by one and streams them; counts and sums what it wrote. A
//! cell that a spreadsheet could take for a formula is made text; NIK and KK
//! are text. Until a list is approved, its header says `draft`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::Workbook;

use crate::error::{Error, Result};
use crate::terms::formula_safe;

/// Rows of one worksheet below its header.
pub(super) const XLSX_ROWS: u64 = 1_048_575;
/// Rows of a Parquet list buffered before they are written.
const PARQUET_ROWS: usize = 1 << 16;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListFormat {
    /// UTF-8, RFC 4180, every cell quoted.
    Csv,
    /// Spreadsheet, split into parts past the row limit.
    Xlsx,
    /// Typed columns, zstd.
    Parquet,
}

impl ListFormat {
    /// File ending.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            ListFormat::Csv => "csv",
            ListFormat::Xlsx => "xlsx",
            ListFormat::Parquet => "parquet",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<ListFormat> {
        [ListFormat::Csv, ListFormat::Xlsx, ListFormat::Parquet].into_iter().find(|format| format.ending() == name)
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(i64),
}

/// A column of a list: its heading and whether it holds numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) name: String,
    pub(super) number: bool,
}

/// Writes one list in one format, under a temporary name.
pub(super) enum ListWriter {
    Csv { path: PathBuf, csv: Box<csv::Writer<BufWriter<File>>> },
    Xlsx { path: PathBuf, headings: Vec<Heading>, book: Box<Workbook>, row: u32, parts: Vec<PathBuf> },
    Parquet(Box<ParquetList>),
}

impl ListWriter {
    pub(super) fn create(path: &Path, format: ListFormat, headings: &[Heading]) -> Result<ListWriter> {
        match format {
            ListFormat::Csv => {
                let file = File::create(path).map_err(|cause| Error::storage(path, cause))?;
                let mut csv = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .quote_style(csv::QuoteStyle::Always)
                    .from_writer(BufWriter::with_capacity(1 << 16, file));
                csv.write_record(headings.iter().map(|h| formula_safe(&h.name)))
                    .map_err(|cause| Error::storage(path, cause))?;
                Ok(ListWriter::Csv { path: path.to_path_buf(), csv: Box::new(csv) })
            }
            ListFormat::Xlsx => {
                let book = Box::new(sheet(path, headings)?);
                let (path, headings) = (path.to_path_buf(), headings.to_vec());
                Ok(ListWriter::Xlsx { path, headings, book, row: 1, parts: Vec::new() })
            }
            ListFormat::Parquet => Ok(ListWriter::Parquet(Box::new(ParquetList::create(path, headings)?))),
        }
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<()> {
        match self {
            ListWriter::Csv { path, csv } => {
                let text = |cell: &Cell| match cell {
                    Cell::Text(text) => formula_safe(text),
                    Cell::Number(number) => number.to_string(),
                };
                csv.write_record(cells.iter().map(text)).map_err(|cause| Error::storage(path, cause))
            }
            ListWriter::Xlsx { path, headings, book, row, parts } => {
                if u64::from(*row) > XLSX_ROWS {
                    let full = std::mem::replace(&mut **book, sheet(path, headings)?);
                    parts.push(save(full, path, parts.len() + 1)?);
                    *row = 1;
                }
                let failed = |cause| Error::storage(&*path, cause);
                let page = book.worksheet_from_index(0).map_err(failed)?;
                for (column, cell) in (0u16..).zip(cells) {
                    match cell {
                        Cell::Text(text) => page.write_string(*row, column, formula_safe(text)),
                        Cell::Number(number) => match exact(*number) {
                            Some(exact) => page.write_number(*row, column, exact),
                            None => page.write_string(*row, column, number.to_string()),
                        },
                    }
                    .map_err(failed)?;
                }
                *row += 1;
                Ok(())
            }
            ListWriter::Parquet(list) => list.row(cells),
        }
    }

    /// Closes the list; gives its files, in order.
    pub(super) fn finish(self) -> Result<Vec<PathBuf>> {
        match self {
            ListWriter::Csv { path, csv } => {
                let failed = |cause: std::io::Error| Error::storage(&path, cause);
                let mut buffer = csv.into_inner().map_err(|cause| Error::storage(&path, cause))?;
                buffer.flush().map_err(failed)?;
                buffer.get_ref().sync_all().map_err(failed)?;
                Ok(vec![path])
            }
            ListWriter::Xlsx { path, book, mut parts, .. } => {
                let part = parts.len() + 1;
                parts.push(save(*book, &path, part)?);
                Ok(parts)
            }
            ListWriter::Parquet(list) => list.finish(),
        }
    }
}

/// A number that a spreadsheet holds exactly: at most 53 bits.
fn exact(number: i64) -> Option<f64> {
    (number.unsigned_abs() < 1 << 53).then(|| number.to_string().parse().ok()).flatten()
}

fn sheet(path: &Path, headings: &[Heading]) -> Result<Workbook> {
    let failed = |cause| Error::storage(path, cause);
    let mut book = Workbook::new();
    let page = book.add_worksheet_with_constant_memory().map_err(failed)?;
    page.set_name("DRAFT").map_err(failed)?;
    page.set_freeze_panes(1, 0).map_err(failed)?;
    for (column, heading) in (0u16..).zip(headings) {
        page.write_string(0, column, formula_safe(&heading.name)).map_err(failed)?;
    }
    Ok(book)
}

/// Saves a workbook; parts after the first get `-2`, `-3`, ... before the ending.
fn save(mut book: Workbook, path: &Path, part: usize) -> Result<PathBuf> {
    let to = if part == 1 {
        path.to_path_buf()
    } else {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        path.with_file_name(format!("{stem}-{part}.xlsx"))
    };
    book.save(&to).map_err(|cause| Error::storage(&to, cause))?;
    File::open(&to).and_then(|file| file.sync_all()).map_err(|cause| Error::storage(&to, cause))?;
    Ok(to)
}

enum Builder {
    Text(StringBuilder),
    Number(Int64Builder),
}

/// A Parquet list being written.
pub(super) struct ParquetList {
    path: PathBuf,
    schema: Arc<Schema>,
    writer: ArrowWriter<File>,
    columns: Vec<Builder>,
    rows: usize,
}

impl ParquetList {
    fn create(path: &Path, headings: &[Heading]) -> Result<ParquetList> {
        let kind = |heading: &Heading| if heading.number { DataType::Int64 } else { DataType::Utf8 };
        let fields: Vec<Field> = headings.iter().map(|h| Field::new(&h.name, kind(h), false)).collect();
        let schema = Arc::new(Schema::new(fields));
        let file = File::create(path).map_err(|cause| Error::storage(path, cause))?;
        let level = ZstdLevel::try_new(1).map_err(Error::bug)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by("layak".to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new("state".to_owned(), "draft".to_owned())]))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .map_err(|cause| Error::storage(path, cause))?;
        let builder = |heading: &Heading| {
            if heading.number { Builder::Number(Int64Builder::new()) } else { Builder::Text(StringBuilder::new()) }
        };
        let columns = headings.iter().map(builder).collect();
        Ok(ParquetList { path: path.to_path_buf(), schema, writer, columns, rows: 0 })
    }

    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        for (builder, cell) in self.columns.iter_mut().zip(cells) {
            match (builder, cell) {
                (Builder::Text(builder), Cell::Text(text)) => builder.append_value(text),
                (Builder::Number(builder), Cell::Number(number)) => builder.append_value(*number),
                _ => return Err(Error::bug("a list's cells are of the kind of their heading")),
            }
        }
        self.rows += 1;
        if self.rows >= PARQUET_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let array = |builder: &mut Builder| -> ArrayRef {
            match builder {
                Builder::Text(builder) => Arc::new(builder.finish()),
                Builder::Number(builder) => Arc::new(builder.finish()),
            }
        };
        let arrays = self.columns.iter_mut().map(array).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(Error::bug)?;
        self.rows = 0;
        self.writer.write(&batch).map_err(|cause| Error::storage(&self.path, cause))
    }

    fn finish(mut self) -> Result<Vec<PathBuf>> {
        self.flush()?;
        let file = self.writer.into_inner().map_err(|cause| Error::storage(&self.path, cause))?;
        file.sync_all().map_err(|cause| Error::storage(&self.path, cause))?;
        Ok(vec![self.path])
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::{Cell, Heading, ListFormat, ListWriter, XLSX_ROWS};

    /// A list of so many rows as XLSX: the names of its files.
    fn parts(rows: u64) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let headings = [Heading { name: "peringkat".to_owned(), number: true }];
        let mut list = ListWriter::create(&dir.path().join("list.xlsx"), ListFormat::Xlsx, &headings).unwrap();
        for row in 0..rows {
            list.row(&[Cell::Number(row.cast_signed())]).unwrap();
        }
        let files = list.finish().unwrap();
        assert!(files.iter().all(|file| file.metadata().unwrap().len() > 0));
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_sheet_that_is_full_goes_on_in_a_second_file() {
        assert_eq!(parts(XLSX_ROWS), ["list.xlsx"]);
        assert_eq!(parts(XLSX_ROWS + 1), ["list.xlsx", "list-2.xlsx"]);
    }
}
