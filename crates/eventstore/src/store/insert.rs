//! Writing events: they, their contexts, their details and their outbox rows in one statement.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contract::Sealed;
use contract::facts::EventClass;
use sqlx::PgConnection;
use uuid::Uuid;

use super::event::{NewEvent, OutboxEvent};

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

    /// The events as the relays take them, now that they have these sequence numbers.
    pub(crate) fn written(
        self,
        seqs: &Sequences,
    ) -> impl Iterator<Item = (EventClass, OutboxEvent)> {
        self.0.into_iter().filter_map(|new| {
            let seq = *seqs.get(&new.event.id)?;
            Some((new.class, OutboxEvent { seq, ..new.event }))
        })
    }

    /// Whether any is a fact.
    pub(crate) fn have_facts(&self) -> bool {
        self.0.iter().any(|new| new.class == EventClass::Fact)
    }
}

/// Inserts events on a connection, and answers their [`Sequences`].
///
/// State that shall become true with them follows as more parts of the statement's `WITH`, a literal
/// that begins with a comma.
///
/// What must hold, and is not locked, follows as `allowed:` and a condition, a literal too. If it does not
/// hold, nothing is written and there are no sequence numbers.
///
/// The parameters of either come last, and begin with `$16`.
#[macro_export]
macro_rules! insert_events {
    ($connection:expr, $events:expr, allowed: $allowed:literal $(, $argument:expr)* $(,)?) => {
        $crate::insert_events!(@write $connection, $events, ($allowed) () [$($argument),*])
    };
    ($connection:expr, $events:expr $(, $state:literal $(, $argument:expr)*)? $(,)?) => {
        $crate::insert_events!(@write $connection, $events, ("true") ($($state)?) [$($($argument),*)?])
    };
    (
        @write $connection:expr, $events:expr,
        ($allowed:literal) ($($state:literal)?) [$($argument:expr),*]
    ) => {{
        let events: &$crate::EventColumns<'_> = $events;
        ::sqlx::query!(
            r#"
        WITH allowed AS MATERIALIZED (
            SELECT "# + $allowed + r#" AS yes
        ), event AS (
            INSERT INTO events (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
            SELECT id, stream_kind, stream_id, version, type, organization, occurred_at, envelope
            FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[],
                        $7::timestamptz[], $8::bytea[]) WITH ORDINALITY
                 AS n (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope, position)
            WHERE (SELECT yes FROM allowed)
            ORDER BY position
            RETURNING id, seq
        ), context AS (
            INSERT INTO contexts (event_id, salt, context)
            SELECT * FROM unnest($9::uuid[], $10::bytea[], $11::bytea[]) WHERE (SELECT yes FROM allowed)
        ), detail AS (
            INSERT INTO details (event_id, salt, details)
            SELECT * FROM unnest($12::uuid[], $13::bytea[], $14::bytea[]) WHERE (SELECT yes FROM allowed)
        ), waiting AS (
            -- As many as are published at once, and no more, make a row.
            INSERT INTO outbox (destination, seqs)
            SELECT destination, seqs[first : first + 511]
            FROM (SELECT 'audit' AS destination, array_agg(seq ORDER BY seq) AS seqs FROM event
                  UNION ALL
                  SELECT 'events', array_agg(seq ORDER BY seq) FROM event WHERE id = ANY ($15::uuid[])) AS written,
                 generate_series(1, cardinality(seqs), 512) AS first
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
            &events.contexts.ids,
            &events.contexts.salts as &[&[u8]],
            &events.contexts.parts as &[&[u8]],
            &events.details.ids,
            &events.details.salts as &[&[u8]],
            &events.details.parts as &[&[u8]],
            &events.facts,
            $($argument),*
        )
        .fetch_all($connection)
        .await
        .map(|rows| rows.into_iter().map(|row| (row.id, row.seq)).collect())
    }};
}

/// The sequence number (`events.seq`) that each of some events now has, by its id.
pub type Sequences = HashMap<Uuid, i64>;

/// State that becomes true in the statement that records its events: one round trip makes the change.
pub trait InsertWithEvents: Sync {
    /// Writes both, by [`insert_events!`](crate::insert_events).
    fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> impl Future<Output = sqlx::Result<Sequences>> + Send;
}

/// Nothing but events.
pub(crate) struct EventsAlone;

impl InsertWithEvents for EventsAlone {
    async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> sqlx::Result<Sequences> {
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
    pub contexts: PartColumns<'e>,
    pub details: PartColumns<'e>,
    /// The ids of those that are facts.
    pub facts: Vec<Uuid>,
}

/// The contexts or the details of some events.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct PartColumns<'e> {
    pub ids: Vec<Uuid>,
    pub salts: Vec<&'e [u8]>,
    pub parts: Vec<&'e [u8]>,
}

impl<'e> PartColumns<'e> {
    fn push(&mut self, event: Uuid, part: Option<&'e Sealed>) {
        if let Some(part) = part {
            self.ids.push(event);
            self.salts.push(&part.salt.0);
            self.parts.push(&part.bytes);
        }
    }
}

impl<'e> EventColumns<'e> {
    pub(crate) fn of(new: &'e NewEvents) -> Self {
        fn column<'e, T>(new: &'e NewEvents, of: impl Fn(&'e NewEvent) -> T) -> Vec<T> {
            new.0.iter().map(of).collect()
        }
        let mut columns = Self {
            ids: column(new, |new| new.event.id),
            stream_kinds: column(new, |new| new.kind),
            stream_ids: column(new, |new| new.event.stream_id),
            versions: column(new, |new| new.version.number()),
            types: column(new, |new| &*new.event.kind),
            organizations: column(new, |new| new.event.organization),
            times: column(new, |new| new.time),
            envelopes: column(new, |new| &*new.event.content.event),
            contexts: PartColumns::default(),
            details: PartColumns::default(),
            facts: Vec::new(),
        };
        for NewEvent { event, class, .. } in &new.0 {
            if *class == EventClass::Fact {
                columns.facts.push(event.id);
            }
            columns.contexts.push(event.id, event.content.context.as_ref());
            columns.details.push(event.id, event.content.details.as_ref());
        }
        columns
    }
}
