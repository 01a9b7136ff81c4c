//! Recording what arrives, once and in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use contract::{Environment, EventId};
use eventstore::dedicated_connection::DedicatedConnection;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::arrange::{Hole, arrange};
use crate::entry::Entry;
use crate::producers::{Producers, deadline, fetch_all};
use crate::store::append::{self, Conflict, Head};
use crate::store::{contexts, gaps};

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

/// The place of an event: its stream and version.
pub(crate) type StreamPosition = (Uuid, i64);

/// What came of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How many entries were appended, fetched ones included.
    pub(crate) appended: usize,
    /// The positions of entries that could not be recorded yet: something before them is missing.
    pub(crate) waiting: HashSet<StreamPosition>,
}

/// What one transaction did.
#[derive(Debug, Default)]
struct Appended {
    count: usize,
    waiting: Vec<Entry>,
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
            return Ok(Outcome { appended: first.count, waiting: HashSet::new() });
        }
        tracing::info!(holes = first.holes.len(), "events are missing; asking their producers");
        // Not inside the transaction: nobody waits for the head while we wait for an answer.
        let (mut entries, failures) =
            fetch_all(self.producers.as_ref(), first.holes, deadline).await;
        entries.extend(first.waiting);
        let mut second = self.append(entries).await?;
        // Their messages may be gone before it is filled: then they are missing as well.
        for waiting in &second.waiting {
            for hole in &mut second.holes {
                if hole.stream_id == waiting.stream_id {
                    hole.to = hole.to.max(waiting.version);
                }
            }
        }
        let reasons: HashMap<Uuid, String> = failures
            .into_iter()
            .map(|(hole, reason)| (hole.stream_id, reason.to_string()))
            .collect();
        self.note(&second.holes, &reasons).await?;
        Ok(Outcome {
            appended: first.count + second.count,
            waiting: second.waiting.iter().map(Entry::stream_position).collect(),
        })
    }

    /// Fills holes that are known from before or were found by comparing, as far as it can be done
    /// now. What cannot be filled is noted and tried again later. How many entries were appended.
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
        self.note(&open, &reasons).await?;
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

    /// Notes a message of the work queue that cannot be read, or an event in one that cannot. It is not
    /// copied: whatever it is, there may be contexts in it, which must stay erasable.
    pub(crate) async fn note_unreadable(
        &self,
        subject: &str,
        payload: &[u8],
        reason: &str,
    ) -> sqlx::Result<()> {
        let conflict = Conflict {
            digest: Sha256::digest(payload).into(),
            kind: "message",
            event_id: None,
            place: None,
            subject: subject.to_owned(),
            payload: None,
        };
        if self.is_news(&conflict).await? {
            tracing::error!(
                subject,
                reason,
                "what came cannot be read as a message, or as an event"
            );
        }
        Ok(())
    }

    /// Keeps an event that is not its sender's.
    pub(crate) async fn keep_malformed(
        &self,
        subject: &str,
        payload: &[u8],
        reason: &str,
    ) -> sqlx::Result<()> {
        let conflict = Conflict {
            digest: Sha256::digest(payload).into(),
            kind: "malformed",
            event_id: None,
            place: None,
            subject: subject.to_owned(),
            payload: Some(payload.to_vec()),
        };
        if self.is_news(&conflict).await? {
            tracing::error!(subject, reason, "what came is no event of its sender's");
        }
        Ok(())
    }

    /// Keeps a conflict, and says whether it was not known before.
    pub(crate) async fn is_news(&self, conflict: &Conflict) -> sqlx::Result<bool> {
        let mut conn = self.pool.acquire().await?;
        append::keep_conflict(&mut conn, conflict, self.env.now()).await
    }

    async fn note(&self, holes: &[Hole], reasons: &HashMap<Uuid, String>) -> sqlx::Result<()> {
        let mut conn = self.pool.acquire().await?;
        let reason_of = |hole: &Hole| {
            let reason = reasons.get(&hole.stream_id);
            reason.map_or("not complete yet", String::as_str)
        };
        if let Some(hole) = holes.first() {
            // One line, however much is missing: all of it is in the table.
            tracing::warn!(
                streams = holes.len(), stream = %hole.stream_id, from = hole.from, to = hole.to,
                reason = reason_of(hole), "events stay missing"
            );
        }
        for hole in holes {
            gaps::note_hole(&mut conn, hole, reason_of(hole), self.env.now()).await?;
        }
        gaps::forget_filled_holes(&mut conn).await?;
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
    let arrangement = arrange(batch, &heads);
    if !arrangement.next.is_empty() {
        append::append(&mut transaction, &arrangement.next, now).await?;
        contexts::await_those_of(&mut transaction, &arrangement.next, now).await?;
    }
    if !arrangement.known.is_empty() {
        // After appending, so that two of this batch that claim one place are compared as well.
        let wrong = append::contradictions(&mut transaction, &arrangement.known).await?;
        contexts::await_no_more(&mut transaction, &arrangement.known).await?;
        let mut right = Vec::with_capacity(arrangement.known.len());
        for (index, known) in arrangement.known.into_iter().enumerate() {
            if wrong.contains(&index) {
                keep(&mut transaction, "other_bytes", &known, now).await?;
            } else {
                right.push(known);
            }
        }
        // What was recorded without its context (its producer was asked for it) has it now.
        contexts::keep(&mut transaction, &right).await?;
    }
    // Crash point: up to the commit nothing has happened, and every message comes again. After it,
    // what comes again is known and changes nothing.
    transaction.commit().await?;
    Ok(Appended {
        count: arrangement.next.len(),
        waiting: arrangement.waiting,
        holes: arrangement.holes,
    })
}

