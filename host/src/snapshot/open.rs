//! A sealed snapshot, opened.
//!
//! Takes a folder; gives its manifest, its partitions, their batches, and the place
//! of a family or person by id. Never writes, never reads an identity.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::batch::{BATCH_FAMILIES, Batch, BatchColumn, GROUP_FAMILIES, Values};
use super::decode::Leaf;
use super::index;
use super::layout::{ID, Layout, MEMBERS, Placed, index_path, sums_path, table_path};
use super::manifest::{FORMAT, Manifest, Partition};
use super::stream::{Batches, Plan, Wanted};
use super::table::{Table, changed};
use super::warm::Warm;
use crate::columns::{ColumnId, Dictionary, Entity, Kind};
use crate::error::{Error, Fault, Result};
use crate::terms::{FamilyId, PersonId};

/// Where a row lies: the position of its partition, and its row number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Position in `Snapshot::partitions`.
    pub partition: usize,
    /// Row number in the partition's table of families or of members.
    pub row: u32,
}

/// A sealed snapshot.
#[derive(Debug)]
pub struct Snapshot {
    dir: PathBuf,
    root: String,
    manifest: Manifest,
    pub(super) family: Layout,
    pub(super) member: Layout,
    columns: BTreeMap<ColumnId, (Entity, Placed)>,
    tables: Mutex<BTreeMap<String, Arc<Table>>>,
    indexes: Mutex<BTreeMap<String, Arc<File>>>,
    indexes_proved: (AtomicBool, AtomicBool),
}

impl Snapshot {
    /// Opens a snapshot with the built-in dictionary.
    ///
    /// # Errors
    /// No such folder, or a manifest that does not hash to the folder's name.
    pub fn open(dir: impl AsRef<Path>) -> Result<Snapshot> {
        Snapshot::open_with(dir, Dictionary::embedded())
    }

