//! Progress of long work: a bar with rows/s and time left on a terminal, one
//! plain line every 10 seconds otherwise. Goes to standard error, never into data.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terms::{Lang, Text, show_count};

/// Whether to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// A bar on a terminal, plain lines otherwise.
    Auto,
    /// Nothing.
    None,
}

/// One piece of long work.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    plain: Option<Plain>,
}

#[derive(Debug)]
struct Plain {
    title: String,
    lang: Lang,
    total: Option<u64>,
    begun: Instant,
    said: Mutex<Instant>,
}

const PLAIN_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Starts; `total` in the unit that `set` counts, if known.
    #[must_use]
    pub(crate) fn start(title: &Text, total: Option<u64>, lang: Lang, mode: Mode) -> Progress {
        let made = |bar, plain| Progress { bar, plain };
        if mode == Mode::None {
            return made(None, None);
        }
        let title = title.get(lang).to_owned();
        if !std::io::stderr().is_terminal() {
            let now = Instant::now();
            return made(None, Some(Plain { title, lang, total, begun: now, said: Mutex::new(now) }));
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8));
        let template = match total {
            Some(_) => "{msg} {bar:24} {human_pos}/{human_len} · {per_sec} · {eta}",
            None => "{msg} {spinner} {human_pos} · {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(title);
        made(Some(bar), None)
    }

    /// Says how much is done.
    pub(crate) fn set(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
        if let Some(plain) = &self.plain {
            plain.say(done);
        }
    }

    /// Ends; the bar goes.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl Plain {
    #[expect(clippy::print_stderr, reason = "progress is talk, and this is the room that talks")]
    fn say(&self, done: u64) {
        let Ok(mut said) = self.said.try_lock() else { return };
        if said.elapsed() < PLAIN_EVERY {
            return;
        }
        *said = Instant::now();
        let seconds = self.begun.elapsed().as_secs().max(1);
        let rate = done / seconds;
        let count = |value: u64| show_count(i64::try_from(value).unwrap_or(i64::MAX), self.lang);
        let left = self.total.filter(|_| rate > 0).map(|total| total.saturating_sub(done) / rate);
        let tail = match (left, self.lang) {
            (Some(left), Lang::Id) => format!(", sisa {left} d"),
            (Some(left), Lang::En) => format!(", {left} s left"),
            (None, _) => String::new(),
        };
        eprintln!("{}: {} ({}/s{tail})", self.title, count(done), count(rate));
    }
}
