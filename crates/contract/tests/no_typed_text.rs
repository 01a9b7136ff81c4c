//! What an event holds is kept for ever: ids, enumerations, numbers, times, hashes, names of the catalogue,
//! and nothing that anybody typed. Held against the schema of every event type.

use contract::facts;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every place in an event's data that holds a string, as a schema of its own.
struct Place {
    /// Such as `mandate.app.created.v1: domains[].level`.
    name: String,
    takes: Validator,
}

/// The strings of a schema, down through lists, objects, choices and references.
fn strings(name: &str, schema: &Value, definitions: &Value, found: &mut Vec<Place>) {
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
    assert!(!schema["additionalProperties"].is_object(), "{name} is a map: its keys are strings");
    let kinds = [&schema["type"], &schema["type"][0], &schema["type"][1]];
    let is_open = schema.is_boolean()
        || schema.as_object().is_some_and(|schema| {
            ["type", "enum", "const", "anyOf", "oneOf", "allOf"]
                .iter()
                .all(|key| !schema.contains_key(*key))
        });
    assert!(!is_open, "{name} takes anything");
    if kinds.iter().any(|kind| **kind == "string") {
        let options = jsonschema::options().should_validate_formats(true);
        let mut schema = schema.clone();
        schema["type"] = json!("string");
        let takes = options.build(&schema).expect("it is a schema");
        found.push(Place { name: name.to_owned(), takes });
    }
}

fn places() -> Vec<Place> {
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
    fn no_place_of_any_event_takes_what_people_type(text in typed_text()) {
        thread_local! {
            static PLACES: Vec<Place> = places();
        }
        let text = Value::String(text);
        PLACES.with(|places| {
            for place in places {
                prop_assert!(!place.takes.is_valid(&text), "{} takes {text}", place.name);
            }
            Ok(())
        })?;
    }
}

#[test]
fn every_event_type_is_looked_at() {
    let places = places();
    for event in facts::all() {
        // Every fact names at least the stream it belongs to.
        assert!(places.iter().any(|place| place.name.starts_with(event.name)), "{}", event.name);
    }
}

#[test]
fn a_name_in_an_event_would_be_noticed() {
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let mut found = Vec::new();
    strings("x", &schema, &Value::Null, &mut found);
    assert!(found[0].takes.is_valid(&json!("Shelf Optimizer")));
}
