//! What is found in the audit log.

use std::collections::BTreeMap;

use serde_json::Value;
use stage::{Client, eventually};

/// An event as `GET /v1/events` shows it.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its place in the log.
    pub position: i64,
    /// The event.
    pub event: Value,
    /// From where it was caused, if the reader may know.
    pub context: Option<Value>,
}

impl Event {
    /// Its type without what all types share, such as `app.created`.
    ///
    /// # Panics
    /// When it is no type of ours.
    pub fn kind(&self) -> &str {
        let kind = self.attribute("type");
        let plain = kind.strip_prefix("mandate.").and_then(|kind| kind.strip_suffix(".v1"));
        plain.unwrap_or_else(|| panic!("{kind} is no type of ours"))
    }

    /// A text attribute.
    ///
    /// # Panics
    /// When it has none of this name.
    pub fn attribute(&self, name: &str) -> &str {
        self.event[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.event))
    }

    /// Its place in its stream.
    ///
    /// # Panics
    /// When it has none.
    pub fn version(&self) -> i64 {
        self.event["streamversion"].as_i64().unwrap()
    }

    /// A field of its fact.
    pub fn fact(&self, name: &str) -> &Value {
        &self.event["data"][name]
    }
}

/// All events that the reader finds by this query, in the order of recording.
pub async fn all(reader: &Client, query: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut cursor = None;
    loop {
        let mut path = format!("/v1/events?{query}&order=asc&limit=200");
        if let Some(cursor) = cursor {
            path = format!("{path}&cursor={cursor}");
        }
        let page = reader.get(&path).await.expect(200).json;
        for item in page["items"].as_array().unwrap() {
            events.push(Event {
                position: item["position"].as_i64().unwrap(),
                event: item["event"].clone(),
                context: item.get("context").cloned(),
            });
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return events;
        }
    }
}

/// Waits until the reader finds at least these kinds of events by this query, each as often as it
/// is named here; gives all that is found then.
pub async fn found(reader: &Client, query: &str, kinds: &[&str]) -> Vec<Event> {
    eventually(&format!("the events {kinds:?}"), async || {
        let events = all(reader, query).await;
        let seen = count(events.iter().map(Event::kind));
        let missing: Vec<_> = count(kinds.iter().copied())
            .into_iter()
            .filter(|(kind, wanted)| seen.get(kind).copied().unwrap_or(0) < *wanted)
            .collect();
        if missing.is_empty() {
            Ok(events)
        } else {
            Err(format!("missing {missing:?}, found {seen:?}"))
        }
    })
    .await
}

/// Waits for an event of this kind that meets a condition.
pub async fn one(
    reader: &Client,
    query: &str,
    kind: &str,
    condition: impl Fn(&Event) -> bool,
) -> Event {
    eventually(&format!("a {kind}"), async || {
        let events = all(reader, &format!("{query}&type=mandate.{kind}.v1")).await;
        let found = events.iter().find(|event| condition(event));
        found.cloned().ok_or_else(|| format!("{events:#?}"))
    })
    .await
}

/// How often each comes.
pub fn count<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counted = BTreeMap::new();
    for item in items {
        *counted.entry(item).or_default() += 1;
    }
    counted
}

/// That the versions of every stream are 1, 2, 3 … in this order.
///
/// # Panics
/// When one is missing, doubled or out of order.
pub fn assert_dense(events: &[Event]) {
    let mut heads: BTreeMap<&str, i64> = BTreeMap::new();
    for event in events {
        let head = heads.entry(event.attribute("subject")).or_default();
        *head += 1;
        assert_eq!(event.version(), *head, "{}", event.event);
    }
}
