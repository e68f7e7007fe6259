//! The one test binary: each module holds Layak to one of its contracts.
//!
//! Mostly files: cases, golden outputs, bad extracts, broken rule files. Test
//! code may unwrap, because a panic is how a test fails.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails, and nobody reads a test as documentation of an API"
)]

mod cases;
mod cli;
mod columns;
mod explain;
mod families;
mod fuzzed;
mod faults;
mod golden;
mod identities;
mod hostile;
mod intake;
mod judged;
mod laws;
mod ledger;
mod opened;
mod odd_files;
mod outside;
mod payloads;
mod places;
mod registry;
mod quarter;
mod readme;
mod rivals;
mod rules;
mod sandbox;
mod second_opinion;
mod simulate;
mod selection;
mod shipped;
mod snapshot;
mod support;
mod synth;
mod tamper;
mod tidy;
mod warm;
