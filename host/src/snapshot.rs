//! Freezes the registry into sealed columns; hands out batches.
//!
//! A sealed snapshot is a folder named by the BLAKE3 of its manifest, complete or
//! absent (design 4.4):
//!
//! ```text
//! <root>/manifest.json              what it is; canonical JSON; its hash is the root
//!        families/11.parquet        one row per family, sorted by region then id
//!        members/11.parquet         one row per member, in family order, then by id
//!        index/{families,members}/11   (id, row) sorted by id, for look-ups
//!        sums/{families,members}/11    hash of the footer and of every column chunk
//!        sample/...                 the same four for a stratified 1 % sample
//! ```
//!
//! A run proves the bytes of the chunks that it reads, as it reads them; `verify`
//! proves every file and the decoded values of every column.

mod append;
pub mod batch;
mod check;
mod decode;
mod digest;
mod encode;
pub mod freeze;
mod index;
mod layout;
pub mod manifest;
mod open;
mod runs;
mod sample;
mod sealing;
mod stream;
mod table;
mod tablewriter;
mod unproved;
mod warm;
mod writer;

pub use batch::{Batch, BatchColumn, GroupRows, Values};
pub use check::Checked;
pub use manifest::{Header, Manifest, Partition, RegencyRow, RegionTable, Scale, VillageRow, canonical_json};
pub use open::{Place, Snapshot, scan, scan_warm};
pub use stream::Batches;
pub use unproved::decode_unproved;
pub use warm::{Warm, WarmBatches, Warmed};
pub use writer::{PartitionWriter, Sealed, Writer};
