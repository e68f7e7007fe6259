//! Freezes the registry: the newest facts of a date, province by province.
//!
//! Takes the registry, a period and a date; gives a sealed snapshot and its
//! findings. Facts of a later as-of are not there yet. Reads by rowid, spreads
//! rows over regencies and sorts those in memory. The order of imports and of rows
//! means nothing. Must never see an identity.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{Header, Scale, Snapshot, Writer};
use crate::columns::Dictionary;
use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::intake::Table;
use crate::quality::{Check, Finding, Tally};
use crate::registry::{Extract, Registry};
use crate::say;
use crate::terms::{Date, Period};

mod country;
mod gather;
mod groups;
mod lists;
mod packing;
mod province;
mod sources;
mod twins;

use country::{Country, Spread};
use lists::Lists;
use province::Province;
use twins::Twins;

/// Extracts by their number in the facts: where each stands in time, if it counts.
pub(super) type Ranks = BTreeMap<i64, u32>;

/// Freezes with the built-in dictionary; `progress` is told how many families are sealed.
///
/// # Errors
/// `Fault::Usage` if no families were imported by that date; `Fault::Interrupted`;
/// `Fault::Storage`.
pub fn freeze(
    registry: &Registry,
    period: Period,
    as_of: Date,
    dest: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
    cancel: &AtomicBool,
) -> Result<(Snapshot, Vec<Finding>)> {
    freeze_with(Dictionary::embedded(), registry, period, as_of, dest, progress, cancel)
}

/// Freezes with a dictionary that holds programs from outside.
///
/// # Errors
/// As `freeze`.
pub fn freeze_with(
    dictionary: &Dictionary,
    registry: &Registry,
    period: Period,
    as_of: Date,
    dest: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
    cancel: &AtomicBool,
) -> Result<(Snapshot, Vec<Finding>)> {
    let extracts: Vec<Extract> = registry.extracts()?.into_iter().filter(|extract| extract.as_of <= as_of).collect();
    let ranks: Ranks = extracts.iter().zip(0_u32..).map(|(extract, rank)| (extract.extract, rank)).collect();
    if !extracts.iter().any(|extract| extract.kind == "family") {
        return Err(Error::new(
            Fault::Usage,
            say!("belum ada keluarga yang diimpor per {as_of}", "no families were imported as of {as_of}"),
        )
        .fix(say!("impor berkas keluarga dengan `layak import`", "import the family file with `layak import`")));
    }
    let mut tally = Tally::default();
    let twins = Twins::of(&extracts);
    let spread = Spread::read(registry, dictionary, &ranks, &twins, &mut tally, cancel)?;
    twins.look(registry, &ranks, (&spread.shared.0, &spread.shared.1), &mut tally, cancel)?;
    let lists = Lists::read(registry, &extracts, &ranks, period, cancel)?;
    let country = Country::new(spread, registry, as_of)?;
    let header = Header {
        period,
        as_of,
        scale: scale(&extracts, country.families()),
        key_fingerprint: registry.key_fingerprint(),
        regions: country.regions.clone(),
        complete_lists: lists.complete.clone(),
        findings: BTreeMap::new(),
    };
    let mut writer = Writer::create(dest, header, dictionary)?;
    let sealed_families = std::sync::Mutex::new((0_u64, progress));
    let numbers: Vec<usize> = (0..Regions::embedded().provinces().len()).filter(|at| country.has(*at)).collect();
    let sealed: Vec<Result<_>> = numbers
        .into_par_iter()
        .map(|province| {
            if cancel.load(Ordering::Relaxed) {
                return Err(interrupted());
            }
            let work = Province { dictionary, country: &country, lists: &lists, as_of };
            let done = work.seal(&writer, province, cancel)?;
            if let Ok(mut told) = sealed_families.lock() {
                told.0 += done.families;
                let sum = told.0;
                (told.1)(sum);
            }
            Ok(done)
        })
        .collect();
    let mut parts = Vec::new();
    let mut matched = 0;
    for part in sealed {
        let part = part?;
        tally.add(part.tally);
        matched += part.matched;
        parts.push(part.sealed);
    }
    tally.count(Check::ListRowUnmatched, lists.rows().saturating_sub(matched));
    writer.header.findings = tally.counts();
    Ok((writer.finish(parts)?, tally.findings()))
}

/// What the newest delivery of families says that it stands for.
fn scale(extracts: &[Extract], families: u64) -> Scale {
    let said = extracts.iter().rev().filter(|extract| extract.kind == "family").find_map(|extract| extract.scale);
    let (stands_for, holds) = said.unwrap_or((families, families));
    Scale { stands_for, holds }
}

pub(super) fn interrupted() -> Error {
    Error::new(
        Fault::Interrupted,
        say!("dihentikan; tidak ada snapshot yang tertinggal", "stopped; no snapshot is left behind"),
    )
    .fix(say!("ulangi perintah yang sama", "give the same command again"))
}

/// Position of a column among those of a fact table.
pub(super) fn place(table: Table, name: &str) -> Result<usize> {
    Registry::fact_columns(table)
        .iter()
        .position(|column| column == name)
        .ok_or_else(|| Error::bug(format!("table `{}` has a column `{name}`", table.sql())))
}
