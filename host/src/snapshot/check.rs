//! Proves a whole snapshot: every file, and the decoded values of every column.
//!
//! Takes an opened snapshot; gives how much was checked and each thing that is not
//! as sealed, by name. Goes on after a failure, so that one call names them all.

use std::fs::File;
use std::path::Path;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::batch::Batch;
use super::digest::{Hashes, TableDigests};
use super::layout::{Layout, table_path};
use super::manifest::{Partition, SealedFile};
use super::open::Snapshot;
use super::stream::{Plan, Wanted};
use super::table::changed;
use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Fault, Result};

/// What `Snapshot::verify` found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Files and columns compared.
    pub checked: u64,
    /// Each that differs, naming the file.
    pub failures: Vec<Error>,
}

impl Snapshot {
    /// Compares every file and every column's decoded values with the manifest.
    #[must_use]
    pub fn verify(&self) -> Checked {
        let partitions: Vec<&Partition> = self.partitions().iter().chain(self.sample()).collect();
        let parts: Vec<Checked> =
            partitions.into_par_iter().map(|partition| self.verify_partition(partition)).collect();
        let mut whole = Checked { checked: 1, failures: Vec::new() };
        for part in parts {
            whole.checked += part.checked;
            whole.failures.extend(part.failures);
        }
        whole.failures.extend(self.strangers());
        whole
    }

    /// Files in the snapshot's folder that its manifest does not list.
    fn strangers(&self) -> Vec<Error> {
        let listed = |name: &str| {
            name == "manifest.json"
                || self.partitions().iter().chain(self.sample()).any(|part| part.files.contains_key(name))
        };
        let (mut open, mut found) = (vec![self.dir().to_path_buf()], Vec::new());
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(self.dir()).unwrap_or(&path).to_string_lossy().into_owned();
                if path.is_dir() && !path.is_symlink() {
                    open.push(path);
                } else if !listed(&name) {
                    let what = crate::say!("manifes tidak memuat berkas ini", "the manifest does not list this file");
                    found.push(Error::new(Fault::Integrity, what).file(path));
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn verify_partition(&self, partition: &Partition) -> Checked {
        let mut found = Checked::default();
        for (name, sealed) in &partition.files {
            found.checked += 1;
            found.failures.extend(verify_file(&self.dir().join(name), sealed).err());
        }
        // a file that differs is named once: its columns would only repeat it
        if found.failures.is_empty() {
            match self.column_hashes(partition) {
                Ok((family, member)) => {
                    found.compare(self.dir(), partition, Entity::Family, &family);
                    found.compare(self.dir(), partition, Entity::Member, &member);
                }
                Err(error) => found.failures.push(error),
            }
        }
        found
    }

    fn column_hashes(&self, partition: &Partition) -> Result<(Hashes, Hashes)> {
        let plan = Plan { family: everything(&self.family), member: everything(&self.member), ids: true };
        let mut batches = self.stream(partition, &plan, 0..self.groups(partition)?)?;
        let mut family = TableDigests::new(Entity::Family, &self.family);
        let mut member = TableDigests::new(Entity::Member, &self.member);
        let mut batch = Batch::default();
        while batches.next_into(&mut batch)? {
            let (families, members) = (batch.families as usize, batch.members() as usize);
            family.ids(batch.family_ids.iter().map(|id| id.0));
            family.counts(&batch.member_ends);
            member.ids(batch.person_ids.iter().map(|id| id.0));
            for (at, (_, column)) in batch.family.iter().enumerate() {
                family.column(at, column, 0, families);
            }
            for (at, (_, column)) in batch.member.iter().enumerate() {
                member.column(at, column, 0, members);
            }
        }
        Ok((family.finish(), member.finish()))
    }
}

fn everything(layout: &Layout) -> Vec<Wanted> {
    let placed = layout.columns.iter().zip(0..);
    placed.map(|(placed, at)| Wanted { id: ColumnId(at), kind: placed.kind, leaf: placed.leaf }).collect()
}

impl Checked {
    fn compare(&mut self, dir: &Path, partition: &Partition, entity: Entity, found: &Hashes) {
        let sealed = match entity {
            Entity::Family => &partition.family_columns,
            Entity::Member => &partition.member_columns,
        };
        self.checked += sealed.len() as u64;
        for (column, hash) in sealed {
            if found.get(column) != Some(hash) {
                let path = dir.join(table_path(partition.sample, entity, &partition.province));
                self.failures.push(
                    Error::new(
                        Fault::Integrity,
                        crate::say!(
                            "nilai kolom `{column}` berbeda dari manifes",
                            "the values of column `{column}` differ from the manifest"
                        ),
                    )
                    .file(path),
                );
            }
        }
    }
}

pub(super) fn verify_file(path: &Path, sealed: &SealedFile) -> Result<()> {
    let file = File::open(path).map_err(|_| changed(path))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(|cause| Error::storage(path, cause))?;
    let same = hasher.count() == sealed.bytes && hasher.finalize().to_hex().as_str() == sealed.blake3;
    if same { Ok(()) } else { Err(changed(path)) }
}
