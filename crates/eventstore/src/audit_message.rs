//! Messages to audit: many events in one, each with what is kept beside it.
//!
//! Audit needs every event of everybody, and with each the context and the details that subscribers do not
//! get. So it has a work queue of its own ([`crate::transport::AUDIT`]), on which a message holds whatever
//! a relay publishes at once: for JetStream and for audit a message costs about the same however much
//! is in it.
//!
//! # Format
//!
//! Event after event; each is five fields: its canonical bytes, the salt of its context's commitment and
//! its context, the salt of its details' commitment and its details. A field is its length as a big-endian
//! uint32, then its bytes; salt and part are empty where an event has no such part.

use bytes::{Buf, Bytes};
use contract::{Salt, Sealed, Service};

/// At most so many bytes in a message, unless one event has more: NATS takes 1 MiB by default.
const BYTES: usize = 512 * 1024;

/// At most so many events in a message: as many as a relay publishes at once.
pub(crate) const EVENTS: usize = 512;

/// An event on its way to audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventWithParts {
    /// Its canonical bytes.
    pub event: Bytes,
    /// Its context, if it has one and it was not erased.
    pub context: Option<Sealed>,
    /// Its details, if it has any and they were not erased.
    pub details: Option<Sealed>,
}

impl EventWithParts {
    /// How many bytes it takes in a message: five lengths, and what they are of.
    fn size(&self) -> usize {
        let part = |sealed: &Sealed| sealed.salt.0.len() + sealed.bytes.len();
        let parts = [&self.context, &self.details];
        20 + self.event.len() + parts.into_iter().flatten().map(part).sum::<usize>()
    }
}

/// Bytes that are no message to audit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a message of events to audit: {0}")]
pub struct InvalidAuditMessage(&'static str);

/// The subject of a service's messages to audit: `mandate.audit.<service>`.
pub fn subject(service: Service) -> String {
    format!("mandate.audit.{service}")
}

/// The service whose messages have this subject.
pub fn service_of(subject: &str) -> Option<Service> {
    Service::ALL
        .into_iter()
        .find(|service| subject.strip_prefix("mandate.audit.") == Some(service.name()))
}

/// Writes a message.
pub fn write<'e>(events: impl IntoIterator<Item = &'e EventWithParts>) -> Vec<u8> {
    let mut message = Vec::new();
    for EventWithParts { event, context, details } in events {
        put(&mut message, event);
        for part in [context, details] {
            let part = part.as_ref();
            put(&mut message, part.map_or(&[], |sealed| &sealed.salt.0));
            put(&mut message, part.map_or(&[], |sealed| &sealed.bytes));
        }
    }
    message
}

fn put(message: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).expect("events and their parts are far below 4 GiB");
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(field);
}

/// Reads a message. The events share its memory.
///
/// # Errors
/// When the bytes are no message to audit.
pub fn read(message: &Bytes) -> Result<Vec<EventWithParts>, InvalidAuditMessage> {
    let mut rest = message.clone();
    let mut events = Vec::new();
    while !rest.is_empty() {
        if events.len() == EVENTS {
            return Err(InvalidAuditMessage("it has more than 512 events"));
        }
        let event = take(&mut rest)?;
        let (context, details) = (take_part(&mut rest)?, take_part(&mut rest)?);
        events.push(EventWithParts { event, context, details });
    }
    Ok(events)
}

fn take_part(rest: &mut Bytes) -> Result<Option<Sealed>, InvalidAuditMessage> {
    let (salt, part) = (take(rest)?, take(rest)?);
    if salt.is_empty() && part.is_empty() {
        return Ok(None);
    }
    let salt = salt.as_ref().try_into();
    let salt = salt.map_err(|_| InvalidAuditMessage("a salt has 32 bytes"))?;
    Ok(Some(Sealed { salt: Salt(salt), bytes: part.to_vec() }))
}

