//! Where a run's verdicts and selections go: two tables per program and partition.
//! Takes row groups from any thread; gives files and the hashes of their content.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::sandbox::Verdicts;
use crate::selection::{PartitionRows, Place, Selected, Sink};

use super::table::{Columns, TableKind, TableWriter};

/// Content hashes by partition and column.
pub(super) type Hashes = BTreeMap<String, BTreeMap<String, String>>;

struct ProgramTables {
    id: String,
    /// By partition: verdicts, selection.
    tables: Vec<(String, TableWriter, TableWriter)>,
}

/// The sink of one run.
pub(super) struct RunSink {
    dir: PathBuf,
    programs: Vec<ProgramTables>,
}

impl RunSink {
    pub(super) fn new(dir: &Path, programs: &[&str], partitions: &[PartitionRows], durable: bool) -> RunSink {
        let table = |id: &str, partition: &PartitionRows, kind: TableKind| {
            TableWriter::new(dir.join(kind.path(id, &partition.code)), kind, partition.groups.len(), durable)
        };
        let tables = |id: &str| {
            let of_partition = |partition: &PartitionRows| {
                let verdicts = table(id, partition, TableKind::Verdicts);
                (partition.code.clone(), verdicts, table(id, partition, TableKind::Selection))
            };
            partitions.iter().map(of_partition).collect()
        };
        let all = programs.iter().map(|id| ProgramTables { id: (*id).to_owned(), tables: tables(id) });
        RunSink { dir: dir.to_path_buf(), programs: all.collect() }
    }

    fn table(&self, program: usize, place: Place) -> Result<&(String, TableWriter, TableWriter)> {
        let tables = self.programs.get(program).and_then(|tables| tables.tables.get(place.partition));
        tables.ok_or_else(|| Error::bug("every program has tables for every partition"))
    }

    /// Content hashes of a program that finished: verdicts, selection.
    pub(super) fn finish(&self, program: usize) -> Result<(Hashes, Hashes)> {
        let tables = self.programs.get(program).ok_or_else(|| Error::bug("every program has tables"))?;
        let (mut verdicts, mut selection) = (Hashes::new(), Hashes::new());
        for (partition, judged, selected) in &tables.tables {
            verdicts.insert(partition.clone(), judged.finish()?);
            selection.insert(partition.clone(), selected.finish()?);
        }
        Ok((verdicts, selection))
    }
}

impl Sink for RunSink {
    fn verdicts(&self, program: usize, place: Place, verdicts: &Verdicts) -> Result<()> {
        self.table(program, place)?.1.add(place.group, Columns::of_verdicts(verdicts)?)
    }

    fn selected(&self, program: usize, place: Place, rows: &Selected) -> Result<()> {
        self.table(program, place)?.2.add(place.group, Columns::of_selection(rows)?)
    }

    fn spoiled(&self, program: usize) -> Result<()> {
        let Some(tables) = self.programs.get(program) else { return Ok(()) };
        let folder = self.dir.join(&tables.id);
        match fs::remove_dir_all(&folder) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(Error::storage(folder, cause)),
            _ => Ok(()),
        }
    }
}
