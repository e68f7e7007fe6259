//! Invents a country: extracts in the real DTSEN layout, with lists, villages and
//! planted faults, or straight a sealed snapshot of the same families.
//!
//! Takes a number of families and a seed; gives the same bytes for the same seed,
//! at any size, in constant memory. The marginals are those of `domain.md`
//! section 5. `people`, `life`, `housing` and `aid` invent; `extract`, `lists` and
//! `sheet` write files, `cells` and `sealed` write a snapshot. No person, number or address here is anybody's. Nothing here may
//! take part in a decision.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::columns::regions::Regions;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::{Date, Period};

mod aid;
mod cells;
mod country;
mod draw;
mod extract;
mod faults;
mod housing;
mod life;
mod lists;
mod names;
mod people;
mod sealed;
mod sheet;

pub use extract::{FAMILY, INDIVIDUAL};
pub use sealed::{Invented, SealedOptions, period_after, write_snapshot};

/// Families between two reports of progress.
const REPORT: u64 = 4_096;

/// What to invent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Number of families, at most those of the nation (95,006,179).
    pub families: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Planted faults per 1,000 people.
    pub faults_per_mille: u32,
    /// The day that the facts are of.
    pub as_of: Date,
    /// The last paid period of earlier aid.
    pub last_period: Period,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            families: 100_000,
            seed: 1,
            faults_per_mille: 0,
            as_of: Date::from_ymd(2026, 9, 1).unwrap_or(Date(0)),
            last_period: Period::Quarter(2026, 2),
        }
    }
}

/// What was invented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// Rows of `family.csv`.
    pub families: u64,
    /// Rows of `individual.csv`.
    pub members: u64,
    /// Villages with a family.
    pub villages: u64,
    /// Lines of `truth.ndjson`.
    pub faults: u64,
}

/// Writes the extracts of an invented country into a folder that is made if need be.
/// `progress` is told the families done; a raised `cancel` leaves the folder as it was.
///
/// # Errors
/// `Fault::Usage` for a size that the nation does not hold, `Fault::Interrupted`,
/// `Fault::Storage` if a file cannot be written.
pub fn write_extracts(
    options: &Options,
    out: &Path,
    progress: &mut dyn FnMut(u64),
    cancel: &AtomicBool,
) -> Result<Summary> {
    check_size(options)?;
    std::fs::create_dir_all(out).map_err(|e| Error::storage(out, e))?;
    let country = country::Country::new(Regions::embedded(), options.families, options.seed);
    let mut extracts = extract::Extracts::create(out, options.as_of, options.last_period)?;
    let mut draws = [draw::Draw::new(options.seed), draw::Draw::new(options.seed ^ 0xfa17)];
    let mut aids = aid::Aids::new(options.families);
    let mut family = people::Family::default();
    let mut villages = 0;
    for stretch in country.stretches() {
        let mut numbers = people::Numbers::default();
        for at in stretch.villages.clone() {
            let village = country.village(stretch.place, at);
            let home = extract::Where { place: stretch.place, district: stretch.district, village };
            extracts.village(&home)?;
            villages += 1;
            for index in stretch.families(at) {
                invent(&mut draws[0], &mut family, &country, &home, (index, options.as_of), &mut numbers);
                aids.give(&mut draws[0], &mut family);
                draws[1].start(index);
                let plan = faults::plan(&mut draws[1], &family, options.faults_per_mille);
                extracts.write(&mut family, &home, plan)?;
                if (index + 1).is_multiple_of(REPORT) {
                    if cancel.load(Ordering::Relaxed) {
                        return Err(stopped());
                    }
                    progress(index + 1);
                }
            }
        }
    }
    progress(options.families);
    let faults = extracts.finish()?;
    write_stamp(options, out)?;
    Ok(Summary { families: extracts.family.rows, members: extracts.individual.rows, villages, faults })
}

fn check_size(options: &Options) -> Result<()> {
    if (1..=aid::NATION).contains(&options.families) {
        return Ok(());
    }
    Err(Error::new(
        Fault::Usage,
        say!("jumlah keluarga harus 1 sampai 95.006.179", "the number of families must be 1 to 95,006,179"),
    ))
}

fn stopped() -> Error {
    Error::new(Fault::Interrupted, say!("dihentikan; tidak ada yang ditulis", "stopped; nothing was written"))
        .fix(say!("jalankan perintah yang sama lagi", "run the same command again"))
}

/// Invents one family: who lives in it, how, and in what house.
fn invent(
    draw: &mut draw::Draw,
    family: &mut people::Family,
    country: &country::Country,
    home: &extract::Where<'_>,
    (index, as_of): (u64, Date),
    numbers: &mut people::Numbers,
) {
    draw.start(index);
    let welfare = draw.bits().to_le_bytes().iter().map(|byte| u32::from(*byte)).sum();
    family.index = index;
    family.deciles = country.deciles(home.place, home.village.settlement, welfare);
    family.welfare = family.deciles[0];
    family.urban = home.village.settlement == 1;
    family.province = home.place.province;
    family.village_kind = home.village.kind;
    if draw.chance(15) {
        family.deciles = [0; 3];
    }
    let mut setting =
        people::Setting { as_of, prefix: &home.district.prefix, foreign: &home.district.foreign, numbers };
    people::compose(draw, family, &mut setting);
    for person in &mut family.members {
        life::live(draw, person, family.welfare, family.urban);
    }
    family.home = housing::home(draw, family.welfare, family.urban, family.province);
}

/// `extract.toml`: what the sender says of the delivery.
fn write_stamp(options: &Options, out: &Path) -> Result<()> {
    let lists = lists::COMPLETE.map(|list| format!("\"{list}\"")).join(", ");
    let text = format!(
        "# An invented country: no person, number or address in it is anybody's.\n\
         as_of = \"{}\"\ncomplete = [{lists}]\n\n[scale]\nstands_for = {}\nholds = {}\n",
        options.as_of,
        aid::NATION,
        options.families
    );
    let path = out.join("extract.toml");
    std::fs::write(&path, text).map_err(|e| Error::storage(&path, e))
}
