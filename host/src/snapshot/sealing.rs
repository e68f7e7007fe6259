//! Files that are hashed as they are written, and the sums of their parts.
//!
//! Takes bytes; gives the size and BLAKE3 that the manifest lists. A `sums` file
//! holds, for one Parquet file: where its footer starts (u64), the footer's hash,
//! then the hash of each column chunk, group by group (32 bytes each), so that a
//! run proves exactly the bytes that it reads, when it reads them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use parquet::file::metadata::ParquetMetaData;

use super::manifest::SealedFile;
use crate::error::{Error, Result};

/// Bytes of one hash.
pub(super) const HASH_BYTES: usize = 32;
/// Bytes before the chunk hashes of a `sums` file.
pub(super) const SUMS_HEAD: usize = 8 + HASH_BYTES;

/// A file that knows its hash.
pub(super) struct HashingFile {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl HashingFile {
    /// A new file, with the folders above it.
    pub(super) fn create(path: &Path) -> Result<HashingFile> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|cause| Error::storage(parent, cause))?;
        }
        let file = File::create_new(path).map_err(|cause| Error::storage(path, cause))?;
        Ok(HashingFile { file: BufWriter::with_capacity(1 << 16, file), hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// Syncs the file to disk and gives its size and hash.
    pub(super) fn seal(&mut self, path: &Path) -> Result<SealedFile> {
        let failed = |cause: std::io::Error| Error::storage(path, cause);
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)?;
        Ok(SealedFile { blake3: self.hasher.finalize().to_hex().to_string(), bytes: self.bytes })
    }
}

/// Writes a whole small file and seals it.
pub(super) fn seal_bytes(path: &Path, bytes: &[u8]) -> Result<SealedFile> {
    let mut file = HashingFile::create(path)?;
    file.write_all(bytes).map_err(|cause| Error::storage(path, cause))?;
    file.seal(path)
}

/// Syncs a folder, so that the names in it survive a loss of power.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|cause| Error::storage(path, cause))
}

/// The content of the `sums` file of a Parquet file just written.
pub(super) fn sums_of(path: &Path, metadata: &ParquetMetaData) -> Result<Vec<u8>> {
    let failed = |cause: std::io::Error| Error::storage(path, cause);
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut footer = 4;
    let mut chunks = Vec::new();
    for group in metadata.row_groups() {
        for column in group.columns() {
            let (start, len) = column.byte_range();
            chunks.extend_from_slice(hash_range(&file, path, start, len)?.as_bytes());
            footer = footer.max(start + len);
        }
    }
    let mut out = footer.to_le_bytes().to_vec();
    out.extend_from_slice(hash_range(&file, path, footer, size.saturating_sub(footer))?.as_bytes());
    out.extend_from_slice(&chunks);
    Ok(out)
}

fn hash_range(file: &File, path: &Path, start: u64, len: u64) -> Result<blake3::Hash> {
    Ok(blake3::hash(&read_range(file, path, start, len)?))
}

/// Exactly `len` bytes from `start`.
pub(super) fn read_range(file: &File, path: &Path, start: u64, len: u64) -> Result<Vec<u8>> {
    let len = usize::try_from(len).map_err(Error::bug)?;
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, start).map_err(|cause| Error::storage(path, cause))?;
    Ok(bytes)
}
