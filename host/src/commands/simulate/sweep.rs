//! `layak simulate --sweep PROGRAM.KEY=A..B`: one value after the other.
//!
//! The baseline is run once; each value is compared with it.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::load::{self, World};
use super::output::{self, Simulated};
use super::{Args, staged};
use crate::commands::program::report;
use crate::commands::screen::{Screen, Stand};
use crate::commands::site::Site;
use crate::error::{Error, Fault, Result};
use crate::say;
use crate::simulation::{Baseline, Scenario};
use crate::terms::{Rupiah, show_count};

/// Most values of a sweep.
const MOST: i64 = 200;

/// What `simulate --sweep --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Swept {
    /// Program and key.
    key: String,
    /// One comparison per value, in order.
    values: Vec<SweptValue>,
}

/// One value of a sweep.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SweptValue {
    /// The value.
    value: i64,
    /// The comparison.
    comparison: Simulated,
}

/// Key, first and last value.
fn parse(asked: &str) -> Result<(&str, i64, i64)> {
    let wrong = || {
        Error::new(Fault::Usage, say!("`{asked}` bukan PROGRAM.KUNCI=A..B", "`{asked}` is not PROGRAM.KEY=A..B"))
            .fix(say!("misalnya `--sweep pkh.max_decile=3..6`", "for instance `--sweep pkh.max_decile=3..6`"))
    };
    let (key, range) = asked.split_once('=').ok_or_else(wrong)?;
    let (from, to) = range.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim().replace('_', "").parse::<i64>().map_err(|_| wrong());
    let (from, to) = (number(from)?, number(to)?);
    if to < from || to - from >= MOST {
        return Err(Error::new(
            Fault::Usage,
            say!("`{asked}`: antara 1 dan {MOST} nilai", "`{asked}`: between 1 and {MOST} values"),
        ));
    }
    Ok((key, from, to))
}

pub(super) fn run(args: &Args, asked: &str, snapshot: &Path, site: &Site, screen: &Screen) -> Result<()> {
    let (key, from, to) = parse(asked)?;
    let threads = args.threads.unwrap_or(site.threads);
    let programs = load::program_ids(site)?;
    let scenario = |value: i64| -> Result<Scenario> {
        let mut sets = args.set.clone();
        sets.push(format!("{key}={value}"));
        let text = load::text_of_sets(&sets)?;
        Scenario::parse(Path::new("sweep.toml"), &text, &programs).map_err(|errors| report(errors, screen))
    };
    let first = World::open(site, &scenario(from)?, snapshot, threads, screen)?;
    let by = load::breakdowns(&args.by, &first)?;
    let sample = load::sample(args.sample.as_deref(), &first.snapshot)?;
    let scale = load::scale(&first.snapshot, sample.as_ref());
    let reforms = (from..=to)
        .map(|value| {
            let scenario = scenario(value)?;
            Ok((value, first.reforms_of(&scenario, site, screen)?, scenario))
        })
        .collect::<Result<Vec<_>>>()?;
    let compared = staged(&first, sample.as_ref(), &by, threads, screen, |stage| {
        let baseline = Baseline::of(stage, &first.reforms)?;
        reforms.iter().map(|(_, reforms, _)| baseline.against(stage, reforms)).collect::<Result<Vec<_>>>()
    })?;
    let mut swept = Swept { key: key.to_owned(), values: Vec::new() };
    for ((value, reforms, scenario), comparison) in reforms.iter().zip(&compared) {
        let comparison = output::document(&first, reforms, scenario, comparison, &by, sample.clone(), scale)?;
        swept.values.push(SweptValue { value: *value, comparison });
    }
    if screen.json {
        return screen.json(&swept);
    }
    show(&swept, screen);
    screen.next(&format!("layak simulate --set {key}={to}"));
    Ok(())
}

/// One table per program that moves: value by value.
fn show(swept: &Swept, screen: &Screen) {
    let lang = screen.lang;
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), lang);
    let word = |id, en| screen.word(id, en);
    let right = Stand::Right;
    let names = swept.values.first().map(|one| one.comparison.programs.iter().map(|program| program.program.clone()));
    for name in names.into_iter().flatten() {
        let of = |one: &SweptValue| one.comparison.programs.iter().find(|program| program.program == name).cloned();
        let moves = swept.values.iter().filter_map(of).any(|one| one.gainers + one.losers + one.changed > 0);
        if !moves {
            continue;
        }
        let title = format!("{name} | {}", swept.key);
        let head = [
            (title.as_str(), right),
            (word("layak", "eligible"), right),
            (word("penerima", "recipients"), right),
            (word("masuk", "gainers"), right),
            (word("keluar", "losers"), right),
            (word("tergeser", "displaced"), right),
            (word("jumlah berubah", "amount changed"), right),
            (word("biaya setahun", "cost a year"), right),
        ];
        let rows = swept.values.iter().filter_map(|one| {
            let program = of(one)?;
            Some(vec![
                one.value.to_string(),
                count(program.reform.eligible),
                count(program.reform.recipients),
                count(program.gainers),
                count(program.losers),
                count(program.displaced),
                count(program.changed),
                Rupiah(program.reform.cost_year).show(lang),
            ])
        });
        screen.table(&head, &rows.collect::<Vec<_>>());
    }
}