/// Takes out of the batch, and keeps as conflicts, entries whose event id belongs to another place.
async fn refuse_reused_ids(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Entry>> {
    let ids: Vec<Uuid> = batch.iter().map(|entry| entry.event_id.uuid()).collect();
    let mut positions: HashMap<EventId, StreamPosition> = append::positions_of(conn, &ids).await?;
    let mut kept = Vec::with_capacity(batch.len());
    for entry in batch {
        let place = entry.stream_position();
        if *positions.entry(entry.event_id).or_insert(place) == place {
            kept.push(entry);
        } else {
            keep(conn, "event_id_reused", &entry, now).await?;
        }
    }
    Ok(kept)
}

/// Takes out of the batch, and keeps as conflicts, entries in a stream that is another's: of another service,
/// or of another kind. Whose a stream is its first event says.
async fn refuse_strangers(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    heads: &HashMap<Uuid, Head>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Entry>> {
    let mut owners = heads.clone();
    for first in batch.iter().filter(|entry| entry.version == 1) {
        owners.entry(first.stream_id).or_insert_with(|| Head {
            version: 1,
            kind: first.stream_kind.clone(),
            source: first.source.name().to_owned(),
        });
    }
    let mut kept = Vec::with_capacity(batch.len());
    for entry in batch {
        let owner = owners.get(&entry.stream_id);
        if owner.is_none_or(|owner| owner.is_before(&entry)) {
            kept.push(entry);
        } else {
            keep(conn, "malformed", &entry, now).await?;
        }
    }
    Ok(kept)
}

async fn keep(
    conn: &mut PgConnection,
    kind: &'static str,
    entry: &Entry,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let conflict = Conflict {
        digest: Sha256::digest(&entry.envelope).into(),
        kind,
        event_id: Some(entry.event_id.uuid()),
        place: Some(entry.stream_position()),
        subject: format!("{}/{}", entry.stream_kind, entry.stream_id),
        payload: Some(entry.envelope.to_vec()),
    };
    if append::keep_conflict(conn, &conflict, now).await? {
        tracing::error!(
            kind, event = %entry.event_id, stream = %entry.stream_id, version = entry.version,
            "an event contradicts the record; the record stays as it is"
        );
    }
    Ok(())
}
