//! What is fuzzed: each function takes bytes, puts them through one door of Layak,
//! and stops the process if a promise is broken. The fuzzer and the replay of its
//! corpus (`tests/fuzzed.rs`) call the very same functions.
#![allow(dead_code, reason = "each fuzz target calls one of them")]

use std::fs;
use std::path::{Path, PathBuf};

use layak::columns::regions::Regions;
use layak::columns::{Dictionary, Entity, Kind};
use layak::error::{Error, Fault, draw_all};
use layak::intake::{self, Keyring, Reading, Sources};
use layak::program::{self, Found, Operator, Plugins, Site};
use layak::sandbox::{self, ColumnWish, Description, Part, SettingKind, SettingWish, Unit, Value};
use layak::terms::{Date, Lang, Period};

/// A CSV extract: every row is accepted or set aside, a refusal is the sender's,
/// and nothing that is shown holds a number of 16 digits.
pub(crate) fn csv(bytes: &[u8]) {
    extract("csv", bytes);
}

/// The same of a Parquet extract.
pub(crate) fn parquet(bytes: &[u8]) {
    extract("parquet", bytes);
}

/// A file of this process and thread, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(ending: &str, bytes: &[u8]) -> Scratch {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let thread: String =
            format!("{:?}", std::thread::current().id()).chars().filter(char::is_ascii_digit).collect();
        let path = folder.join(format!("layak-fuzz-{}-{thread}.{ending}", std::process::id()));
        fs::write(&path, bytes).expect("the scratch file is written");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

fn extract(ending: &str, bytes: &[u8]) {
    let file = Scratch::new(ending, bytes);
    let sources = Sources::embedded().expect("the mappings are sound");
    let opened = match intake::open(&file.0, sources, None) {
        Ok(opened) => opened,
        Err(error) => return senders(&error),
    };
    let keyring = Keyring::new([7; 32]);
    let as_of = Date::from_ymd(2026, 9, 1).expect("a date");
    let layout = &opened.layout;
    let (mut rows, mut aside) = (Vec::new(), Vec::new());
    let read = intake::read(&file.0, &opened, Reading { keyring: &keyring, as_of }, &mut |block| {
        assert_eq!(block.numbers.len(), block.keys.len() * layout.numbers.len());
        assert_eq!(block.text_ends.len(), block.keys.len() * layout.text_width());
        assert_eq!(block.text_ends.last().map_or(0, |end| *end as usize), block.text.len());
        for row in 0..block.keys.len() {
            for column in 0..layout.text_width() {
                assert!(std::str::from_utf8(block.row_text(row, column, layout.text_width())).is_ok());
            }
        }
        rows.extend(block.keys.iter().map(|keys| keys.row));
        rows.extend(block.rejected.iter().map(|rejected| rejected.row));
        for rejected in &block.rejected {
            anonymous(&rejected.shown);
            anonymous(&rejected.column);
            assert!(rejected.shown.chars().count() <= 40, "{}", rejected.shown);
            aside.push(rejected.row);
        }
        Ok(())
    });
    rows.sort_unstable();
    assert!(rows.iter().zip(1..).all(|(row, wanted)| *row == wanted), "rows in = accepted + quarantined");
    match read {
        Err(error) => senders(&error),
        Ok(()) => {
            let mut found = Vec::new();
            intake::raw_rows(&file.0, &opened, &aside, &mut |row, _| {
                found.push(row);
                Ok(())
            })
            .expect("a file that was read is read again");
            assert_eq!(found, aside);
        }
    }
}

/// A refusal that its sender can mend, and that tells no identity.
fn senders(error: &Error) {
    assert_eq!(error.fault, Fault::Extract, "{error}");
    for text in [&error.message.id, &error.message.en] {
        anonymous(text);
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    for text in error.fix.iter().flat_map(|fix| [&fix.id, &fix.en]) {
        anonymous(text);
    }
}

/// No run of 16 digits.
fn anonymous(text: &str) {
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    assert!(longest < 16, "a number of {longest} digits is shown: {text}");
}

/// A table of a sealed snapshot whose bytes are not what was sealed.
pub(crate) fn pages(bytes: &[u8]) {
    let file = Scratch::new("pages", bytes);
    if let Err(error) = layak::snapshot::decode_unproved(&file.0) {
        assert!(matches!(error.fault, Fault::Integrity), "{error}");
    }
}

/// A component at the gate.
pub(crate) fn component(bytes: &[u8]) {
    if let Err(error) = sandbox::gate::check(bytes) {
        assert_eq!(error.fault, Fault::Plugin, "{error}");
        let text = error.line(Lang::Id) + &error.line(Lang::En);
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}

/// One plugin under every name.
struct Shelf(Description);

impl Plugins for Shelf {
    fn find(&self, _: &str) -> Result<Option<Found>, Error> {
        Ok(Some(Found { description: self.0.clone(), digest: "digest".to_owned() }))
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.name.clone()]
    }
}

fn part(code: &str, columns: &[u16], settings: &[u16]) -> Part {
    Part { code: code.into(), columns: columns.to_vec(), settings: settings.to_vec() }
}

/// One setting of each kind.
fn described() -> Description {
    let setting = |name: &str, kind, options: &[&str], max, default| SettingWish {
        name: name.into(),
        kind,
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        unit: String::new(),
        min: 0,
        max,
        default,
    };
    let column = |name: &str| ColumnWish { name: name.into(), entity: Entity::Family, kind: Kind::U8, required: true };
    Description {
        name: "tiny".into(),
        version: "1.0.0".into(),
        unit: Unit::Family,
        columns: vec![column("decile"), column("member_count")],
        settings: vec![
            setting("max_decile", SettingKind::Integer, &[], 10, None),
            setting("amount", SettingKind::Integer, &[], 10_000_000, None),
            setting("strict", SettingKind::Flag, &[], 1, Some(Value::Integer(0))),
            setting("scope", SettingKind::Choice, &["kk", "person"], 1, Some(Value::Integer(0))),
            setting("not_with", SettingKind::Choices, &["permakanan", "klj"], 3, Some(Value::Integer(3))),
            setting("codes", SettingKind::Codes, &[], 18, Some(Value::Codes(vec![5, 7]))),
            setting("months_paid", SettingKind::Integer, &[], 12, None),
        ],
        criteria: vec![part("decile_within", &[0], &[0]), part("members_complete", &[1], &[])],
        components: vec![part("cash", &[], &[1, 6])],
        score_parts: vec![part("decile", &[0], &[])],
        score: (0, 100),
        amount: (0, 120_000_000),
    }
}

fn drawn(errors: &[Error]) {
    for lang in [Lang::Id, Lang::En] {
        assert!(!draw_all(errors, lang, false).is_empty());
    }
    for error in errors {
        assert!(matches!(error.fault, Fault::Rules | Fault::Plugin), "{error}");
    }
}

/// A rule file or, behind a first byte `o`, the operator's file.
pub(crate) fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let dictionary = Dictionary::embedded();
    if let Some(text) = text.strip_prefix("o\n") {
        if let Err(errors) = Operator::parse(Path::new("rules/operator.toml"), text, dictionary) {
            drawn(&errors);
        }
        return;
    }
    against(text, described());
}

