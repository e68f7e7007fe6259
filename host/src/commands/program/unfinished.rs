//! A mark that a program is being added, so that one killed half-way is taken back.
//!
//! Takes the files that will be made and those that will be changed, as they are
//! now; leaves `rules/.adding` while its maker lives and works. Whoever finds the
//! mark of a maker that is gone puts everything back first.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::commands::plugin::write_whole;
use crate::commands::site::Site;
use crate::error::{Error, Fault, Result};
use crate::say;

/// What there was before.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    /// Files that were not there.
    made: Vec<PathBuf>,
    /// Files that were, with their text.
    changed: Vec<(PathBuf, String)>,
}

/// The mark, locked as long as this value lives.
#[derive(Debug)]
pub(super) struct Mark {
    path: PathBuf,
    _locked: File,
}

fn place(site: &Site) -> PathBuf {
    site.rules.join(".adding")
}

fn busy(path: &Path) -> Error {
    Error::new(Fault::Busy, say!("proses lain sedang menambahkan program", "another process is adding a program"))
        .file(path)
        .fix(say!("tunggu sampai selesai, lalu ulangi", "wait until it is done, then try again"))
}

impl Mark {
    /// Marks and locks. Nothing may be made or changed before this.
    pub(super) fn set(site: &Site, made: Vec<PathBuf>, changed: Vec<(PathBuf, String)>) -> Result<Mark> {
        let path = place(site);
        let failed = |cause: std::io::Error| match cause.kind() {
            std::io::ErrorKind::AlreadyExists => busy(&path),
            _ => Error::storage(&path, cause),
        };
        let mut file = File::create_new(&path).map_err(failed)?;
        let mark = || {
            flock(&file, FlockOperation::NonBlockingLockExclusive)?;
            file.write_all(&serde_json::to_vec(&Before { made, changed })?)?;
            file.sync_all()
        };
        let done: std::io::Result<()> = { mark }();
        if let Err(cause) = done {
            let _unmarked = fs::remove_file(&path);
            return Err(Error::storage(&path, cause));
        }
        Ok(Mark { path, _locked: file })
    }

    /// Everything is in place, or was put back: the mark goes.
    pub(super) fn clear(self) -> Result<()> {
        fs::remove_file(&self.path).map_err(|cause| Error::storage(&self.path, cause))
    }
}

/// Puts back what a maker that is gone left behind.
pub(super) fn take_back(site: &Site) -> Result<()> {
    let path = place(site);
    let Ok(file) = File::open(&path) else { return Ok(()) };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(busy(&path));
    }
    let text = fs::read(&path).map_err(|cause| Error::storage(&path, cause))?;
    // a mark that was not written to its end stands before anything was made
    if let Ok(before) = serde_json::from_slice::<Before>(&text) {
        for made in &before.made {
            match fs::remove_file(made) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(Error::storage(made, cause)),
                _ => {}
            }
        }
        for (changed, text) in &before.changed {
            if fs::read_to_string(changed).ok().as_ref() != Some(text) {
                write_whole(changed, text.as_bytes())?;
            }
        }
    }
    fs::remove_file(&path).map_err(|cause| Error::storage(&path, cause))
}
