//! Judges a case in the sandbox, in the shapes of the native answer.

use kit::{Line, Verdicts};
use layak::sandbox::{self, Limits, Sandbox, Value};

use super::read::Setup;

/// A bundled program, loaded once for all its cases.
pub(crate) struct Plugin {
    plugin: sandbox::Plugin,
    _cache: tempfile::TempDir,
}

impl Plugin {
    /// Loads a bundled program; `None` if this build bundles none of that name.
    pub(crate) fn bundled(name: &str) -> Option<Plugin> {
        let cache = tempfile::tempdir().unwrap();
        let compiler = env!("CARGO_BIN_EXE_layak").into();
        let sandbox = Sandbox::with_compiler(Limits::default(), cache.path(), compiler).unwrap();
        let plugin = sandbox.load(sandbox::bundled(name)?).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        Some(Plugin { plugin, _cache: cache })
    }

    /// Verdicts and breakdown of a case.
    pub(crate) fn judge(&self, setup: &Setup) -> (Verdicts, Vec<Line>) {
        let value = |value: &kit::Value| match value {
            kit::Value::Integer(n) => Value::Integer(*n),
            kit::Value::Codes(codes) => Value::Codes(codes.clone()),
        };
        let settings: Vec<_> = setup.settings.iter().map(value).collect();
        let judge = self.plugin.configure(&settings, &setup.present, setup.as_of, setup.period_start).unwrap();
        let (batch, columns) = setup.batch();
        let (said, _) = judge.judge(&batch, &columns).unwrap();
        let lines = judge.breakdown(&batch, &columns).unwrap();
        let line = |line: sandbox::Line| Line {
            row: line.row,
            member: line.member.unwrap_or(u32::MAX),
            part: line.part,
            value: line.value,
        };
        let verdicts = Verdicts { failed: said.failed, unknown: said.unknown, score: said.score, amount: said.amount };
        (verdicts, lines.into_iter().map(line).collect())
    }
}
