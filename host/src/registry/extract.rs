//! One file into registry and vault, whole or not at all.
//!
//! Takes a file and what its sender says of it; gives its counts. The vault
//! commits first and the registry, with the extract's mark, second: a vault row
//! without facts is harmless. A stop or a fault leaves nothing of the file.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::OptionalExtension;

use super::facts::{Poured, pour};
use super::{FileReport, Registry, duplicates, ids};
use crate::error::{Error, Fault, Result};
use crate::intake::{self, Opened, Reading, Sources, Stamp, Table};
use crate::say;
use crate::terms::Text;

/// A file, and what its sender says of it.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    pub(super) path: &'a Path,
    pub(super) sources: &'a Sources,
    pub(super) insist: Option<&'a str>,
    pub(super) stamp: Stamp,
}

impl Registry {
    pub(super) fn import_file(
        &mut self,
        delivery: &Delivery<'_>,
        told: &mut dyn FnMut(u64),
        cancel: &AtomicBool,
    ) -> Result<FileReport> {
        let opened = intake::open(delivery.path, delivery.sources, delivery.insist)?;
        let hash = hash(delivery.path, cancel)?;
        if let Some(first) = self.first_counts(delivery, &hash)? {
            return Ok(first);
        }
        self.both("BEGIN IMMEDIATE")?;
        let written = self.write(delivery, &opened, &hash, told, cancel);
        match written {
            Ok(report) => {
                self.vault.execute_batch("COMMIT").map_err(self.vault_failed())?;
                self.facts.execute_batch("COMMIT").map_err(self.facts_failed())?;
                Ok(report)
            }
            Err(fault) => {
                // the first fault is the one to tell; SQLite rolls back on close as well
                drop(self.vault.execute_batch("ROLLBACK"));
                drop(self.facts.execute_batch("ROLLBACK"));
                Err(fault)
            }
        }
    }

    fn both(&self, statement: &str) -> Result<()> {
        self.vault.execute_batch(statement).map_err(self.vault_failed())?;
        self.facts.execute_batch(statement).map_err(|cause| {
            drop(self.vault.execute_batch("ROLLBACK"));
            self.facts_failed()(cause)
        })
    }

    /// The counts of an earlier import of the same bytes.
    fn first_counts(&self, delivery: &Delivery<'_>, hash: &str) -> Result<Option<FileReport>> {
        let found = self
            .facts
            .query_row(
                "SELECT source, rows, accepted, quarantined, reasons FROM extract WHERE blake3 = ?",
                [hash],
                |row| {
                    let count = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
                    Ok((row.get(0)?, count(1)?, count(2)?, count(3)?, row.get::<_, String>(4)?))
                },
            )
            .optional()
            .map_err(self.facts_failed())?;
        let Some((source, rows, accepted, quarantined, reasons)) = found else { return Ok(None) };
        Ok(Some(FileReport {
            file: delivery.path.display().to_string(),
            source,
            rows,
            accepted,
            quarantined,
            already: true,
            reasons: serde_json::from_str(&reasons).unwrap_or_default(),
            notes: Vec::new(),
        }))
    }

    fn write(
        &mut self,
        delivery: &Delivery<'_>,
        opened: &Opened,
        hash: &str,
        told: &mut dyn FnMut(u64),
        cancel: &AtomicBool,
    ) -> Result<FileReport> {
        let layout = &opened.layout;
        let extract: i64 = self
            .facts
            .query_row("SELECT coalesce(max(extract), 0) + 1 FROM extract", [], |row| row.get(0))
            .map_err(self.facts_failed())?;
        // raw rows of a vault commit whose registry commit never came
        self.vault.execute("DELETE FROM quarantine_raw WHERE extract >= ?", [extract]).map_err(self.vault_failed())?;
        let keyring = self.keyring.clone();
        let reading = Reading { keyring: &keyring, as_of: delivery.stamp.as_of };
        let mut poured = pour(self, delivery.path, opened, reading, extract, told, cancel)?;
        duplicates::set_aside(self, delivery.path, opened, extract, &mut poured)?;
        if layout.table != Table::Village {
            let precedence = precedence(&delivery.stamp, hash);
            ids::settle(self, layout.table, extract, &mut poured, precedence)?;
        }
        let quarantined: u64 = poured.reasons.values().sum();
        if poured.rows != poured.accepted + quarantined {
            return Err(Error::bug(format!(
                "rows {} = accepted {} + quarantined {quarantined} of extract {extract}",
                poured.rows, poured.accepted
            )));
        }
        self.mark(delivery, layout, hash, extract, &poured, quarantined)?;
        let mut notes = layout.notes.clone();
        notes.extend(odd(&poured));
        Ok(FileReport {
            file: delivery.path.display().to_string(),
            source: layout.source.clone(),
            rows: poured.rows,
            accepted: poured.accepted,
            quarantined,
            already: false,
            reasons: poured.reasons,
            notes,
        })
    }

