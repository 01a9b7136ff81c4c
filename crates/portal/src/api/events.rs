//! `/v1/events`, as far as pages of apps tell of them.

use axum::http::{HeaderValue, Method};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::ids::{AppId, EventId};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An event and its place in the log.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedEvent {
    pub(crate) position: i64,
    pub(crate) event: Event,
    /// What people typed, as long as it is kept.
    #[serde(default)]
    pub(crate) details: Option<Map<String, Value>>,
}

/// The event, as its producer recorded it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    pub(crate) id: Option<EventId>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) time: DateTime<Utc>,
    /// `user/<id>`, `app/<id>`, `system/<service>`, or `anonymous`.
    pub(crate) actor: String,
    pub(crate) data: Map<String, Value>,
}

/// A page of the log.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Events {
    pub(crate) items: Vec<RecordedEvent>,
    pub(crate) next_cursor: Option<String>,
}

impl RecordedEvent {
    /// A number that the event tells.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.event.data.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// A word that the event tells.
    pub(crate) fn word(&self, name: &str) -> &str {
        self.event.data.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What somebody typed, as long as it is kept.
    pub(crate) fn typed(&self, name: &str) -> Option<&str> {
        self.details.as_ref().and_then(|details| details.get(name)).and_then(Value::as_str)
    }
}

impl Events {
    /// The newest of these types, which are named as in `key.created`.
    pub(crate) fn newest(&self, names: &[&str]) -> Option<&RecordedEvent> {
        self.items.iter().find(|item| names.contains(&item.event.name()))
    }
}

impl Event {
    /// Its type as far as it tells events apart: `key.created` of `mandate.key.created.v1`.
    pub(crate) fn name(&self) -> &str {
        let name = self.kind.strip_prefix("mandate.").and_then(|kind| kind.strip_suffix(".v1"));
        name.unwrap_or(&self.kind)
    }
}

/// A page of the events that concern an app, newest first: of these types, or all.
pub(crate) async fn of_app(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    types: Option<&str>,
    cursor: Option<&str>,
) -> Result<Events, ApiError> {
    let app = app.to_string();
    let mut query = vec![("app_id", app.as_str()), ("limit", "40")];
    query.extend(types.map(|types| ("type", types)));
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let question = Question::new(Method::GET, super::with_query("/v1/events", &query)).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// What has happened to one thing, newest first: up to 200 events of the stream `<aggregate>/<id>`.
pub(crate) async fn of_stream(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    stream: &str,
) -> Result<Events, ApiError> {
    let query = [("stream", stream), ("limit", "200")];
    let question = Question::new(Method::GET, super::with_query("/v1/events", &query)).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// The proof that an event is in the log, as a file (c2sp.org/tlog-proof).
pub(crate) async fn proof(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: EventId,
) -> Result<(HeaderValue, Bytes), ApiError> {
    let question = Question::new(Method::GET, format!("/v1/events/{id}/proof")).of(token);
    api.bytes(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Events>("LogPage");
        answer::<RecordedEvent>("RecordedEvent");
    }
}
