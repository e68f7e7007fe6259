//! Whole runs: from opening the snapshot to the closed selection, written and hashed,
//! without syncing to disk, as the rivals do.
//!
//! Takes a site and its programs; gives times. Every round is made anew in a folder of
//! the bench and taken away again, but for one of all programs, whose selections stay
//! for programs that come after others and for the rivals' comparison.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use super::PERIOD;
use crate::commands::memory;
use crate::commands::program::Loaded;
use crate::commands::run::{folders, judge_of, snapshot_of};
use crate::commands::site::Site;
use crate::commands::stop;
use crate::error::{Error, Result};
use crate::ledger::{Candidate, Folders, Ledger, Made, PluginJudge, RunRequest, Used};
use crate::program::Program;

/// Where runs are made.
pub(super) struct Runs<'a> {
    site: &'a Site,
    loaded: &'a Loaded,
    threads: usize,
    place: tempfile::TempDir,
    /// The run of all programs that stays.
    kept: Made,
}

/// All programs in one run.
pub(super) struct Together {
    /// Shortest first.
    pub(super) times: Vec<Duration>,
    /// Read through system calls, in one run.
    pub(super) read_bytes: u64,
    /// Peak resident memory during these runs.
    pub(super) peak_mb: u64,
}

impl<'a> Runs<'a> {
    pub(super) fn new(site: &'a Site, loaded: &'a Loaded, threads: usize) -> Result<Runs<'a>> {
        let place = tempfile::Builder::new().prefix(".bench-").tempdir_in(&site.root);
        let place = place.map_err(|cause| Error::storage(&site.root, cause))?;
        let mut runs = Runs { site, loaded, threads, place, kept: empty() };
        memory::forget_peak();
        runs.kept = runs.make(&loaded.programs.iter().collect::<Vec<_>>(), false)?;
        Ok(runs)
    }

    fn folders(&self, name: &str) -> Folders {
        let mut folders = folders(self.site);
        folders.root = self.place.path().to_path_buf();
        folders.runs = self.place.path().join(name);
        folders
    }

    /// The tables of one program in the run that stays.
    pub(super) fn tables(&self, program: &str) -> PathBuf {
        self.folders("runs").runs.join(&self.kept.run).join(program)
    }

    /// The run that stays.
    pub(super) fn kept(&self) -> &Made {
        &self.kept
    }

    /// A folder for what the rivals write.
    pub(super) fn aside(&self) -> PathBuf {
        self.place.path().to_path_buf()
    }

    fn make(&self, programs: &[&Program], receives: bool) -> Result<Made> {
        let snapshot = snapshot_of(self.site, PERIOD, &self.loaded.dictionary)?;
        let judges: Vec<PluginJudge> =
            programs.iter().map(|program| judge_of(self.loaded, program, &snapshot)).collect::<Result<_>>()?;
        let candidates: Vec<Candidate<'_>> =
            programs.iter().zip(&judges).map(|(program, judge)| Candidate { program, judge }).collect();
        let seen = AtomicU64::new(0);
        let request = RunRequest {
            folders: &self.folders("runs"),
            snapshot: &snapshot,
            dictionary: &self.loaded.dictionary,
            programs: &candidates,
            used: &Used::new(),
            receives: receives.then_some(self.kept.run.as_str()),
            promote: None,
            threads: self.threads,
            cancel: stop::flag(),
            seen: &seen,
            durable: false,
        };
        let made = crate::ledger::run(&mut Ledger::open(self.place.path())?, &request)?;
        match made.worst() {
            Some(error) => Err(error.clone()),
            None => Ok(made),
        }
    }

    /// Rounds of some programs; each run is taken away again, the one that stays is put back.
    fn rounds(&self, rounds: usize, programs: &[&Program]) -> Result<Vec<Duration>> {
        let receives = programs.len() < self.loaded.programs.len() && programs.iter().any(|one| !one.after.is_empty());
        let runs = self.folders("runs").runs;
        let aside = self.place.path().join("kept");
        let moved =
            |from: &PathBuf, to: &PathBuf| std::fs::rename(from, to).map_err(|cause| Error::storage(from, cause));
        let same = programs.len() == self.loaded.programs.len();
        let kept = runs.join(&self.kept.run);
        let mut times = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            if same {
                moved(&kept, &aside)?;
            }
            let begun = Instant::now();
            let made = self.make(programs, receives)?;
            times.push(begun.elapsed());
            let place = runs.join(&made.run);
            std::fs::remove_dir_all(&place).map_err(|cause| Error::storage(&place, cause))?;
            if same {
                moved(&aside, &kept)?;
            }
        }
        times.sort_unstable();
        Ok(times)
    }

    /// One program, alone; those before it are taken from the run that stays.
    pub(super) fn alone(&self, program: &Program, rounds: usize) -> Result<Vec<Duration>> {
        self.rounds(rounds, &[program])
    }

    /// All programs in one run.
    pub(super) fn together(&self, rounds: usize) -> Result<Together> {
        memory::forget_peak();
        let before = memory::read_bytes();
        let all: Vec<&Program> = self.loaded.programs.iter().collect();
        let times = self.rounds(rounds, &all)?;
        let read = memory::read_bytes().saturating_sub(before);
        let read_bytes = read.checked_div(rounds as u64).unwrap_or(0);
        Ok(Together { times, read_bytes, peak_mb: memory::peak_mb() })
    }
}

fn empty() -> Made {
    Made {
        run: String::new(),
        snapshot: String::new(),
        receipt: String::new(),
        again: false,
        programs: Vec::new(),
        outcomes: Vec::new(),
    }
}
