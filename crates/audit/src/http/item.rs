//! How an event is shown.

use chrono::{DateTime, Utc};
use contract::{Context, Envelope, Sealed};
use serde::Serialize;
use serde_json::value::RawValue;
use service::{Caller, Problem};
use utoipa::ToSchema;

use crate::part::Part;
use crate::policy;
use crate::store::entries::Recorded;

/// An event and its place in the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedEvent)]
pub(super) struct Item {
    /// Its place in the log: 1, 2, 3 … in the order of recording, without gaps.
    #[schema(minimum = 1)]
    position: i64,
    /// When it was recorded here. In the order of positions these times never run backwards; `from` and `to` act
    /// on them. When it happened is its `time`.
    recorded_at: DateTime<Utc>,
    /// The event as its producer recorded it (CloudEvents 1.0), byte for byte.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    /// From where it was caused. Only shown to operators and to whoever caused it, and only as long
    /// as it was not erased; it matches the event's `contexthash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ItemContext>,
    /// What people typed: names, labels, descriptions. Only there as long as it was not erased; it matches
    /// the event's `detailshash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<Box<RawValue>>,
}

/// From where an event was caused: personal data, kept beside the event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventContext)]
struct ItemContext {
    /// The caller's network address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The caller's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// The id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The name that was typed in, for attempts by someone unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_name: Option<String>,
    /// Which of their credentials the caller used: `api-token/<id>` or `session/<id>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
}

impl Item {
    pub(super) fn of(recorded: Recorded, caller: &Caller) -> Result<Self, Problem> {
        let context = if policy::sees_context(caller, &recorded.actor) {
            context_of(&recorded)
        } else {
            None
        };
        let details = kept(&recorded, Part::Details).map(|sealed| sealed.bytes.clone());
        Ok(Self {
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            event: json(recorded.envelope)?,
            context,
            details: details.map(json).transpose()?,
        })
    }
}

/// The context, if it is kept and is one.
fn context_of(recorded: &Recorded) -> Option<ItemContext> {
    let sealed = kept(recorded, Part::Context)?;
    let Context { address, user_agent, request_id, claimed_name, credential } =
        serde_json::from_slice(&sealed.bytes).ok()?;
    Some(ItemContext { address, user_agent, request_id, claimed_name, credential })
}

/// The same bytes, as a part of an answer.
fn json(bytes: Vec<u8>) -> Result<Box<RawValue>, Problem> {
    let text = String::from_utf8(bytes).map_err(Problem::internal)?;
    RawValue::from_string(text).map_err(Problem::internal)
}

/// A part, if it is kept and belongs to the event: it was checked when it was recorded, and a table can be
/// tampered with.
fn kept(recorded: &Recorded, part: Part) -> Option<&Sealed> {
    let sealed = recorded.parts.of(part).as_ref()?;
    let event = Envelope::parse(&recorded.envelope).ok()?;
    if part.commitment(&event) != Some(sealed.hash()) {
        let (position, part) = (recorded.position, part.name());
        tracing::warn!(position, part, "a part does not belong to its event; it is not shown");
        return None;
    }
    Some(sealed)
}
