//! Ctrl-C: the first asks for a clean stop, the second stops at once (still safe:
//! nothing half-written has its final name).

use std::sync::atomic::{AtomicBool, Ordering};

static STOPPED: AtomicBool = AtomicBool::new(false);

/// The flag that long work looks at between batches.
pub(crate) fn flag() -> &'static AtomicBool {
    &STOPPED
}

/// Watches SIGINT, SIGTERM and SIGHUP.
pub(crate) fn watch() {
    // a second watcher (tests in one process) is not an error worth stopping for
    let _already = ctrlc::set_handler(|| {
        if STOPPED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}
