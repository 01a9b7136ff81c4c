//! W3C trace context: the `traceparent` that is carried from a request through NATS into events.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::environment::Environment;

/// A `traceparent` of version 00 (W3C Trace Context, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: [u8; 16],
    parent_id: [u8; 8],
    flags: u8,
}

/// A header that is no `traceparent` of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent of version 00")]
pub struct InvalidTraceParent;

impl TraceParent {
    /// Starts a new, sampled trace.
    pub fn start(environment: &Environment) -> Self {
        Self { trace_id: environment.bytes(), parent_id: environment.bytes(), flags: 1 }
    }

    /// The next step of the same trace.
    #[must_use]
    pub fn child(&self, environment: &Environment) -> Self {
        Self { parent_id: environment.bytes(), ..*self }
    }

    /// The trace id in hex, as log lines show it.
    pub fn trace_id(&self) -> String {
        hex::encode(self.trace_id)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{}-{}-{:02x}",
            hex::encode(self.trace_id),
            hex::encode(self.parent_id),
            self.flags
        )
    }
}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;
    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidTraceParent);
        }
        let mut parts = text.split('-');
        let (Some("00"), Some(trace), Some(parent), Some(flags), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidTraceParent);
        };
        let mut parsed = Self { trace_id: [0; 16], parent_id: [0; 8], flags: 0 };
        let mut flag = [0; 1];
        hex::decode_to_slice(trace, &mut parsed.trace_id).map_err(|_| InvalidTraceParent)?;
        hex::decode_to_slice(parent, &mut parsed.parent_id).map_err(|_| InvalidTraceParent)?;
        hex::decode_to_slice(flags, &mut flag).map_err(|_| InvalidTraceParent)?;
        parsed.flags = flag[0];
        if parsed.trace_id == [0; 16] || parsed.parent_id == [0; 8] {
            return Err(InvalidTraceParent);
        }
        Ok(parsed)
    }
}

impl Serialize for TraceParent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceParent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_example_reads_back_as_itself() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), text);
    }

    #[test]
    fn zero_ids_other_versions_and_capitals_are_refused() {
        for text in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert!(text.parse::<TraceParent>().is_err(), "{text}");
        }
    }
}
