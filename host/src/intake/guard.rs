//! Keeps a panic of a decoder that is not ours from ending the program.
//!
//! Takes work on a sender's bytes; gives its outcome, or nothing if it panicked. The
//! Parquet crate panics on some spoilt pages (found by fuzzing); to the person that
//! is a damaged file, so nothing is printed. Must never be put around code of ours.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

static QUIET: Once = Once::new();

/// The outcome of the work; `None` if it panicked. What it was working on must not
/// be used again.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    QUIET.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                loud(panic);
            }
        }));
    });
    GUARDED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    outcome.ok()
}
