//! Working columns: the columns of a snapshot as bytes that are read and not decoded.
//!
//! Takes an opened snapshot and a folder below the site's `cache/`; gives the same
//! batches as the sealed files, from one Feather file per column and partition.
//! A file is made from the sealed Parquet when it is first asked for, and proved
//! against the manifest's hash of the column's values then and when a process opens
//! it first; what is cut, stale or altered is made anew. The folder may be deleted
//! at any time. A run never reads it: simulation does.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

mod batches;
mod feather;

pub use batches::WarmBatches;
use feather::{Content, Feather, Writing};

use super::batch::{BATCH_FAMILIES, Batch, GROUP_FAMILIES};
use super::layout::table_name;
use super::manifest::Partition;
use super::open::Snapshot;
use super::stream::{Plan, Wanted};
use super::table::changed;
use crate::columns::{ColumnId, Entity};
use crate::error::{Error, Result};

/// Batches in a full row group.
const BATCHES: usize = (GROUP_FAMILIES / BATCH_FAMILIES) as usize;

/// Which file of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Ids,
    Counts,
    Column(ColumnId),
}

type Slot = Arc<Mutex<Option<Arc<Feather>>>>;

/// What `Warm::prepare` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Warmed {
    /// Files that were there and hold what was sealed.
    pub proved: u64,
    /// Files made because they were not there.
    pub made: u64,
    /// Files made anew because they did not hold what was sealed.
    pub remade: u64,
}

/// The working columns of a snapshot.
#[derive(Debug)]
pub struct Warm<'a> {
    snapshot: &'a Snapshot,
    dir: PathBuf,
    open: Mutex<BTreeMap<(usize, Entity, What), Slot>>,
    proved: AtomicU64,
    made: AtomicU64,
    remade: AtomicU64,
}

