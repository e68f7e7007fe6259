//! Turns rows into blocks.
//!
//! Takes rows one after the other; emits a block when it is full. Each row ends in
//! exactly one of the block's two halves: accepted or rejected.

use super::Reading;
use super::block::{Block, Rejected};
use super::cells::Row;
use super::layout::Layout;
use super::looks::shown;
use super::row::Typist;
use crate::error::Result;

/// Rows in a block: small enough to stay in the cache between two threads.
const ROWS: usize = 1024;

/// The loop's state.
pub(super) struct Turn<'a, 'b> {
    layout: &'a Layout,
    typist: Typist<'a>,
    block: Block,
    emit: &'b mut dyn FnMut(Block) -> Result<()>,
}

impl<'a, 'b> Turn<'a, 'b> {
    pub(super) fn new(layout: &'a Layout, reading: Reading<'a>, emit: &'b mut dyn FnMut(Block) -> Result<()>) -> Self {
        let typist = Typist::new(layout, reading.keyring, reading.as_of);
        Turn { layout, typist, block: fresh(layout), emit }
    }

    /// Accepts a row or sets it aside.
    pub(super) fn take(&mut self, row: &Row<'_>) -> Result<()> {
        if let Err(fault) = self.typist.take(row, &mut self.block) {
            let (column, shown) = shown(self.layout, row, fault);
            let raw = row.raw.get(..row.raw.len().min(super::text::LONGEST_CELL)).unwrap_or(b"").to_vec();
            self.block.rejected.push(Rejected { row: row.number, column, shown, reason: fault.reason, raw });
        }
        if self.block.keys.len() + self.block.rejected.len() >= ROWS {
            let full = std::mem::replace(&mut self.block, fresh(self.layout));
            (self.emit)(full)?;
        }
        Ok(())
    }

    /// Emits what is left.
    pub(super) fn finish(self) -> Result<()> {
        if self.block.keys.is_empty() && self.block.rejected.is_empty() {
            return Ok(());
        }
        (self.emit)(self.block)
    }
}

fn fresh(layout: &Layout) -> Block {
    Block {
        keys: Vec::with_capacity(ROWS),
        numbers: Vec::with_capacity(ROWS * layout.numbers.len()),
        text_ends: Vec::with_capacity(ROWS * layout.text_width()),
        text: Vec::with_capacity(if layout.texts.is_empty() { 0 } else { ROWS * 112 }),
        ..Block::default()
    }
}
