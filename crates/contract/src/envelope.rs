//! A fact as a CloudEvent (CloudEvents 1.0, structured JSON).
//!
//! The canonical bytes (RFC 8785) are made once, when the event is recorded; they are what is
//! stored, published, hashed into the log and proved. Nobody serializes an event a second time.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::actor::Actor;
use crate::commitment::Commitment;
use crate::facts::Fact;
use crate::ids::{CorrelationId, EventId, OrganizationId, Service};
use crate::plain_envelope::PlainEnvelope;
use crate::provenance::{Authority, Provenance};
use crate::trace::TraceParent;

/// The largest event, in bytes: an entry's length is a uint16 in the log's entry bundles
/// (C2SP tlog-tiles), so a larger one is refused at its producer.
pub const MAX_EVENT_BYTES: usize = 65_535;

/// The `Content-Type` of an event.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The place of an event in its stream: 1, 2, 3 … without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i32", try_from = "i64")]
pub struct Version(i32);

/// A number that is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no version; the first is 1")]
pub struct InvalidVersion(i64);

impl TryFrom<i64> for Version {
    type Error = InvalidVersion;
    fn try_from(number: i64) -> Result<Self, InvalidVersion> {
        Self::new(number).ok_or(InvalidVersion(number))
    }
}

impl From<Version> for i32 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl Version {
    /// The version of a stream's first event.
    pub const FIRST: Self = Self(1);

    /// The version with this number, if it is 1 or more. (CloudEvents integers have 32 bits.)
    pub fn new(number: i64) -> Option<Self> {
        i32::try_from(number).ok().filter(|n| *n >= 1).map(Self)
    }

    /// The version that comes after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The version that comes before; `None` before the first.
    pub const fn previous(self) -> Option<Self> {
        if self.0 > 1 { Some(Self(self.0 - 1)) } else { None }
    }

