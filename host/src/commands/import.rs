//! `layak import PATH...`: extracts into the registry, each row accepted or set aside.

use std::path::PathBuf;

use super::screen::{Screen, Stand};
use super::site::Site;
use super::stop;
use crate::error::{Error, Fault, Result};
use crate::registry::{ImportReport, Options, Registry};
use crate::say;
use crate::terms::{Date, Period, show_count};

/// Reads extracts into the registry; each row is accepted or quarantined with a reason
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files or folders (default: the site's extracts folder)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Insist on this source mapping
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Date of the facts, where no extract.toml says it
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let as_of = args.as_of.as_deref().map(parse_date).transpose()?;
    let paths = if args.paths.is_empty() { vec![site.extracts.clone()] } else { args.paths.clone() };
    let report = import(site, &paths, Options { source: args.source.clone(), as_of }, screen)?;
    if screen.json {
        return screen.json(&report);
    }
    show(&report, screen);
    if let Some(as_of) = newest(site)? {
        let period = Period::quarter_of(as_of);
        screen.next(&format!("layak freeze {period} --as-of {as_of}"));
    }
    Ok(())
}

/// As-of of the newest extract.
fn newest(site: &Site) -> Result<Option<Date>> {
    Ok(Registry::open(&site.root)?.extracts()?.iter().map(|extract| extract.as_of).max())
}

pub(crate) fn parse_date(text: &str) -> Result<Date> {
    text.parse::<Date>().map_err(|message| Error::new(Fault::Usage, message))
}

/// Imports with a progress bar.
pub(crate) fn import(site: &Site, paths: &[PathBuf], options: Options, screen: &Screen) -> Result<ImportReport> {
    let mut registry = Registry::open(&site.root)?;
    let progress = screen.progress(&say!("membaca ekstrak, baris", "reading extracts, rows"), None);
    let mut before = (0, PathBuf::new(), 0);
    let mut told = |at: crate::registry::Progress<'_>| {
        if before.1 != at.file {
            before = (before.0 + before.2, at.file.to_path_buf(), 0);
        }
        before.2 = at.rows;
        progress.set(before.0 + at.rows);
    };
    registry.import(paths, &options, &mut told, stop::flag())
}

pub(crate) fn show(report: &ImportReport, screen: &Screen) {
    let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), screen.lang);
    let rows: Vec<Vec<String>> = report
        .files
        .iter()
        .map(|file| {
            let already = if file.already { screen.word("sudah ada", "already") } else { "" };
            vec![
                file.file.clone(),
                file.source.clone(),
                count(file.rows),
                count(file.accepted),
                count(file.quarantined),
                already.to_owned(),
            ]
        })
        .collect();
    let head = [
        (screen.word("berkas", "file"), Stand::Left),
        (screen.word("sumber", "source"), Stand::Left),
        (screen.word("baris", "rows"), Stand::Right),
        (screen.word("diterima", "accepted"), Stand::Right),
        (screen.word("dikarantina", "quarantined"), Stand::Right),
        ("", Stand::Left),
    ];
    screen.table(&head, &rows);
    if !report.reasons.is_empty() {
        let head = [(screen.word("alasan", "reason"), Stand::Left), (screen.word("baris", "rows"), Stand::Right)];
        let rows: Vec<Vec<String>> = report.reasons.iter().map(|(reason, n)| vec![reason.clone(), count(*n)]).collect();
        screen.table(&head, &rows);
    }
    let (rows, accepted, quarantined) = (count(report.rows), count(report.accepted), count(report.quarantined));
    screen.say(&say!(
        "{rows} baris = {accepted} diterima + {quarantined} dikarantina",
        "{rows} rows = {accepted} accepted + {quarantined} quarantined"
    ));
    for file in &report.files {
        for note in &file.notes {
            screen.warn(note);
        }
        if file.rows == 0 {
            let name = &file.file;
            screen.warn(&say!(
                "`{name}` tidak memuat satu baris pun; tanyakan kepada pengirim apakah memang kosong",
                "`{name}` holds no row; ask the sender whether it is meant to be empty"
            ));
        }
    }
    if report.quarantined > 0 {
        screen.say(&say!("lihat dengan `layak quarantine`", "see them with `layak quarantine`"));
    }
}
