//! The published shape of `--json`, and a checker of just the words that our
//! schemas use: a schema with another word fails, so that nothing goes unchecked.

use std::fs;

use serde_json::{Map, Value, json};

use crate::tidy::top;

/// Words that say something to people only.
const TALK: [&str; 6] = ["$schema", "$defs", "title", "description", "default", "format"];

/// What in a document does not fit its schema; keys that the schema does not name count too.
pub(crate) fn faults(document: &Value, schema: &Value) -> Vec<String> {
    let mut out = Vec::new();
    check(document, schema, schema, "$", &mut out);
    out
}

fn check(value: &Value, schema: &Value, root: &Value, at: &str, out: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            out.push(format!("{at}: nothing is allowed here"));
        }
        return;
    };
    for (word, said) in schema {
        match word.as_str() {
            "$ref" => {
                let there = said.as_str().and_then(|path| root.pointer(path.strip_prefix('#')?));
                check(value, there.unwrap_or_else(|| panic!("{said} leads nowhere")), root, at, out);
            }
            "type" => {
                let any = said.as_array().cloned().unwrap_or_else(|| vec![said.clone()]);
                if !any.iter().any(|kind| is(value, kind.as_str().unwrap())) {
                    out.push(format!("{at}: {value} is not {said}"));
                }
            }
            "enum" if !said.as_array().unwrap().contains(value) => out.push(format!("{at}: {value} is not of {said}")),
            "const" if said != value => out.push(format!("{at}: {value} is not {said}")),
            "minimum" if value.as_i64().is_some_and(|n| n < said.as_i64().unwrap()) => {
                out.push(format!("{at}: {value} is below {said}"));
            }
            "maximum" if value.as_i64().is_some_and(|n| n > said.as_i64().unwrap()) => {
                out.push(format!("{at}: {value} is above {said}"));
            }
            "minItems" if value.as_array().is_some_and(|all| (all.len() as u64) < said.as_u64().unwrap()) => {
                out.push(format!("{at}: fewer than {said}"));
            }
            "maxItems" if value.as_array().is_some_and(|all| (all.len() as u64) > said.as_u64().unwrap()) => {
                out.push(format!("{at}: more than {said}"));
            }
            "anyOf" | "oneOf" => {
                let fits = |one: &Value| {
                    let mut own = Vec::new();
                    check(value, one, root, at, &mut own);
                    own.is_empty()
                };
                if !said.as_array().unwrap().iter().any(fits) {
                    out.push(format!("{at}: {value} fits none of {said}"));
                }
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(item, said, root, &format!("{at}[{n}]"), out);
                }
            }
            "required" => {
                let missing = |key: &&Value| value.is_object() && value.get(key.as_str().unwrap()).is_none();
                out.extend(said.as_array().unwrap().iter().filter(missing).map(|key| format!("{at}: no {key}")));
            }
            "properties" | "additionalProperties" => {}
            "enum" | "const" | "minimum" | "maximum" | "minItems" | "maxItems" => {}
            talk if TALK.contains(&talk) => {}
            other => panic!("nobody checks `{other}` at {at}"),
        }
    }
    keys(value, schema, root, at, out);
}

fn keys(value: &Value, schema: &Map<String, Value>, root: &Value, at: &str, out: &mut Vec<String>) {
    let named = schema.get("properties").and_then(Value::as_object);
    let rest = schema.get("additionalProperties");
    for (key, inside) in value.as_object().into_iter().flatten() {
        match (named.and_then(|named| named.get(key)), rest) {
            (Some(own), _) | (None, Some(own)) => check(inside, own, root, &format!("{at}.{key}"), out),
            (None, None) if named.is_some() => out.push(format!("{at}: `{key}` is not in the schema")),
            (None, None) => {}
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type `{other}`"),
    }
}

#[test]
fn the_checker_finds_what_does_not_fit() {
    let schema = json!({
        "type": "object", "required": ["a"], "$defs": {"n": {"type": "integer", "minimum": 0}},
        "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"anyOf": [{"type": "null"}, {"type": "string"}]}},
    });
    assert!(faults(&json!({"a": 1, "b": null}), &schema).is_empty());
    for wrong in [json!({}), json!({"a": -1}), json!({"a": "1"}), json!({"a": 1, "b": 2}), json!({"a": 1, "c": 2})] {
        assert_eq!(faults(&wrong, &schema).len(), 1, "{wrong}");
    }
}

/// One file for scripts: the schema of each verb, each a resource of its own.
#[test]
fn the_schema_of_what_verbs_print_is_current() {
    let mut verbs = Map::new();
    for (verb, mut schema) in layak::commands::schemas() {
        let id = format!("urn:layak:output:{}", verb.replace([' ', '-'], "_"));
        schema.as_object_mut().unwrap().insert("$id".to_owned(), Value::String(id));
        verbs.insert(verb.to_owned(), schema);
    }
    let all = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What each verb of layak prints with --json",
        "$defs": verbs,
    });
    let text = format!("{}\n", serde_json::to_string_pretty(&all).unwrap());
    let path = top().join("schema/output.schema.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} is not current; run with BLESS=1", path.display());
}
