//! `layak synth`: invents a country as extracts in the real DTSEN layout.

use std::path::PathBuf;

use super::screen::Screen;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::synth::{Options, write_extracts};
use crate::terms::show_count;

/// Invents a country: extracts in the real DTSEN layout
#[derive(Debug, clap::Args)]
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
    /// Output folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
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

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<()> {
    if args.families == 0 {
        return Err(Error::new(Fault::Usage, say!("sedikitnya satu keluarga", "at least one family")));
    }
    let options =
        Options { families: args.families, seed: args.seed, faults_per_mille: args.faults.0, ..Options::default() };
    let progress = screen.progress(&say!("mengarang keluarga", "inventing families"), Some(args.families));
    let summary = write_extracts(&options, &args.out, &mut |done| progress.set(done), super::stop::flag())?;
    progress.end();
    if screen.json {
        return screen.json(&summary);
    }
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let (families, members) = (count(summary.families), count(summary.members));
    let out = args.out.display();
    screen.say(&say!(
        "{families} keluarga, {members} orang di `{out}`",
        "{families} families, {members} people in `{out}`"
    ));
    screen.next(&format!("layak import {out}"));
    Ok(())
}
