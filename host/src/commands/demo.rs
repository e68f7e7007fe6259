//! `layak demo [DIR]`: the whole job in a fresh folder, from an invented country
//! to verified lists and three explained families.

use std::path::PathBuf;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use super::screen::Screen;
use super::site::Site;
use super::{explain, export, freeze, import, init, run, verify};
use crate::error::{Error, Result};
use crate::registry;
use crate::say;
use crate::selection::status;
use crate::synth::{Options, write_extracts};
use crate::terms::{Period, Text};

/// The published key of demonstrations and tests: ids made with it protect nobody.
pub(crate) const KEY: [u8; 32] = *b"layak demo key, known to anybody";

const AS_OF: &str = "2026-09-20";
const PERIOD: &str = "2026Q3";

/// The whole job in a new folder: from extracts to explained recipient lists
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// New folder
    #[arg(default_value = "layak-demo")]
    dir: PathBuf,
    /// Number of families
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    families: u64,
}

/// What `demo --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shown {
    /// The site's folder.
    dir: String,
    /// The run.
    run: String,
}

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<()> {
    let begun = Instant::now();
    step(screen, "situs baru", "a new site");
    init::make(&args.dir, Some(KEY))?;
    let site = Site::open(&args.dir)?;
    step(screen, "sebuah negara karangan, 1% barisnya dirusak", "an invented country, 1% of its rows spoilt");
    let report = country(&site, args.families, 1, 10, screen)?;
    if !screen.json {
        import::show(&report, screen);
    }
    step(screen, "snapshot tersegel", "a sealed snapshot");
    let frozen = freeze(&site, screen)?;
    if !screen.json {
        freeze::show(&frozen, screen);
    }
    step(screen, "empat program dinilai, diurutkan, dipotong", "four programs judged, ranked and cut");
    let made = run::make(&run::Args::of(PERIOD), &site, screen)?;
    if let Some(error) = made.worst() {
        return Err(error.clone());
    }
    if !screen.json {
        run::show(&made, &screen.inside());
    }
    step(screen, "daftar penerima PKH", "the recipient list of PKH");
    export::run(&export::Args::of(&made.run, "pkh"), &site, &screen.inside())?;
    let shown = explained(&site, &made.run, screen)?;
    step(screen, "semua hash, jumlah dan total dihitung ulang", "every hash, count and sum computed again");
    verify::run(&verify::Args::of(&made.run), &site, &screen.inside())?;
    if screen.json {
        return screen.json(&Shown { dir: args.dir.display().to_string(), run: made.run });
    }
    let seconds = begun.elapsed().as_millis() / 100;
    let (whole, tenth) = (seconds / 10, seconds % 10);
    let dir = args.dir.display();
    screen.say(&say!("selesai dalam {whole},{tenth} detik di `{dir}`", "done in {whole}.{tenth} seconds in `{dir}`"));
    screen.say(&Text::new(
        "coba: ubah `max_decile` di rules/sembako.toml lalu `layak run 2026Q3`; `layak program show pkh`; `layak quarantine`",
        "try: change `max_decile` in rules/sembako.toml, then `layak run 2026Q3`; `layak program show pkh`; `layak quarantine`",
    ));
    screen.next(&format!("cd {dir} && layak explain {}", shown.unwrap_or_default()));
    Ok(())
}

fn step(screen: &Screen, id: &str, en: &str) {
    screen.say(&Text::new(format!("\n— {id}"), format!("\n— {en}")));
}

/// Invents a country into the site's extracts folder and imports it.
pub(crate) fn country(
    site: &Site,
    families: u64,
    seed: u64,
    faults_per_mille: u32,
    screen: &Screen,
) -> Result<registry::ImportReport> {
    let options = Options { families, seed, faults_per_mille, ..Options::default() };
    let progress = screen.progress(&say!("mengarang keluarga", "inventing families"), Some(families));
    write_extracts(&options, &site.extracts, &mut |done| progress.set(done), super::stop::flag())?;
    progress.end();
    import::import(site, std::slice::from_ref(&site.extracts), registry::Options::default(), screen)
}

/// Freezes the demonstration's quarter.
pub(crate) fn freeze(site: &Site, screen: &Screen) -> Result<freeze::Frozen> {
    let period: Period = PERIOD.parse().map_err(|_| Error::bug("the demonstration's period is one"))?;
    freeze::make(site, period, AS_OF, screen)
}

/// Explains one who is in, one who is out and one in review; gives the first's id.
fn explained(site: &Site, run: &str, screen: &Screen) -> Result<Option<String>> {
    let mut shown = None;
    for (wanted, id, en) in [
        (status::RECIPIENT, "satu yang masuk", "one who is in"),
        (status::NOT_ELIGIBLE, "satu yang tidak layak", "one who is out"),
        (status::REVIEW, "satu yang perlu ditinjau", "one in review"),
    ] {
        step(screen, id, en);
        if let Some(family) = explain::first_with(site, run, "pkh", wanted, screen)? {
            explain::run(&explain::Args::of(&family, run, "pkh"), site, &screen.inside())?;
            shown = shown.or(Some(family));
        }
    }
    Ok(shown)
}
