//! Recomputes every hash, count and sum of a run and of its snapshot, against
//! the ledger's anchors.
//!
//! Goes on after a failure, so that one call names every file that differs.
//! Never changes anything.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::selection::PartitionCount;
use crate::snapshot::Snapshot;
use crate::terms::Text;

use super::areas;
use super::counts::{Ranks, recount};
use super::receipt::{RECEIPT, Receipt, list_hash, read_receipt, run_id};
use super::run::{hash_file, hash_files};
use super::sink::Hashes;
use super::{Folders, Ledger, RunEntry};

/// One thing that is not as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Failure {
    /// The file.
    pub file: String,
    /// What differs.
    pub what: Text,
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Verified {
    /// Whether everything is as it was made.
    pub ok: bool,
    /// Hashes, counts and sums compared.
    pub checked: u64,
    /// Everything that differs.
    pub failures: Vec<Failure>,
}

impl Verified {
    /// The error of a run that is not as it was made: exit 15.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let first = self.failures.first()?;
        let count = self.failures.len();
        let file = &first.file;
        Some(
            Error::new(
                Fault::Integrity,
                say!("{count} hal berbeda, mulai dari `{file}`", "{count} things differ, first `{file}`"),
            )
            .fix(say!(
                "jangan pakai putaran ini; jalankan lagi dari snapshot yang utuh",
                "do not use this run; make it again from a sound snapshot"
            )),
        )
    }
}

/// Collects comparisons; names files from the site's folder.
struct Findings<'a> {
    root: &'a Path,
    run: String,
    checked: u64,
    failures: Vec<Failure>,
}

impl Findings<'_> {
    /// A file of the run by its path inside it.
    fn of_run(&self, file: &str) -> String {
        format!("{}/{file}", self.run)
    }

    fn check(&mut self, holds: bool, file: impl Into<String>, what: impl FnOnce() -> Text) {
        self.checked += 1;
        if !holds {
            self.failures.push(Failure { file: file.into(), what: what() });
        }
    }

    fn error(&mut self, error: &Error, file: &str) {
        let named = error.path.as_ref().map(|path| inside(self.root, path));
        self.failures.push(Failure { file: named.unwrap_or_else(|| file.to_owned()), what: error.message.clone() });
    }
}

