//! Runs, receipts, lists.
