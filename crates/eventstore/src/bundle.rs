//! How events travel to audit: many in a message, each with its context.
//!
//! Audit needs every event of everybody, and with each the personal data that nobody else may see.
//! So it has a work queue of its own ([`crate::transport::AUDIT`]), on which a message holds whatever
//! a relay publishes at once: for JetStream and for audit a message costs about the same however much
//! is in it.
//!
//! # Format
//!
//! Event after event; each is three parts: its canonical bytes, the salt of its commitment, and its
//! context. A part is its length as a big-endian uint32, then its bytes; salt and context of an event
//! without context are empty.

use bytes::{Buf, Bytes};
use contract::{Salt, Sealed, Service};

use crate::store::{OutboxEvent, PUBLISHED_AT_ONCE};

/// At most so many bytes in a message, unless one event has more: NATS takes 1 MiB by default.
const BYTES: usize = 512 * 1024;

/// At most so many events in a message: as many as a relay publishes at once.
const EVENTS: usize = PUBLISHED_AT_ONCE;

/// An event on its way to audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// Its canonical bytes.
    pub event: Bytes,
    /// Its context, if it has one and it was not erased.
    pub context: Option<Sealed>,
}

impl From<&OutboxEvent> for Bundled {
    fn from(event: &OutboxEvent) -> Self {
        Self { event: event.envelope.clone(), context: event.context.clone() }
    }
}

/// A message that is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a bundle of events: {0}")]
pub struct InvalidBundle(&'static str);

/// The subject of a service's bundles: `mandate.audit.<service>`.
pub fn subject(service: Service) -> String {
    format!("mandate.audit.{service}")
}

/// The service whose bundles have this subject.
pub fn service_of(subject: &str) -> Option<Service> {
    Service::ALL
        .into_iter()
        .find(|service| subject.strip_prefix("mandate.audit.") == Some(service.name()))
}

/// Writes a message.
pub fn write<'e>(events: impl IntoIterator<Item = &'e Bundled>) -> Vec<u8> {
    let mut message = Vec::new();
    for Bundled { event, context } in events {
        let context = context.as_ref();
        put(&mut message, event);
        put(&mut message, context.map_or(&[], |sealed| &sealed.salt.0));
        put(&mut message, context.map_or(&[], |sealed| &sealed.bytes));
    }
    message
}

fn put(message: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).expect("events and contexts are far below 4 GiB");
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(part);
}

/// Reads a message. The events share its memory.
///
/// # Errors
/// When the bytes are no bundle.
pub fn read(message: &Bytes) -> Result<Vec<Bundled>, InvalidBundle> {
    let mut rest = message.clone();
    let mut events = Vec::new();
    while !rest.is_empty() {
        if events.len() == EVENTS {
            return Err(InvalidBundle("it has more than 512 events"));
        }
        let event = take(&mut rest)?;
        let (salt, context) = (take(&mut rest)?, take(&mut rest)?);
        let context = match (salt.len(), context.len()) {
            (0, 0) => None,
            _ => Some(Sealed {
                salt: Salt(
                    salt.as_ref().try_into().map_err(|_| InvalidBundle("a salt has 32 bytes"))?,
                ),
                bytes: context.to_vec(),
            }),
        };
        events.push(Bundled { event, context });
    }
    Ok(events)
}

fn take(rest: &mut Bytes) -> Result<Bytes, InvalidBundle> {
    let length = rest.try_get_u32().ok();
    let length = length.and_then(|length| usize::try_from(length).ok());
    match length {
        Some(length) if length <= rest.len() => Ok(rest.split_to(length)),
        _ => Err(InvalidBundle("it ends within a part")),
    }
}

/// How many bytes an event has in a message: its lengths, and what they are of.
fn size(event: &OutboxEvent) -> usize {
    let part = |sealed: &Sealed| sealed.salt.0.len() + sealed.bytes.len();
    12 + event.envelope.len() + event.context.as_ref().map_or(0, part)
}

