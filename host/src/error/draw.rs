//! Draws a failure for a person: `path:line:column: message`, the line of the
//! file with carets below it, the cause and the fix.
//!
//! Takes an `Error`; gives text in one language. The first line is what editors
//! and scripts read, so it never changes its shape. Colour is the caller's
//! decision (terminal, `NO_COLOR`).

use super::{Error, Span};
use crate::terms::Lang;

const RED: &str = "\u{1b}[1;31m";
const BLUE: &str = "\u{1b}[1;34m";
const PLAIN: &str = "\u{1b}[0m";

/// The failure with its place, carets and fix; ends with a line break.
#[must_use]
pub fn draw(error: &Error, lang: Lang, color: bool) -> String {
    let paint = |text: &str, code: &str| if color { format!("{code}{text}{PLAIN}") } else { text.to_owned() };
    let mut out = String::new();
    if let Some(path) = &error.path {
        out.push_str(&path.display().to_string());
        if let Some(span) = &error.span {
            let (line, column) = span.line_column();
            out.push_str(&format!(":{line}:{column}"));
        }
        out.push_str(": ");
    }
    out.push_str(&paint(error.message.get(lang), RED));
    out.push('\n');
    let mut width = 1;
    if let Some(span) = &error.span {
        let snippet = Snippet::of(span);
        width = snippet.number.len();
        let bar = paint("|", BLUE);
        out.push_str(&format!("{:width$} {bar}\n", ""));
        out.push_str(&format!("{} {bar} {}\n", paint(&snippet.number, BLUE), snippet.line));
        out.push_str(&format!("{:width$} {bar} {}{}\n", "", snippet.lead, paint(&"^".repeat(snippet.carets), RED)));
    }
    let (cause, fix) = match lang {
        Lang::Id => ("sebab", "perbaikan"),
        Lang::En => ("cause", "fix"),
    };
    let sign = paint("=", BLUE);
    if let Some(text) = &error.cause {
        out.push_str(&format!("{:width$} {sign} {cause}: {text}\n", ""));
    }
    if let Some(text) = &error.fix {
        out.push_str(&format!("{:width$} {sign} {fix}: {}\n", "", text.get(lang)));
    }
    out
}

/// All failures, one below the other with an empty line between.
#[must_use]
pub fn draw_all(errors: &[Error], lang: Lang, color: bool) -> String {
    errors.iter().map(|error| draw(error, lang, color)).collect::<Vec<_>>().join("\n")
}

/// The line of a file with what stands under it.
struct Snippet {
    number: String,
    line: String,
    /// Blanks up to the carets; a tab stays a tab so that the columns agree.
    lead: String,
    carets: usize,
}

impl Snippet {
    fn of(span: &Span) -> Snippet {
        let source = span.source.as_str();
        let mut offset = span.offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, behind) = source.split_at(offset);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = behind.find('\n').map_or(source.len(), |at| offset + at);
        let line = source.get(start..end).unwrap_or("").trim_end_matches('\r');
        let lead = source.get(start..offset).unwrap_or("");
        let marked: String = behind
            .get(..end - offset)
            .unwrap_or("")
            .char_indices()
            .take_while(|(at, _)| *at < span.len)
            .map(|(_, c)| c)
            .collect();
        Snippet {
            number: span.line_column().0.to_string(),
            line: line.to_owned(),
            lead: lead.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect(),
            carets: marked.trim_end().chars().count().max(1),
        }
    }
}
