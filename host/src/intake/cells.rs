//! One row of a file, cut into cells.
//!
//! Takes nothing; holds where each cell lies in the row's text.

/// Why a row has no cells that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// A quoted cell without an end, or text behind its end.
    Quotes,
    /// A zero byte, or a byte that is in neither UTF-8 nor cp1252.
    Encoding,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// 1-based, header and blank lines not counted.
    pub(super) number: u64,
    /// As it stands in the file, without its end of line.
    pub(super) raw: &'a [u8],
    /// What `cells` are ranges of: UTF-8.
    pub(super) text: &'a [u8],
    /// Start and end of each cell.
    pub(super) cells: &'a [(u32, u32)],
    /// Set if the cells are not to be read.
    pub(super) broken: Option<Broken>,
    /// Whether it was read as cp1252.
    pub(super) cp1252: bool,
}

impl<'a> Row<'a> {
    /// A cell without outer blanks; empty if there is none.
    pub(super) fn cell(&self, at: usize) -> &'a [u8] {
        let Some(&(start, end)) = self.cells.get(at) else { return b"" };
        self.text.get(start as usize..end as usize).unwrap_or(b"").trim_ascii()
    }
}
