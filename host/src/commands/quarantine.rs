//! `layak quarantine`: the rows that were set aside, with their reasons.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::screen::{Screen, Stand};
use super::site::Site;
use crate::error::{Error, Result};
use crate::registry::{Filter, Registry};
use crate::say;
use crate::terms::show_count;

/// Lists or exports the rows that were set aside
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this reason
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Only this file
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Most rows that are listed
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
    /// Write the raw rows (with identities) to this CSV file
    #[arg(long, value_name = "FILE.csv")]
    export: Option<PathBuf>,
}

/// What `quarantine --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listed {
    /// Rows listed.
    rows: Vec<Row>,
}

/// One row; its value is masked.
#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    file: String,
    row: u64,
    column: String,
    value: String,
    reason: String,
}

/// What `quarantine --export --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Exported {
    /// The file written.
    file: String,
    /// Its rows.
    rows: u64,
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let registry = Registry::open(&site.root)?;
    match &args.export {
        Some(path) => export(args, &registry, path, screen),
        None => list(args, &registry, screen),
    }
}

fn filter(args: &Args, limit: Option<u64>) -> Filter {
    Filter { file: args.file.clone(), reason: args.reason.clone(), limit }
}

fn list(args: &Args, registry: &Registry, screen: &Screen) -> Result<()> {
    // one more than asked for, to know whether there are more
    let mut found = registry.quarantine(&filter(args, Some(args.limit.saturating_add(1))))?;
    let more = found.len() as u64 > args.limit;
    found.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    let rows: Vec<Row> = found
        .into_iter()
        .map(|row| Row { file: row.file, row: row.row, column: row.column, value: row.value, reason: row.reason })
        .collect();
    if screen.json {
        return screen.json(&Listed { rows });
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|r| vec![r.file.clone(), r.row.to_string(), r.column.clone(), r.value.clone(), r.reason.clone()])
        .collect();
    let head = [
        (screen.word("berkas", "file"), Stand::Left),
        (screen.word("baris", "row"), Stand::Right),
        (screen.word("kolom", "column"), Stand::Left),
        (screen.word("nilai", "value"), Stand::Left),
        (screen.word("alasan", "reason"), Stand::Left),
    ];
    screen.table(&head, &cells);
    if more {
        let limit = args.limit;
        screen.say(&say!(
            "hanya {limit} baris pertama; `--limit N` menampilkan lebih banyak",
            "the first {limit} rows only; `--limit N` shows more"
        ));
    }
    screen.next("layak quarantine --export quarantine.csv");
    Ok(())
}

fn export(args: &Args, registry: &Registry, path: &PathBuf, screen: &Screen) -> Result<()> {
    let fail = |cause: std::io::Error| Error::storage(path, cause);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let temporary = tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new("."))).map_err(fail)?;
    let mut out = BufWriter::new(File::create(temporary.path()).map_err(fail)?);
    let rows = registry.export_quarantine(&filter(args, None), true, &mut out)?;
    out.flush().map_err(fail)?;
    temporary.as_file().sync_all().map_err(fail)?;
    temporary.persist(path).map_err(|failed| Error::storage(path, failed.error))?;
    let file = path.display().to_string();
    if screen.json {
        return screen.json(&Exported { file, rows });
    }
    let n = show_count(i64::try_from(rows).unwrap_or(i64::MAX), screen.lang);
    screen.say(&say!("{n} baris ditulis ke `{file}`", "{n} rows written to `{file}`"));
    screen.warn(&say!("berkas ini memuat identitas", "this file holds identities"));
    screen.next("layak freeze 2026Q3 --as-of 2026-09-20");
    Ok(())
}