    /// Opens a snapshot whose columns are asked for by the ids of `dictionary`.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_with(dir: impl AsRef<Path>, dictionary: &Dictionary) -> Result<Snapshot> {
        let dir = dir.as_ref().to_path_buf();
        let path = dir.join("manifest.json");
        let bytes = fs::read(&path).map_err(|cause| Error::storage(&path, cause))?;
        let root = blake3::hash(&bytes).to_hex().to_string();
        if dir.file_name().and_then(|name| name.to_str()) != Some(root.as_str()) {
            return Err(changed(&path));
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|cause| unreadable(&path).because(cause))?;
        if manifest.format != FORMAT {
            return Err(unreadable(&path));
        }
        let family = Layout::of(Entity::Family, &manifest.columns)?;
        let member = Layout::of(Entity::Member, &manifest.columns)?;
        let mut columns = BTreeMap::new();
        for (entity, layout) in [(Entity::Family, &family), (Entity::Member, &member)] {
            for placed in &layout.columns {
                let id = dictionary.id(&placed.name);
                // a column of the same name but another kind is another column
                if let Some(id) = id.filter(|id| {
                    let column = dictionary.get(*id);
                    (column.entity, column.kind) == (entity, placed.kind)
                }) {
                    columns.insert(id, (entity, placed.clone()));
                }
            }
        }
        Ok(Snapshot {
            dir,
            root,
            manifest,
            family,
            member,
            columns,
            tables: Mutex::default(),
            indexes: Mutex::default(),
            indexes_proved: (AtomicBool::new(false), AtomicBool::new(false)),
        })
    }

    /// The BLAKE3 of the manifest, hex: the snapshot's name.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the snapshot is.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The provinces, by code.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.manifest.partitions
    }

    /// The 1 % sample of each province, by code.
    #[must_use]
    pub fn sample(&self) -> &[Partition] {
        &self.manifest.sample
    }

    /// Whether the snapshot holds this column.
    #[must_use]
    pub fn holds(&self, id: ColumnId) -> bool {
        self.columns.contains_key(&id)
    }

    /// The batches of a partition with the columns asked for; `ids` adds the ids.
    ///
    /// # Errors
    /// A column that the snapshot does not hold; a file that cannot be opened or
    /// is not what was sealed.
    pub fn batches(
        &self,
        partition: &Partition,
        family: &[ColumnId],
        member: &[ColumnId],
        ids: bool,
    ) -> Result<Batches> {
        self.stream(partition, &self.plan(family, member, ids)?, 0..self.groups(partition)?)
    }

    /// Number of row groups of a partition: what threads can share out.
    ///
    /// # Errors
    /// A file that cannot be opened or is not what was sealed.
    pub fn groups(&self, partition: &Partition) -> Result<usize> {
        Ok(self.table(partition, Entity::Family)?.groups())
    }

    /// Families and members of one row group.
    ///
    /// # Errors
    /// As `groups`.
    pub fn group_rows(&self, partition: &Partition, group: usize) -> Result<(u32, u32)> {
        let rows = |entity| u32::try_from(self.table(partition, entity)?.rows(group)).map_err(Error::bug);
        Ok((rows(Entity::Family)?, rows(Entity::Member)?))
    }

    /// Bytes of these columns in all partitions, as they lie on disk.
    ///
    /// # Errors
    /// As `batches`.
    pub fn bytes_of(&self, ids: &[ColumnId]) -> Result<u64> {
        let mut sum = 0;
        for partition in &self.manifest.partitions {
            for id in ids {
                let Some((entity, placed)) = self.columns.get(id) else { continue };
                let table = self.table(partition, *entity)?;
                let leaves = if placed.kind == Kind::Set { 2 } else { 1 };
                sum += (placed.leaf..placed.leaf + leaves).map(|leaf| table.bytes_of(leaf)).sum::<u64>();
            }
        }
        Ok(sum)
    }

    /// The batches of one row group; its first family is row `group * 131,072`.
    ///
    /// # Errors
    /// As `batches`.
    pub fn batches_of_group(
        &self,
        partition: &Partition,
        group: usize,
        family: &[ColumnId],
        member: &[ColumnId],
        ids: bool,
    ) -> Result<Batches> {
        self.stream(partition, &self.plan(family, member, ids)?, group..group + 1)
    }

    /// The family with this id.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn find_family(&self, id: FamilyId) -> Result<Option<Place>> {
        self.find(Entity::Family, id.0)
    }

    /// The person with this id; `family_of` gives the family's row.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn find_person(&self, id: PersonId) -> Result<Option<Place>> {
        self.find(Entity::Member, id.0)
    }

    /// A look-up reads a few windows of an index that it does not prove. What it finds
    /// is compared with the sealed ids; that it finds nothing is believed only after the
    /// whole index was proved.
    fn find(&self, entity: Entity, id: u64) -> Result<Option<Place>> {
        for (partition, at) in self.manifest.partitions.iter().zip(0..) {
            let name = index_path(false, entity, &partition.province);
            let path = self.dir.join(&name);
            let file = self.index(&name)?;
            let Some(row) = index::find(&file, &path, id)? else { continue };
            if self.id_at(partition, entity, row)? != Some(id) {
                return Err(changed(&path));
            }
            return Ok(Some(Place { partition: at, row }));
        }
        self.prove_indexes(entity)?;
        Ok(None)
    }

    /// An index, opened once.
    fn index(&self, name: &str) -> Result<Arc<File>> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = indexes.get(name) {
            return Ok(Arc::clone(file));
        }
        let path = self.dir.join(name);
        let file = Arc::new(File::open(&path).map_err(|cause| Error::storage(&path, cause))?);
        indexes.insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    /// The sealed id of a row; `None` if there is no such row.
    fn id_at(&self, partition: &Partition, entity: Entity, row: u32) -> Result<Option<u64>> {
        let table = self.table(partition, entity)?;
        let mut left = row as usize;
        for group in 0..table.groups() {
            let rows = table.rows(group);
            if left < rows {
                let (mut ids, mut valid) = (Vec::new(), Vec::new());
                let mut leaf = Leaf::<PersonId>::new(table.chunk(group, ID)?, false);
                leaf.skip(left)?;
                leaf.read(1, &mut ids, &mut valid)?;
                return Ok(ids.first().map(|id| id.0));
            }
            left -= rows;
        }
        Ok(None)
    }

    /// Proves the indexes of one table in all partitions, once.
    fn prove_indexes(&self, entity: Entity) -> Result<()> {
        let proved = match entity {
            Entity::Family => &self.indexes_proved.0,
            Entity::Member => &self.indexes_proved.1,
        };
        if proved.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.manifest.partitions.par_iter().try_for_each(|partition| {
            let name = index_path(false, entity, &partition.province);
            let sealed = partition.files.get(&name);
            let sealed = sealed.ok_or_else(|| unreadable(&self.dir.join("manifest.json")))?;
            super::check::verify_file(&self.dir.join(&name), sealed)
        })?;
        proved.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The row of the family that a member row belongs to, and the member's place in it.
    ///
    /// # Errors
    /// A row that the partition does not have; a file that cannot be read.
    pub fn family_of(&self, partition: &Partition, member_row: u32) -> Result<(u32, u32)> {
        let families = self.table(partition, Entity::Family)?;
        let members = self.table(partition, Entity::Member)?;
        let (mut family, mut left) = (0usize, member_row as usize);
        for group in 0..families.groups() {
            if left >= members.rows(group) {
                left -= members.rows(group);
                family += families.rows(group);
                continue;
            }
            let (mut counts, mut valid) = (Vec::new(), Vec::new());
            Leaf::<u32>::new(families.chunk(group, MEMBERS)?, false).read(
                families.rows(group),
                &mut counts,
                &mut valid,
            )?;
            for count in counts {
                if left < count as usize {
                    return Ok((u32::try_from(family).map_err(Error::bug)?, u32::try_from(left).map_err(Error::bug)?));
                }
                left -= count as usize;
                family += 1;
            }
        }
        Err(no_row(partition, member_row))
    }

    /// The very batch of a run that holds a family, and the family's row in it.
    ///
    /// # Errors
    /// A row that the partition does not have; otherwise as `batches`.
    pub fn batch_at(
        &self,
        partition: &Partition,
        family_row: u32,
        family: &[ColumnId],
        member: &[ColumnId],
        ids: bool,
    ) -> Result<(Batch, usize)> {
        let group = (family_row / GROUP_FAMILIES) as usize;
        if u64::from(family_row) >= partition.families {
            return Err(no_row(partition, family_row));
        }
        let mut batches = self.batches_of_group(partition, group, family, member, ids)?;
        let mut batch = Batch::default();
        batches.pass_over((family_row % GROUP_FAMILIES) / BATCH_FAMILIES)?;
        if !batches.next_into(&mut batch)? {
            return Err(no_row(partition, family_row));
        }
        Ok((batch, (family_row % BATCH_FAMILIES) as usize))
    }

    pub(super) fn plan(&self, family: &[ColumnId], member: &[ColumnId], ids: bool) -> Result<Plan> {
        Ok(Plan { family: self.wanted(Entity::Family, family)?, member: self.wanted(Entity::Member, member)?, ids })
    }

    fn wanted(&self, entity: Entity, ids: &[ColumnId]) -> Result<Vec<Wanted>> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let find = |id: ColumnId| match self.columns.get(&id) {
            Some((of, placed)) if *of == entity => Ok(Wanted { id, kind: placed.kind, leaf: placed.leaf }),
            _ => Err(Error::bug(format!("only columns that the snapshot holds are asked for (column {})", id.0))),
        };
        ids.into_iter().map(find).collect()
    }

    pub(super) fn stream(&self, partition: &Partition, plan: &Plan, groups: Range<usize>) -> Result<Batches> {
        let families = self.table(partition, Entity::Family)?;
        let members = if plan.reads_members() { Some(self.table(partition, Entity::Member)?) } else { None };
        Ok(Batches::new(families, members, plan.clone(), groups))
    }

    /// Opens a table once.
    fn table(&self, partition: &Partition, entity: Entity) -> Result<Arc<Table>> {
        let name = table_path(partition.sample, entity, &partition.province);
        let tables = || self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables().get(&name) {
            return Ok(Arc::clone(table));
        }
        let sums_name = sums_path(partition.sample, entity, &partition.province);
        let path = self.dir.join(&sums_name);
        let sums = fs::read(&path).map_err(|cause| Error::storage(&path, cause))?;
        let sealed = partition.files.get(&sums_name).ok_or_else(|| unreadable(&self.dir.join("manifest.json")))?;
        if blake3::hash(&sums).to_hex().as_str() != sealed.blake3 {
            return Err(changed(&path));
        }
        let table = Arc::new(Table::open(self.dir.join(&name), sums)?);
        tables().insert(name, Arc::clone(&table));
        Ok(table)
    }
}

