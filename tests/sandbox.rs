//! The sandbox against plugins that break one promise at a time, against bytes
//! that are no plugin, and against a cache that somebody touched.

mod batches;
pub(crate) mod built;
mod bundled;
mod cache;
mod engine;
pub(crate) mod graft;
mod lies;
mod measured;
mod shapes;
mod watchdog;