impl<'a> Warm<'a> {
    /// The working columns of a snapshot below `cache`; opens and makes nothing yet.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot, cache: &Path) -> Warm<'a> {
        let dir = cache.join("working").join(snapshot.root());
        let zero = || AtomicU64::new(0);
        Warm { snapshot, dir, open: Mutex::default(), proved: zero(), made: zero(), remade: zero() }
    }

    /// The folder of this snapshot's files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was opened and made so far.
    #[must_use]
    pub fn so_far(&self) -> Warmed {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Warmed { proved: now(&self.proved), made: now(&self.made), remade: now(&self.remade) }
    }

    /// Opens the files of these columns in all partitions, and makes those that are
    /// not there or not what was sealed, on all threads; `ids` adds the ids.
    ///
    /// # Errors
    /// A column that the snapshot does not hold; a sealed file that is not what was
    /// sealed; a cache that cannot be written.
    pub fn prepare(&self, family: &[ColumnId], member: &[ColumnId], ids: bool) -> Result<Warmed> {
        let mut files = Vec::new();
        for partition in 0..self.snapshot.partitions().len() {
            files.push((partition, Entity::Family, What::Counts));
            for (entity, columns) in [(Entity::Family, family), (Entity::Member, member)] {
                files.extend(ids.then_some((partition, entity, What::Ids)));
                files.extend(columns.iter().map(|id| (partition, entity, What::Column(*id))));
            }
        }
        files.into_par_iter().try_for_each(|(partition, entity, what)| self.file(partition, entity, what).map(drop))?;
        Ok(self.so_far())
    }

    /// The batches of one row group, the same as `Snapshot::batches_of_group` gives.
    ///
    /// # Errors
    /// As `prepare`.
    pub fn batches_of_group(
        &self,
        partition: usize,
        group: usize,
        family: &[ColumnId],
        member: &[ColumnId],
        ids: bool,
    ) -> Result<WarmBatches> {
        let counts = self.file(partition, Entity::Family, What::Counts)?;
        let range: Range<usize> = group * BATCHES..((group + 1) * BATCHES).min(counts.len());
        let columns = |entity, wanted: &[ColumnId]| -> Result<Vec<_>> {
            let mut wanted = wanted.to_vec();
            wanted.sort_unstable();
            wanted.dedup();
            let file = |id: ColumnId| Ok((id, self.kind(entity, id)?, self.file(partition, entity, What::Column(id))?));
            wanted.into_iter().map(file).collect()
        };
        let id_file = |entity| ids.then(|| self.file(partition, entity, What::Ids)).transpose();
        Ok(WarmBatches::new(
            range,
            counts,
            columns(Entity::Family, family)?,
            columns(Entity::Member, member)?,
            id_file(Entity::Family)?,
            id_file(Entity::Member)?,
        ))
    }

    fn kind(&self, entity: Entity, id: ColumnId) -> Result<crate::columns::Kind> {
        self.wanted(entity, id).map(|wanted| wanted.kind)
    }

    fn wanted(&self, entity: Entity, id: ColumnId) -> Result<Wanted> {
        let (family, member) = match entity {
            Entity::Family => (std::slice::from_ref(&id), &[][..]),
            Entity::Member => (&[][..], std::slice::from_ref(&id)),
        };
        let plan = self.snapshot.plan(family, member, false)?;
        let found = plan.family.first().or(plan.member.first()).copied();
        found.ok_or_else(|| Error::bug("a column that was asked for"))
    }

    /// A proved file, opened once; one thread opens or makes it while others wait.
    fn file(&self, partition: usize, entity: Entity, what: What) -> Result<Arc<Feather>> {
        let slot = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(open.entry((partition, entity, what)).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*slot {
            return Ok(Arc::clone(file));
        }
        let place = self.snapshot.partitions().get(partition).ok_or_else(|| Error::bug("a partition that is there"))?;
        let file = Arc::new(self.opened(place, entity, what)?);
        *slot = Some(Arc::clone(&file));
        Ok(file)
    }

    fn opened(&self, partition: &Partition, entity: Entity, what: What) -> Result<Feather> {
        let (name, content) = self.named(entity, what)?;
        let sealed = match entity {
            Entity::Family => partition.family_columns.get(&name),
            Entity::Member => partition.member_columns.get(&name),
        };
        let sealed = sealed.ok_or_else(|| changed(&self.snapshot.dir().join("manifest.json")))?;
        let folder = self.dir.join(&partition.province).join(table_name(entity));
        let path = folder.join(format!("{name}.arrow"));
        let there = path.exists();
        if let Some(file) = there.then(|| Feather::open(&path, content, sealed).ok()).flatten() {
            self.proved.fetch_add(1, Ordering::Relaxed);
            return Ok(file);
        }
        let failed = |cause: std::io::Error| Error::storage(&path, cause);
        fs::create_dir_all(&folder).map_err(failed)?;
        let made = tempfile::Builder::new().prefix(".making-").tempfile_in(&folder).map_err(failed)?;
        let writing = made.as_file().try_clone().map_err(failed)?;
        self.write(partition, entity, what, Writing::create(&path, writing, &name, content)?)?;
        // what was made is read back: a disk that lies is told apart from a snapshot that does
        Feather::open(made.path(), content, sealed)?;
        made.persist(&path).map_err(|cause| failed(cause.error))?;
        let count = if there { &self.remade } else { &self.made };
        count.fetch_add(1, Ordering::Relaxed);
        Feather::open(&path, content, sealed)
    }

    fn named(&self, entity: Entity, what: What) -> Result<(String, Content)> {
        let ids = match entity {
            Entity::Family => "family_id",
            Entity::Member => "person_id",
        };
        Ok(match what {
            What::Ids => (ids.to_owned(), Content::Ids),
            What::Counts => ("members".to_owned(), Content::Counts),
            What::Column(id) => {
                let wanted = self.wanted(entity, id)?;
                let layout = match entity {
                    Entity::Family => &self.snapshot.family,
                    Entity::Member => &self.snapshot.member,
                };
                let placed = layout.columns.iter().find(|placed| placed.leaf == wanted.leaf);
                let placed = placed.ok_or_else(|| Error::bug("a column lies in its layout"))?;
                (placed.name.clone(), Content::Column(wanted.kind))
            }
        })
    }

    /// Pours a column of the sealed snapshot into a file.
    fn write(&self, partition: &Partition, entity: Entity, what: What, mut writing: Writing) -> Result<()> {
        let mut plan = Plan { ids: what == What::Ids, ..Plan::default() };
        if let What::Column(id) = what {
            let wanted = vec![self.wanted(entity, id)?];
            match entity {
                Entity::Family => plan.family = wanted,
                Entity::Member => plan.member = wanted,
            }
        }
        let mut batches = self.snapshot.stream(partition, &plan, 0..self.snapshot.groups(partition)?)?;
        let mut batch = Batch::default();
        while batches.next_into(&mut batch)? {
            match (what, entity) {
                (What::Ids, Entity::Family) => writing.ids(batch.family_ids.iter().map(|id| id.0).collect())?,
                (What::Ids, Entity::Member) => writing.ids(batch.person_ids.iter().map(|id| id.0).collect())?,
                (What::Counts, _) => {
                    let starts = std::iter::once(&0).chain(&batch.member_ends);
                    writing.counts(batch.member_ends.iter().zip(starts).map(|(end, start)| end - start).collect())?;
                }
                (What::Column(_), Entity::Family) => {
                    let column = batch.family.first().map(|(_, column)| column);
                    writing.column(column.ok_or_else(|| Error::bug("a column read"))?, batch.families as usize)?;
                }
                (What::Column(_), Entity::Member) => {
                    let column = batch.member.first().map(|(_, column)| column);
                    writing.column(column.ok_or_else(|| Error::bug("a column read"))?, batch.members() as usize)?;
                }
            }
        }
        writing.finish()
    }
}
