//! Dated values: which value holds in which period, and from what source.
//!
//! Takes `[{ from, value, source }]`; gives lines in order of time without gap
//! or overlap, and the one in force. Never guesses: a period that no line
//! covers is an error, and so is a change in the middle of the period.

use crate::say;
use crate::terms::{Date, Period, Text};

use super::page::{At, Node, Page, Table, get};

/// One line: a value that holds from a period on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<T> {
    /// First period.
    pub from: At<Period>,
    /// Last period, where it is written.
    pub until: Option<At<Period>>,
    /// The value.
    pub value: At<T>,
    /// Decree, dataset or `assumed`.
    pub source: String,
    /// What another source says, where sources conflict.
    pub conflict: Option<String>,
}

/// The lines of one key, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    /// Never empty after a clean reading.
    pub lines: Vec<Line<T>>,
    /// The key.
    pub key: At<String>,
}

/// The first day after a period.
fn day_after(period: Period) -> Date {
    match period {
        Period::Quarter(year, 4) => Period::Quarter(year.saturating_add(1), 1),
        Period::Quarter(year, quarter) => Period::Quarter(year, quarter + 1),
        Period::Month(year, 12) => Period::Month(year.saturating_add(1), 1),
        Period::Month(year, month) => Period::Month(year, month + 1),
    }
    .first_day()
}

/// Reads the lines of one key; `value` reads the value of each.
pub fn read<T>(
    page: &mut Page,
    key: &At<String>,
    node: &At<Node>,
    mut value: impl FnMut(&mut Page, &At<Node>) -> Option<T>,
) -> Dated<T> {
    let mut dated = Dated { lines: Vec::new(), key: key.clone() };
    let name = &key.value;
    let Node::List(items) = &node.value else {
        page.wrong_type(name, node, Text::new("daftar nilai bertanggal", "a list of dated values"));
        if let Some(error) = page.last() {
            error.fix = Some(Text::new(
                "tulis [{ from = \"2026Q3\", value = ..., source = \"...\" }]",
                "write [{ from = \"2026Q3\", value = ..., source = \"...\" }]",
            ));
        }
        return dated;
    };
    if items.is_empty() {
        page.note(&node.span, say!("`{name}` tidak punya nilai", "`{name}` has no value"));
    }
    for item in items {
        let Some(table) = page.table(name, item) else { continue };
        if let Some(line) = line(page, item, table, &mut value) {
            dated.lines.push(line);
        }
    }
    continuous(page, name, &dated.lines);
    dated
}

fn line<T>(
    page: &mut Page,
    item: &At<Node>,
    table: &Table,
    value: &mut impl FnMut(&mut Page, &At<Node>) -> Option<T>,
) -> Option<Line<T>> {
    page.only(table, &super::written::keys_of::<super::written::DatedValue<i64>>());
    let needed = |page: &mut Page, key: &str| {
        let found = get(table, key);
        if found.is_none() {
            page.note(&item.span, say!("nilai bertanggal tanpa `{key}`", "a dated value without `{key}`"));
        }
        found
    };
    let from = needed(page, "from");
    let written = needed(page, "value");
    let source = needed(page, "source");
    let from = from.and_then(|node| period(page, "from", node));
    let until = get(table, "until").and_then(|node| period(page, "until", node));
    let source = source.and_then(|node| page.filled("source", node));
    let conflict = get(table, "conflict").and_then(|node| page.filled("conflict", node));
    let value = written.and_then(|node| Some(At { value: value(page, node)?, span: node.span.clone() }));
    Some(Line { from: from?, until, value: value?, source: source?.value, conflict: conflict.map(|text| text.value) })
}

/// A period in quotes.
pub fn period(page: &mut Page, key: &str, node: &At<Node>) -> Option<At<Period>> {
    let text = page.text_of(key, node)?;
    match text.value.parse() {
        Ok(period) => Some(At { value: period, span: text.span }),
        Err(message) => {
            page.note(&text.span, message);
            None
        }
    }
}