fn unreadable(path: &Path) -> Error {
    let shown = path.display().to_string();
    Error::new(
        Fault::Integrity,
        crate::say!(
            "`{shown}` bukan manifes snapshot yang dikenal program ini",
            "`{shown}` is not a snapshot manifest that this program knows"
        ),
    )
    .file(path)
    .fix(crate::say!("bekukan lagi dengan versi ini", "freeze again with this version"))
}

fn no_row(partition: &Partition, row: u32) -> Error {
    Error::bug(format!("partition {} has row {row}", partition.province))
}

/// Reads the columns of all partitions on all threads; gives a checksum, so that no
/// reading can be left out. The bare cost of reading, for `layak bench`.
///
/// # Errors
/// As `Snapshot::batches`.
pub fn scan(snapshot: &Snapshot, family: &[ColumnId], member: &[ColumnId]) -> Result<u64> {
    let plan = snapshot.plan(family, member, false)?;
    each_group(snapshot, |batch, (_, partition, group)| {
        let mut batches = snapshot.stream(partition, &plan, group..group + 1)?;
        let mut sum = 0u64;
        while batches.next_into(batch)? {
            sum = sum.wrapping_add(touched(batch));
        }
        Ok(sum)
    })
}

/// As `scan`, from the working columns; the same checksum.
///
/// # Errors
/// As `Warm::prepare`.
pub fn scan_warm(warm: &Warm<'_>, snapshot: &Snapshot, family: &[ColumnId], member: &[ColumnId]) -> Result<u64> {
    each_group(snapshot, |batch, (at, _, group)| {
        let mut batches = warm.batches_of_group(at, group, family, member, false)?;
        let mut sum = 0u64;
        while batches.next_into(batch)? {
            sum = sum.wrapping_add(touched(batch));
        }
        Ok(sum)
    })
}

