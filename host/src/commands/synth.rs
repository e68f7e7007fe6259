//! `layak synth`: invents a country as extracts in the real DTSEN layout, or straight
//! as a sealed snapshot, in a site or in any folder.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::screen::Screen;
use super::site::Site;
use super::{demo, program};
use crate::columns::Dictionary;
use crate::error::{Error, Fault, Result};
use crate::intake::Keyring;
use crate::ledger::Ledger;
use crate::registry::Registry;
use crate::say;
use crate::snapshot::Snapshot;
use crate::synth::{Invented, Options, SealedOptions, write_extracts, write_snapshot};
use crate::terms::{Date, Period, show_count};

/// Invents a country: extracts in the real DTSEN layout, or a sealed snapshot
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["out", "snapshot"]))]
pub(crate) struct Args {
    /// Number of families
    #[arg(long, value_name = "N")]
    families: u64,
    /// Seed; the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Share of rows that are spoilt on purpose, for instance 2%
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = per_mille)]
    faults: PerMille,
    /// Output folder of extracts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A sealed snapshot instead, without identities: in this folder, or without one in the site
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with = "faults")]
    #[expect(clippy::option_option, reason = "not given, given bare, given with a folder")]
    snapshot: Option<Option<PathBuf>>,
}

/// The date of an invented snapshot.
const AS_OF: Date = Date(20_716);

/// What `synth --snapshot --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sealed {
    /// Root hash: the snapshot's name.
    pub(crate) snapshot: String,
    /// The folder that holds it.
    pub(crate) folder: String,
    /// Period.
    pub(crate) period: String,
    /// Families.
    pub(crate) families: u64,
    /// Members.
    pub(crate) members: u64,
}

/// A share in thousandths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerMille(u32);

fn per_mille(text: &str) -> std::result::Result<PerMille, String> {
    let wrong = || "2% | 0.5%".to_owned();
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    if tenth.len() != 1 {
        return Err(wrong());
    }
    let share = whole.parse::<u32>().ok().zip(tenth.parse::<u32>().ok()).map(|(whole, tenth)| whole * 10 + tenth);
    share.filter(|share| *share <= 500).map(PerMille).ok_or_else(wrong)
}

pub(crate) fn run(args: &Args, site: impl Fn() -> Result<Site>, screen: &Screen) -> Result<()> {
    if args.families == 0 {
        return Err(Error::new(Fault::Usage, say!("sedikitnya satu keluarga", "at least one family")));
    }
    let options =
        Options { families: args.families, seed: args.seed, faults_per_mille: args.faults.0, ..Options::default() };
    match (&args.out, &args.snapshot) {
        (Some(out), _) => extracts(&options, out, screen),
        (None, Some(Some(folder))) => {
            let keyring = Keyring::new(demo::KEY);
            let made = sealed(&options, folder, &keyring, Dictionary::embedded(), screen)?;
            show(&made, folder, screen)?;
            screen.next(&format!("layak bench --families {}", args.families));
            Ok(())
        }
        (None, _) => {
            let site = site()?;
            let made = in_site(&site, &options, screen)?;
            show(&made, &site.snapshots, screen)?;
            screen.next(&format!("layak run {}", made.period));
            Ok(())
        }
    }
}

fn extracts(options: &Options, out: &Path, screen: &Screen) -> Result<()> {
    let progress = screen.progress(&say!("mengarang keluarga", "inventing families"), Some(options.families));
    let summary = write_extracts(options, out, &mut |done| progress.set(done), super::stop::flag())?;
    progress.end();
    if screen.json {
        return screen.json(&summary);
    }
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let (families, members) = (count(summary.families), count(summary.members));
    let out = out.display();
    screen.say(&say!(
        "{families} keluarga, {members} orang di `{out}`",
        "{families} families, {members} people in `{out}`"
    ));
    screen.next(&format!("layak import {out}"));
    Ok(())
}

/// Invents a snapshot in a site, under the site's key, and notes it in the ledger.
/// A period with a real snapshot is left alone.
pub(crate) fn in_site(site: &Site, options: &Options, screen: &Screen) -> Result<Invented> {
    let dictionary = program::dictionary(site, screen)?;
    let registry = Registry::open(&site.root)?;
    let mut ledger = Ledger::open(&site.root)?;
    if let Some(root) = ledger.snapshot_of(after(options))?
        && !Snapshot::open_with(site.snapshots.join(root), &dictionary)?.manifest().invented
    {
        let period = after(options);
        return Err(Error::new(
            Fault::Usage,
            say!("{period} sudah mempunyai snapshot dari impor", "{period} has a snapshot of imported extracts"),
        )
        .fix(say!("pakai situs lain: `layak init DIR`", "use another site: `layak init DIR`")));
    }
    let made = sealed(options, &site.snapshots, registry.keyring(), &dictionary, screen)?;
    ledger.note_snapshot(made.period, &made.snapshot)?;
    Ok(made)
}

fn after(options: &Options) -> Period {
    crate::synth::period_after(options.last_period)
}

fn sealed(
    options: &Options,
    folder: &Path,
    keyring: &Keyring,
    dictionary: &Dictionary,
    screen: &Screen,
) -> Result<Invented> {
    let progress = screen.progress(&say!("mengarang keluarga", "inventing families"), Some(options.families));
    let wanted = SealedOptions { country: options, as_of: AS_OF, keyring, dictionary };
    let made = write_snapshot(&wanted, folder, &mut |done| progress.set(done), super::stop::flag())?;
    progress.end();
    Ok(made)
}

fn show(made: &Invented, folder: &Path, screen: &Screen) -> Result<()> {
    let manifest = made.snapshot.manifest();
    if screen.json {
        return screen.json(&Sealed {
            snapshot: made.snapshot.root().to_owned(),
            folder: folder.display().to_string(),
            period: made.period.to_string(),
            families: manifest.families,
            members: manifest.members,
        });
    }
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let (families, members) = (count(manifest.families), count(manifest.members));
    let (short, folder) = (made.snapshot.root().get(..12).unwrap_or_default(), folder.display());
    screen.say(&say!(
        "snapshot karangan {short} di `{folder}`: {families} keluarga, {members} orang, tanpa identitas",
        "invented snapshot {short} in `{folder}`: {families} families, {members} people, no identities"
    ));
    Ok(())
}
