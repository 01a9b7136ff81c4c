//! How an event is shown.

use contract::{Context, Envelope, Salt, Sealed};
use serde::Serialize;
use serde_json::value::RawValue;
use service::{Caller, Problem};
use utoipa::ToSchema;

use crate::policy::Reader;
use crate::store::entries::Recorded;

/// An event and its place in the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordedEvent)]
pub(super) struct Item {
    /// Its place in the log: 1, 2, 3 … in the order of recording, without gaps.
    #[schema(minimum = 1)]
    position: i64,
    /// The event as its producer recorded it (CloudEvents 1.0), byte for byte.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    /// From where it was caused. Only shown to operators and to whoever caused it, and only as long
    /// as it was not erased; it matches the event's `contexthash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ItemContext>,
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
}

impl Item {
    pub(super) fn of(recorded: Recorded, reader: &Reader) -> Result<Self, Problem> {
        let context = if reader.sees_context(&recorded.actor) { context(&recorded) } else { None };
        let text = String::from_utf8(recorded.envelope).map_err(Problem::internal)?;
        let event = RawValue::from_string(text).map_err(Problem::internal)?;
        Ok(Self { position: recorded.position, event, context })
    }
}

/// The context, if it is kept and belongs to the event: it was checked when it was recorded, and a table
/// can be tampered with.
fn context(recorded: &Recorded) -> Option<ItemContext> {
    let salt = recorded.salt.as_deref()?.try_into().ok()?;
    let sealed = Sealed { salt: Salt(salt), bytes: recorded.context.clone()? };
    if !commits_to(&recorded.envelope, &sealed) {
        tracing::warn!(
            position = recorded.position,
            "a context does not belong to its event; it is not shown"
        );
        return None;
    }
    let Context { address, user_agent, request_id, claimed_name } =
        serde_json::from_slice(&sealed.bytes).ok()?;
    Some(ItemContext { address, user_agent, request_id, claimed_name })
}

/// Whether this event commits to this context.
fn commits_to(event: &[u8], sealed: &Sealed) -> bool {
    Envelope::parse(event).is_ok_and(|event| event.contexthash == Some(sealed.hash()))
}

/// The caller, as policy sees them.
pub(super) fn reader(caller: &Caller) -> Reader {
    Reader {
        person: caller.person_id,
        operator: caller.operator,
        memberships: caller.memberships.iter().map(|of| (of.organization_id, of.role)).collect(),
    }
}
