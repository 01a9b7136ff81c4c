//! Recording what arrives, once and in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use contract::Environment;
use eventstore::dedicated_connection::DedicatedConnection;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::conflict::{Conflict, ConflictKind};
use crate::entry::Entry;
use crate::producers::{Producers, deadline, fetch_all};
use crate::resequence::resequence;
use crate::store::{append, awaited_contexts, conflicts, contexts, holes};
use crate::stream::{Hole, StreamHead, StreamPosition};

/// Records entries, however they come: by message, as the answer to a question, twice.
#[derive(Clone)]
pub(crate) struct Ingest {
    pub(crate) pool: PgPool,
    pub(crate) env: Environment,
    pub(crate) producers: Arc<dyn Producers>,
    appending: Arc<Mutex<DedicatedConnection>>,
    /// Rings when something was recorded whose context is to come.
    pub(crate) awaiting: Arc<Notify>,
}

/// What came of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How many entries were appended, fetched ones included.
    pub(crate) appended: usize,
    /// Entries that could not be appended yet: something before them is missing.
    pub(crate) out_of_sequence: HashSet<StreamPosition>,
}

/// What one transaction did.
#[derive(Debug, Default)]
struct Appended {
    count: usize,
    out_of_sequence: Vec<Entry>,
    holes: Vec<Hole>,
}

impl Ingest {
    /// Records in this database, and asks these producers for what is missing.
    pub(crate) fn new(pool: PgPool, env: Environment, producers: Arc<dyn Producers>) -> Self {
        Self {
            appending: Arc::new(Mutex::new(DedicatedConnection::like(&pool))),
            pool,
            env,
            producers,
            awaiting: Arc::default(),
        }
    }

    /// Records a batch. What is missing before an entry is asked for at once, until then; only what cannot
    /// be had keeps the entries after it waiting, and those of no other stream.
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
            fetch_all(self.producers.as_ref(), first.holes, deadline).await;
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
        let (entries, failures) = fetch_all(self.producers.as_ref(), holes, deadline()).await;
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
    /// takes one statement; what it refuses is looked into.
    async fn append(&self, batch: Vec<Entry>) -> sqlx::Result<Appended> {
        if batch.is_empty() {
            return Ok(Appended::default());
        }
        let now = self.env.now();
        // One at a time: they would only wait for each other in the database.
        let mut kept = self.appending.lock().await;
        let mut connection = kept.take().await?;
        let awaiting = batch.iter().any(Entry::awaits_context);
        let at_once =
            if awaiting { None } else { Some(append::append(&mut connection, &batch, now).await) };
        let appended = match at_once {
            Some(Ok(())) => Appended { count: batch.len(), ..Appended::default() },
            Some(Err(error)) if !append::is_out_of_turn(&error) => return Err(error),
            _ => append_what_follows(&mut connection, batch, now).await?,
        };
        kept.put_back(connection);
        if awaiting {
            self.awaiting.notify_one();
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
            ConflictKind::Bundle => {
                tracing::error!(subject, reason, "what came is no bundle, or no event");
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

/// Appends those entries of a batch that follow on what is recorded, keeps those that contradict it
/// as conflicts, and says which have to wait.
async fn append_what_follows(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    now: DateTime<Utc>,
) -> sqlx::Result<Appended> {
    let mut transaction = conn.begin().await?;
    // First of all: see store/append.rs.
    append::lock_head(&mut transaction).await?;
    let batch = refuse_reused_ids(&mut transaction, batch, now).await?;
    let mut streams: Vec<Uuid> = batch.iter().map(|entry| entry.stream_id).collect();
    streams.sort_unstable();
    streams.dedup();
    let heads = append::stream_heads(&mut transaction, &streams).await?;
    let batch = refuse_strangers(&mut transaction, batch, &heads, now).await?;
    let heads = heads.into_iter().map(|(stream, head)| (stream, head.version)).collect();
    let batch = resequence(batch, &heads);
    if !batch.in_sequence.is_empty() {
        append::append(&mut transaction, &batch.in_sequence, now).await?;
        awaited_contexts::add(&mut transaction, &batch.in_sequence, now).await?;
    }
    if !batch.duplicates.is_empty() {
        // After appending, so that two of this batch that claim one place are compared as well.
        let wrong = append::contradictions(&mut transaction, &batch.duplicates).await?;
        awaited_contexts::remove_delivered(&mut transaction, &batch.duplicates).await?;
        let mut right = Vec::with_capacity(batch.duplicates.len());
        for (index, duplicate) in batch.duplicates.into_iter().enumerate() {
            if wrong.contains(&index) {
                keep(&mut transaction, ConflictKind::OtherBytes, &duplicate, now).await?;
            } else {
                right.push(duplicate);
            }
        }
        // What was recorded without its context (its producer was asked for it) has it now.
        contexts::keep(&mut transaction, &right).await?;
    }
    // Crash point: up to the commit nothing has happened, and every message comes again. After it,
    // what comes again is a duplicate and changes nothing.
    transaction.commit().await?;
    Ok(Appended {
        count: batch.in_sequence.len(),
        out_of_sequence: batch.out_of_sequence,
        holes: batch.holes,
    })
}

/// Takes out of the batch, and keeps as conflicts, entries whose event id belongs to another position.
async fn refuse_reused_ids(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Entry>> {
    let ids: Vec<Uuid> = batch.iter().map(|entry| entry.event_id.uuid()).collect();
    let mut positions = append::stream_positions_of(conn, &ids).await?;
    let mut kept = Vec::with_capacity(batch.len());
    for entry in batch {
        let position = entry.stream_position();
        if *positions.entry(entry.event_id).or_insert(position) == position {
            kept.push(entry);
        } else {
            keep(conn, ConflictKind::EventIdReused, &entry, now).await?;
        }
    }
    Ok(kept)
}

/// Takes out of the batch, and keeps as conflicts, entries in a stream that is another's: of another service,
/// or of another kind. Whose a stream is its first event says.
async fn refuse_strangers(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    heads: &HashMap<Uuid, StreamHead>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Entry>> {
    let mut owners = heads.clone();
    for first in batch.iter().filter(|entry| entry.version == 1) {
        owners.entry(first.stream_id).or_insert_with(|| StreamHead {
            version: 1,
            kind: first.stream_kind.clone(),
            source: first.source.name().to_owned(),
        });
    }
    let mut kept = Vec::with_capacity(batch.len());
    for entry in batch {
        let owner = owners.get(&entry.stream_id);
        if owner.is_none_or(|owner| entry.is_in_stream_of(owner)) {
            kept.push(entry);
        } else {
            keep(conn, ConflictKind::Malformed, &entry, now).await?;
        }
    }
    Ok(kept)
}

async fn keep(
    conn: &mut PgConnection,
    kind: ConflictKind,
    entry: &Entry,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if conflicts::keep(conn, &Conflict::of_entry(kind, entry), now).await? {
        tracing::error!(
            kind = kind.name(), event = %entry.event_id, stream = %entry.stream_id, version = entry.version,
            "an event contradicts the record; the record stays as it is"
        );
    }
    Ok(())
}
