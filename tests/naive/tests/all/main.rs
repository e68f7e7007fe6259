//! The programs, judged natively, against the law as this crate reads it. One binary, so
//! that a mutant of a program is built and judged in seconds (`tests/mutants.md`).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod ages;
mod agree;
mod described;
mod laws;
mod shipped;
