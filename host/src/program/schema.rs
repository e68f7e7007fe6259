//! JSON Schema of rule files, for editors.
//!
//! Takes the structs of `written`; gives the schema of every rule file, or,
//! with a plugin's description, the schema of rule files of that plugin.

use serde_json::{Map, Value as Json, json};

use crate::sandbox::{Description, SettingKind, SettingWish};

use super::operator::OperatorTable;
use super::settings;
use super::written::RuleTable;

/// The schema of any rule file.
#[must_use]
pub fn rules() -> Json {
    schemars::schema_for!(RuleTable).to_value()
}

/// The schema of `operator.toml`.
#[must_use]
pub fn operator() -> Json {
    schemars::schema_for!(OperatorTable).to_value()
}

/// The schema of rule files of one plugin: its settings with type, bounds and
/// unit, its criteria, components and score parts by name.
#[must_use]
pub fn rules_of(plugin: &Description) -> Json {
    let mut schema = rules();
    let parts = |codes: &[crate::sandbox::Part], table: &str| {
        let map: Map<String, Json> =
            codes.iter().map(|part| (part.code.clone(), json!({ "$ref": format!("#/$defs/{table}") }))).collect();
        let required: Vec<&str> = codes.iter().map(|part| part.code.as_str()).collect();
        json!({ "type": "object", "properties": map, "required": required, "additionalProperties": false })
    };
    let wishes: Map<String, Json> = plugin.settings.iter().map(|wish| (wish.name.clone(), setting(wish))).collect();
    let needed: Vec<&str> = plugin
        .settings
        .iter()
        .filter(|wish| wish.default.is_none() && wish.name != "months_paid")
        .map(|wish| wish.name.as_str())
        .collect();
    let unknown: Map<String, Json> =
        plugin.criteria.iter().map(|part| (part.code.clone(), json!({ "$ref": "#/$defs/UnknownWord" }))).collect();
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("plugin".into(), json!({ "const": plugin.name }));
        properties.insert(
            "settings".into(),
            json!({ "type": "object", "properties": wishes, "required": needed, "additionalProperties": false }),
        );
        properties.insert(
            "unknown".into(),
            json!({ "type": "object", "properties": unknown, "additionalProperties": false }),
        );
        properties.insert("criteria".into(), parts(&plugin.criteria, "CriterionTable"));
        properties.insert("components".into(), parts(&plugin.components, "PartTable"));
        properties.insert("score_parts".into(), parts(&plugin.score_parts, "PartTable"));
    }
    schema
}

fn setting(wish: &SettingWish) -> Json {
    let number = json!({ "type": "integer", "minimum": wish.min, "maximum": wish.max });
    let option = json!({ "enum": wish.options });
    let value = match wish.kind {
        SettingKind::Integer => number,
        SettingKind::Flag => json!({ "type": "boolean" }),
        SettingKind::Choice => option,
        SettingKind::Choices => json!({ "type": "array", "items": option, "uniqueItems": true }),
        SettingKind::Codes => json!({ "type": "array", "items": number, "uniqueItems": true }),
    };
    let period = json!({ "type": "string", "pattern": "^[0-9]{4}(Q[1-4]|-(0[1-9]|1[0-2]))$" });
    let filled = json!({ "type": "string", "minLength": 1 });
    let mut schema = json!({
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": { "from": period, "until": period, "value": value, "source": filled, "conflict": filled },
            "required": ["from", "value", "source"],
            "additionalProperties": false,
        },
    });
    if let Some(map) = schema.as_object_mut() {
        if !wish.unit.is_empty() {
            map.insert("description".into(), json!(wish.unit));
        }
        if let Some(default) = &wish.default {
            map.insert("x-default".into(), json!(settings::shown(wish, default)));
        }
    }
    schema
}
