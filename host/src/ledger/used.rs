//! What a run keeps of its makers: rule files, their tables and plugins, so that
//! years later it can be judged again from its own folder (`verify --deep`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use crate::error::{Error, Result};

/// Files that a run keeps beside each program's tables, by program: path in its folder, bytes.
pub type Used = BTreeMap<String, Vec<(String, Vec<u8>)>>;

/// Keeps the rule file and the plugin that a program was judged with.
pub(super) fn keep(used: &Used, program: &str, dir: &Path) -> Result<()> {
    for (name, bytes) in used.get(program).into_iter().flatten() {
        let path = dir.join(program).join(name);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(dir))?;
            fs::write(&path, bytes)?;
            File::open(&path)?.sync_all()
        };
        write().map_err(|cause| Error::storage(&path, cause))?;
    }
    Ok(())
}
