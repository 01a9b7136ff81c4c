//! Writing events: they, their contexts and their outbox row in one statement.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{NewEvent, OutboxEvent, PUBLISHED_AT_ONCE};

/// Events about to be written.
#[derive(Default)]
pub(crate) struct NewEvents(Vec<NewEvent>);

impl NewEvents {
    pub(crate) fn push(&mut self, event: NewEvent) {
        self.0.push(event);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The events as the relay takes them, now that they have these places.
    pub(crate) fn written(self, seqs: &HashMap<Uuid, i64>) -> impl Iterator<Item = OutboxEvent> {
        let written = self.0.into_iter().map(|new| new.event);
        written.filter_map(|event| {
            let seq = *seqs.get(&event.id)?;
            Some(OutboxEvent { seq, ..event })
        })
    }
}

/// Inserts events on a connection, if what is expected holds, and answers their [`Places`]: none, if
/// it does not.
///
/// State that shall become true with them follows as more parts of the statement's `WITH`, a literal
/// that begins with a comma. Its parameters begin with `$15`, and it must do nothing unless
/// `(SELECT yes FROM allowed)`.
#[macro_export]
macro_rules! insert_events {
    ($connection:expr, $events:expr $(, $state:literal $(, $argument:expr)*)? $(,)?) => {{
        let events: &$crate::EventColumns<'_> = $events;
        ::sqlx::query!(
            r#"
        WITH allowed AS MATERIALIZED (
            SELECT NOT EXISTS (SELECT FROM unexpected($12::uuid[], $13::bigint[])) AS yes
        ), event AS (
            INSERT INTO events (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
            SELECT id, stream_kind, stream_id, version, type, organization, occurred_at, envelope
            FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[],
                        $7::timestamptz[], $8::bytea[]) WITH ORDINALITY
                 AS n (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope, place)
            WHERE (SELECT yes FROM allowed)
            ORDER BY place
            RETURNING id, seq
        ), context AS (
            INSERT INTO contexts (event_id, salt, context)
            SELECT * FROM unnest($9::uuid[], $10::bytea[], $11::bytea[]) WHERE (SELECT yes FROM allowed)
        ), waiting AS (
            INSERT INTO outbox (seqs)
            SELECT seqs[first : first + $14 - 1]
            FROM (SELECT array_agg(seq ORDER BY seq) AS seqs FROM event) AS written,
                 generate_series(1, cardinality(seqs), $14::int) AS first
        )"# $(+ $state)? + r#"
        SELECT id, seq FROM event
        "#,
            &events.ids,
            &events.stream_kinds as &[&str],
            &events.stream_ids,
            &events.versions,
            &events.types as &[&str],
            &events.organizations as &[Option<::uuid::Uuid>],
            &events.times,
            &events.envelopes as &[&[u8]],
            &events.context_ids,
            &events.salts as &[&[u8]],
            &events.contexts as &[&[u8]],
            &events.expected_streams,
            &events.expected_versions,
            events.published_at_once,
            $($($argument),*)?
        )
        .fetch_all($connection)
        .await
        .map(|rows| rows.into_iter().map(|row| (row.id, row.seq)).collect())
    }};
}

/// Where in `events` each of some events now is.
pub type Places = HashMap<Uuid, i64>;

/// State that becomes true in the statement that records its events: one round trip makes the change.
pub trait InsertWithEvents: Sync {
    /// Writes both, by [`insert_events!`](crate::insert_events).
    fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> impl Future<Output = sqlx::Result<Places>> + Send;
}

/// Nothing but events.
pub(crate) struct EventsAlone;

impl InsertWithEvents for EventsAlone {
    async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> sqlx::Result<Places> {
        insert_events!(connection, events)
    }
}

/// Events as the parameters of [`insert_events!`](crate::insert_events), which alone reads this.
#[derive(Debug)]
#[doc(hidden)]
pub struct EventColumns<'e> {
    pub ids: Vec<Uuid>,
    pub stream_kinds: Vec<&'e str>,
    pub stream_ids: Vec<Uuid>,
    pub versions: Vec<i64>,
    pub types: Vec<&'e str>,
    pub organizations: Vec<Option<Uuid>>,
    pub times: Vec<DateTime<Utc>>,
    pub envelopes: Vec<&'e [u8]>,
    pub context_ids: Vec<Uuid>,
    pub salts: Vec<&'e [u8]>,
    pub contexts: Vec<&'e [u8]>,
    pub expected_streams: Vec<Uuid>,
    pub expected_versions: Vec<i64>,
    pub published_at_once: i32,
}

impl<'e> EventColumns<'e> {
    pub(crate) fn of(new: &'e NewEvents, expected: &BTreeSet<(Uuid, i64)>) -> Self {
        fn column<'e, T>(new: &'e NewEvents, of: impl Fn(&'e NewEvent) -> T) -> Vec<T> {
            new.0.iter().map(of).collect()
        }
        let mut columns = Self {
            ids: column(new, |new| new.event.id),
            stream_kinds: column(new, |new| new.kind),
            stream_ids: column(new, |new| new.event.stream_id),
            versions: column(new, |new| new.version),
            types: column(new, |new| &*new.event.kind),
            organizations: column(new, |new| new.event.organization),
            times: column(new, |new| new.time),
            envelopes: column(new, |new| &*new.event.envelope),
            context_ids: Vec::new(),
            salts: Vec::new(),
            contexts: Vec::new(),
            expected_streams: expected.iter().map(|(stream, _)| *stream).collect(),
            expected_versions: expected.iter().map(|(_, version)| *version).collect(),
            published_at_once: i32::try_from(PUBLISHED_AT_ONCE).unwrap_or(i32::MAX),
        };
        for NewEvent { event, .. } in &new.0 {
            if let (Some(salt), Some(context)) = (&event.salt, &event.context) {
                columns.context_ids.push(event.id);
                columns.salts.push(salt);
                columns.contexts.push(context);
            }
        }
        columns
    }
}
