//! A site: one folder with `layak.toml`, rules, registry, vault, snapshots, runs.
//!
//! Takes a folder or the working directory; gives the paths that verbs use.
//! Found upward, so that a verb works from any folder inside the site.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Lang;

const SITE_FILE: &str = "layak.toml";

/// What `init` writes.
pub(crate) const SITE_TEMPLATE: &str = "\
# A Layak site. Every key is optional; these are the defaults.

# Language of what is printed, `id` or `en`; without it, the locale decides.
# lang = \"id\"

# Threads of a run; 0 = all cores.
threads = 0

[folders]
extracts = \"extracts\"    # files received from sources
rules = \"rules\"          # one rule file per program, operator.toml, tables/
snapshots = \"snapshots\"  # sealed, named by their hash
runs = \"runs\"            # selections and receipts, named by their hash
lists = \"lists\"          # exported recipient lists: the only files with identities besides the vault
cache = \"cache\"          # compiled plugins; may be deleted at any time
";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AsWritten {
    lang: Option<Lang>,
    threads: usize,
    folders: Folders,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Folders {
    extracts: PathBuf,
    rules: PathBuf,
    snapshots: PathBuf,
    runs: PathBuf,
    lists: PathBuf,
    cache: PathBuf,
}

impl Default for Folders {
    fn default() -> Folders {
        Folders {
            extracts: "extracts".into(),
            rules: "rules".into(),
            snapshots: "snapshots".into(),
            runs: "runs".into(),
            lists: "lists".into(),
            cache: "cache".into(),
        }
    }
}

/// A site's paths and choices.
#[derive(Debug, Clone)]
pub struct Site {
    /// The folder that holds `layak.toml`, the registry, the vault and the ledger.
    pub root: PathBuf,
    /// Extracts received.
    pub extracts: PathBuf,
    /// Rule files.
    pub rules: PathBuf,
    /// Sealed snapshots.
    pub snapshots: PathBuf,
    /// Runs.
    pub runs: PathBuf,
    /// Exported lists.
    pub lists: PathBuf,
    /// Compiled plugins.
    pub cache: PathBuf,
    /// Threads; 0 = all cores.
    pub threads: usize,
    /// Language chosen by the site.
    pub lang: Option<Lang>,
}

impl Site {
    /// The site in `given`, or the nearest one upward from the working directory.
    ///
    /// # Errors
    /// `Usage` if there is none, `Rules` if its `layak.toml` is wrong.
    pub fn find(given: Option<&Path>) -> Result<Site> {
        if let Some(dir) = given {
            return Site::open(dir);
        }
        let here = std::env::current_dir().map_err(|cause| Error::storage(".", cause))?;
        let found = here.ancestors().find(|dir| dir.join(SITE_FILE).is_file());
        found.map_or_else(|| Err(no_site(&here)), Site::open)
    }

    /// The site in this folder.
    ///
    /// # Errors
    /// As `find`.
    pub fn open(dir: &Path) -> Result<Site> {
        let file = dir.join(SITE_FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Err(no_site(dir)),
            Err(cause) => return Err(Error::storage(&file, cause)),
        };
        let written: AsWritten = toml::from_str(&text).map_err(|cause| {
            let error = refused(cause.message()).file(&file);
            match cause.span() {
                Some(span) => error.at(&text, span),
                None => error,
            }
        })?;
        let inside = |folder: &Path| dir.join(folder);
        Ok(Site {
            root: dir.to_path_buf(),
            extracts: inside(&written.folders.extracts),
            rules: inside(&written.folders.rules),
            snapshots: inside(&written.folders.snapshots),
            runs: inside(&written.folders.runs),
            lists: inside(&written.folders.lists),
            cache: inside(&written.folders.cache),
            threads: written.threads,
            lang: written.lang,
        })
    }
}

/// What the TOML reader says, in words of the house where it is a slip of the pen.
fn refused(said: &str) -> Error {
    let known = "lang, threads, folders (extracts, rules, snapshots, runs, lists, cache)";
    let fix = say!("yang dikenal: {known}", "known here: {known}");
    let unknown = said.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    match unknown {
        Some(key) => Error::new(Fault::Rules, say!("kunci `{key}` tidak dikenal", "unknown key `{key}`")),
        None => Error::new(Fault::Rules, say!("layak.toml salah di sini", "layak.toml is wrong here")).because(said),
    }
    .fix(fix)
}

fn no_site(dir: &Path) -> Error {
    let shown = dir.display();
    Error::new(Fault::Usage, say!("tidak ada situs Layak di `{shown}`", "no Layak site in `{shown}`")).fix(say!(
        "buat dengan `layak init DIR`, lalu `cd DIR`; atau berikan `--site DIR`",
        "make one with `layak init DIR`, then `cd DIR`; or give `--site DIR`"
    ))
}
