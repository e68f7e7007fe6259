//! Judges a case in the sandbox, in the shapes of the native answer.

use kit::{Line, Verdicts};
use layak::columns;
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
        Some(Plugin::of(name, sandbox::bundled(name)?))
    }

    /// Loads a component.
    pub(crate) fn of(name: &str, component: &[u8]) -> Plugin {
        let cache = tempfile::tempdir().unwrap();
        let compiler = env!("CARGO_BIN_EXE_layak").into();
        let sandbox = Sandbox::with_compiler(Limits::default(), cache.path(), compiler).unwrap();
        let plugin = sandbox.load(component).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        Plugin { plugin, _cache: cache }
    }

    /// What the plugin says of itself, in the kit's form, for programs that no
    /// test is linked with. Leaks a few names: a test ends soon.
    pub(crate) fn description(&self) -> kit::Description {
        let said = self.plugin.description();
        let part = |part: &sandbox::Part| kit::Part {
            code: kept(&part.code),
            columns: part.columns.clone().leak(),
            settings: part.settings.clone().leak(),
        };
        let parts = |list: &[sandbox::Part]| &*list.iter().map(part).collect::<Vec<_>>().leak();
        kit::Description {
            name: kept(&said.name),
            version: kept(&said.version),
            unit: match said.unit {
                sandbox::Unit::Family => kit::Unit::Family,
                sandbox::Unit::Person => kit::Unit::Person,
            },
            columns: said.columns.iter().map(column).collect::<Vec<_>>().leak(),
            settings: said.settings.iter().map(setting).collect(),
            criteria: parts(&said.criteria),
            components: parts(&said.components),
            score_parts: parts(&said.score_parts),
            score: said.score,
            amount: said.amount,
        }
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

fn kept(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn column(wish: &sandbox::ColumnWish) -> kit::ColumnWish {
    let kind = match wish.kind {
        columns::Kind::Bits => kit::Kind::Bits,
        columns::Kind::U8 => kit::Kind::U8,
        columns::Kind::U16 => kit::Kind::U16,
        columns::Kind::U32 => kit::Kind::U32,
        columns::Kind::S32 => kit::Kind::S32,
        columns::Kind::S64 => kit::Kind::S64,
        columns::Kind::Set => kit::Kind::Set,
        columns::Kind::Text => panic!("text never reaches a plugin"),
    };
    let entity = match wish.entity {
        columns::Entity::Family => kit::Entity::Family,
        columns::Entity::Member => kit::Entity::Member,
    };
    kit::ColumnWish { name: kept(&wish.name), entity, kind, required: wish.required }
}

fn setting(wish: &sandbox::SettingWish) -> kit::SettingWish {
    let kind = match wish.kind {
        sandbox::SettingKind::Integer => kit::SettingKind::Integer,
        sandbox::SettingKind::Flag => kit::SettingKind::Flag,
        sandbox::SettingKind::Choice => kit::SettingKind::Choice,
        sandbox::SettingKind::Choices => kit::SettingKind::Choices,
        sandbox::SettingKind::Codes => kit::SettingKind::Codes,
    };
    let default = wish.default.as_ref().map(|value| match value {
        Value::Integer(number) => kit::Value::Integer(*number),
        Value::Codes(codes) => kit::Value::Codes(codes.clone()),
    });
    let options = wish.options.iter().map(|option| kept(option)).collect::<Vec<_>>().leak();
    kit::SettingWish {
        name: kept(&wish.name),
        kind,
        options,
        unit: kept(&wish.unit),
        min: wish.min,
        max: wish.max,
        default,
    }
}
