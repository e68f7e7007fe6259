//! How a value that was set aside, and a header, may be shown.
//!
//! Takes a cell and whether its column holds identities; gives at most 40
//! characters in which no NIK, KK number or name of the row is readable, and
//! nothing that a terminal would obey.

use super::cells::Row;
use super::layout::Layout;
use super::row::Fault;
use crate::terms::{is_invisible, mask_identity};

const LONGEST: usize = 40;
/// Characters of what a decoder says.
pub(super) const CAUSE: usize = 200;

/// Header and masked value of the cell at fault.
pub(super) fn shown(layout: &Layout, row: &Row<'_>, fault: Fault) -> (String, String) {
    let Some(cell) = fault.cell else {
        let (found, wanted) = (row.cells.len(), layout.headers.len());
        let counted = fault.reason == super::Reason::FieldCount && row.broken.is_none();
        return (String::new(), if counted { format!("{found}/{wanted}") } else { String::new() });
    };
    let header = layout.headers.get(cell).map(|header| shown_header(header)).unwrap_or_default();
    let value = String::from_utf8_lossy(row.cell(cell)).into_owned();
    let cut = tame(&value, LONGEST);
    // a shifted row may carry a name where a code belongs
    let is_text = layout.texts.iter().flatten().any(|at| *at != cell && row.cell(*at) == value.as_bytes());
    if layout.secret.get(cell).copied().unwrap_or(true) || is_text {
        return (header, mask_identity(&cut));
    }
    (header, without_numbers(&cut))
}

/// Masks every run of more than eight digits (a plain date has eight), and prose.
fn without_numbers(value: &str) -> String {
    if value.split_whitespace().count() > 6 {
        return mask_identity(value);
    }
    let mut out = String::new();
    let mut run = String::new();
    for c in value.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        if run.len() > 8 {
            out.push_str(&"*".repeat(run.len()))
        } else {
            out.push_str(&run)
        }
        run.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// At most so many characters; what a terminal would obey becomes `?`.
pub(super) fn tame(text: &str, most: usize) -> String {
    let obeyed = |c: char| c.is_control() || is_invisible(c);
    text.chars().take(most).map(|c| if obeyed(c) { '?' } else { c }).collect()
}

/// A delivered header as messages show it: a file without one has facts there.
pub(super) fn shown_header(header: &str) -> String {
    without_numbers(&tame(header, LONGEST))
}

/// Whether this is no header, but the first row of a file that lacks one.
pub(super) fn is_row(headers: &[String]) -> bool {
    let number = |header: &String| header.len() >= 15 && header.bytes().all(|b| b.is_ascii_digit());
    headers.iter().any(number)
}
