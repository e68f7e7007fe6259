//! The PKH job in DuckDB and Polars, over the same files, on the same threads.
//!
//! Takes the snapshot and a run of PKH; gives each engine's times and how many rows
//! differ in status, rank or amount. The scripts are those of `tests/rivals`, embedded;
//! the interpreter is `$LAYAK_PYTHON`, which none needs to have: without it, or where
//! something is missing, the reason stands in place of figures.

use std::path::Path;
use std::process::Command;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::runs::Runs;
use super::{LARGE, lots};
use crate::commands::program::{Loaded, find};
use crate::error::{Error, Result};
use crate::program::{Incumbents, Program};
use crate::sandbox::Value;
use crate::say;
use crate::selection::Outcome;
use crate::snapshot::Snapshot;
use crate::terms::Text;

const SCRIPTS: [(&str, &str); 3] = [
    ("rivals.py", include_str!("../../../../tests/rivals/rivals.py")),
    ("pkh_polars.py", include_str!("../../../../tests/rivals/pkh_polars.py")),
    ("pkh.sql", include_str!("../../../../tests/rivals/pkh.sql")),
];

/// What one engine needs for the PKH job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rival {
    /// `duckdb` or `polars`.
    pub(crate) engine: String,
    /// Its version.
    pub(crate) version: Option<String>,
    /// Shortest round in seconds, from opening the files to the written selection.
    pub(crate) best_s: Option<f64>,
    /// Middle round.
    pub(crate) median_s: Option<f64>,
    /// Rows compared with our run.
    pub(crate) rows: u64,
    /// Rows with another status, rank or amount.
    pub(crate) differences: u64,
    /// Peak resident memory of its process.
    pub(crate) peak_rss_mb: Option<u64>,
    /// Why there are no figures.
    pub(crate) not_measured: Option<Text>,
}

#[derive(Deserialize)]
struct Said {
    version: String,
    times: Vec<f64>,
    rows: u64,
    differences: u64,
    peak_rss_mb: u64,
}

/// Both engines.
pub(super) fn all(
    runs: &Runs<'_>,
    loaded: &Loaded,
    snapshot: &Snapshot,
    threads: usize,
    rounds: usize,
) -> Result<Vec<Rival>> {
    let engines = ["duckdb", "polars"];
    let without = |reason: &Text| Ok(engines.iter().map(|engine| not_measured(engine, reason.clone())).collect());
    let Some(python) = std::env::var_os("LAYAK_PYTHON") else {
        return without(&say!("LAYAK_PYTHON tidak diisi", "LAYAK_PYTHON names no Python"));
    };
    if snapshot.manifest().families > LARGE {
        return without(&say!("negaranya terlalu besar untuk mereka", "the country is too large for them"));
    }
    let folder = runs.aside();
    for (name, text) in SCRIPTS {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|cause| Error::storage(&path, cause))?;
    }
    let program = find(&loaded.programs, "pkh")?;
    let lots = folder.join("lots.parquet");
    lots::write(snapshot, &program.seed, &lots)?;
    let request = folder.join("request.json");
    let text = request_of(runs, program, snapshot, &lots, threads, rounds)?.to_string();
    std::fs::write(&request, text).map_err(|cause| Error::storage(&request, cause))?;
    let one = |engine: &&str| {
        let output = Command::new(&python).arg(folder.join("rivals.py")).arg(engine).arg(&request).output();
        match output {
            Ok(output) if output.status.success() => said(engine, &output.stdout),
            Ok(output) => {
                let last = String::from_utf8_lossy(&output.stderr);
                let last = last.lines().last().unwrap_or_default().to_owned();
                not_measured(engine, Text::new(last.clone(), last))
            }
            Err(cause) => not_measured(engine, Text::new(cause.to_string(), cause.to_string())),
        }
    };
    Ok(engines.iter().map(one).collect())
}

fn request_of(
    runs: &Runs<'_>,
    program: &Program,
    snapshot: &Snapshot,
    lots: &Path,
    threads: usize,
    rounds: usize,
) -> Result<serde_json::Value> {
    let manifest = snapshot.manifest();
    let names = program.description.settings.iter().map(|setting| setting.name.clone());
    let values = program.settings.iter().map(|held| match &held.value {
        Value::Integer(number) => serde_json::json!(number),
        Value::Codes(codes) => serde_json::json!(codes),
    });
    let settings: serde_json::Map<String, serde_json::Value> = names.zip(values).collect();
    let made = runs.kept();
    let lines = made.programs.iter().zip(&made.outcomes);
    let seats = lines.filter(|(line, _)| line.program == program.id).find_map(|(_, outcome)| match outcome {
        Outcome::Done(selection) => selection.funnel.seats,
        _ => None,
    });
    Ok(serde_json::json!({
        "snapshot": snapshot.dir(),
        "run": runs.tables(&program.id),
        "lots": lots,
        "out": runs.aside(),
        "threads": threads,
        "rounds": rounds,
        "as_of": manifest.as_of,
        "period": manifest.period()?.quarter_ordinal(),
        "seats": seats,
        "keeps": program.incumbents == Incumbents::Keep,
        "settings": settings,
    }))
}

fn not_measured(engine: &str, reason: Text) -> Rival {
    Rival {
        engine: engine.to_owned(),
        version: None,
        best_s: None,
        median_s: None,
        rows: 0,
        differences: 0,
        peak_rss_mb: None,
        not_measured: Some(reason),
    }
}

fn said(engine: &str, output: &[u8]) -> Rival {
    let Ok(mut said) = serde_json::from_slice::<Said>(output) else {
        return not_measured(engine, say!("jawabannya tidak dapat dibaca", "its answer cannot be read"));
    };
    said.times.sort_by(f64::total_cmp);
    Rival {
        engine: engine.to_owned(),
        version: Some(said.version),
        best_s: said.times.first().copied(),
        median_s: said.times.get(said.times.len() / 2).copied(),
        rows: said.rows,
        differences: said.differences,
        peak_rss_mb: Some(said.peak_rss_mb),
        not_measured: None,
    }
}
