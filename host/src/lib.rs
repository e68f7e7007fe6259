//! Layak: judges families for social aid with sandboxed programs.
//!
//! The rooms in reading order. **A room uses only rooms above it**; the tidy
//! test reads the `crate::` paths and refuses a look at any room below.
//!
//! ```text
//! extracts -> intake -> registry -> snapshot -> sandbox/program -> selection
//!          -> ledger -> recipient lists, receipts, explanations
//! ```

pub mod error;
pub mod terms;
pub mod columns;
pub mod intake;
pub mod registry;
pub mod quality;
pub mod snapshot;
pub mod synth;
pub mod sandbox;
pub mod program;
pub mod selection;
pub mod explanation;
pub mod simulation;
pub mod ledger;
pub mod commands;