fn each_group(
    snapshot: &Snapshot,
    one: impl Fn(&mut Batch, (usize, &Partition, usize)) -> Result<u64> + Sync + Send,
) -> Result<u64> {
    let mut parts = Vec::new();
    for (at, partition) in snapshot.partitions().iter().enumerate() {
        parts.extend((0..snapshot.groups(partition)?).map(|group| (at, partition, group)));
    }
    let sums: Result<Vec<u64>> = parts.into_par_iter().map_init(Batch::default, one).collect();
    Ok(sums?.into_iter().fold(0, u64::wrapping_add))
}

fn touched(batch: &Batch) -> u64 {
    let columns = batch.family.iter().chain(&batch.member).map(|(_, column)| touch(column));
    columns.fold(u64::from(batch.members()), u64::wrapping_add)
}

/// The last value of a column: proof that it was read.
fn touch(column: &BatchColumn) -> u64 {
    match &column.values {
        Values::Bits(cells) | Values::U8(cells) => cells.last().copied().map_or(0, u64::from),
        Values::U16(cells) => cells.last().copied().map_or(0, u64::from),
        Values::U32(cells) => cells.last().copied().map_or(0, u64::from),
        Values::S32(cells) => cells.last().map_or(0, |cell| u64::from(cell.cast_unsigned())),
        Values::S64(cells) => cells.last().map_or(0, |cell| cell.cast_unsigned()),
        Values::Set { members, .. } => members.last().copied().map_or(0, u64::from),
    }
}