/// Events in parts that fit into a message each.
pub(crate) fn parts(events: &[OutboxEvent]) -> impl Iterator<Item = &[OutboxEvent]> {
    let mut rest = events;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(EVENTS).take_while(|event| {
            bytes += size(event);
            bytes <= BYTES
        });
        let count = fits.count().max(1).min(rest.len());
        let (part, others) = rest.split_at(count);
        rest = others;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use contract::{Context, Environment};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn bundled() -> impl Strategy<Value = Bundled> {
        let bytes = proptest::collection::vec(any::<u8>(), 0..200);
        let context = proptest::option::of((any::<[u8; 32]>(), bytes.clone()));
        (bytes, context).prop_map(|(event, context)| Bundled {
            event: event.into(),
            context: context.map(|(salt, bytes)| Sealed { salt: Salt(salt), bytes }),
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(events in proptest::collection::vec(bundled(), 0..20)) {
            prop_assert_eq!(read(&write(&events).into()), Ok(events));
        }

        #[test]
        fn a_bundle_that_was_tampered_with_is_refused_or_read_and_never_more(
            events in proptest::collection::vec(bundled(), 1..5),
            place in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut message = write(&events);
            let place = place.index(message.len());
            message[place] = byte;
            let message = Bytes::from(message);
            if let Ok(events) = read(&message) {
                prop_assert_eq!(write(&events).len(), message.len());
            }
        }

        #[test]
        fn a_bundle_that_was_cut_is_refused(events in proptest::collection::vec(bundled(), 1..5), cut in 1..12_usize) {
            let message = write(&events);
            // Every event has twelve bytes of lengths: so short a cut leaves part of the last one.
            let shorter = Bytes::from(message).slice(..write(&events).len() - cut);
            prop_assert!(read(&shorter).is_err());
        }
    }

    #[test]
    fn a_sealed_context_comes_with_the_event_it_is_bound_to() {
        let sealed = Sealed::seal(&Context::default(), &Environment::system());
        let event = Bundled { event: Bytes::from_static(b"{}"), context: Some(sealed.clone()) };
        let read = read(&write([&event]).into()).unwrap();
        assert_eq!(read[0].context.as_ref().map(Sealed::hash), Some(sealed.hash()));
    }

    fn waiting(size: usize) -> OutboxEvent {
        OutboxEvent {
            seq: 1,
            id: Uuid::nil(),
            organization: None,
            kind: "mandate.app.archived.v1".into(),
            stream_id: Uuid::nil(),
            envelope: vec![0; size].into(),
            context: None,
            details: None,
        }
    }

    #[test]
    fn a_message_holds_what_fits_and_always_one() {
        let sizes = |sizes: &[usize]| -> Vec<usize> {
            let events: Vec<_> = sizes.iter().map(|size| waiting(*size)).collect();
            parts(&events).map(<[_]>::len).collect()
        };
        assert_eq!(sizes(&[10, 10, 10]), [3]);
        assert_eq!(sizes(&[BYTES - 40, 10, 10]), [2, 1]);
        assert_eq!(sizes(&[10, BYTES + 1, 10]), [1, 1, 1]);
        assert!(sizes(&[]).is_empty());
    }

    #[test]
    fn a_message_has_no_more_events_than_a_relay_publishes_at_once() {
        let events = vec![waiting(1); EVENTS + 1];
        let sizes: Vec<usize> = parts(&events).map(<[_]>::len).collect();
        assert_eq!(sizes, [EVENTS, 1]);
        let bundle = |count| write(&vec![Bundled::from(&events[0]); count]).into();
        assert_eq!(read(&bundle(EVENTS)).unwrap().len(), EVENTS);
        assert!(read(&bundle(EVENTS + 1)).is_err());
    }

    #[test]
    fn a_subject_names_its_service() {
        for service in Service::ALL {
            assert_eq!(service_of(&subject(service)), Some(service));
        }
        assert_eq!(service_of("mandate.audit.nobody"), None);
        assert_eq!(service_of("mandate.events.audit"), None);
    }
}