/// A path as a person at the site would name it.
pub(super) fn inside(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn differs() -> Text {
    say!("isi berbeda dari yang dicatat", "its content differs from what was noted")
}

/// Verifies a run, by id or the beginning of one.
///
/// # Errors
/// No such run, or the ledger cannot be read. What differs is in `Verified`.
pub fn verify(ledger: &Ledger, folders: &Folders, run: &str) -> Result<Verified> {
    let entry = match ledger.find_run(run) {
        Ok(entry) => entry,
        Err(error) => return forgotten(ledger, folders, run, error),
    };
    let dir = folders.runs.join(&entry.run);
    let mut found =
        Findings { root: &folders.root, run: inside(&folders.root, &dir), checked: 0, failures: Vec::new() };
    match read_receipt(&dir) {
        Ok((receipt, hash)) => {
            anchors(&mut found, ledger, &entry, &receipt, &hash)?;
            files(&mut found, &dir, &receipt);
            for program in receipt.result.get("programs").and_then(Value::as_array).into_iter().flatten() {
                if program.get("status").and_then(Value::as_str) == Some("done") {
                    selection(&mut found, &dir, program);
                }
            }
        }
        Err(error) => {
            let named = found.of_run(RECEIPT);
            found.error(&error, &named);
        }
    }
    lists(&mut found, ledger, folders, &entry)?;
    sealed(&mut found, &folders.snapshots.join(&entry.snapshot));
    // one file may differ in more ways than one: each is named once
    let mut once: BTreeMap<(String, String), Failure> = BTreeMap::new();
    for failure in found.failures {
        once.entry((failure.file.clone(), failure.what.en.clone())).or_insert(failure);
    }
    let failures: Vec<Failure> = once.into_values().collect();
    Ok(Verified { ok: failures.is_empty(), checked: found.checked, failures })
}

/// A run whose folder is there and which the ledger does not know: the ledger was changed.
fn forgotten(ledger: &Ledger, folders: &Folders, run: &str, error: Error) -> Result<Verified> {
    let named = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(run);
    let there = std::fs::read_dir(&folders.runs).into_iter().flatten().flatten().any(|entry| named(&entry));
    let known = ledger.runs()?.iter().any(|entry| entry.run.starts_with(run));
    if error.fault != Fault::Usage || known || !there || run.len() < 8 {
        return Err(error);
    }
    let what = say!(
        "buku besar tidak mencatat putaran yang ada di folder runs",
        "the ledger does not note a run that is in the folder of runs"
    );
    Ok(Verified { ok: false, checked: 1, failures: vec![Failure { file: "ledger.sqlite".to_owned(), what }] })
}

/// Lists that were exported from the run and are still there, against the ledger.
fn lists(found: &mut Findings<'_>, ledger: &Ledger, folders: &Folders, entry: &RunEntry) -> Result<()> {
    for (file, hash) in ledger.exports_of(&entry.run)? {
        let path = folders.lists.join(&file);
        if path.exists() {
            let now = hash_file(&path);
            found.check(now.is_ok_and(|now| now == hash), inside(&folders.root, &path), differs);
        }
    }
    Ok(())
}

fn anchors(found: &mut Findings<'_>, ledger: &Ledger, entry: &RunEntry, receipt: &Receipt, hash: &str) -> Result<()> {
    found.check(hash == entry.receipt, found.of_run(RECEIPT), || {
        say!("bukti bukan yang dicatat di buku besar", "the receipt is not the one that the ledger noted")
    });
    let id = run_id(&receipt.result).unwrap_or_default();
    found.check(id == entry.run && receipt.run == entry.run, found.of_run(RECEIPT), || {
        say!("hasil tidak cocok dengan id putaran", "the result does not hash to the run's id")
    });
    let text = |key: &str| receipt.result.get(key).and_then(Value::as_str).unwrap_or_default();
    found.check(text("snapshot") == entry.snapshot && text("period") == entry.period, found.of_run(RECEIPT), || {
        say!("snapshot atau periode lain dari yang dicatat", "another snapshot or period than the ledger noted")
    });
    let known = ledger.knows_snapshot(&entry.period, &entry.snapshot)?;
    found.check(known, "ledger.sqlite", || {
        say!("snapshot tidak tercatat untuk periode itu", "the snapshot is not noted for that period")
    });
    Ok(())
}

fn files(found: &mut Findings<'_>, dir: &Path, receipt: &Receipt) {
    for (file, hash) in &receipt.made_with.files {
        let now = hash_file(&dir.join(file));
        found.check(now.is_ok_and(|now| now == *hash), found.of_run(file), differs);
    }
    let there = hash_files(dir).unwrap_or_default();
    for file in there.keys().filter(|file| *file != RECEIPT) {
        found.check(receipt.made_with.files.contains_key(file), found.of_run(file), || {
            say!("berkas ini tidak dibuat oleh putaran", "this file was not made by the run")
        });
    }
}

/// Recounts one program's tables and holds them against the receipt.
fn selection(found: &mut Findings<'_>, dir: &Path, program: &Value) {
    let id = program.get("program").and_then(Value::as_str).unwrap_or_default();
    let hashes = |key: &str| -> Hashes {
        program.get(key).and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
    };
    let funnel = program.get("funnel").cloned().unwrap_or_default();
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
    let mut ranks = Ranks::new(number(&funnel, "eligible"));
    let (verdicts, selected) = (hashes("verdicts"), hashes("selection"));
    let before = found.failures.len();
    let mut nation = PartitionCount::default();
    for (partition, sealed) in &verdicts {
        let file = found.of_run(&format!("{id}/selection/{partition}.parquet"));
        let again = match recount(dir, id, partition, &mut ranks) {
            Ok(again) => again,
            Err(error) => {
                found.error(&error, &file);
                continue;
            }
        };
        let judged = found.of_run(&format!("{id}/verdicts/{partition}.parquet"));
        found.check(again.verdicts == *sealed, judged, differs);
        found.check(Some(&again.selection) == selected.get(partition), file.clone(), differs);
        let noted = funnel.get("partitions").and_then(|all| all.get(partition));
        found.check(noted == Some(&counts(&again.count)), file, || {
            say!("jumlah baris atau rupiah berbeda dari bukti", "rows or rupiah differ from the receipt")
        });
        add(&mut nation, &again.count);
    }
    // where a table differs, that its ranks are not complete says nothing more
    let whole = found.failures.len() > before || ranks.complete();
    found.check(whole, found.of_run(&format!("{id}/selection")), || {
        say!("peringkat tidak lengkap", "ranks are not complete")
    });
    let table = areas::read(dir, id).and_then(|lines| areas::hash(&lines));
    let noted = program.get("areas_hash").and_then(Value::as_str);
    found.check(table.as_deref().ok() == noted, areas::path(id).display().to_string(), differs);
    let list = list_hash(id, &selected).ok();
    found.check(list.as_deref() == program.get("list").and_then(Value::as_str), found.of_run(RECEIPT), differs);
    let sums = counts(&nation);
    let agree = sums.as_object().is_some_and(|sums| sums.iter().all(|(key, sum)| funnel.get(key) == Some(sum)));
    found.check(agree, found.of_run(RECEIPT), || {
        say!("jumlah bagian `{id}` bukan jumlah nasional", "the partitions of `{id}` do not sum to the nation")
    });
}

fn counts(count: &PartitionCount) -> Value {
    json!({
        "registered": count.registered, "failed": count.failed, "eligible": count.eligible, "review": count.review,
        "refused_unknown": count.refused_unknown, "recipients": count.recipients, "waiting": count.waiting,
        "cost_period": count.cost_period,
    })
}

fn add(sum: &mut PartitionCount, part: &PartitionCount) {
    sum.registered += part.registered;
    sum.failed += part.failed;
    sum.eligible += part.eligible;
    sum.review += part.review;
    sum.refused_unknown += part.refused_unknown;
    sum.recipients += part.recipients;
    sum.waiting += part.waiting;
    sum.cost_period = sum.cost_period.saturating_add(part.cost_period);
}

fn sealed(found: &mut Findings<'_>, dir: &Path) {
    match Snapshot::open(dir) {
        Ok(snapshot) => {
            let checked = snapshot.verify();
            found.checked += checked.checked;
            let named = inside(found.root, dir);
            checked.failures.iter().for_each(|error| found.error(error, &named));
        }
        Err(error) => {
            let named = inside(found.root, &dir.join("manifest.json"));
            found.error(&error, &named);
        }
    }
}
