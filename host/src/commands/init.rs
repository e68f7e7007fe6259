//! `layak init DIR`: a site with rule files to edit, an empty registry and vault.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::screen::Screen;
use super::site::{SITE_TEMPLATE, Site};
use crate::error::{Error, Fault, Result};
use crate::registry::Registry;
use crate::say;

/// The rule files that a new site gets, to be edited there.
pub(crate) const RULE_FILES: &[(&str, &str)] = &[
    ("operator.toml", include_str!("../../../rules/operator.toml")),
    ("pkh.toml", include_str!("../../../rules/pkh.toml")),
    ("sembako.toml", include_str!("../../../rules/sembako.toml")),
    ("pbi_jkn.toml", include_str!("../../../rules/pbi_jkn.toml")),
    ("blt_dd.toml", include_str!("../../../rules/blt_dd.toml")),
];

/// Scenarios to start from.
const SCENARIOS: &[(&str, &str)] = &[
    ("food_for_d4.toml", include_str!("../../../rules/scenarios/food_for_d4.toml")),
    ("pbi_keep.toml", include_str!("../../../rules/scenarios/pbi_keep.toml")),
    ("pkh_d5.toml", include_str!("../../../rules/scenarios/pkh_d5.toml")),
    ("pkh_d5_quota.toml", include_str!("../../../rules/scenarios/pkh_d5_quota.toml")),
    ("pkh_fresh_order.toml", include_str!("../../../rules/scenarios/pkh_fresh_order.toml")),
    ("pkh_no_five_years.toml", include_str!("../../../rules/scenarios/pkh_no_five_years.toml")),
    ("sembako_cut.toml", include_str!("../../../rules/scenarios/sembako_cut.toml")),
];

/// Makes a site: layak.toml, rule files, an empty registry and vault
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the new site
    dir: PathBuf,
    /// Key of the pseudonyms, 64 hex digits (default: drawn)
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// What `init --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Made {
    /// The site's folder.
    dir: String,
    /// Rule files written.
    rules: Vec<String>,
    /// Fingerprint of the pseudonym key, as manifests carry it.
    key_fingerprint: String,
}

pub(crate) fn run(args: &Args, screen: &Screen) -> Result<()> {
    let key = args.key_file.as_deref().map(read_key).transpose()?;
    let made = make(&args.dir, key)?;
    if screen.json {
        return screen.json(&made);
    }
    let (dir, n) = (&made.dir, made.rules.len());
    screen.say(&say!("situs `{dir}` siap, dengan {n} berkas aturan", "site `{dir}` is ready, with {n} rule files"));
    screen.next(&format!("cd {dir} && layak import extracts"));
    Ok(())
}

/// Makes the site; nothing is left behind if it cannot be completed.
pub(crate) fn make(dir: &Path, key: Option<[u8; 32]>) -> Result<Made> {
    refuse_occupied(dir)?;
    let existed = dir.is_dir();
    let made = fill(dir, key);
    if made.is_err() && !existed {
        // what was begun in a folder of our own making goes again
        let _gone = std::fs::remove_dir_all(dir);
    }
    made
}

fn refuse_occupied(dir: &Path) -> Result<()> {
    let occupied = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => dir.exists(),
    };
    if !occupied {
        return Ok(());
    }
    let shown = dir.display();
    Err(Error::new(Fault::Usage, say!("`{shown}` sudah ada dan tidak kosong", "`{shown}` exists and is not empty"))
        .fix(say!("pilih folder baru", "choose a new folder")))
}

fn fill(dir: &Path, key: Option<[u8; 32]>) -> Result<Made> {
    let make_dir = |path: &Path| std::fs::create_dir_all(path).map_err(|cause| Error::storage(path, cause));
    let write = |path: PathBuf, text: &str| std::fs::write(&path, text).map_err(|cause| Error::storage(&path, cause));
    make_dir(dir)?;
    write(dir.join("layak.toml"), SITE_TEMPLATE)?;
    let site = Site::open(dir)?;
    for folder in [&site.extracts, &site.rules, &site.snapshots, &site.runs, &site.lists, &site.cache] {
        make_dir(folder)?;
    }
    for (name, text) in RULE_FILES {
        write(site.rules.join(name), text)?;
    }
    let scenarios = site.rules.join("scenarios");
    make_dir(&scenarios)?;
    for (name, text) in SCENARIOS {
        write(scenarios.join(name), text)?;
    }
    super::program::write_lock(&site)?;
    let registry = Registry::create(dir, key)?;
    Ok(Made {
        dir: dir.display().to_string(),
        rules: RULE_FILES.iter().map(|(name, _)| (*name).to_owned()).collect(),
        key_fingerprint: registry.key_fingerprint(),
    })
}

fn read_key(path: &Path) -> Result<[u8; 32]> {
    let text = String::from_utf8_lossy(&super::plugin::read_given(path)?).into_owned();
    let hex = text.trim();
    blake3::Hash::from_hex(hex).map(|hash| *hash.as_bytes()).map_err(|_| {
        Error::new(Fault::Usage, say!("kunci harus 64 digit heksadesimal", "a key is 64 hex digits"))
            .file(path)
            .fix(say!("buat dengan `openssl rand -hex 32`", "make one with `openssl rand -hex 32`"))
    })
}
