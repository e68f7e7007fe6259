//! Every way to fail, sorted by who can fix it.
//!
//! Takes what went wrong in both languages; gives one value that `main` prints
//! once and turns into an exit code (design 4.7). Must never carry an identity:
//! a value from an extract is masked before it gets here.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::terms::{Lang, Text};

mod draw;

pub use draw::{draw, draw_all};

/// Who can fix it. The number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Ours: something that cannot be happened. Exit 1.
    Bug = 1,
    /// The person at the keyboard. Exit 2.
    Usage = 2,
    /// The author of a rule file, a site file or a source mapping. Exit 10.
    Rules = 10,
    /// The supplier of an extract: the whole file is refused. Exit 11.
    Extract = 11,
    /// A configured quality gate did not hold. Exit 12.
    Quality = 12,
    /// A source is older than the site allows. Exit 13.
    Stale = 13,
    /// The developer of a plugin: refused, trapped or lied. Exit 14.
    Plugin = 14,
    /// A hash, count or sum does not agree. Exit 15.
    Integrity = 15,
    /// Waits for somebody's approval. Exit 16.
    Approval = 16,
    /// Not permitted to this user or site. Exit 17.
    Permission = 17,
    /// The operator: disk, file system, database. Exit 74.
    Storage = 74,
    /// Another process holds the site. Exit 75.
    Busy = 75,
    /// Stopped by the user; the next run completes. Exit 130.
    Interrupted = 130,
}

impl Fault {
    /// The process exit code of design 4.7.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        self as u8
    }
}

/// Where in a file: 1-based line and column, and the text to underline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Byte offset and length in `source`.
    pub offset: usize,
    /// Length in bytes, at least 1 for a visible caret.
    pub len: usize,
    /// The whole text of the file, for drawing the line.
    pub source: String,
}

impl Span {
    /// 1-based line and column (in characters) of the start.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.source.get(..self.offset.min(self.source.len())).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// One failure: who can fix it, where, what, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Who can fix it.
    pub fault: Fault,
    /// What is wrong, in both languages; lower case start, no full stop.
    pub message: Text,
    /// How to fix it.
    pub fix: Option<Text>,
    /// The file concerned.
    pub path: Option<PathBuf>,
    /// The place in that file, for `path:line:column` and carets.
    pub span: Option<Box<Span>>,
    /// What the library or system below said.
    pub cause: Option<String>,
    /// A stable word for scripts, where the texts above may change.
    pub code: Option<&'static str>,
}

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure with its message; add place and fix with the methods below.
    #[must_use]
    pub fn new(fault: Fault, message: Text) -> Error {
        Error { fault, message, fix: None, path: None, span: None, cause: None, code: None }
    }

    /// Says how to fix it.
    #[must_use]
    pub fn fix(mut self, fix: Text) -> Error {
        self.fix = Some(fix);
        self
    }

    /// Names the file.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>) -> Error {
        self.path = Some(path.as_ref().to_path_buf());
        self
    }

    /// Names the place in the file; `source` is the file's whole text.
    #[must_use]
    pub fn at(mut self, source: &str, range: std::ops::Range<usize>) -> Error {
        let len = range.end.saturating_sub(range.start).max(1);
        self.span = Some(Box::new(Span { offset: range.start, len, source: source.to_owned() }));
        self
    }

    /// Gives it a stable word for scripts.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Error {
        self.code = Some(code);
        self
    }

    /// Keeps what the library or system below said.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Error {
        self.cause = Some(cause.to_string());
        self
    }

    /// A failure of disk or database, naming the path.
    #[must_use]
    pub fn storage(path: impl AsRef<Path>, cause: impl fmt::Display) -> Error {
        Error::new(Fault::Storage, Text::new("tidak dapat dibaca atau ditulis", "it cannot be read or written"))
            .file(path)
            .because(cause)
            .fix(Text::new(
                "periksa nama dan hak akses folder itu serta sisa ruang disk, lalu ulangi",
                "check the name, the folder's permissions and the room on the disk, then try again",
            ))
    }

    /// Something that cannot be happened: says what was assumed.
    #[must_use]
    pub fn bug(assumed: impl fmt::Display) -> Error {
        Error::new(Fault::Bug, crate::say!("kesalahan di dalam Layak: {assumed}", "a fault inside Layak: {assumed}"))
            .fix(Text::new(
                "laporkan kalimat ini beserta perintah yang dijalankan",
                "please report this sentence with the command that you ran",
            ))
    }

    /// One line: place, message, cause. `draw` adds the line of the file with carets.
    #[must_use]
    pub fn line(&self, lang: Lang) -> String {
        let mut out = String::new();
        if let Some(path) = &self.path {
            out.push_str(&path.display().to_string());
            if let Some(span) = &self.span {
                let (line, column) = span.line_column();
                out.push_str(&format!(":{line}:{column}"));
            }
            out.push_str(": ");
        }
        out.push_str(self.message.get(lang));
        if let Some(cause) = &self.cause {
            out.push_str(&format!(" ({cause})"));
        }
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(Lang::En))
    }
}

impl std::error::Error for Error {}
