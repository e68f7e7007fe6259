//! `extract.toml`: what the sender says of a delivery.
//!
//! Takes the file beside the extracts; gives as-of, revision, scale and the lists
//! that are complete. Without it `--as-of` must be given, the scale is 1 and no
//! list is complete. Never believes a list complete that nobody called so.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Date;

/// As written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    as_of: String,
    #[serde(default)]
    revision: u8,
    scale: Option<Scale>,
    #[serde(default)]
    complete: Vec<String>,
}

/// The families that a delivery stands for over those it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Families in the country.
    pub stands_for: u64,
    /// Families in the delivery.
    pub holds: u64,
}

/// As checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The day that the facts are of.
    pub as_of: Date,
    /// Counts corrections of one as-of; the higher one wins.
    pub revision: u8,
    /// `None`: the whole country, one to one.
    pub scale: Option<Scale>,
    /// Names of lists delivered in full.
    pub complete: Vec<String>,
}

impl Stamp {
    /// Only an as-of, given on the command line.
    #[must_use]
    pub fn dated(as_of: Date) -> Stamp {
        Stamp { as_of, revision: 0, scale: None, complete: Vec::new() }
    }

    /// Reads `extract.toml` in a folder, if it is there; `names` are the lists that exist.
    ///
    /// # Errors
    /// `Fault::Extract` with place and caret for a file that says something else.
    pub fn beside(folder: &Path, names: &[String]) -> Result<Option<Stamp>> {
        let path = folder.join("extract.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(odd) if odd.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::new(
                    Fault::Extract,
                    say!("`extract.toml` bukan teks UTF-8", "`extract.toml` is not UTF-8 text"),
                )
                .file(&path)
                .fix(say!("simpan ulang sebagai UTF-8", "save it again as UTF-8")));
            }
            Err(cause) => return Err(Error::storage(&path, cause)),
        };
        let written: Written = toml::from_str(&text).map_err(|fault| wrong(&path, &text, &fault))?;
        let as_of: Date = written.as_of.parse().map_err(|message| Error::new(Fault::Extract, message).file(&path))?;
        let scale_fits = written.scale.is_none_or(|s| s.holds > 0 && s.stands_for >= s.holds);
        if !scale_fits {
            return Err(Error::new(
                Fault::Extract,
                say!(
                    "`scale`: `stands_for` harus paling sedikit `holds`, dan `holds` di atas nol",
                    "`scale`: `stands_for` must be at least `holds`, and `holds` above zero"
                ),
            )
            .file(&path));
        }
        if let Some(unknown) = written.complete.iter().find(|list| !names.contains(list)) {
            let known = names.join(", ");
            return Err(Error::new(
                Fault::Extract,
                say!(
                    "`complete` menyebut daftar `{unknown}` yang tidak dikenal",
                    "`complete` names an unknown list `{unknown}`"
                ),
            )
            .file(&path)
            .fix(say!("daftar yang dikenal: {known}", "known lists: {known}")));
        }
        Ok(Some(Stamp { as_of, revision: written.revision, scale: written.scale, complete: written.complete }))
    }
}

fn wrong(path: &PathBuf, text: &str, fault: &toml::de::Error) -> Error {
    let said = fault.message().to_owned();
    let error = Error::new(
        Fault::Extract,
        say!("`extract.toml` tidak dapat dibaca: {said}", "`extract.toml` cannot be read: {said}"),
    )
    .file(path)
    .fix(say!(
        "tulis `as_of = \"2026-09-01\"`; selain itu hanya `revision`, `complete` dan `[scale]`",
        "write `as_of = \"2026-09-01\"`; beside it only `revision`, `complete` and `[scale]`"
    ));
    match fault.span() {
        Some(span) => error.at(text, span),
        None => error,
    }
}
