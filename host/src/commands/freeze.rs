//! `layak freeze PERIOD --as-of DATE`: the registry as a sealed snapshot, with findings.

use schemars::JsonSchema;
use serde::Serialize;

use super::import::parse_date;
use super::screen::{Screen, Stand};
use super::site::Site;
use super::stop;
use crate::error::{Error, Fault, Result};
use crate::ledger::Ledger;
use crate::quality::Finding;
use crate::registry::Registry;
use crate::say;
use crate::snapshot::freeze::freeze_with;
use crate::terms::{Period, show_count};

/// Freezes the registry into a sealed snapshot for one period
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Quarter `2026Q3` or month `2026-09`
    period: String,
    /// Date of the facts, for instance 2026-09-20
    #[arg(long, value_name = "DATE")]
    as_of: String,
}

/// What `freeze --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Frozen {
    /// Root hash: the snapshot's name.
    pub(crate) snapshot: String,
    /// Period.
    pub(crate) period: String,
    /// Date of the facts.
    pub(crate) as_of: String,
    /// Families.
    pub(crate) families: u64,
    /// Members.
    pub(crate) members: u64,
    /// What is incomplete or at odds, each with its first rows by id.
    pub(crate) findings: Vec<Finding>,
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let period = args.period.parse().map_err(|message| Error::new(Fault::Usage, message))?;
    let frozen = make(site, period, &args.as_of, screen)?;
    if screen.json {
        return screen.json(&frozen);
    }
    show(&frozen, screen);
    screen.next(&format!("layak run {}", frozen.period));
    Ok(())
}

/// The findings as a table, then the size.
pub(crate) fn show(frozen: &Frozen, screen: &Screen) {
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    if !frozen.findings.is_empty() {
        let left = Stand::Left;
        let head = [
            (screen.word("temuan", "finding"), left),
            (screen.word("baris", "rows"), Stand::Right),
            (screen.word("arti", "meaning"), left),
        ];
        let row = |found: &Finding| {
            vec![found.code.to_string(), count(found.count), found.meaning.get(screen.lang).to_owned()]
        };
        let rows: Vec<Vec<String>> = frozen.findings.iter().map(row).collect();
        screen.table(&head, &rows);
    }
    let (families, members) = (count(frozen.families), count(frozen.members));
    let short = frozen.snapshot.get(..12).unwrap_or(&frozen.snapshot);
    screen.say(&say!(
        "snapshot {short}: {families} keluarga, {members} orang",
        "snapshot {short}: {families} families, {members} people"
    ));
}

/// Freezes, and notes in the ledger which root the period has.
pub(crate) fn make(site: &Site, period: Period, as_of: &str, screen: &Screen) -> Result<Frozen> {
    let as_of = parse_date(as_of)?;
    let dictionary = super::program::dictionary(site, screen)?;
    let registry = Registry::open(&site.root)?;
    let mut ledger = Ledger::open(&site.root)?;
    let progress = screen.progress(&say!("membekukan, keluarga", "freezing, families"), None);
    let mut told = |done| progress.set(done);
    let (snapshot, findings) =
        freeze_with(&dictionary, &registry, period, as_of, &site.snapshots, &mut told, stop::flag())?;
    progress.end();
    let manifest = snapshot.manifest();
    ledger.note_snapshot(period, &snapshot)?;
    Ok(Frozen {
        snapshot: snapshot.root().to_owned(),
        period: period.to_string(),
        as_of: as_of.to_string(),
        families: manifest.families,
        members: manifest.members,
        findings,
    })
}
