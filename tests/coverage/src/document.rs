//! The document: its operations, and which answers they promise.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::promise::{Promise, UnclearPromise};

/// An OpenAPI document.
#[derive(Debug)]
pub struct Document(Value);

/// An operation of it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub id: String,
    /// `GET` and so on.
    pub method: String,
    /// Its path, with its parameters as `{name}`.
    pub path: String,
    /// What it promises.
    pub promise: Promise,
    /// Whether it takes an `Idempotency-Key`.
    pub repeatable: bool,
    responses: Value,
}

/// A document that cannot be held against anything.
#[derive(Debug, thiserror::Error)]
pub enum UnclearDocument {
    /// An operation without a name.
    #[error("{0} has no operationId")]
    Unnamed(String),
    /// Two operations of one name.
    #[error("two operations are called {0}")]
    SameName(String),
    /// An operation that does not say what it leaves or who may call it.
    #[error("{0}: {1}")]
    Unclear(String, #[source] UnclearPromise),
    /// No paths.
    #[error("the document has no paths")]
    Empty,
}

impl Document {
    /// A document.
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    /// Its operations by their names.
    ///
    /// # Errors
    /// When one has no name of its own, or does not say clearly what it promises.
    pub fn operations(&self) -> Result<BTreeMap<String, Operation>, UnclearDocument> {
        let mut operations = BTreeMap::new();
        let paths = self.0["paths"].as_object().ok_or(UnclearDocument::Empty)?;
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let place = format!("{} {path}", method.to_uppercase());
                let id = operation["operationId"]
                    .as_str()
                    .ok_or_else(|| UnclearDocument::Unnamed(place.clone()))?;
                let promise = Promise::read(operation)
                    .map_err(|error| UnclearDocument::Unclear(place, error))?;
                let mut parameters = operation["parameters"].as_array().into_iter().flatten();
                let operation = Operation {
                    repeatable: parameters.any(|parameter| parameter["name"] == "Idempotency-Key"),
                    id: id.to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    promise,
                    responses: operation["responses"].clone(),
                };
                if operations.insert(id.to_owned(), operation).is_some() {
                    return Err(UnclearDocument::SameName(id.to_owned()));
                }
            }
        }
        Ok(operations)
    }

    /// References to what is not in the document.
    pub fn dangling_references(&self) -> Vec<String> {
        let mut dangling = Vec::new();
        let mut to_visit = vec![&self.0];
        while let Some(value) = to_visit.pop() {
            match value {
                Value::Object(members) => {
                    let reference = members.get("$ref").and_then(Value::as_str);
                    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
                    if pointer.is_some_and(|pointer| self.0.pointer(pointer).is_none()) {
                        dangling.extend(reference.map(str::to_owned));
                    }
                    to_visit.extend(members.values());
                }
                Value::Array(items) => to_visit.extend(items),
                _ => {}
            }
        }
        dangling
    }

    /// What about an answer is not as the document promises; nothing, if all is.
    pub fn faults(
        &self,
        operation: &Operation,
        status: u16,
        media_type: &str,
        body: &[u8],
    ) -> Vec<String> {
        let promised = &operation.responses[status.to_string()];
        let Some(promised) = promised.as_object() else {
            return vec![format!("{status} is not documented")];
        };
        let Some(contents) = promised.get("content").and_then(Value::as_object) else {
            return if body.is_empty() {
                Vec::new()
            } else {
                vec![format!("{status} is documented without a body")]
            };
        };
        let Some(content) = contents.get(media_type) else {
            return vec![format!("{status} is not documented as `{media_type}`")];
        };
        if !media_type.ends_with("json") {
            return Vec::new();
        }
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return vec!["the body is no JSON".to_owned()];
        };
        match self.validator(&content["schema"]) {
            Ok(validator) => validator
                .iter_errors(&body)
                .map(|error| format!("{status}: {error} at `{}`", error.instance_path()))
                .collect(),
            Err(error) => vec![format!("the schema of {status} is none: {error}")],
        }
    }

    /// A schema of the document; OpenAPI 3.1 has those of JSON Schema 2020-12.
    fn validator(&self, schema: &Value) -> Result<Validator, String> {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        jsonschema::options()
            .should_validate_formats(true)
            .build(&whole)
            .map_err(|error| error.to_string())
    }
}
