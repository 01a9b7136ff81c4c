//! Whether the structs that read the API's answers agree with `docs/openapi.json`.
#![cfg(test)]

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap());

/// A struct reads every answer of this schema: with all that can be in it, and with what must be alone. What it reads
/// the schema has, so that a page waits for nothing that never comes.
pub(crate) fn answer<T: DeserializeOwned>(schema: &str) {
    let schema = &DOCUMENT["components"]["schemas"][schema];
    assert!(schema.is_object(), "docs/openapi.json has no such schema");
    for whole in [true, false] {
        let example = example(schema, whole);
        if let Err(error) = serde_json::from_value::<T>(example.clone()) {
            panic!("{error}: {example:#}");
        }
    }
    let fields = fields::of::<T>();
    let known = properties(schema);
    for field in fields {
        assert!(known.contains_key(*field), "the schema has no {field}");
    }
}

/// The properties of a schema, with those of what it consists of or can be.
fn properties(schema: &Value) -> Map<String, Value> {
    let schema = resolve(schema);
    let mut found = schema["properties"].as_object().cloned().unwrap_or_default();
    for parts in ["allOf", "oneOf"] {
        for part in schema[parts].as_array().into_iter().flatten() {
            found.extend(properties(part));
        }
    }
    found
}

fn resolve(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolve(DOCUMENT.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

/// A value of a schema: with everything, or with as little as it may have.
fn example(schema: &Value, whole: bool) -> Value {
    if schema["$ref"] == "#/components/schemas/ClientId" {
        return json!("5be20c94a7f1483d9e6f01c8d37a42b6");
    }
    let schema = resolve(schema);
    if let Some(value) = schema["enum"].get(0).or_else(|| schema.get("const")) {
        return value.clone();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| example(part, whole));
        let objects = parts.filter_map(|part| part.as_object().cloned());
        return Value::Object(objects.flatten().chain(object(schema, whole)).collect());
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let is_null = |one: &&Value| one["type"] == "null";
            let found = if whole {
                choices.iter().find(|one| !is_null(one))
            } else {
                choices.iter().find(is_null)
            };
            return example(found.unwrap_or(&choices[0]), whole);
        }
    }
    match kind(schema, whole) {
        "object" => Value::Object(object(schema, whole)),
        "array" if whole => json!([example(&schema["items"], whole)]),
        "array" => json!([]),
        "integer" | "number" => schema["minimum"].as_i64().unwrap_or(1).into(),
        "boolean" => json!(whole),
        "null" => Value::Null,
        "string" => string(schema),
        // Anything.
        _ => json!({}),
    }
}

fn kind(schema: &Value, whole: bool) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) if !whole && kinds.iter().any(|kind| kind == "null") => "null",
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema["properties"].is_object() => "object",
        _ => "",
    }
}

fn object(schema: &Value, whole: bool) -> Map<String, Value> {
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut object: Map<_, _> = properties
        .filter(|(name, _)| whole || required.contains(&name.as_str()))
        .map(|(name, schema)| (name.clone(), example(schema, whole)))
        .collect();
    if whole && schema["additionalProperties"].is_object() {
        object.insert("one".to_owned(), example(&schema["additionalProperties"], whole));
    }
    object
}

fn string(schema: &Value) -> Value {
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    json!(match schema["format"].as_str() {
        Some("date-time") => "2026-11-12T13:04:00Z",
        Some("uuid") => "0195b2a0-0000-7000-8000-000000000001",
        Some("uri") => "https://mandate.example/",
        Some("email") => "developer@larkfield.example",
        _ => "text",
    })
}

/// The names of a struct's fields, as serde knows them.
mod fields {
    use serde::de::value::Error;
    use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};

    struct Names<'a>(&'a mut &'static [&'static str]);

    pub(super) fn of<T: DeserializeOwned>() -> &'static [&'static str] {
        let mut names: &'static [&'static str] = &[];
        let refused = T::deserialize(Names(&mut names));
        assert!(refused.is_err(), "nothing was there to read");
        names
    }

    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("no struct"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Error> {
            *self.0 = fields;
            Err(Error::custom("read"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
}
