//! The published lot of every family as a Parquet file, for engines without keyed BLAKE3.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;

use crate::error::{Error, Result};
use crate::selection::{order_hash, order_key};
use crate::snapshot::{Batch, Snapshot};

/// Writes `family_id, lot` of all families, in the order of the snapshot.
pub(super) fn write(snapshot: &Snapshot, seed: &str, path: &Path) -> Result<()> {
    let failed = |cause: parquet::errors::ParquetError| Error::storage(path, cause);
    let file = File::create(path).map_err(|cause| Error::storage(path, cause))?;
    let field = |name| Field::new(name, DataType::UInt64, false);
    let schema = Arc::new(Schema::new(vec![field("family_id"), field("lot")]));
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None).map_err(failed)?;
    let key = order_key(seed);
    let mut batch = Batch::default();
    for partition in snapshot.partitions() {
        let mut batches = snapshot.batches(partition, &[], &[], true)?;
        while batches.next_into(&mut batch)? {
            let ids: UInt64Array = batch.family_ids.iter().map(|id| id.0).collect();
            let lots: UInt64Array = batch.family_ids.iter().map(|id| order_hash(&key, id.0)).collect();
            let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(ids), Arc::new(lots)]);
            writer.write(&rows.map_err(Error::bug)?).map_err(failed)?;
        }
    }
    writer.close().map(drop).map_err(failed)
}
