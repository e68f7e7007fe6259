//! How columns lie in Parquet: leaves, types, encodings, and the names of files.
//!
//! Takes the manifest's columns; gives a flat schema that DuckDB and Polars open
//! unchanged. A run reads by leaf number, SQL by name.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use super::manifest::{ColumnEntry, entity_name};
use crate::columns::{Entity, Kind};
use crate::error::{Error, Result};

/// Leaves 0 and 1, `province` and `family_row`, are for SQL: a join on both puts
/// members to families over all partitions. Leaf 2 is the family's or the person's id.
pub(super) const ID: usize = 2;
/// In `families`: how many members are loaded.
pub(super) const MEMBERS: usize = 3;

/// One Parquet column.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) name: String,
    physical: Physical,
    logical: Option<LogicalType>,
    required: bool,
    encoding: Option<Encoding>,
}

/// The leaves of one table and where each snapshot column starts.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) leaves: Vec<Leaf>,
    /// The snapshot columns in order.
    pub(super) columns: Vec<Placed>,
}

/// Where one snapshot column lies.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The first of its leaves.
    pub(super) leaf: usize,
}

fn leaf(name: &str, physical: Physical, logical: Option<LogicalType>, required: bool) -> Leaf {
    Leaf { name: name.to_owned(), physical, logical, required, encoding: None }
}

fn unsigned(bits: i8) -> Option<LogicalType> {
    Some(LogicalType::integer(bits, false))
}

impl Layout {
    /// The table of one entity among the manifest's columns.
    pub(super) fn of(entity: Entity, columns: &[ColumnEntry]) -> Result<Layout> {
        let mut id = leaf("family_id", Physical::INT64, unsigned(64), true);
        // ids are noise: neither a dictionary nor zstd would shrink them
        id.encoding = Some(Encoding::PLAIN);
        let mut row = leaf("family_row", Physical::INT32, unsigned(32), true);
        row.encoding = Some(Encoding::DELTA_BINARY_PACKED);
        let mut leaves = vec![leaf("province", Physical::INT32, unsigned(16), true), row];
        match entity {
            Entity::Family => {
                leaves.push(id);
                leaves.push(leaf("members", Physical::INT32, unsigned(32), true));
            }
            Entity::Member => leaves.push(Leaf { name: "person_id".to_owned(), ..id }),
        }
        let mut placed = Vec::new();
        for entry in columns.iter().filter(|entry| entry.entity == entity_name(entity)) {
            let name = entry.name.as_str();
            let kind = entry.kind()?;
            placed.push(Placed { name: name.to_owned(), kind, leaf: leaves.len() });
            match kind {
                Kind::Bits => leaves.push(leaf(name, Physical::BOOLEAN, None, false)),
                Kind::U8 => leaves.push(leaf(name, Physical::INT32, unsigned(8), false)),
                Kind::U16 => leaves.push(leaf(name, Physical::INT32, unsigned(16), false)),
                Kind::U32 => leaves.push(leaf(name, Physical::INT32, unsigned(32), false)),
                Kind::S32 => leaves.push(leaf(name, Physical::INT32, Some(LogicalType::Date), false)),
                Kind::S64 => leaves.push(leaf(name, Physical::INT64, Some(LogicalType::integer(64, true)), false)),
                Kind::Set => {
                    leaves.push(leaf(name, Physical::INT32, unsigned(32), true));
                    leaves.push(leaf(&format!("{name}.known"), Physical::INT32, unsigned(32), true));
                }
                Kind::Text => return Err(Error::bug(format!("`{name}` is text and has no place in a snapshot"))),
            }
        }
        Ok(Layout { leaves, columns: placed })
    }

    /// The flat Parquet schema.
    pub(super) fn schema(&self) -> Result<TypePtr> {
        let mut fields = Vec::new();
        for leaf in &self.leaves {
            let repetition = if leaf.required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
            let field = Type::primitive_type_builder(&leaf.name, leaf.physical)
                .with_repetition(repetition)
                .with_logical_type(leaf.logical.clone())
                .build()
                .map_err(Error::bug)?;
            fields.push(Arc::new(field));
        }
        let root = Type::group_type_builder("schema").with_fields(fields).build().map_err(Error::bug)?;
        Ok(Arc::new(root))
    }

    /// zstd 1 and dictionaries; pages large enough that their overhead vanishes.
    pub(super) fn properties(&self) -> Result<WriterPropertiesPtr> {
        let zstd = Compression::ZSTD(ZstdLevel::try_new(1).map_err(Error::bug)?);
        let mut builder = WriterProperties::builder()
            .set_compression(zstd)
            .set_created_by("layak".to_owned())
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_write_batch_size(8192)
            .set_data_page_row_count_limit(1 << 17)
            .set_dictionary_page_size_limit(1 << 20)
            .set_max_row_group_row_count(None);
        for leaf in &self.leaves {
            // a vector of one part: the dot of `previous.pkh` is part of the name
            let path = ColumnPath::new(vec![leaf.name.clone()]);
            if let Some(encoding) = leaf.encoding {
                builder = builder
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path.clone(), encoding);
                if encoding == Encoding::PLAIN {
                    builder = builder.set_column_compression(path, Compression::UNCOMPRESSED);
                }
            }
        }
        Ok(Arc::new(builder.build()))
    }
}

/// `families` or `members`.
pub(super) fn table_name(entity: Entity) -> &'static str {
    match entity {
        Entity::Family => "families",
        Entity::Member => "members",
    }
}

fn under(sample: bool) -> &'static str {
    if sample { "sample/" } else { "" }
}

/// The Parquet file of one table of one partition, relative to the folder.
pub(super) fn table_path(sample: bool, entity: Entity, province: &str) -> String {
    format!("{}{}/{province}.parquet", under(sample), table_name(entity))
}

/// The index (id, row) of one table of one partition.
pub(super) fn index_path(sample: bool, entity: Entity, province: &str) -> String {
    format!("{}index/{}/{province}", under(sample), table_name(entity))
}

/// The hashes of the footer and column chunks of one table of one partition.
pub(super) fn sums_path(sample: bool, entity: Entity, province: &str) -> String {
    format!("{}sums/{}/{province}", under(sample), table_name(entity))
}