    /// The number, as Postgres keeps it.
    pub const fn number(self) -> i64 {
        self.0 as i64
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event as others see it.
///
/// The fields stand in the order of their names on the wire: see [`Envelope::canonical`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Who.
    pub actor: Actor,
    /// Why they were allowed.
    pub authority: Authority,
    /// The event this one follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<EventId>,
    /// The commitment to the personal context kept beside the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexthash: Option<Commitment>,
    /// What belongs together.
    pub correlationid: CorrelationId,
    /// The fact.
    pub data: serde_json::Value,
    /// `application/json`.
    pub datacontenttype: Cow<'static, str>,
    /// Where the schema of `data` is: `urn:mandate:schema:<type>`; the files are in `docs/events`.
    pub dataschema: String,
    /// The commitment to the details kept beside the event: what people typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detailshash: Option<Commitment>,
    /// The event's id.
    pub id: EventId,
    /// On whose behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// The service that recorded it, as `/mandate/<service>`.
    #[serde(serialize_with = "source_to_text", deserialize_with = "source_from_text")]
    pub source: Service,
    /// Always `1.0`.
    pub specversion: Cow<'static, str>,
    /// The place in the stream.
    pub streamversion: Version,
    /// The stream, as `<aggregate>/<id>`.
    pub subject: String,
    /// When it happened.
    #[serde(serialize_with = "time_to_text")]
    pub time: DateTime<Utc>,
    /// The trace of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
    /// The event's type, such as `mandate.app.created.v1`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Where an event stands: its id, its place in its stream, its time and its recorder.
#[derive(Debug, Clone, Copy)]
pub struct EventHeader {
    /// The event's id.
    pub id: EventId,
    /// The id of its stream.
    pub stream: Uuid,
    /// Its place in the stream.
    pub version: Version,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The service that records it.
    pub source: Service,
}

/// What is kept beside an event, as the event carries it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Commitments {
    /// To its context.
    pub context: Option<Commitment>,
    /// To its details.
    pub details: Option<Commitment>,
}

/// Bytes that are no event of ours, or an event that cannot be one.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the JSON of an envelope.
    #[error("not a Mandate event: {0}")]
    Malformed(#[source] serde_json::Error),
    /// The attribute `subject` names no stream.
    #[error("the event's subject `{0}` is not <aggregate>/<id>")]
    Subject(String),
    /// The fact is of another type.
    #[error("the event is a {found}, not a {expected}")]
    OtherType {
        /// The type that was asked for.
        expected: &'static str,
        /// The event's type.
        found: String,
    },
    /// More than [`MAX_EVENT_BYTES`].
    #[error("the event has {size} bytes; at most {MAX_EVENT_BYTES} fit")]
    TooLarge {
        /// The size of its canonical bytes.
        size: usize,
    },
    /// Other bytes say the same: its hash would not be that of the event.
    #[error("the event is not in canonical form (RFC 8785)")]
    NotCanonical,
    /// Its type belongs in another stream, or is none.
    #[error("the event is a {kind}, which does not belong in a stream of {stream_kind}")]
    Misplaced {
        /// The event's type.
        kind: String,
        /// The kind of its stream.
        stream_kind: String,
    },
    /// It says what none of its type can.
    #[error("the event is a {kind}, and {what}")]
    Impossible {
        /// The event's type.
        kind: &'static str,
        /// Why it cannot be one.
        what: &'static str,
    },
}

impl Envelope {
    /// The envelope of a fact that takes this place in its stream.
    ///
    /// # Errors
    /// When the fact cannot be JSON.
    pub fn of<F: Fact>(
        header: &EventHeader,
        provenance: &Provenance,
        commitments: Commitments,
        fact: &F,
    ) -> Result<Self, EnvelopeError> {
        Ok(Self {
            specversion: Cow::Borrowed("1.0"),
            id: header.id,
            source: header.source,
            kind: F::TYPE.to_owned(),
            subject: format!("{}/{}", F::AGGREGATE, header.stream),
            time: header.time,
            datacontenttype: Cow::Borrowed("application/json"),
            dataschema: format!("urn:mandate:schema:{}", F::TYPE),
            organization: provenance.organization,
            actor: provenance.actor,
            authority: provenance.authority.clone(),
            streamversion: header.version,
            correlationid: provenance.correlation,
            causationid: provenance.causation,
            contexthash: commitments.context,
            detailshash: commitments.details,
            traceparent: provenance.traceparent,
            data: serde_json::to_value(fact).map_err(EnvelopeError::Malformed)?,
        })
    }

    /// Reads an event.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_slice(bytes).map_err(EnvelopeError::Malformed)?;
        envelope.stream()?;
        Ok(envelope)
    }

    /// The canonical bytes (RFC 8785), at most [`MAX_EVENT_BYTES`].
    ///
    /// Written by the plain serializer, many times faster than a canonicalizer, because here they
    /// agree: the fields stand in the order of their names, `serde_json` sorts the keys of `data`
    /// and escapes as RFC 8785 section 3.2.2.2 does, and a fact's numbers are integers (a fraction
    /// takes the slow way). The property test below holds it to the canonicalizer.
    pub fn canonical(&self) -> Result<Vec<u8>, EnvelopeError> {
        let bytes = if is_plain(&self.data) {
            serde_json::to_vec(self)
        } else {
            serde_json_canonicalizer::to_vec(self)
        };
        let bytes = bytes.map_err(EnvelopeError::Malformed)?;
        if bytes.len() > MAX_EVENT_BYTES {
            return Err(EnvelopeError::TooLarge { size: bytes.len() });
        }
        Ok(bytes)
    }

    /// Whether these bytes, of which it was read, are the canonical form of what they say, each attribute spelled as we
    /// do. Those that a later version adds are not in our envelope: of them the canonicalizer decides.
    pub fn is_canonically(&self, bytes: &[u8]) -> bool {
        let is_plain = bytes.len() <= MAX_EVENT_BYTES && PlainEnvelope::read(bytes).is_some();
        is_plain || self.is_serialized_as(bytes)
    }

