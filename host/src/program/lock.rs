//! `layak.lock`: which component each program was last allowed to run.
//!
//! Takes and gives its text; refuses a plugin whose digest changed until the
//! operator says `--update-lock`. Programs are written in order of their ids.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Fault, Result};
use crate::say;
use crate::terms::Text;

/// What is pinned of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Digest of the plugin's component.
    pub plugin: String,
    /// Hash of the rule file and its tables when the pin was set; for the record, never checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
}

/// The lock of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    path: PathBuf,
    /// By program.
    pub pins: BTreeMap<String, Pin>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    programs: BTreeMap<String, Pin>,
}

impl Lock {
    /// A lock without pins, to be written to `path`.
    #[must_use]
    pub fn empty(path: &Path) -> Lock {
        Lock { path: path.to_path_buf(), pins: BTreeMap::new() }
    }

    /// Reads a lock; a file that is not there pins nothing.
    ///
    /// # Errors
    /// A file that cannot be read or is no lock.
    pub fn read(path: &Path) -> Result<Lock> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Lock::empty(path)),
            Err(cause) => return Err(Error::storage(path, cause)),
        };
        let written: Written = toml::from_str(&text).map_err(|cause| {
            let span = cause.span().unwrap_or(0..0);
            Error::new(Fault::Rules, Text::new("ini bukan berkas kunci plugin", "this is not a lock of plugins"))
                .file(path)
                .at(&text, span)
                .because(cause.message())
                .fix(Text::new("tulis ulang dengan `--update-lock`", "write it anew with `--update-lock`"))
        })?;
        Ok(Lock { path: path.to_path_buf(), pins: written.programs })
    }

    /// Refuses a plugin that is not the pinned one.
    ///
    /// # Errors
    /// A changed digest, or a program without a pin.
    pub fn check(&self, program: &str, digest: &str) -> Result<()> {
        let fix = Text::new(
            "periksa plugin dengan `layak plugin inspect`, lalu jalankan lagi dengan `--update-lock`",
            "look at the plugin with `layak plugin inspect`, then run again with `--update-lock`",
        );
        let error = match self.pins.get(program) {
            Some(pin) if pin.plugin == digest => return Ok(()),
            Some(pin) => {
                let (old, new) = (short(&pin.plugin), short(digest));
                say!(
                    "plugin program `{program}` berubah: terkunci {old}, sekarang {new}",
                    "the plugin of the program `{program}` changed: locked {old}, now {new}"
                )
            }
            None => say!(
                "plugin program `{program}` belum terkunci",
                "the plugin of the program `{program}` is not locked yet"
            ),
        };
        Err(Error::new(Fault::Rules, error).file(&self.path).fix(fix))
    }

    /// Pins a plugin.
    pub fn pin(&mut self, program: &str, plugin_digest: &str, rule_hash: Option<&str>) {
        let pin = Pin { plugin: plugin_digest.to_owned(), rules: rule_hash.map(str::to_owned) };
        self.pins.insert(program.to_owned(), pin);
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# Written by layak: the plugin that each program may run. A changed one is refused until --update-lock.\n",
        );
        for (program, pin) in &self.pins {
            out.push_str(&format!("\n[programs.{program}]\nplugin = \"{}\"\n", pin.plugin));
            if let Some(rules) = &pin.rules {
                out.push_str(&format!("rules = \"{rules}\"\n"));
            }
        }
        out
    }

    /// Writes the file: complete or not at all.
    ///
    /// # Errors
    /// Storage.
    pub fn write(&self) -> Result<()> {
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            let file = tempfile::NamedTempFile::new_in(folder)?;
            std::fs::write(file.path(), self.text())?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|cause| Error::storage(&self.path, cause))
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
