//! Idempotent ingestion: records what arrives, once and in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use contract::Environment;
use eventstore::dedicated_connection::DedicatedConnection;
use sqlx::PgPool;
use tokio::sync::{Mutex, Notify};
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
    pub(crate) pool: PgPool,
    pub(crate) env: Environment,
    pub(crate) producers: Arc<dyn Producers>,
    appender: Arc<Mutex<DedicatedConnection>>,
    /// Notified when something was recorded whose context is awaited.
    pub(crate) contexts_awaited: Arc<Notify>,
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
    /// Records in this database, and asks these producers for what is missing.
    pub(crate) fn new(pool: PgPool, env: Environment, producers: Arc<dyn Producers>) -> Self {
        Self {
            appender: Arc::new(Mutex::new(DedicatedConnection::like(&pool))),
            pool,
            env,
            producers,
            contexts_awaited: Arc::default(),
        }
    }

    /// Records a batch. What is missing before an entry is asked for at once, until the deadline; only
    /// what cannot be had keeps the entries after it waiting, and those of no other stream.
    pub(crate) async fn record(
        &self,
        batch: Vec<Entry>,
        deadline: Instant,
    ) -> sqlx::Result<Outcome> {
        let first = self.append(batch).await?;
        if first.holes.is_empty() {
            return Ok(Outcome { appended: first.count, out_of_sequence: HashSet::new() });
        }
        tracing::info!(holes = first.holes.len(), "events are missing; asking their producers");
        // Not inside the transaction: nobody waits for the head while we wait for an answer.
        let (mut entries, failures) =
            fetch_holes(self.producers.as_ref(), first.holes, deadline).await;
        entries.extend(first.out_of_sequence);
        let mut second = self.append(entries).await?;
        // The messages of what is beyond a hole may be gone before it is filled: then they are missing
        // as well.
        for beyond in &second.out_of_sequence {
            for hole in &mut second.holes {
                if hole.stream_id == beyond.stream_id {
                    hole.to = hole.to.max(beyond.version);
                }
            }
        }
        let reasons: HashMap<Uuid, String> = failures
            .into_iter()
            .map(|(hole, reason)| (hole.stream_id, reason.to_string()))
            .collect();
        self.keep_holes(&second.holes, &reasons).await?;
        Ok(Outcome {
            appended: first.count + second.count,
            out_of_sequence: second.out_of_sequence.iter().map(Entry::stream_position).collect(),
        })
    }

    /// Fills holes that are known from before or were found by comparing, as far as it can be done
    /// now. What cannot be filled is kept and tried again later. How many entries were appended.
    pub(crate) async fn repair(&self, holes: Vec<Hole>) -> sqlx::Result<usize> {
        if holes.is_empty() {
            return Ok(0);
        }
        let (entries, failures) = fetch_holes(self.producers.as_ref(), holes, deadline()).await;
        let appended = self.append(entries).await?;
        let (mut open, mut reasons) = (appended.holes, HashMap::new());
        for (hole, reason) in failures {
            reasons.insert(hole.stream_id, reason.to_string());
            open.push(hole);
        }
        self.keep_holes(&open, &reasons).await?;
        Ok(appended.count)
    }

    /// Appends what can be appended, in one transaction. Most batches are new and in order, which
    /// takes one statement; what it refuses is looked at entry by entry.
    async fn append(&self, batch: Vec<Entry>) -> sqlx::Result<Appended> {
        if batch.is_empty() {
            return Ok(Appended::default());
        }
        let now = self.env.now();
        // One at a time: they would only wait for each other in the database.
        let mut dedicated = self.appender.lock().await;
        let mut connection = dedicated.take().await?;
        let awaiting = batch.iter().any(Entry::awaits_context);
        let at_once =
            if awaiting { None } else { Some(append::append(&mut connection, &batch, now).await) };
        let appended = match at_once {
            Some(Ok(())) => Appended { count: batch.len(), ..Appended::default() },
            Some(Err(error)) if !append::is_out_of_turn(&error) => return Err(error),
            _ => append_in_sequence(&mut connection, batch, now).await?,
        };
        dedicated.put_back(connection);
        if awaiting {
            self.contexts_awaited.notify_one();
        }
        Ok(appended)
    }

    /// Keeps what is no event of its sender, no event at all, or no context of its event. It holds up
    /// nothing.
    pub(crate) async fn reject(&self, conflict: &Conflict, reason: &str) -> sqlx::Result<()> {
        let mut conn = self.pool.acquire().await?;
        if !conflicts::keep(&mut conn, conflict, self.env.now()).await? {
            return Ok(());
        }
        let subject = &conflict.subject;
        match conflict.kind {
            ConflictKind::Message => {
                tracing::error!(subject, reason, "what came is no message, or no event");
            }
            ConflictKind::Context => {
                let event = conflict.event_id.map(tracing::field::display);
                tracing::error!(
                    event,
                    reason,
                    "a context does not belong to the event it came with"
                );
            }
            ConflictKind::Malformed | ConflictKind::OtherBytes | ConflictKind::EventIdReused => {
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
                streams = open.len(), stream = %hole.stream_id, from = hole.from, to = hole.to,
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
