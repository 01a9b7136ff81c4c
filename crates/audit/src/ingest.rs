//! Idempotent ingestion: records what arrives, once and in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use contract::Environment;
use eventstore::dedicated_connection::DedicatedConnection;
use sqlx::PgPool;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use uuid::Uuid;

use crate::append_in_sequence::{Appended, append_in_sequence};
use crate::conflict::{Conflict, ConflictKind};
use crate::entry::Entry;
use crate::fetch::{deadline, fetch_holes};
use crate::producers::Producers;
use crate::store::{append, conflicts, holes};
use crate::stream::{Hole, StreamPosition};

/// Records entries, however they come: by message, in a producer's answer, twice.
#[derive(Clone)]
pub(crate) struct Ingest {
    pool: PgPool,
    env: Environment,
    producers: Arc<dyn Producers>,
    appender: Arc<Mutex<DedicatedConnection>>,
    parts_awaited: Arc<Notify>,
}

/// What came of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How many entries were appended, fetched ones included.
    pub(crate) appended: usize,
    /// Entries that could not be appended yet: something before them is missing.
    pub(crate) out_of_sequence: HashSet<StreamPosition>,
}

impl Ingest {
    /// Records in this database, and asks these producers for what is missing. `parts_awaited` is notified
    /// when something was recorded of which parts are awaited.
    pub(crate) fn new(
        pool: PgPool,
        env: Environment,
        producers: Arc<dyn Producers>,
        parts_awaited: Arc<Notify>,
    ) -> Self {
        let appender = Arc::new(Mutex::new(DedicatedConnection::like(&pool)));
        Self { pool, env, producers, appender, parts_awaited }
    }

    /// Records a batch. What is missing before an entry is asked for at once, until the deadline; only
    /// what cannot be had keeps the entries after it waiting, and those of no other stream.
    pub(crate) async fn record(
        &self,
        batch: Vec<Entry>,
        deadline: Instant,
    ) -> sqlx::Result<Outcome> {
        let Appended { count, out_of_sequence, holes } = self.commit(batch).await?;
        let mut outcome = Outcome { appended: count, ..Outcome::default() };
        if !holes.is_empty() {
            tracing::info!(holes = holes.len(), "events are missing; asking their producers");
            // Not inside the transaction: nobody waits for the head while we wait for an answer.
            let filled = self.fill(holes, out_of_sequence, deadline).await?;
            outcome.appended += filled.appended;
            outcome.out_of_sequence = filled.out_of_sequence;
        }
        Ok(outcome)
    }

    /// Fills holes that are known from before or were found by comparing, as far as it can be done
    /// now. How many entries were appended.
    pub(crate) async fn repair(&self, holes: Vec<Hole>) -> sqlx::Result<usize> {
        if holes.is_empty() {
            return Ok(0);
        }
        Ok(self.fill(holes, Vec::new(), deadline()).await?.appended)
    }

    /// Fetches what is missing until the deadline, and records it with the entries that wait for it. What
    /// cannot be filled is kept and tried again later.
    async fn fill(
        &self,
        holes: Vec<Hole>,
        waiting: Vec<Entry>,
        deadline: Instant,
    ) -> sqlx::Result<Outcome> {
        let (mut entries, failures) = fetch_holes(self.producers.as_ref(), holes, deadline).await;
        entries.extend(waiting);
        let Appended { count, out_of_sequence, holes } = self.commit(entries).await?;
        let mut open: HashMap<Uuid, Hole> =
            holes.into_iter().map(|hole| (hole.stream_id, hole)).collect();
        let mut reasons = HashMap::new();
        for (hole, reason) in failures {
            reasons.insert(hole.stream_id, reason.to_string());
            let to = hole.to;
            let open = open.entry(hole.stream_id).or_insert(hole);
            open.to = open.to.max(to);
        }
        // The messages of what is beyond a hole may be gone before it is filled: then they are missing
        // as well.
        for beyond in &out_of_sequence {
            if let Some(hole) = open.get_mut(&beyond.stream_id) {
                hole.to = hole.to.max(beyond.version);
            }
        }
        let open: Vec<Hole> = open.into_values().collect();
        self.keep_holes(&open, &reasons).await?;
        Ok(Outcome {
            appended: count,
            out_of_sequence: out_of_sequence.iter().map(Entry::stream_position).collect(),
        })
    }

    /// Commits what can be appended, in one transaction. Most batches are new and in order, which
    /// takes one statement; what it refuses is looked at entry by entry.
    async fn commit(&self, batch: Vec<Entry>) -> sqlx::Result<Appended> {
        if batch.is_empty() {
            return Ok(Appended::default());
        }
        let now = self.env.now();
        // One at a time: they would only wait for each other in the database.
        let mut dedicated = self.appender.lock().await;
        let mut connection = dedicated.take().await?;
        let awaiting = batch.iter().any(Entry::awaits_parts);
        let at_once =
            if awaiting { None } else { Some(append::insert(&mut connection, &batch, now).await) };
        let appended = match at_once {
            Some(Ok(())) => Appended { count: batch.len(), ..Appended::default() },
            Some(Err(error)) if !append::is_out_of_turn(&error) => return Err(error),
            _ => append_in_sequence(&mut connection, batch, now).await?,
        };
        dedicated.put_back(connection);
        if awaiting {
            self.parts_awaited.notify_one();
        }
        Ok(appended)
    }

    /// Keeps what is no event of its sender, no event at all, or no part of its event. It holds up
    /// nothing.
    pub(crate) async fn reject(&self, conflict: &Conflict, reason: &str) -> sqlx::Result<()> {
        let mut conn = self.pool.acquire().await?;
        if !conflicts::keep(&mut conn, conflict, self.env.now()).await? {
            return Ok(());
        }
        let subject = &conflict.subject;
        match &conflict.kind {
            ConflictKind::Message => {
                tracing::error!(subject, reason, "what came is no message, or no event");
            }
            ConflictKind::Part(part, event) => {
                let part = part.name();
                tracing::error!(part, %event, reason, "a part does not belong to the event it came with");
            }
            ConflictKind::Malformed(_)
            | ConflictKind::OtherBytes(_)
            | ConflictKind::EventIdReused(_) => {
                tracing::error!(subject, reason, "what came is no event of its sender's");
            }
        }
        Ok(())
    }

    /// Keeps holes that could not be filled, to be tried again.
    async fn keep_holes(&self, open: &[Hole], reasons: &HashMap<Uuid, String>) -> sqlx::Result<()> {
        let mut conn = self.pool.acquire().await?;
        let reason_of = |hole: &Hole| {
            let reason = reasons.get(&hole.stream_id);
            reason.map_or("not complete yet", String::as_str)
        };
        if let Some(hole) = open.first() {
            // One line, however much is missing: all of it is in the table.
            tracing::warn!(
                streams = open.len(), stream = %hole.stream_id, from = %hole.from, to = %hole.to,
                reason = reason_of(hole), "events stay missing"
            );
        }
        for hole in open {
            holes::keep(&mut conn, hole, reason_of(hole), self.env.now()).await?;
        }
        holes::delete_filled(&mut conn).await?;
        Ok(())
    }
}
