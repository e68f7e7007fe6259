//! Freezes the registry into sealed columns; hands out batches.

pub mod batch;
