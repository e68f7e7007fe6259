//! Builds a sealed snapshot in a temporary folder and renames it when it is whole.
//!
//! Takes a header and, for each province, row groups in order; gives a folder named
//! by its content. A writer that is dropped leaves nothing. The same content gives
//! the same root, whatever the order or the threads of the partitions.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::batch::{BATCH_FAMILIES, BatchColumn, GROUP_FAMILIES, GroupRows, Values};
use super::layout::{Layout, index_path, sums_path, table_path};
use super::manifest::{ColumnEntry, FORMAT, Header, Manifest, Partition, Stratum, canonical_json};
use super::open::Snapshot;
use super::sample;
use super::sealing::{seal_bytes, sync_folder};
use super::tablewriter::TableWriter;
use crate::columns::{ColumnId, Dictionary, Entity};
use crate::error::{Error, Result};

/// The columns that every group brings, in dictionary order.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) family: Layout,
    pub(super) member: Layout,
    pub(super) family_ids: Vec<ColumnId>,
    pub(super) member_ids: Vec<ColumnId>,
    /// Position of `decile` among the family columns: the strata of the sample.
    pub(super) decile: Option<usize>,
    /// Makes the draw of the sample differ between keys.
    pub(super) sample_key: [u8; 32],
}

/// A snapshot being built.
#[derive(Debug)]
pub struct Writer {
    /// What the manifest will say; may be filled in until `finish`.
    pub header: Header,
    /// Whether the rows are invented, without identities in any vault.
    pub invented: bool,
    parent: PathBuf,
    building: TempDir,
    columns: Vec<ColumnEntry>,
    schema: String,
    shape: Arc<Shape>,
    dictionary: Dictionary,
}

impl Writer {
    /// Starts a snapshot below `parent`, which is made if it is not there.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn create(parent: impl AsRef<Path>, header: Header, dictionary: &Dictionary) -> Result<Writer> {
        let parent = parent.as_ref().to_path_buf();
        fs::create_dir_all(&parent).map_err(|cause| Error::storage(&parent, cause))?;
        let building = tempfile::Builder::new().prefix(".building-").tempdir_in(&parent);
        let building = building.map_err(|cause| Error::storage(&parent, cause))?;
        let (family_ids, member_ids) =
            (dictionary.snapshot_columns(Entity::Family), dictionary.snapshot_columns(Entity::Member));
        let columns: Vec<ColumnEntry> =
            family_ids.iter().chain(&member_ids).map(|id| ColumnEntry::of(dictionary.get(*id))).collect();
        let shape = Shape {
            family: Layout::of(Entity::Family, &columns)?,
            member: Layout::of(Entity::Member, &columns)?,
            decile: family_ids.iter().position(|id| dictionary.get(*id).name == "decile"),
            family_ids,
            member_ids,
            sample_key: blake3::derive_key("layak 2026-11 sample of a snapshot", header.key_fingerprint.as_bytes()),
        };
        let schema = dictionary.hash().to_owned();
        let dictionary = dictionary.clone();
        Ok(Writer { header, invented: false, parent, building, columns, schema, shape: Arc::new(shape), dictionary })
    }

    /// Starts the partition of one province (`11`). Partitions may be written on
    /// different threads.
    ///
    /// # Errors
    /// A file that cannot be made, for instance because the province was started before.
    pub fn partition(&self, province: &str) -> Result<PartitionWriter> {
        PartitionWriter::create(self.building.path(), province, false, Arc::clone(&self.shape))
    }

    /// Writes the manifest, makes everything durable, and gives the folder its name.
    /// A folder that is there already is kept: it holds the same.
    ///
    /// # Errors
    /// An unsorted region table; a folder that cannot be written.
    pub fn finish(self, parts: Vec<Sealed>) -> Result<Snapshot> {
        self.header.regions.check()?;
        let (mut partitions, mut samples) = (Vec::new(), Vec::new());
        for part in parts {
            partitions.push(part.partition);
            samples.extend(part.sample);
        }
        partitions.sort_by(|a, b| a.province.cmp(&b.province));
        samples.sort_by(|a, b| a.province.cmp(&b.province));
        let mut complete_lists = self.header.complete_lists;
        complete_lists.sort();
        complete_lists.dedup();
        let manifest = Manifest {
            format: FORMAT,
            period: self.header.period.to_string(),
            as_of: self.header.as_of.to_string(),
            scale: self.header.scale,
            key_fingerprint: self.header.key_fingerprint,
            invented: self.invented,
            regions: self.header.regions,
            complete_lists,
            findings: self.header.findings,
            schema: self.schema,
            columns: self.columns,
            families: partitions.iter().map(|part| part.families).sum(),
            members: partitions.iter().map(|part| part.members).sum(),
            partitions,
            sample: samples,
        };
        let bytes = canonical_json(&manifest)?;
        seal_bytes(&self.building.path().join("manifest.json"), &bytes)?;
        sync_tree(self.building.path())?;
        let target = self.parent.join(blake3::hash(&bytes).to_hex().as_str());
        if !target.exists() {
            let moved = fs::rename(self.building.path(), &target);
            // another writer of the same content may have come first
            if let Err(cause) = moved
                && !target.exists()
            {
                return Err(Error::storage(&target, cause));
            }
            sync_folder(&self.parent)?;
        }
        Snapshot::open_with(target, &self.dictionary)
    }
}

