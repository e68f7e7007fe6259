//! The lists of an earlier run, for a run that only fills its vacancies.
//!
//! Takes a finished run and the programs to be promoted; gives for each the
//! recipients and waiting rows of that run by id. Refuses a run that was made
//! by other rules: its order would mean something else.

use std::collections::BTreeMap;

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::selection::{Earlier, Frame, SealedRows, list_of};
use crate::snapshot::Snapshot;

use super::RunEntry;
use super::receipt::read_receipt;
use super::run::{RunRequest, frame, selected_rows};

/// The earlier list of every program of the request.
pub(super) fn lists(entry: &RunEntry, request: &RunRequest<'_>, now: &Frame) -> Result<BTreeMap<String, Earlier>> {
    let run_dir = request.folders.runs.join(&entry.run);
    let (receipt, _) = read_receipt(&run_dir)?;
    let noted = receipt.result.get("programs").and_then(|all| all.as_array()).cloned().unwrap_or_default();
    let text =
        |one: &serde_json::Value, key: &str| one.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let snapshot = Snapshot::open_with(request.folders.snapshots.join(&entry.snapshot), request.dictionary)?;
    let rows = SealedRows::of(&snapshot)?;
    let then = frame(&snapshot, request.dictionary)?;
    let mut all = BTreeMap::new();
    for one in request.programs {
        let (id, run) = (&one.program.id, &entry.run);
        let done = noted.iter().find(|noted| text(noted, "program") == *id && text(noted, "status") == "done");
        let Some(done) = done else {
            return Err(Error::new(
                Fault::Usage,
                say!("putaran `{run}` tidak memuat hasil `{id}`", "run `{run}` holds no selection of `{id}`"),
            )
            .fix(say!("sebut program yang ada dengan --program", "name the programs it holds with --program")));
        };
        if text(done, "rules") != one.program.rule_hash {
            return Err(Error::new(
                Fault::Rules,
                say!(
                    "berkas aturan `{id}` berubah sejak putaran `{run}`; urutannya tidak berlaku lagi",
                    "the rule file of `{id}` has changed since run `{run}`; its order does not hold any more"
                ),
            )
            .fix(say!(
                "kembalikan berkasnya, atau jalankan tanpa --promote",
                "put it back, or run without --promote"
            )));
        }
        let selected = |place| selected_rows(&run_dir, id, &rows, place);
        all.insert(id.clone(), list_of(one.program, &rows, &then, now, &selected)?);
    }
    Ok(all)
}
