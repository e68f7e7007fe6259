//! `layak verify RUN`: every hash, count and sum of a run and its snapshot, again.

use super::run::folders;
use super::screen::{Screen, Stand};
use super::site::Site;
use crate::error::Result;
use crate::ledger::{Ledger, verify};
use crate::say;
use crate::terms::show_count;

/// Computes every hash, count and sum of a run and its snapshot again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run id, its beginning, or `latest`
    run: String,
}

impl Args {
    /// One run.
    pub(crate) fn of(run: &str) -> Args {
        Args { run: run.to_owned() }
    }
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let ledger = Ledger::open(&site.root)?;
    let verified = verify(&ledger, &folders(site), &args.run)?;
    if screen.json {
        screen.json(&verified)?;
    } else if !verified.failures.is_empty() {
        let left = Stand::Left;
        let head = [(screen.word("berkas", "file"), left), (screen.word("yang berbeda", "what differs"), left)];
        let row =
            |failure: &crate::ledger::Failure| vec![failure.file.clone(), failure.what.get(screen.lang).to_owned()];
        let rows: Vec<Vec<String>> = verified.failures.iter().map(row).collect();
        screen.table(&head, &rows);
    }
    if let Some(error) = verified.error() {
        return Err(error);
    }
    let n = show_count(i64::try_from(verified.checked).unwrap_or(i64::MAX), screen.lang);
    screen.say(&say!("{n} hash, jumlah dan total cocok", "{n} hashes, counts and sums agree"));
    screen.next("layak explain");
    Ok(())
}
