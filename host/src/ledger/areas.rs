//! What became of each area of a program's quota, as a small table beside the selection.
//!
//! Takes the areas of a funnel; writes one row per area and one per reserve of
//! it. Its content hash is that of its rows as canonical JSON, so that it does
//! not depend on Parquet. Holds no row of a family or person.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Fault, Result};
use crate::program::{AreaLevel, Program};
use crate::say;
use crate::selection::{AreaCount, Draw, Funnel};
use crate::snapshot::canonical_json;

/// The nation where it is one area.
pub const NATION: &str = "national";
/// Rows that are in no area of the quota.
pub const NOWHERE: &str = "none";

/// One row of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AreaLine {
    /// Region code with system, `national`, or `none` for rows in no area.
    pub area: String,
    /// A reserve of it; `None` = the area itself.
    pub reserve: Option<String>,
    /// Seats after scaling; `None` = no limit.
    pub seats: Option<u64>,
    /// Eligible rows (of the reserve's group).
    pub eligible: u64,
    /// Rows served (on seats of the reserve).
    pub recipients: u64,
    /// Of these, on seats that other areas could not fill.
    pub flowed: u64,
    /// Eligible rows not served.
    pub waiting: u64,
    /// Rows served whom the lot alone parts from a waiting one.
    pub by_lot: u64,
    /// Score of the rows of equal standing that the seats ran out in; `None` = no lot decided.
    pub score: Option<i64>,
    /// How many of them stood for the seats.
    pub candidates: u64,
    /// Seats among them.
    pub places: u64,
}

/// The rows of a program's table.
pub(super) fn lines(program: &Program, funnel: &Funnel) -> Vec<AreaLine> {
    let nation = program.quota.level == AreaLevel::National || funnel.seats.is_none();
    funnel.areas.iter().flat_map(|count| of_area(program, count, nation)).collect()
}

fn of_area(program: &Program, count: &AreaCount, nation: bool) -> Vec<AreaLine> {
    let area = match (count.code.as_str(), nation) {
        ("", true) => NATION,
        ("", false) => NOWHERE,
        (code, _) => code,
    };
    let blank = AreaLine { area: area.to_owned(), ..AreaLine::default() };
    let mut all = vec![drawn(
        AreaLine {
            seats: count.seats,
            eligible: count.eligible,
            recipients: count.recipients,
            flowed: count.flowed,
            waiting: count.waiting,
            by_lot: count.drawn,
            ..blank.clone()
        },
        count.draw,
    )];
    for (reserve, count) in program.quota.reserves.iter().zip(&count.reserves) {
        let line = AreaLine {
            reserve: Some(reserve.name.clone()),
            seats: Some(count.seats),
            eligible: count.group,
            recipients: count.filled,
            by_lot: count.draw.map_or(0, |draw| draw.places),
            ..blank.clone()
        };
        all.push(drawn(line, count.draw));
    }
    all
}

fn drawn(line: AreaLine, draw: Option<Draw>) -> AreaLine {
    let Some(draw) = draw else { return line };
    AreaLine { score: Some(draw.score), candidates: draw.candidates, places: draw.places, ..line }
}

/// The content hash of a table.
pub(super) fn hash(lines: &[AreaLine]) -> Result<String> {
    Ok(blake3::hash(&canonical_json(&lines)?).to_hex().to_string())
}

/// Where a program's table is in a run's folder.
pub(super) fn path(program: &str) -> PathBuf {
    Path::new(program).join("areas.parquet")
}

/// Writes a program's table.
pub(super) fn write(run_dir: &Path, program: &str, lines: &[AreaLine]) -> Result<()> {
    let path = run_dir.join(path(program));
    let failed = |cause: &dyn std::fmt::Display| Error::storage(&path, cause.to_string());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|cause| failed(&cause))?;
    }
    let text =
        |of: fn(&AreaLine) -> Option<&str>| -> ArrayRef { Arc::new(lines.iter().map(of).collect::<StringArray>()) };
    let number =
        |of: fn(&AreaLine) -> Option<u64>| -> ArrayRef { Arc::new(lines.iter().map(of).collect::<UInt64Array>()) };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("area", text(|line| Some(&line.area))),
        ("reserve", text(|line| line.reserve.as_deref())),
        ("seats", number(|line| line.seats)),
        ("eligible", number(|line| Some(line.eligible))),
        ("recipients", number(|line| Some(line.recipients))),
        ("flowed", number(|line| Some(line.flowed))),
        ("waiting", number(|line| Some(line.waiting))),
        ("by_lot", number(|line| Some(line.by_lot))),
        ("score", Arc::new(lines.iter().map(|line| line.score).collect::<Int64Array>())),
        ("candidates", number(|line| Some(line.candidates))),
        ("places", number(|line| Some(line.places))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.map_err(Error::bug)?;
    let level = ZstdLevel::try_new(1).map_err(Error::bug)?;
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(level)).set_created_by("layak".to_owned());
    let file = File::create_new(&path).map_err(|cause| failed(&cause))?;
    let writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build()));
    let mut writer = writer.map_err(|cause| failed(&cause))?;
    writer.write(&batch).map_err(|cause| failed(&cause))?;
    let file = writer.into_inner().map_err(|cause| failed(&cause))?;
    file.sync_all().map_err(|cause| failed(&cause))
}

/// Reads a program's table back.
///
/// # Errors
/// A table that is missing or is not what a run writes.
pub(super) fn read(run_dir: &Path, program: &str) -> Result<Vec<AreaLine>> {
    let path = run_dir.join(path(program));
    let spoiled = |cause: String| {
        let shown = path.display().to_string();
        Error::new(
            Fault::Integrity,
            say!("`{shown}` bukan tabel yang ditulis putaran ini", "`{shown}` is not the table that the run wrote"),
        )
        .file(&path)
        .because(cause)
    };
    let file = File::open(&path).map_err(|cause| spoiled(cause.to_string()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
    let mut lines = Vec::new();
    for batch in reader.map_err(|cause| spoiled(cause.to_string()))? {
        let batch = batch.map_err(|cause| spoiled(cause.to_string()))?;
        let text = |name: &str| column::<StringArray>(&batch, name).ok_or_else(|| spoiled(name.to_owned()));
        let number = |name: &str| column::<UInt64Array>(&batch, name).ok_or_else(|| spoiled(name.to_owned()));
        let (area, reserve, seats) = (text("area")?, text("reserve")?, number("seats")?);
        let (eligible, recipients, flowed) = (number("eligible")?, number("recipients")?, number("flowed")?);
        let (waiting, by_lot) = (number("waiting")?, number("by_lot")?);
        let (candidates, places) = (number("candidates")?, number("places")?);
        let score = column::<Int64Array>(&batch, "score").ok_or_else(|| spoiled("score".to_owned()))?;
        for row in 0..batch.num_rows() {
            lines.push(AreaLine {
                area: area.value(row).to_owned(),
                reserve: reserve.is_valid(row).then(|| reserve.value(row).to_owned()),
                seats: seats.is_valid(row).then(|| seats.value(row)),
                eligible: eligible.value(row),
                recipients: recipients.value(row),
                flowed: flowed.value(row),
                waiting: waiting.value(row),
                by_lot: by_lot.value(row),
                score: score.is_valid(row).then(|| score.value(row)),
                candidates: candidates.value(row),
                places: places.value(row),
            });
        }
    }
    Ok(lines)
}

fn column<A: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> Option<A> {
    batch.column_by_name(name)?.as_any().downcast_ref::<A>().cloned()
}