/// Notes lines out of order, gaps and overlaps.
fn continuous<T>(page: &mut Page, name: &str, lines: &[Line<T>]) {
    for line in lines {
        if let Some(until) = &line.until
            && day_after(until.value) <= line.from.value.first_day()
        {
            let (from, until_) = (line.from.value, until.value);
            page.note(
                &until.span,
                say!(
                    "`{name}` berakhir {until_} sebelum mulai {from}",
                    "`{name}` ends {until_} before it begins {from}"
                ),
            );
        }
    }
    for pair in lines.windows(2) {
        let [earlier, later] = pair else { continue };
        let (first, next) = (earlier.from.value, later.from.value);
        if next.first_day() <= first.first_day() {
            page.note_fix(
                &later.from.span,
                say!(
                    "`{name}` tumpang tindih: {next} tidak sesudah {first}",
                    "`{name}` overlaps: {next} does not come after {first}"
                ),
                Text::new(
                    "urutkan dari yang paling lama, satu baris per awal periode",
                    "write the oldest first, one line per beginning",
                ),
            );
            continue;
        }
        let Some(until) = &earlier.until else { continue };
        let (last, end) = (until.value, day_after(until.value));
        if end < next.first_day() {
            page.note_fix(
                &until.span,
                say!(
                    "`{name}` berlubang: tidak ada nilai antara {last} dan {next}",
                    "`{name}` has a gap: no value between {last} and {next}"
                ),
                Text::new(
                    "hapus `until` atau tambahkan baris untuk masa itu",
                    "drop `until` or add a line for that time",
                ),
            );
        } else if end > next.first_day() {
            page.note_fix(
                &until.span,
                say!(
                    "`{name}` tumpang tindih: masih berlaku {last}, yang berikut mulai {next}",
                    "`{name}` overlaps: it still holds in {last}, the next begins {next}"
                ),
                Text::new(
                    "hapus `until`; nilai berlaku sampai `from` berikutnya",
                    "drop `until`; a value holds until the next `from`",
                ),
            );
        }
    }
}

impl<T> Dated<T> {
    /// The line in force on the first day of the period and until its end;
    /// notes a period that is not covered or that sees a change.
    pub fn in_force(&self, page: &mut Page, period: Period) -> Option<&Line<T>> {
        let name = &self.key.value;
        let (start, end) = (period.first_day(), day_after(period));
        let current = self.lines.iter().rev().find(|line| line.from.value.first_day() <= start);
        let Some(line) = current else {
            let first = self.lines.first()?;
            let from = first.from.value;
            page.note_fix(
                &first.from.span,
                say!(
                    "`{name}` belum punya nilai untuk {period}; yang pertama mulai {from}",
                    "`{name}` has no value for {period}; the first begins {from}"
                ),
                say!(
                    "tambahkan baris yang berlaku sejak {period} atau sebelumnya",
                    "add a line that holds from {period} or before"
                ),
            );
            return None;
        };
        if let Some(until) = line.until.as_ref().filter(|until| day_after(until.value) < end) {
            let last = until.value;
            page.note_fix(
                &until.span,
                say!(
                    "`{name}` tidak punya nilai lagi untuk {period}; berakhir {last}",
                    "`{name}` has no value any more for {period}; it ended {last}"
                ),
                say!("tambahkan baris untuk {period}", "add a line for {period}"),
            );
            return None;
        }
        let inside =
            self.lines.iter().find(|later| later.from.value.first_day() > start && later.from.value.first_day() < end);
        if let Some(change) = inside {
            let from = change.from.value;
            page.note_fix(
                &change.from.span,
                say!(
                    "`{name}` berubah pada {from}, di tengah {period}",
                    "`{name}` changes in {from}, in the middle of {period}"
                ),
                Text::new("mulai nilai baru di awal periode jalan", "begin the new value at the start of a run period"),
            );
            return None;
        }
        Some(line)
    }
}

#[cfg(test)]
#[path = "dated_tests.rs"]
mod tests;
