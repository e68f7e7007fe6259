//! What a person sees: data on standard output, talk on standard error.
//!
//! Colour only on a terminal and never against `NO_COLOR` or `TERM=dumb`.

use std::io::{IsTerminal, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

use super::progress::{Mode, Progress};
use crate::error::{Error, Result, draw};
use crate::terms::{Lang, Text};

/// How to talk.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Language of what is printed.
    pub lang: Lang,
    /// One JSON document on standard output instead of text.
    pub json: bool,
    progress: Mode,
    color: bool,
    /// Part of another verb: no next step, and under `--json` no document of its own.
    inside: bool,
}

/// One line below the heading, nothing else: easy to read, easy to copy.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How a column of a table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    Left,
    Right,
}

impl Screen {
    /// From the global options and the environment.
    #[must_use]
    pub fn new(lang: Lang, json: bool, progress: Mode) -> Screen {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let color = !set("NO_COLOR") && !dumb && (forced || std::io::stderr().is_terminal());
        Screen { lang, json, progress, color, inside: false }
    }

    /// The same screen for a verb that is a part of another one.
    #[must_use]
    pub(crate) fn inside(self) -> Screen {
        Screen { inside: true, ..self }
    }

    /// A line of data.
    pub(crate) fn data(&self, line: &str) {
        // a closed pipe (`| head`) is the reader's choice, not a failure
        let _closed = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// One JSON document, pretty enough to read.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(document).map_err(Error::bug)?;
        if !self.inside {
            self.data(&text);
        }
        Ok(())
    }

    /// A line of talk; silent under `--json`.
    pub(crate) fn say(&self, text: &Text) {
        if !self.json {
            let _closed = writeln!(std::io::stderr().lock(), "{}", text.get(self.lang));
        }
    }

    /// A warning, also under `--json`.
    pub(crate) fn warn(&self, text: &Text) {
        let word = match self.lang {
            Lang::Id => "peringatan",
            Lang::En => "warning",
        };
        let _closed = writeln!(std::io::stderr().lock(), "{word}: {}", text.get(self.lang));
    }

    /// The last line: what to do next.
    pub(crate) fn next(&self, command: &str) {
        let word = match self.lang {
            Lang::Id => "selanjutnya",
            Lang::En => "next",
        };
        if !self.json && !self.inside {
            let _closed = writeln!(std::io::stderr().lock(), "{word}: {command}");
        }
    }

    /// A failure, with carets where it has a place.
    pub(crate) fn error(&self, error: &Error) {
        let _closed = write!(std::io::stderr().lock(), "{}", draw(error, self.lang, self.color));
    }

    /// A table on standard output.
    pub(crate) fn table(&self, head: &[(&str, Stand)], rows: &[Vec<String>]) {
        let mut table = Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
        if !std::io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        let align = |stand: Stand| match stand {
            Stand::Left => CellAlignment::Left,
            Stand::Right => CellAlignment::Right,
        };
        table.set_header(head.iter().map(|(title, stand)| Cell::new(title).set_alignment(align(*stand))));
        for row in rows {
            let cells = row.iter().zip(head).map(|(cell, (_, stand))| Cell::new(cell).set_alignment(align(*stand)));
            table.add_row(cells);
        }
        self.data(&table.to_string());
    }

    /// Starts showing a piece of long work.
    pub(crate) fn progress(&self, title: &Text, total: Option<u64>) -> Progress {
        Progress::start(title, total, self.lang, if self.json { Mode::None } else { self.progress })
    }

    /// The word of this screen's language.
    pub(crate) fn word<'a>(&self, id: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::Id => id,
            Lang::En => en,
        }
    }
}
