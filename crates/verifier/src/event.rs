//! An entry as an event: what the checks of streams and manifests need of it.

use std::borrow::Cow;

use contract::facts::{LogContinued, LogKeyReplaced, ManifestWritten};
use contract::kinds::is_stream_kind;
use contract::manifest::sha256_hex;
use contract::{Envelope, Fact, IndexColumns, Indexed, Service};
use uuid::Uuid;

use crate::kinds::{self, Place};
use crate::replacement;

/// An event's id and its place in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) stream: Uuid,
    pub(crate) aggregate: Cow<'static, str>,
    pub(crate) version: i32,
    pub(crate) source: Service,
    /// Whether its type belongs there.
    pub(crate) place: Place,
    /// What it says of the log's key, if it says that it was replaced.
    pub(crate) replaced_key: Option<Box<LogKeyReplaced>>,
    /// How many entries of another log this one goes on from, if it says that.
    pub(crate) restored: Option<u64>,
    /// What it says, if it is a manifest.
    pub(crate) manifest: Option<Box<Written>>,
}

/// A manifest as its entry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) manifest: ManifestWritten,
    /// The SHA-256 of the entry.
    pub(crate) hash: String,
}

/// Reads an entry: an envelope, in its canonical form and no other.
///
/// # Errors
/// Why it is no event, in words.
pub(crate) fn read(entry: &[u8]) -> Result<Event, String> {
    let envelope = Envelope::parse(entry).map_err(|error| error.to_string())?;
    if !envelope.is_canonically(entry) {
        return Err("it is not in canonical form (RFC 8785)".to_owned());
    }
    let (aggregate, stream) = envelope.stream().map_err(|error| error.to_string())?;
    if !is_stream_kind(aggregate.as_bytes()) {
        return Err(format!("its subject {} is of no kind of stream", envelope.subject));
    }
    if !envelope.is_subject_canonical() {
        return Err(format!(
            "its subject {} has a UUID in another form than lower case with hyphens",
            envelope.subject
        ));
    }
    let replaced_key = if envelope.kind == LogKeyReplaced::TYPE {
        let said = replacement::said(&envelope).ok_or("it does not say which key was replaced")?;
        Some(Box::new(said))
    } else {
        None
    };
    let restored = if envelope.kind == LogContinued::TYPE {
        let said: LogContinued = envelope.fact().map_err(|error| error.to_string())?;
        Some(said.restored_size)
    } else {
        None
    };
    let manifest = if envelope.kind == ManifestWritten::TYPE {
        let manifest: ManifestWritten = envelope.fact().map_err(|error| error.to_string())?;
        manifest.check().map_err(|what| format!("it is a manifest, and {what}"))?;
        Some(Box::new(Written { manifest, hash: sha256_hex(entry) }))
    } else {
        None
    };
    Ok(Event {
        id: envelope.id.uuid(),
        stream,
        aggregate: aggregate.to_owned().into(),
        version: envelope.streamversion.into(),
        source: envelope.source,
        place: kinds::place(envelope.source, aggregate, &envelope.kind),
        replaced_key,
        restored,
        manifest,
    })
}

/// Reads an entry, with all that it says.
///
/// # Errors
/// Why it is no event, in words.
pub(crate) fn with_envelope(entry: &[u8]) -> Result<(Event, Envelope), String> {
    let event = read(entry)?;
    Ok((event, Envelope::parse(entry).map_err(|error| error.to_string())?))
}

/// What an index is to have of this entry; none if it is no event.
pub(crate) fn columns(entry: &[u8]) -> Option<IndexColumns> {
    let envelope = Envelope::parse(entry).ok()?;
    Some(Indexed::of(&envelope).ok()?.columns())
}