fn sync_tree(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|cause| Error::storage(folder, cause))? {
        let path = entry.map_err(|cause| Error::storage(folder, cause))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    sync_folder(folder)
}

/// A partition whose files are sealed.
#[derive(Debug)]
pub struct Sealed {
    partition: Partition,
    sample: Option<Partition>,
}

/// The two tables of one province being written.
pub struct PartitionWriter {
    folder: PathBuf,
    province: String,
    is_sample: bool,
    shape: Arc<Shape>,
    families: TableWriter,
    members: TableWriter,
    rows: u32,
    short: bool,
    /// Who is in the sample; a sample has none of its own.
    draw: Option<sample::Draw>,
    family_rows: Vec<u32>,
    member_rows: Vec<u32>,
}

impl PartitionWriter {
    pub(super) fn create(folder: &Path, province: &str, is_sample: bool, shape: Arc<Shape>) -> Result<PartitionWriter> {
        let number: i32 = province.parse().map_err(|_| Error::bug(format!("`{province}` is a province code")))?;
        let table = |entity, layout: &Layout| {
            TableWriter::create(folder.join(table_path(is_sample, entity, province)), entity, layout, number)
        };
        Ok(PartitionWriter {
            families: table(Entity::Family, &shape.family)?,
            members: table(Entity::Member, &shape.member)?,
            folder: folder.to_path_buf(),
            province: province.to_owned(),
            is_sample,
            draw: (!is_sample).then(|| sample::Draw::new(shape.sample_key)),
            shape,
            rows: 0,
            short: false,
            family_rows: Vec::new(),
            member_rows: Vec::new(),
        })
    }