fn against(text: &str, description: Description) {
    let operator = Operator::open_handed(&["tiny"]);
    let site = Site {
        dictionary: Dictionary::embedded(),
        regions: Regions::embedded(),
        operator: &operator,
        period: Period::Quarter(2026, 3),
    };
    match program::load_one(Path::new("rules/tiny.toml"), text, &Shelf(description), &site) {
        Ok(program) => drop(serde_json::to_value(program::show(&program)).expect("a program is shown")),
        Err(errors) => drawn(&errors),
    }
}

/// A description as a plugin could give it, held to its limits; one that passes is
/// believed by the check of a rule file and by the schema.
pub(crate) fn description(bytes: &[u8]) {
    let said = Said(bytes).description();
    match sandbox::check_description(&said) {
        Err(error) => assert_eq!(error.fault, Fault::Plugin, "{error}"),
        Ok(()) => {
            let schema = program::schema::rules_of(&said);
            assert!(schema.is_object());
            against(include_str!("../rules/good.toml"), said);
        }
    }
}

/// Makes a description of bytes.
struct Said<'a>(&'a [u8]);

impl Said<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> i64 {
        match self.byte() {
            0 => i64::MIN,
            255 => i64::MAX,
            254 => (0..8).fold(0, |all, _| all << 8 | i64::from(self.byte())),
            small => i64::from(small) - 8,
        }
    }

    fn text(&mut self) -> String {
        const WORDS: [&str; 16] = [
            "decile",
            "member_count",
            "max_decile",
            "amount",
            "strict",
            "scope",
            "not_with",
            "codes",
            "months_paid",
            "decile_within",
            "members_complete",
            "cash",
            "tiny",
            "1.0.0",
            "receives.pkh",
            "kk",
        ];
        let length = usize::from(self.byte());
        match length {
            0..=15 => WORDS[length].to_owned(),
            _ => {
                let take = (length - 16).min(self.0.len());
                let (now, rest) = self.0.split_at(take);
                self.0 = rest;
                String::from_utf8_lossy(now).into_owned()
            }
        }
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        let length = self.byte() % 80;
        (0..length).take_while(|_| !self.0.is_empty()).collect::<Vec<_>>().into_iter().map(|_| one(self)).collect()
    }

    fn parts(&mut self) -> Vec<Part> {
        let place = |said: &mut Self| u16::from(said.byte());
        self.list(|said| Part { code: said.text(), columns: said.list(place), settings: said.list(place) })
    }

    fn setting(&mut self) -> SettingWish {
        let kinds =
            [SettingKind::Integer, SettingKind::Flag, SettingKind::Choice, SettingKind::Choices, SettingKind::Codes];
        SettingWish {
            name: self.text(),
            kind: kinds[usize::from(self.byte() % 5)],
            options: self.list(Said::text),
            unit: self.text(),
            min: self.number(),
            max: self.number(),
            default: match self.byte() % 3 {
                0 => None,
                1 => Some(Value::Integer(self.number())),
                _ => Some(Value::Codes(self.list(Said::number))),
            },
        }
    }

    fn description(mut self) -> Description {
        let kinds = [Kind::Bits, Kind::U8, Kind::U16, Kind::U32, Kind::S32, Kind::S64, Kind::Set];
        let side = |byte: u8| if byte.is_multiple_of(2) { Entity::Family } else { Entity::Member };
        Description {
            name: self.text(),
            version: self.text(),
            unit: if self.byte().is_multiple_of(2) { Unit::Family } else { Unit::Person },
            columns: self.list(|said| ColumnWish {
                name: said.text(),
                entity: side(said.byte()),
                kind: kinds[usize::from(said.byte() % 7)],
                required: said.byte().is_multiple_of(2),
            }),
            settings: self.list(Said::setting),
            criteria: self.parts(),
            components: self.parts(),
            score_parts: self.parts(),
            score: (self.number(), self.number()),
            amount: (self.number(), self.number()),
        }
    }
}
