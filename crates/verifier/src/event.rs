//! An entry as an event: what the checks of streams need of it.

use std::borrow::Cow;

use contract::{Envelope, Service};
use uuid::Uuid;

/// An event's id and its place in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) stream: Uuid,
    pub(crate) aggregate: Cow<'static, str>,
    pub(crate) version: i64,
    pub(crate) source: Service,
}

/// Reads an entry: an envelope, in its canonical form and no other.
///
/// # Errors
/// Why it is no event, in words.
pub(crate) fn read(entry: &[u8]) -> Result<Event, String> {
    let envelope = Envelope::parse(entry).map_err(|error| error.to_string())?;
    if !is_canonical(entry, &envelope) {
        return Err("it is not in canonical form (RFC 8785)".to_owned());
    }
    let (aggregate, stream) = envelope.stream().map_err(|error| error.to_string())?;
    let mut buffer = Uuid::encode_buffer();
    if envelope.subject[aggregate.len() + 1..] != *stream.hyphenated().encode_lower(&mut buffer) {
        return Err(format!(
            "its subject {} has a UUID in another form than lower case with hyphens",
            envelope.subject
        ));
    }
    Ok(Event {
        id: envelope.id.uuid(),
        stream,
        aggregate: aggregate.to_owned().into(),
        version: envelope.streamversion.number(),
        source: envelope.source,
    })
}

/// Whether these bytes are the canonical form of what they say. Attributes that a later version adds are not
/// in our envelope: then the canonicalizer decides.
fn is_canonical(entry: &[u8], envelope: &Envelope) -> bool {
    if envelope.canonical().is_ok_and(|canonical| canonical == entry) {
        return true;
    }
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(entry) else { return false };
    serde_json_canonicalizer::to_vec(&value).is_ok_and(|canonical| canonical == entry)
}
