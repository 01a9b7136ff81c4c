//! Redaction: an answer without what differs from run to run, for a snapshot to hold.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Answer;

/// The headers that are part of what an endpoint promises.
const SHOWN: [&str; 11] = [
    "allow",
    "cache-control",
    "content-disposition",
    "content-type",
    "etag",
    "idempotent-replayed",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
    "x-mandate-log-size",
];

/// Fields whose values are random whatever they look like.
const RANDOM: [&str; 8] =
    ["hint", "kid", "x", "y", "contexthash", "detailshash", "traceparent", "jti"];

/// The answer to this question with `[app-id]`, `[time]`, `[client-secret]` and the like in place of
/// ids, times, tokens and secrets. The same id has the same name wherever it stands; another of the
/// same kind has a number (`[app-id-2]`).
pub fn redacted(answer: &Answer) -> Value {
    let mut redaction = Redaction::default();
    let asked = redaction.text("", &answer.asked());
    let (path, _) = asked.split_once('?').unwrap_or((&asked, ""));
    let collection = path.split('/').rfind(|part| *part == "people" || part.ends_with('s'));
    let collection = singular(collection.unwrap_or_default());
    let mut headers = Map::new();
    for name in SHOWN {
        if answer.headers.contains_key(name) {
            let value = redaction.text(name, answer.header(name));
            headers.insert(name.to_owned(), value.into());
        }
    }
    let body = if answer.json.is_null() && !answer.body.is_empty() {
        redaction.text("", &answer.text()).into()
    } else {
        redaction.value(&collection, "", &answer.json)
    };
    json!({
        "asked": asked, "status": answer.status.as_u16(), "headers": headers, "body": body,
    })
}

/// The names that were given.
#[derive(Default)]
struct Redaction {
    names: BTreeMap<String, String>,
    kinds: BTreeMap<String, usize>,
}

impl Redaction {
    /// A value of this field, of a thing of this kind.
    fn value(&mut self, thing: &str, field: &str, value: &Value) -> Value {
        match value {
            Value::String(_) if RANDOM.contains(&field) => json!(format!("[{field}]")),
            Value::String(text) if field == "next_cursor" && !text.is_empty() => json!("[cursor]"),
            Value::String(text) => {
                let kind = match field {
                    "id" if thing.is_empty() => "id".to_owned(),
                    "id" => format!("{thing}-id"),
                    field => field.replace('_', "-"),
                };
                self.text(&kind, text).into()
            }
            Value::Array(values) => {
                values.iter().map(|value| self.value(thing, field, value)).collect()
            }
            Value::Object(fields) => {
                let thing =
                    if matches!(field, "" | "items") { thing.to_owned() } else { singular(field) };
                // Sorted, whatever serde_json is built to do: the numbers follow the order.
                let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
                let redacted = sorted
                    .into_iter()
                    .map(|(field, value)| (field.clone(), self.value(&thing, field, value)));
                Value::Object(redacted.collect())
            }
            other => other.clone(),
        }
    }

