//! What keeps an event from being guessed by its hash, which is for everybody.

use serde_json::Value;

use crate::cast::Cast;

/// The events that could be guessed from their hashes, which are for everybody: those that commit to nothing under
/// random bits.
pub(crate) async fn missing(cast: &Cast) -> Vec<String> {
    let events = journeys::events::all(&cast.operator, "").await;
    assert!(events.len() > 1_000, "{}: the walk has left that many", events.len());
    let commits = |event: &Value, to: &str| event.get(to).is_some_and(Value::is_string);
    let events = events.iter().map(|event| &event.event);
    let bare =
        events.filter(|event| !commits(event, "contexthash") && !commits(event, "detailshash"));
    bare.map(|event| format!("can be guessed from its hash: {event}")).collect()
}
