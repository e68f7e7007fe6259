//! `layak export RUN --program P`: a recipient list with identities from the vault.

use super::program::{Loaded, find, load_apart};
use super::run::{folders, judge_of};
use super::screen::{Screen, Stand};
use super::site::Site;
use super::stop;
use crate::error::{Error, Fault, Result};
use crate::ledger::{Export, Ledger, ListFormat, ListOf, export};
use crate::registry::Registry;
use crate::say;
use crate::snapshot::Snapshot;
use crate::terms::{Period, RegionCode, Rupiah, show_count};

/// Writes the recipient list of one program, with identities from the vault
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run id, its beginning, or `latest`
    run: String,
    /// Program
    #[arg(long)]
    program: String,
    /// Region, for instance kemendagri:35 or kemendagri:35.78
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The waiting list instead, with area and place
    #[arg(long, conflicts_with = "review")]
    waiting: bool,
    /// Rows in review instead, with the facts that are missing
    #[arg(long)]
    review: bool,
    /// csv, xlsx, parquet; separated by commas
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', default_value = "csv")]
    format: Vec<String>,
}

impl Args {
    /// A whole list as CSV.
    pub(crate) fn of(run: &str, program: &str) -> Args {
        Args {
            run: run.to_owned(),
            program: program.to_owned(),
            region: None,
            waiting: false,
            review: false,
            format: vec!["csv".to_owned()],
        }
    }
}

fn formats(names: &[String]) -> Result<Vec<ListFormat>> {
    let one = |name: &String| {
        ListFormat::named(name).ok_or_else(|| {
            Error::new(Fault::Usage, say!("format `{name}` tidak ada", "there is no format `{name}`"))
                .fix(say!("yang ada: csv, xlsx, parquet", "there are: csv, xlsx, parquet"))
        })
    };
    names.iter().map(one).collect()
}

/// A run's snapshot and the site's programs for its period.
pub(crate) fn opened(run: &str, site: &Site, screen: &Screen) -> Result<(Ledger, Loaded, Snapshot)> {
    let ledger = Ledger::open(&site.root)?;
    let entry = ledger.find_run(run)?;
    let period: Period = entry.period.parse().map_err(|_| Error::bug("the ledger notes periods"))?;
    let loaded = load_apart(site, period, site.threads, screen)?;
    let snapshot = Snapshot::open_with(site.snapshots.join(&entry.snapshot), &loaded.dictionary)?;
    Ok((ledger, loaded, snapshot))
}

pub(crate) fn run(args: &Args, site: &Site, screen: &Screen) -> Result<()> {
    let formats = formats(&args.format)?;
    let region = args.region.as_deref().map(str::parse::<RegionCode>).transpose();
    let region = region.map_err(|message| Error::new(Fault::Usage, message))?;
    let (mut ledger, loaded, snapshot) = opened(&args.run, site, screen)?;
    if snapshot.manifest().invented {
        return Err(Error::new(
            Fault::Usage,
            say!(
                "snapshot putaran ini karangan dan tidak memuat identitas: tidak ada daftar yang dapat ditulis",
                "this run's snapshot is invented and has no identities: there is no list to write"
            ),
        )
        .fix(say!("impor ekstrak, bekukan, lalu jalankan", "import extracts, freeze, then run")));
    }
    let program = find(&loaded.programs, &args.program)?;
    let judge = judge_of(&loaded, program, &snapshot)?;
    let registry = Registry::open(&site.root)?;
    let mut vault = registry.identities()?;
    let what = Export {
        folders: &folders(site),
        run: &args.run,
        snapshot: &snapshot,
        dictionary: &loaded.dictionary,
        program,
        explaining: &judge,
        of: match (args.waiting, args.review) {
            (true, _) => ListOf::Waiting,
            (_, true) => ListOf::Review,
            _ => ListOf::Recipients,
        },
        region: region.as_ref(),
        formats: &formats,
        cancel: stop::flag(),
    };
    let exported = export(&mut ledger, &mut vault, &what)?;
    if screen.json {
        return screen.json(&exported);
    }
    let rows: Vec<Vec<String>> = exported.files.iter().map(|list| vec![list.file.display().to_string()]).collect();
    screen.table(&[(screen.word("daftar (draf)", "list (draft)"), Stand::Left)], &rows);
    let n = show_count(i64::try_from(exported.rows).unwrap_or(i64::MAX), screen.lang);
    let sum = Rupiah(exported.rupiah).show(screen.lang);
    screen.say(&say!(
        "{n} baris, {sum}, sama dengan resi; berkas ini memuat identitas",
        "{n} rows, {sum}, equal to the receipt; these files hold identities"
    ));
    screen.next(&format!("layak verify {}", args.run));
    Ok(())
}