    /// Adds one row group: exactly 131,072 families, except the last group, which
    /// may be shorter; all snapshot columns in canonical form.
    ///
    /// # Errors
    /// A group that is not as said (our fault); a file that cannot be written.
    pub fn push(&mut self, group: &GroupRows) -> Result<()> {
        let (families, members) = (group.families as usize, group.members() as usize);
        if families == 0 {
            return Ok(());
        }
        let sound = !self.short
            && group.families <= GROUP_FAMILIES
            && group.member_ends.len() == families
            && group.member_ends.is_sorted()
            && group.family_ids.len() == families
            && group.person_ids.len() == members;
        if !sound {
            return Err(Error::bug(format!(
                "a row group of province {} holds 131,072 families (fewer only at the end), their ids and members",
                self.province
            )));
        }
        self.short = group.families < GROUP_FAMILIES;
        let family = ordered(&group.family, &self.shape.family_ids, &self.shape.family)?;
        let member = ordered(&group.member, &self.shape.member_ids, &self.shape.member)?;
        let decile = self.shape.decile.and_then(|at| family.get(at));
        if let Some(draw) = &mut self.draw {
            for (row, id) in group.family_ids.iter().enumerate() {
                draw.push(id.0, decile.map_or(255, |decile| stratum(decile, row)));
            }
        }
        let ends: Vec<usize> = group.member_ends.iter().map(|end| *end as usize).collect();
        let batch = BATCH_FAMILIES as usize;
        let family_bounds: Vec<usize> = (1..=families.div_ceil(batch)).map(|at| (at * batch).min(families)).collect();
        let member_bounds: Vec<usize> = family_bounds.iter().filter_map(|end| ends.get(end - 1).copied()).collect();
        self.family_rows.clear();
        self.family_rows.extend(self.rows..self.rows + group.families);
        self.member_rows.clear();
        let mut start = 0;
        for (row, end) in (self.rows..).zip(&group.member_ends) {
            self.member_rows.extend(std::iter::repeat_n(row, (end - start) as usize));
            start = *end;
        }
        let (family_rows, member_rows) = (&self.family_rows, &self.member_rows);
        let (families, members) = (&mut self.families, &mut self.members);
        let of_families = group.family_ids.iter().map(|id| id.0);
        let of_members = group.person_ids.iter().map(|id| id.0);
        let (first, second) = rayon::join(
            || families.push(family_rows, of_families, Some(&group.member_ends), &family, &family_bounds),
            || members.push(member_rows, of_members, None, &member, &member_bounds),
        );
        first.and(second)?;
        self.rows += group.families;
        Ok(())
    }

    /// Seals the partition's files, its indexes and its sample.
    ///
    /// # Errors
    /// An id that stands twice (our fault); a file that cannot be written.
    pub fn finish(mut self) -> Result<Sealed> {
        let (folder, shape) = (self.folder.clone(), Arc::clone(&self.shape));
        let draw = self.draw.take();
        let partition = self.seal(Vec::new())?;
        let sample = draw.map(|draw| sample::write(&folder, &partition, draw, &shape)).transpose()?.flatten();
        Ok(Sealed { partition, sample })
    }

    /// Seals the tables without a sample.
    pub(super) fn seal(self, strata: Vec<Stratum>) -> Result<Partition> {
        let mut partition = Partition {
            province: self.province,
            sample: self.is_sample,
            families: u64::from(self.rows),
            members: 0,
            files: std::collections::BTreeMap::new(),
            family_columns: std::collections::BTreeMap::new(),
            member_columns: std::collections::BTreeMap::new(),
            strata,
        };
        for (entity, table) in [(Entity::Family, self.families), (Entity::Member, self.members)] {
            let place = |path: fn(bool, Entity, &str) -> String| path(partition.sample, entity, &partition.province);
            let (table_name, index_name, sums_name) = (place(table_path), place(index_path), place(sums_path));
            let sealed = table.seal(&self.folder.join(&index_name))?;
            let sums = seal_bytes(&self.folder.join(&sums_name), &sealed.sums)?;
            partition.files.insert(table_name, sealed.file);
            partition.files.insert(index_name, sealed.index);
            partition.files.insert(sums_name, sums);
            match entity {
                Entity::Family => partition.family_columns = sealed.hashes,
                Entity::Member => {
                    partition.members = u64::from(sealed.rows);
                    partition.member_columns = sealed.hashes;
                }
            }
        }
        Ok(partition)
    }
}

/// The columns of a group in the order of the layout.
fn ordered<'a>(
    columns: &'a [(ColumnId, BatchColumn)],
    ids: &[ColumnId],
    layout: &Layout,
) -> Result<Vec<&'a BatchColumn>> {
    let find = |(id, placed): (&ColumnId, &super::layout::Placed)| {
        let found = columns.iter().find(|(of, column)| of == id && column.values.kind() == placed.kind);
        found
            .map(|(_, column)| column)
            .ok_or_else(|| Error::bug(format!("a row group brings column `{}`", placed.name)))
    };
    ids.iter().zip(&layout.columns).map(find).collect()
}

/// The decile of a family; 255 where it was not delivered.
fn stratum(decile: &BatchColumn, row: usize) -> u8 {
    let known = decile.valid.as_ref().is_none_or(|bits| super::batch::bit(bits, row));
    match &decile.values {
        Values::U8(cells) if known => cells.get(row).copied().unwrap_or(255),
        _ => 255,
    }
}
