//! What a producer recorded, and how it answers those who miss some of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};

use contract::envelope::{Commitments, EventHeader};
use contract::facts::{AppCreated, AppSuspended};
use contract::rpc::{
    AuthenticationMethod, EventDigest, HeadsPage, RepeatEvents, StoredEvent, StreamEvents,
    StreamHead, StreamHeads, UnknownEvents,
};
use contract::{
    AppId, Envelope, Environment, Fact, OrganizationId, Provenance, Sealed, Service, Version,
};
use eventstore::audit_message::EventWithParts;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::acting;

/// What is kept beside an event.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) context: Option<Sealed>,
    pub(crate) details: Option<Sealed>,
}

/// What a producer recorded: in order, as its `events` table has it.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<Row>>>, Repeating);

/// What becomes of events that the producer is asked to publish once more.
#[derive(Clone, Default)]
pub(crate) struct Repeating {
    /// So many questions are refused first.
    pub(crate) refused: Arc<AtomicUsize>,
    /// So many more are granted, and what is published is lost.
    pub(crate) lost: Arc<AtomicUsize>,
}

impl Repeating {
    pub(super) fn refuses(&self) -> bool {
        one_less(&self.refused)
    }

    pub(super) fn loses(&self) -> bool {
        one_less(&self.lost)
    }
}

fn one_less(count: &AtomicUsize) -> bool {
    let less = |count: usize| count.checked_sub(1);
    count.try_update(SeqCst, SeqCst, less).is_ok()
}

/// A stream, a version, an event with its parts.
type Row = (Uuid, Version, EventWithParts);

impl Events {
    /// What becomes of repetitions.
    pub(crate) fn repeating(&self) -> &Repeating {
        &self.1
    }

    /// Loses all of it.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Erases all contexts.
    pub(crate) fn erase_contexts(&self) {
        for (.., event) in self.0.lock().unwrap().iter_mut() {
            event.context = None;
        }
    }

    /// Records as many suspensions of an app, each with a context and details.
    pub(crate) fn with_parts(
        &self,
        env: &Environment,
        organization: OrganizationId,
        count: usize,
    ) -> Vec<EventWithParts> {
        let app_id: AppId = env.new_id();
        let record = |_| {
            let (provenance, parts) = acting(env, env.new_id(), organization);
            self.record_with(env, app_id.uuid(), &provenance, parts, &AppSuspended { app_id })
        };
        (0..count).map(record).collect()
    }

    /// Records the stream's next event, beside which nothing is kept.
    pub(crate) fn record<F: Fact>(
        &self,
        env: &Environment,
        stream: Uuid,
        provenance: &Provenance,
        fact: &F,
    ) -> Vec<u8> {
        self.record_with(env, stream, provenance, Parts::default(), fact).event.to_vec()
    }

    /// Records the stream's next event with these parts.
    pub(crate) fn record_with<F: Fact>(
        &self,
        env: &Environment,
        stream: Uuid,
        provenance: &Provenance,
        parts: Parts,
        fact: &F,
    ) -> EventWithParts {
        let mut events = self.0.lock().unwrap();
        let version = events.iter().filter(|(of, ..)| *of == stream).count() + 1;
        let version = Version::new(i64::try_from(version).unwrap()).unwrap();
        let mut services = Service::ALL.into_iter().rev();
        let source = services.find(|service| service.aggregates().contains(&F::AGGREGATE));
        let header = EventHeader {
            id: env.new_id(),
            stream,
            version,
            time: env.now(),
            source: source.unwrap(),
        };
        let Parts { context, details } = parts;
        let commitments = Commitments {
            context: context.as_ref().map(Sealed::hash),
            details: details.as_ref().map(Sealed::hash),
        };
        let envelope = Envelope::of(&header, provenance, commitments, fact).unwrap();
        let event =
            EventWithParts { event: envelope.canonical().unwrap().into(), context, details };
        events.push((stream, version, event.clone()));
        event
    }

    /// Records as many events of the life of an app.
    pub(crate) fn app(
        &self,
        env: &Environment,
        organization: OrganizationId,
        count: usize,
    ) -> (AppId, Vec<Vec<u8>>) {
        let app_id: AppId = env.new_id();
        let provenance = Provenance::system(Service::AppRegistry, Some(organization), env.new_id());
        let created = AppCreated {
            app_id,
            organization_id: organization,
            authentication_method: AuthenticationMethod::ClientCredentials,
            service: None,
            domains: Vec::new(),
        };
        let mut events = vec![self.record(env, app_id.uuid(), &provenance, &created)];
        for _ in 1..count {
            events.push(self.record(env, app_id.uuid(), &provenance, &AppSuspended { app_id }));
        }
        (app_id, events)
    }

    pub(super) fn stream_events(&self, asked: &StreamEvents) -> Vec<StoredEvent> {
        let events = self.0.lock().unwrap();
        let wanted = events.iter().filter(|(stream, version, ..)| {
            *stream == asked.stream_id && (asked.from..=asked.to).contains(version)
        });
        let stored = |(_, version, event): &Row| StoredEvent {
            version: *version,
            envelope: String::from_utf8(event.event.to_vec()).unwrap(),
        };
        wanted.map(stored).take(256).collect()
    }

    pub(super) fn message(&self, asked: &RepeatEvents) -> Vec<EventWithParts> {
        assert!(asked.to.number() - asked.from.number() < 512, "no producer repeats so many");
        let events = self.0.lock().unwrap();
        let wanted = events.iter().filter(|(stream, version, ..)| {
            *stream == asked.stream_id && (asked.from..=asked.to).contains(version)
        });
        wanted.map(|(.., event)| event.clone()).collect()
    }

    pub(super) fn unknown_of(&self, asked: UnknownEvents) -> Vec<EventDigest> {
        let events = self.0.lock().unwrap();
        let known: BTreeSet<EventDigest> = events
            .iter()
            .map(|(stream_id, version, event)| EventDigest {
                stream_id: *stream_id,
                version: *version,
                sha256: hex::encode(Sha256::digest(&event.event)),
            })
            .collect();
        asked.events.into_iter().filter(|event| !known.contains(event)).collect()
    }

    pub(super) fn stream_heads(&self, asked: &StreamHeads) -> HeadsPage {
        let events = self.0.lock().unwrap();
        let (after, limit) =
            (usize::try_from(asked.after_seq).unwrap(), usize::try_from(asked.limit).unwrap());
        let mut heads = BTreeMap::new();
        for (stream, version, ..) in events.iter().skip(after).take(limit) {
            heads.insert(*stream, *version);
        }
        let last_seq = i64::try_from(events.len().min(after + limit)).unwrap().max(asked.after_seq);
        let heads = heads
            .into_iter()
            .map(|(stream_id, version)| StreamHead { stream_id, version })
            .collect();
        HeadsPage { heads, last_seq, settled_seq: last_seq }
    }
}