    /// The same, found by writing it anew.
    pub(crate) fn is_serialized_as(&self, bytes: &[u8]) -> bool {
        let Ok(ours) = self.canonical() else { return false };
        if ours == bytes {
            return true;
        }
        let object = |bytes| serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(bytes);
        let (Ok(all), Ok(ours)) = (object(bytes), object(&ours)) else { return false };
        ours.iter().all(|(name, value)| all.get(name) == Some(value))
            && serde_json_canonicalizer::to_vec(&all).is_ok_and(|canonical| canonical == bytes)
    }

    /// Whether the id in its subject is written as we do: in lower case, with hyphens.
    pub fn is_subject_canonical(&self) -> bool {
        let mut buffer = Uuid::encode_buffer();
        self.stream().is_ok_and(|(kind, id)| {
            self.subject[kind.len() + 1..] == *id.hyphenated().encode_lower(&mut buffer)
        })
    }

    /// The stream: the aggregate's kind and id.
    pub fn stream(&self) -> Result<(&str, Uuid), EnvelopeError> {
        let invalid = || EnvelopeError::Subject(self.subject.chars().take(100).collect());
        let (kind, id) = self.subject.split_once('/').ok_or_else(invalid)?;
        let id = Uuid::parse_str(id).map_err(|_| invalid())?;
        Ok((kind, id))
    }

    /// The id of the stream. A parsed envelope always has one.
    pub fn stream_id(&self) -> Uuid {
        self.stream().map_or(Uuid::nil(), |(_, id)| id)
    }

    /// The fact, if it is of this type.
    pub fn fact<F: Fact + DeserializeOwned>(&self) -> Result<F, EnvelopeError> {
        if self.kind != F::TYPE {
            return Err(EnvelopeError::OtherType { expected: F::TYPE, found: self.kind.clone() });
        }
        serde_json::from_value(self.data.clone()).map_err(EnvelopeError::Malformed)
    }

    /// Where a service's reaction to this event comes from: the correlation and trace go on, the event is the
    /// cause.
    pub fn reaction(&self, service: Service) -> Provenance {
        let mut provenance = Provenance::system(service, self.organization, self.correlationid);
        provenance.causation = Some(self.id);
        provenance.traceparent = self.traceparent;
        provenance
    }

    /// The NATS subject under which the event is published.
    pub fn nats_subject(&self) -> String {
        nats_subject(self.organization, &self.kind, self.stream_id())
    }
}

/// `mandate.events.<organization>.<aggregate>.<event>.<id>`; what belongs to no organization has
/// `platform` in its header.
pub fn nats_subject(organization: Option<OrganizationId>, kind: &str, stream: Uuid) -> String {
    // mandate.<aggregate>.<event>.v1: the two words in the middle.
    let mut parts = kind.split('.').skip(1);
    let (aggregate, event) = (parts.next().unwrap_or("unknown"), parts.next().unwrap_or("unknown"));
    match organization {
        Some(organization) => format!("mandate.events.{organization}.{aggregate}.{event}.{stream}"),
        None => format!("mandate.events.platform.{aggregate}.{event}.{stream}"),
    }
}

/// Whether both serializers write the same: integers that a double holds exactly, and keys of ASCII, whose order is the
/// same in UTF-8 as in UTF-16, in that order. They are not where another crate of the build wants `serde_json` to keep
/// the order in which keys came (its feature `preserve_order`), which is one for all.
fn is_plain(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number <= EXACT,
            (None, Some(number)) => number.unsigned_abs() <= EXACT,
            (None, None) => false,
        },
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(fields) => {
            fields.keys().is_sorted()
                && fields.iter().all(|(key, value)| key.is_ascii() && is_plain(value))
        }
    }
}

fn time_to_text<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn source_to_text<S: Serializer>(source: &Service, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(source.source())
}

fn source_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Service, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests;
