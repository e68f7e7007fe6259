//! A family file to start from, with every fact that programs read, explained.
//!
//! Takes the columns that the site's programs read; gives commented TOML in one
//! language, and the JSON Schema of such files for editors.

use serde_json::{Map, Value as Json, json};

use super::words::UNKNOWN;
use super::{AGE, FamilyFile, writable};
use crate::columns::{Column, Dictionary, Entity, Kind};
use crate::terms::{Date, Lang, Period};

/// A plain couple with a child, and each fact that may be written, as a comment.
#[must_use]
pub fn template(read: &[&Column], as_of: Date, period: Period, lang: Lang) -> String {
    let word = |id: &'static str, en: &'static str| match lang {
        Lang::Id => id,
        Lang::En => en,
    };
    let list = |entity: Entity| {
        let given = ["decile", "relation", "birth_date", "sex"];
        let of = read.iter().filter(|c| c.entity == entity && writable(c) && !given.contains(&c.name.as_str()));
        of.map(|column| wrapped(&line(column, lang))).collect::<String>()
    };
    let about = word(
        "# Keluarga rekaan. Ubah, lalu nilai dengan semua program: layak family judge BERKAS\n#\n\
         # `unwritten` = apa yang dianggap bila tidak ditulis: \"plain\" (keluarga biasa tanpa\n\
         # temuan pada daftar apa pun) atau \"not known\". Satu fakta dapat ditulis \"not known\".\n",
        "# A hypothetical family. Edit it, then judge it by all programs: layak family judge FILE\n#\n\
         # `unwritten` = what is taken where nothing is written: \"plain\" (an ordinary family, on\n\
         # no list) or \"not known\". A single fact can be written \"not known\", too.\n",
    );
    let more_family = word("# Fakta keluarga yang dibaca program:\n", "# Facts of the family that programs read:\n");
    let more_member = word(
        "# Fakta anggota yang dibaca program; tulis di bawah [[members]] yang dimaksud:\n",
        "# Facts of a member that programs read; write them below the [[members]] meant:\n",
    );
    let (head, spouse, child) = (word("Kepala keluarga", "Head"), word("Istri/suami", "Spouse"), word("Anak", "Child"));
    let (male, female) = (word("Laki-laki", "Male"), word("Perempuan", "Female"));
    let member = |relation: &str, age: u8, sex: &str| {
        format!("[[members]]\nrelation = \"{relation}\"\n{AGE} = {age}\nsex = \"{sex}\"\n\n")
    };
    format!(
        "{about}\nas_of = \"{as_of}\"\nperiod = \"{period}\"\nunwritten = \"plain\"\n\n\
         [family]\ndecile = 3\n{more_family}{}\n{}{}{}{more_member}{}",
        list(Entity::Family),
        member(head, 38, male),
        member(spouse, 35, female),
        member(child, 5, female),
        list(Entity::Member)
    )
}

/// A comment of at most 100 letters a line.
fn wrapped(text: &str) -> String {
    let mut out = String::from("#");
    let mut length = 1;
    for word in text.split(' ') {
        if length + 1 + word.chars().count() > 100 {
            out.push_str("\n#    ");
            length = 5;
        }
        out.push(' ');
        out.push_str(word);
        length += 1 + word.chars().count();
    }
    out.push('\n');
    out
}

/// One fact: an example of its value, what it means, what it may be.
fn line(column: &Column, lang: Lang) -> String {
    let name = if column.name.contains('.') { format!("\"{}\"", column.name) } else { column.name.clone() };
    let codes = || {
        let one = |code: &crate::columns::Code| {
            format!("{} {}", code.code, if lang == Lang::Id { &code.id } else { &code.en })
        };
        column.codes.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let (example, may) = match (column.kind, column.unit.as_str()) {
        (Kind::Set, _) => (String::from("[]"), codes()),
        (Kind::Bits, _) => (String::from("false"), String::new()),
        _ if !column.codes.is_empty() => {
            (column.codes.first().map(|code| code.code.to_string()).unwrap_or_default(), codes())
        }
        (_, "date") => (String::from("2026-08-01"), String::new()),
        (_, "quarter") => (String::from("\"2021Q3\""), String::new()),
        (_, "month") => (String::from("\"2025-03\""), String::new()),
        _ => match column.range {
            Some((least, most)) => (least.to_string(), format!("{least}..{most}")),
            None => (String::from("0"), String::new()),
        },
    };
    let meaning = column.meaning.get(lang);
    let may = if may.is_empty() { may } else { format!(": {may}") };
    format!("{name} = {example}  # {meaning}{may}")
}

/// The JSON Schema of family files: every fact with its codes.
#[must_use]
pub fn schema(dictionary: &Dictionary) -> Json {
    let mut schema = schemars::schema_for!(FamilyFile).to_value();
    let facts = |entity: Entity| -> Json {
        let columns = dictionary.iter().filter(|(_, column)| column.entity == entity && writable(column));
        let mut map: Map<String, Json> = columns.map(|(_, column)| (column.name.clone(), fact(column))).collect();
        if entity == Entity::Member {
            map.insert(
                AGE.to_owned(),
                json!({ "description": "Completed years, instead of birth_date",
                        "anyOf": [{ "type": "integer", "minimum": 0, "maximum": 120 }, { "enum": UNKNOWN }] }),
            );
        }
        json!({ "type": "object", "properties": map, "additionalProperties": false })
    };
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("family".into(), facts(Entity::Family));
        properties.insert("members".into(), json!({ "type": "array", "minItems": 1, "items": facts(Entity::Member) }));
    }
    schema
}

fn fact(column: &Column) -> Json {
    let codes: Vec<Json> = column
        .codes
        .iter()
        .flat_map(|code| {
            let mut all = vec![json!(code.code), json!(code.id)];
            if code.en != code.id {
                all.push(json!(code.en));
            }
            all
        })
        .collect();
    let value = match (column.kind, column.unit.as_str()) {
        (Kind::Set, _) => json!({ "type": "array", "items": { "enum": codes }, "uniqueItems": true }),
        (Kind::Bits, _) => json!({ "type": "boolean" }),
        _ if !codes.is_empty() => json!({ "enum": codes }),
        (_, "date") => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        (_, "quarter") => json!({ "type": "string", "pattern": "^[0-9]{4}Q[1-4]$" }),
        (_, "month") => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$" }),
        _ => {
            let (least, most) = column.range.unwrap_or_else(|| column.kind.bounds());
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
    };
    let meaning = format!("{} / {}", column.meaning.id, column.meaning.en);
    json!({ "description": meaning, "anyOf": [value, { "enum": UNKNOWN }] })
}
