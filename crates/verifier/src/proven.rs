//! The event that a proof is of, as it is told to whoever verifies the proof.

use std::fmt;

use chrono::SecondsFormat;
use contract::Envelope;
use serde::Serialize;

/// The event that a proof is of.
#[derive(Debug, Serialize)]
pub(crate) struct Proven {
    /// Its position in the log, counted from 1.
    entry: u64,
    /// The same, counted from 0.
    index: u64,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    /// Its stream, as `<aggregate>/<id>`.
    stream: String,
    version: i32,
    /// When it happened, as it says.
    time: String,
}

impl Proven {
    pub(crate) fn of(index: u64, event: &Envelope) -> Self {
        Self {
            entry: index + 1,
            index,
            id: event.id.to_string(),
            kind: event.kind.clone(),
            stream: event.subject.clone(),
            version: event.streamversion.into(),
            time: event.time.to_rfc3339_opts(SecondsFormat::Micros, true),
        }
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, stream, version, time, .. } = self;
        write!(f, "it is the event {id}: {kind}, version {version} of {stream}, at {time}")
    }
}