    /// A text in which words are replaced; one that is an id, but not of what stands before it in a
    /// path, is of this kind.
    fn text(&mut self, kind: &str, text: &str) -> String {
        let mut redacted = String::new();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.:+".contains(c);
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            redacted.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let word = rest[..end].trim_end_matches(['.', ':']);
            let name = self.word(kind, &text[..text.len() - rest.len()], word);
            redacted.push_str(name.as_deref().unwrap_or(word));
            rest = &rest[word.len().max(1)..];
            if word.is_empty() {
                // Punctuation alone.
                redacted.push_str(&text[text.len() - rest.len() - 1..text.len() - rest.len()]);
            }
        }
        redacted + rest
    }

    /// What is written for a word, if it differs from run to run.
    fn word(&mut self, kind: &str, before: &str, word: &str) -> Option<String> {
        if before.ends_with("cursor=") {
            return Some("[cursor]".to_owned());
        }
        if DateTime::parse_from_rfc3339(word).is_ok() {
            return Some("[time]".to_owned());
        }
        let kind = if let Some(secret) = word.strip_prefix("mandate_") {
            match secret.split_once('_')? {
                ("pat", _) => "api-token",
                ("cs", _) => "client-secret",
                ("cl", _) => "link-token",
                (other, _) => other,
            }
            .to_owned()
        } else if word.starts_with("eyJ") && word.matches('.').count() == 2 {
            "access-token".to_owned()
        } else if Uuid::parse_str(word).is_ok() {
            if let Some(query) = before.strip_suffix('=') {
                let name = query.rsplit(['?', '&']).next().unwrap_or_default();
                name.replace('_', "-")
            } else {
                let path = before.strip_suffix('/');
                let collection = path.and_then(|path| path.rsplit(['/', '"']).next());
                collection
                    .map_or(kind.to_owned(), |collection| format!("{}-id", singular(collection)))
            }
        } else {
            return None;
        };
        if let Some(name) = self.names.get(word) {
            return Some(name.clone());
        }
        let number = self.kinds.entry(kind.clone()).or_default();
        *number += 1;
        let name = if *number == 1 { format!("[{kind}]") } else { format!("[{kind}-{number}]") };
        self.names.insert(word.to_owned(), name.clone());
        Some(name)
    }
}

/// What one of a collection is called.
fn singular(collection: &str) -> String {
    let one = match collection {
        "people" => "person",
        other => other.strip_suffix('s').unwrap_or(other),
    };
    one.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Method, StatusCode};

    use super::*;

    const APP: &str = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001";
    const OTHER: &str = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0002";

    fn answer(path: &str, headers: &[(&'static str, String)], body: &Value) -> Value {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        redacted(&Answer::new(
            Method::GET,
            path.to_owned(),
            StatusCode::OK,
            headers,
            body.to_string().into(),
        ))
    }

    #[test]
    fn an_id_has_one_name_wherever_it_stands() {
        let body = json!({
            "id": APP, "organization_id": OTHER, "detail": format!("The app {APP} is gone."),
            "key": { "id": "0192aaaabbbb7ccc8dddeeeeffff0003" },
        });
        let location = ("location", format!("/v1/apps/{APP}"));
        let answer = answer(&format!("/v1/apps?organization_id={OTHER}"), &[location], &body);
        assert_eq!(answer["asked"], "GET /v1/apps?organization_id=[organization-id]");
        assert_eq!(answer["headers"]["location"], "/v1/apps/[app-id]");
        assert_eq!(answer["body"]["id"], "[app-id]");
        assert_eq!(answer["body"]["organization_id"], "[organization-id]");
        assert_eq!(answer["body"]["detail"], "The app [app-id] is gone.");
        assert_eq!(answer["body"]["key"]["id"], "[key-id]");
    }

    #[test]
    fn others_of_the_same_kind_are_numbered() {
        let answer = answer("/v1/apps", &[], &json!({ "items": [{ "id": APP }, { "id": OTHER }] }));
        assert_eq!(answer["body"]["items"], json!([{ "id": "[app-id]" }, { "id": "[app-id-2]" }]));
    }

    #[test]
    fn times_secrets_and_cursors_are_named_by_what_they_are() {
        let body = json!({
            "detail": "Used at 2025-06-15T15:06:40Z.", "client_secret": "mandate_cs_abc",
            "url": "https://consent.example.com/consent/mandate_cl_abc", "hint": "abcd",
            "next_cursor": "abc", "access_token": "eyJh.eyJi.c-_d",
        });
        let link = ("link", "</v1/apps?limit=2&cursor=abc>; rel=\"next\"".to_owned());
        let answer = answer("/v1/apps", &[link], &body);
        assert_eq!(answer["headers"]["link"], "</v1/apps?limit=2&cursor=[cursor]>; rel=\"next\"");
        let redacted = json!({
            "detail": "Used at [time].", "client_secret": "[client-secret]",
            "url": "https://consent.example.com/consent/[link-token]", "hint": "[hint]",
            "next_cursor": "[cursor]", "access_token": "[access-token]",
        });
        assert_eq!(answer["body"], redacted);
    }
}
