//! Judges all batches, ranks, cuts.