fn take(rest: &mut Bytes) -> Result<Bytes, InvalidAuditMessage> {
    let length = rest.try_get_u32().ok();
    let length = length.and_then(|length| usize::try_from(length).ok());
    match length {
        Some(length) if length <= rest.len() => Ok(rest.split_to(length)),
        _ => Err(InvalidAuditMessage("it ends within a field")),
    }
}

/// Events in groups that fit into a message each.
pub(crate) fn divide<T>(
    events: &[T],
    content: impl Fn(&T) -> &EventWithParts,
) -> impl Iterator<Item = &[T]> {
    let mut rest = events;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(EVENTS).take_while(|event| {
            bytes += content(event).size();
            bytes <= BYTES
        });
        let count = fits.count().max(1).min(rest.len());
        let (group, others) = rest.split_at(count);
        rest = others;
        (!group.is_empty()).then_some(group)
    })
}

#[cfg(test)]
mod tests {
    use contract::{Context, Environment};
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = EventWithParts> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
        let part = || {
            let sealed = (any::<[u8; 32]>(), bytes());
            proptest::option::of(
                sealed.prop_map(|(salt, bytes)| Sealed { salt: Salt(salt), bytes }),
            )
        };
        (bytes(), part(), part()).prop_map(|(event, context, details)| EventWithParts {
            event: event.into(),
            context,
            details,
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(events in proptest::collection::vec(event(), 0..20)) {
            prop_assert_eq!(read(&write(&events).into()), Ok(events));
        }

        #[test]
        fn a_message_that_was_tampered_with_is_refused_or_read_and_never_more(
            events in proptest::collection::vec(event(), 1..5),
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
        fn a_message_that_was_cut_is_refused(events in proptest::collection::vec(event(), 1..5), cut in 1..20_usize) {
            let message = write(&events);
            // Every event has twenty bytes of lengths: so short a cut leaves part of the last one.
            let shorter = Bytes::from(message).slice(..write(&events).len() - cut);
            prop_assert!(read(&shorter).is_err());
        }
    }

    #[test]
    fn sealed_parts_come_with_the_event_they_are_bound_to() {
        let environment = Environment::system();
        let seal = |request: &str| {
            let request_id = Some(request.to_owned());
            Some(Sealed::seal(&Context { request_id, ..Context::default() }, &environment))
        };
        let event = EventWithParts {
            event: Bytes::from_static(b"{}"),
            context: seal("of the context"),
            details: seal("of the details"),
        };
        assert_eq!(read(&write([&event]).into()).unwrap(), [event]);
    }

    fn alone(size: usize) -> EventWithParts {
        EventWithParts { event: vec![0; size].into(), context: None, details: None }
    }

    fn sizes(events: &[EventWithParts]) -> Vec<usize> {
        divide(events, |event| event).map(<[_]>::len).collect()
    }

    #[test]
    fn a_message_holds_what_fits_and_always_one() {
        let sizes = |sizes: &[usize]| {
            super::tests::sizes(&sizes.iter().copied().map(alone).collect::<Vec<_>>())
        };
        assert_eq!(sizes(&[10, 10, 10]), [3]);
        assert_eq!(sizes(&[BYTES - 60, 10, 10]), [2, 1]);
        assert_eq!(sizes(&[10, BYTES + 1, 10]), [1, 1, 1]);
        assert!(sizes(&[]).is_empty());
    }

    #[test]
    fn an_event_counts_with_its_parts() {
        let part = Sealed { salt: Salt([0; 32]), bytes: vec![0; BYTES / 2] };
        let details = EventWithParts { details: Some(part.clone()), ..alone(10) };
        let context = EventWithParts { context: Some(part), ..alone(10) };
        assert_eq!(details.size(), write([&details]).len());
        assert_eq!(sizes(&[details, context]), [1, 1]);
    }

    #[test]
    fn a_message_has_no_more_events_than_a_relay_publishes_at_once() {
        let events = vec![alone(1); EVENTS + 1];
        assert_eq!(sizes(&events), [EVENTS, 1]);
        assert_eq!(read(&write(&events[1..]).into()).unwrap().len(), EVENTS);
        assert!(read(&write(&events).into()).is_err());
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