    /// The extract's mark: its facts count from here on.
    fn mark(
        &self,
        delivery: &Delivery<'_>,
        layout: &intake::Layout,
        hash: &str,
        extract: i64,
        poured: &Poured,
        quarantined: u64,
    ) -> Result<()> {
        let stamp = &delivery.stamp;
        let file = delivery.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let reasons = serde_json::to_string(&poured.reasons).unwrap_or_default();
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.facts
            .execute(
                "INSERT INTO extract VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                rusqlite::params![
                    extract,
                    layout.source,
                    layout.file,
                    file,
                    hash,
                    stamp.as_of.0,
                    stamp.revision,
                    stamp.complete.contains(&layout.file),
                    stamp.scale.map(|s| whole(s.stands_for)),
                    stamp.scale.map(|s| whole(s.holds)),
                    whole(poured.rows),
                    whole(poured.accepted),
                    whole(quarantined),
                    reasons,
                ],
            )
            .map(drop)
            .map_err(self.facts_failed())
    }
}

/// What was read in another way than the plain one, counted.
fn odd(poured: &Poured) -> Vec<Text> {
    let mut notes = Vec::new();
    let (named, card, cp1252) = (poured.regions_by_name, poured.card_regions_unknown, poured.cp1252);
    if named > 0 {
        notes.push(say!(
            "{named} keluarga: kabupaten/kota dikenali dari namanya",
            "{named} families: regency recognised by name"
        ));
    }
    if card > 0 {
        notes.push(say!(
            "{card} orang: kabupaten/kota KTP tidak dikenali, dianggap tidak dikirim",
            "{card} people: regency of the ID card unknown, taken as not delivered"
        ));
    }
    if cp1252 > 0 {
        notes.push(say!("{cp1252} baris dibaca sebagai cp1252", "{cp1252} rows were read as cp1252"));
    }
    notes
}

/// Orders extracts by as-of, revision and hash, so that the order of arrival means nothing.
fn precedence(stamp: &Stamp, hash: &str) -> i64 {
    let first = hash.get(..6).and_then(|hex| i64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    let day = i64::from(stamp.as_of.0) + (1 << 22);
    (day << 32) | (i64::from(stamp.revision) << 24) | first
}

/// BLAKE3 of the file's bytes.
fn hash(path: &Path, cancel: &AtomicBool) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(|cause| Error::storage(path, cause))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(|cause| Error::storage(path, cause))?;
        if read == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        stopped(cancel)?;
        hasher.update_rayon(buffer.get(..read).unwrap_or(&[]));
    }
}

/// Ends the work if the user asked for it.
pub(super) fn stopped(cancel: &AtomicBool) -> Result<()> {
    if cancel.load(Ordering::Relaxed) {
        return Err(Error::new(
            Fault::Interrupted,
            say!("dihentikan; tidak ada yang tertinggal setengah", "stopped; nothing is left half-done"),
        )
        .fix(say!("ulangi perintah yang sama untuk melanjutkan", "give the same command again to go on")));
    }
    Ok(())
}

/// Counts by reason code.
pub(super) type Reasons = BTreeMap<String, u64>;
