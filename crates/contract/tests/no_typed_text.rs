//! What an event holds is kept for ever: ids, enumerations, numbers, times, hashes, names of the catalogue,
//! and nothing that anybody typed. Held against the schema of every event type.

use contract::facts;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A field in an event's data that holds a string, as a schema of its own.
struct StringField {
    /// Such as `mandate.app.created.v1: domains[].level`.
    name: String,
    takes: Validator,
}

/// The keywords of JSON Schema that are looked at, or admit no strings.
const KEYWORDS: [&str; 22] = [
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "default",
];

/// What fields are called that hold what people type. One lower-case word of theirs could as well be a name
/// of the catalogue, so no pattern would tell.
const TYPED: [&str; 6] = ["name", "label", "description", "title", "words", "text"];

/// The strings of a schema, down through lists, objects, choices and references.
fn strings(name: &str, schema: &Value, definitions: &Value, found: &mut Vec<StringField>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let definition = reference.strip_prefix("#/$defs/").expect("references are local");
        return strings(name, &definitions[definition], definitions, found);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        for schema in schema[choice].as_array().into_iter().flatten() {
            strings(name, schema, definitions, found);
        }
    }
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        strings(&format!("{name}.{field}"), schema, definitions, found);
    }
    if schema["items"].is_object() {
        strings(&format!("{name}[]"), &schema["items"], definitions, found);
    }
    for keyword in schema.as_object().into_iter().flat_map(|schema| schema.keys()) {
        assert!(
            KEYWORDS.contains(&keyword.as_str()),
            "{name} has `{keyword}`: nobody looks into it"
        );
    }
    let more = &schema["additionalProperties"];
    assert!(more.is_null() || *more == false, "{name} is a map: its keys are strings");
    let called = name.rsplit('.').next().unwrap_or_default();
    assert!(!TYPED.contains(&called.trim_end_matches("[]")), "{name} is what people type");
    let of_type = &schema["type"];
    let kinds = of_type.as_array().map_or(std::slice::from_ref(of_type), Vec::as_slice);
    let is_open = schema.is_boolean()
        || schema.as_object().is_some_and(|schema| {
            ["type", "enum", "const", "anyOf", "oneOf", "allOf"]
                .iter()
                .all(|key| !schema.contains_key(*key))
        });
    assert!(!is_open, "{name} takes anything");
    if kinds.iter().any(|kind| *kind == "string") {
        let options = jsonschema::options().should_validate_formats(true);
        let mut schema = schema.clone();
        schema["type"] = json!("string");
        let takes = options.build(&schema).expect("it is a schema");
        found.push(StringField { name: name.to_owned(), takes });
    }
}

fn string_fields() -> Vec<StringField> {
    let mut found = Vec::new();
    for event in facts::all() {
        let schema = serde_json::to_value(&event.schema).expect("a schema is JSON");
        strings(event.name, &schema, &schema["$defs"], &mut found);
    }
    found
}

/// What people type for a name, a label, a reason: some words, or one that is no identifier.
fn typed_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Z][a-z]{1,9} [A-Za-z]{2,9}",
        "[a-z]{1,9}'s [a-z]{1,9}",
        "[a-z]{1,8}@[a-z]{1,8}\\.(com|fr)",
        "\\PC{0,6}[éüßñ日本語][a-z ]{0,9}",
        "[A-Za-z]{1,9}[!?.,:;] [a-z]{0,9}",
    ]
}

proptest! {
    #[test]
    fn no_field_of_any_event_takes_what_people_type(text in typed_text()) {
        thread_local! {
            static FIELDS: Vec<StringField> = string_fields();
        }
        let text = Value::String(text);
        FIELDS.with(|fields| {
            for field in fields {
                prop_assert!(!field.takes.is_valid(&text), "{} takes {text}", field.name);
            }
            Ok(())
        })?;
    }
}

#[test]
fn every_event_type_is_looked_at() {
    let fields = string_fields();
    for event in facts::all() {
        // Every fact names at least the stream it belongs to.
        assert!(fields.iter().any(|field| field.name.starts_with(event.name)), "{}", event.name);
    }
}

#[test]
fn a_name_in_an_event_would_be_noticed() {
    let schema = json!({ "type": "object", "properties": { "called": { "type": "string" } } });
    let mut found = Vec::new();
    strings("x", &schema, &Value::Null, &mut found);
    assert!(found[0].takes.is_valid(&json!("Shelf Optimizer")));
}

#[test]
fn what_is_not_looked_into_is_refused() {
    for schema in [
        json!({ "type": "object", "properties": { "label": { "type": "string", "pattern": "^[a-z]+$" } } }),
        json!({ "type": "array", "prefixItems": [{ "type": "string" }] }),
        json!({ "type": "object", "patternProperties": { "": { "type": "string" } } }),
        json!({ "type": "object", "additionalProperties": true }),
    ] {
        let looked =
            std::panic::catch_unwind(|| strings("x", &schema, &Value::Null, &mut Vec::new()));
        assert!(looked.is_err(), "{schema}");
    }
}
