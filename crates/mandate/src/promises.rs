//! Shows in every operation's description what its extensions say: which events it leaves, who may call it.

use std::fmt::Write as _;

use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use crate::answers::operations;

/// The extensions, and how they are called in the description.
const LISTS: [(&str, &str); 4] = [
    ("x-mandate-events", "Events"),
    ("x-mandate-follows", "Follows"),
    ("x-mandate-refusals", "Refusals"),
    ("x-mandate-roles", "Roles"),
];

/// Adds the lines to the descriptions of all operations.
pub(crate) fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(add_lines);
    }
}

fn add_lines(operation: &mut Operation) {
    let Some(extensions) = &operation.extensions else {
        return;
    };
    let description = operation.description.get_or_insert_default();
    for (name, label) in LISTS {
        if let Some(Value::Array(entries)) = extensions.get(name) {
            let entries: Vec<String> = entries.iter().map(entry).collect();
            let list = if entries.is_empty() { "none".to_owned() } else { entries.join(", ") };
            // Two line breaks: a paragraph each in Markdown.
            let _ = write!(description, "\n\n{label}: {list}.");
        }
    }
}

/// `consent.granted (one per account)`.
fn entry(entry: &Value) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    match (entry.as_str(), text("event"), text("if"), text("per"), entry.get("one_of")) {
        (Some(event), ..) => event.to_owned(),
        (_, Some(event), Some(condition), ..) => format!("{event} (if {condition})"),
        (_, Some(event), _, Some(thing), _) => format!("{event} (one per {thing})"),
        (.., Some(Value::Array(events))) => {
            let events: Vec<&str> = events.iter().filter_map(Value::as_str).collect();
            events.join(" or ")
        }
        _ => entry.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_an_entry_is_worded() {
        for (written, worded) in [
            (json!("app.created"), "app.created"),
            (json!({"event": "a.b", "if": "it was open"}), "a.b (if it was open)"),
            (json!({"event": "a.b", "per": "key"}), "a.b (one per key)"),
            (json!({"one_of": ["a.b", "a.c"]}), "a.b or a.c"),
        ] {
            assert_eq!(entry(&written), worded);
        }
    }

    #[test]
    fn every_operation_of_the_document_ends_with_its_events_and_roles() {
        let mut document = crate::api::document();
        for (path, item) in &mut document.paths.paths {
            for operation in operations(item) {
                let description = operation.description.as_deref().unwrap_or_default();
                let last = description.lines().last().unwrap_or_default();
                assert!(last.starts_with("Roles: "), "{path}: {description}");
                assert!(description.contains("\n\nEvents: "), "{path}: {description}");
            }
        }
    }
}
