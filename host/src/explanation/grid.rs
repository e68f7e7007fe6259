//! What a hypothetical family gets as one or two of its facts vary.
//!
//! Takes a family, one or two axes of values and what judges; gives a cell for
//! each combination, judged by the plugin, and draws them as table and chart.

use serde::Serialize;

use super::cells::{OneFamily, Put};
use super::nearest::Judged;
use super::trying::Trying;
use crate::error::Result;
use crate::program::{Program, UnknownRule};
use crate::sandbox::Unit;
use crate::terms::{Lang, Rupiah, Text};

/// One fact and the values that it takes in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// As it was asked for: `youngest.age`, `decile`.
    pub name: String,
    /// Each value as written, and what it puts into the family.
    pub values: Vec<(String, Put)>,
}

/// What the rows of a program get in one combination: one for a family, one per member for persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct GridCell {
    /// Eligible rows.
    pub eligible: u32,
    /// Rows in review, or refused for an unknown.
    pub open: u32,
    /// Rows that fail a criterion.
    pub not_eligible: u32,
    /// Rupiah per run period of the eligible rows.
    pub amount: i64,
}

/// One program over the whole grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Grid {
    /// Program id.
    pub program: String,
    /// Its title.
    pub title: Text,
    /// The fact that varies from row to row.
    pub down: String,
    /// Its values.
    pub down_values: Vec<String>,
    /// The fact that varies from column to column; empty for a grid of one fact.
    pub across: String,
    /// Its values; one empty value for a grid of one fact.
    pub across_values: Vec<String>,
    /// By row, then by column.
    pub cells: Vec<Vec<GridCell>>,
}

/// Judges every combination.
///
/// # Errors
/// A fault of the plugin.
pub fn grid(
    program: &Program,
    trying: &dyn Trying,
    family: &OneFamily,
    down: &Axis,
    across: Option<&Axis>,
) -> Result<Grid> {
    let columns: Vec<(String, Option<Put>)> = match across {
        Some(axis) => axis.values.iter().map(|(word, put)| (word.clone(), Some(*put))).collect(),
        None => vec![(String::new(), None)],
    };
    let puts: Vec<Option<Put>> = columns.iter().map(|(_, put)| *put).collect();
    let mut cells = Vec::new();
    for (_, put) in &down.values {
        let verdicts = trying.verdicts(&family.with(*put).copies(&puts))?;
        let rows = match program.unit() {
            Unit::Family => 1,
            Unit::Person => usize::try_from(family.members).unwrap_or(0),
        };
        let cell = |nth: usize| {
            let mut cell = GridCell::default();
            for row in nth * rows..(nth + 1) * rows {
                let judged = Judged::at(&verdicts, row);
                let open = judged.unknown & !program.unknown_bits(UnknownRule::Pass) != 0;
                if judged.eligible(program) {
                    cell.eligible += 1;
                    cell.amount = cell.amount.saturating_add(judged.amount);
                } else if judged.failed == 0 && open {
                    cell.open += 1;
                } else {
                    cell.not_eligible += 1;
                }
            }
            cell
        };
        cells.push((0..puts.len()).map(cell).collect());
    }
    Ok(Grid {
        program: program.id.clone(),
        title: program.title.clone(),
        down: down.name.clone(),
        down_values: down.values.iter().map(|(word, _)| word.clone()).collect(),
        across: across.map(|axis| axis.name.clone()).unwrap_or_default(),
        across_values: columns.into_iter().map(|(word, _)| word).collect(),
        cells,
    })
}

/// Letters of a bar at its longest.
const BAR: i64 = 40;
/// Shades from little to most.
const SHADES: [&str; 4] = ["░", "▒", "▓", "█"];

fn amount(cell: &GridCell, lang: Lang) -> String {
    if cell.eligible > 0 {
        Rupiah(cell.amount).show(lang)
    } else if cell.open > 0 {
        String::from("?")
    } else {
        String::from("–")
    }
}

/// The grid as table and chart for a terminal.
#[must_use]
pub fn drawn(grid: &Grid, lang: Lang) -> String {
    let most = grid.cells.iter().flatten().map(|cell| cell.amount).max().unwrap_or(0).max(1);
    let mut out = format!("{}\n", grid.title.get(lang));
    if grid.across.is_empty() {
        bars(grid, most, lang, &mut out)
    } else {
        shades(grid, most, lang, &mut out)
    }
    let (eligible, open, not) = match lang {
        Lang::Id => ("besaran bila terpilih", "ditinjau: ada fakta yang tidak diketahui", "tidak layak"),
        Lang::En => ("amount if chosen", "in review: a fact is not known", "not eligible"),
    };
    out.push_str(&format!("  Rp {eligible} · ? {open} · – {not}\n"));
    out
}

/// One fact: a value, its amount and a bar on each line.
fn bars(grid: &Grid, most: i64, lang: Lang, out: &mut String) {
    let first = grid.down_values.iter().chain([&grid.down]).map(|word| word.chars().count()).max().unwrap_or(0);
    let shown: Vec<String> = grid.cells.iter().flatten().map(|cell| amount(cell, lang)).collect();
    let second = shown.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    out.push_str(&format!("  {:>first$}\n", grid.down));
    for ((value, shown), cell) in grid.down_values.iter().zip(&shown).zip(grid.cells.iter().flatten()) {
        let length = usize::try_from(cell.amount.saturating_mul(BAR) / most).unwrap_or(0);
        let line = format!("  {value:>first$}  {shown:>second$}  {}", "█".repeat(length));
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Two facts: amounts as a table, then one shade per combination.
fn shades(grid: &Grid, most: i64, lang: Lang, out: &mut String) {
    let first = grid.down_values.iter().chain([&grid.down]).map(|word| word.chars().count()).max().unwrap_or(0);
    let shown: Vec<Vec<String>> =
        grid.cells.iter().map(|row| row.iter().map(|cell| amount(cell, lang)).collect()).collect();
    let all = shown.iter().flatten().chain(&grid.across_values);
    let width = all.map(|word| word.chars().count()).max().unwrap_or(0);
    let (down, across) = (&grid.down, &grid.across);
    out.push_str(&format!("  {down:>first$}  {across} →\n"));
    let line = |head: &str, words: &[String], width: usize| {
        let cells: String = words.iter().map(|word| format!("  {word:>width$}")).collect();
        format!("  {head:>first$}{cells}\n")
    };
    out.push_str(&line("", &grid.across_values, width));
    for (value, row) in grid.down_values.iter().zip(&shown) {
        out.push_str(&line(value, row, width));
    }
    out.push('\n');
    let narrow = grid.across_values.iter().map(|word| word.chars().count()).max().unwrap_or(1);
    out.push_str(&line("", &grid.across_values, narrow));
    for (value, row) in grid.down_values.iter().zip(&grid.cells) {
        let words: Vec<String> = row.iter().map(|cell| shade(cell, most).repeat(narrow)).collect();
        out.push_str(&line(value, &words, narrow));
    }
}

fn shade(cell: &GridCell, most: i64) -> &'static str {
    if cell.eligible == 0 {
        return if cell.open > 0 { "?" } else { "–" };
    }
    let step = usize::try_from(cell.amount.saturating_sub(1).max(0).saturating_mul(4) / most).unwrap_or(0);
    SHADES.get(step.min(3)).copied().unwrap_or("█")
}
