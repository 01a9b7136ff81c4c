//! Idempotent ingestion: records what arrives, once and in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::Environment;
use eventstore::dedicated_connection::DedicatedConnection;
use eventstore::gap::Gap;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use uuid::Uuid;

use crate::append_in_sequence::{Appended, append_in_sequence};
use crate::conflict::{Conflict, ConflictKind};
use crate::entry::Entry;
use crate::fetch::{deadline, fetch_gaps};
use crate::holes::Holes;
use crate::log::sequencer::Sequencer;
use crate::producers::Producers;
use crate::store::{append, conflicts};
use crate::stream::StreamPosition;

/// Records entries, however they come: by message, in a producer's answer, twice.
#[derive(Clone)]
pub(crate) struct Ingest {
    pool: PgPool,
    env: Environment,
    producers: Arc<dyn Producers>,
    holes: Holes,
    appender: Arc<Mutex<Appender>>,
    /// Notified when the log has grown.
    grown: Arc<Notify>,
    parts_awaited: Arc<Notify>,
}

/// Who appends: a connection, and where the tree ends.
struct Appender {
    connection: DedicatedConnection,
    sequencer: Sequencer,
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
    /// when something was recorded of which parts are awaited, `grown` when anything was.
    pub(crate) fn new(
        pool: PgPool,
        env: Environment,
        producers: Arc<dyn Producers>,
        holes: Holes,
        parts_awaited: Arc<Notify>,
        grown: Arc<Notify>,
    ) -> Self {
        let connection = DedicatedConnection::like(&pool);
        let appender = Appender { connection, sequencer: Sequencer::default() };
        Self {
            pool,
            env,
            producers,
            holes,
            appender: Arc::new(Mutex::new(appender)),
            grown,
            parts_awaited,
        }
    }

    /// Records a batch. What is missing before an entry is asked for at once, until the deadline; only
    /// what cannot be had keeps the entries after it waiting, and those of no other stream.
    pub(crate) async fn record(
        &self,
        batch: Vec<Entry>,
        deadline: Instant,
    ) -> sqlx::Result<Outcome> {
        let Appended { count, out_of_sequence, gaps } = self.commit(batch).await?;
        let mut outcome = Outcome { appended: count, ..Outcome::default() };
        if !gaps.is_empty() {
            tracing::info!(gaps = gaps.len(), "events are missing; asking their producers");
            // Not inside the transaction: nobody waits for the head while we wait for an answer.
            let filled = self.fill(gaps, out_of_sequence, deadline).await?;
            outcome.appended += filled.appended;
            outcome.out_of_sequence = filled.out_of_sequence;
        }
        Ok(outcome)
    }

    /// Fills gaps that are known from before or were found by comparing, as far as it can be done
    /// now. How many entries were appended.
    pub(crate) async fn repair(&self, gaps: Vec<Gap>) -> sqlx::Result<usize> {
        if gaps.is_empty() {
            return Ok(0);
        }
        Ok(self.fill(gaps, Vec::new(), deadline()).await?.appended)
    }

    /// Fetches what is missing until the deadline, and records it with the entries that wait for it. What
    /// cannot be filled is kept and tried again later.
    async fn fill(
        &self,
        gaps: Vec<Gap>,
        waiting: Vec<Entry>,
        deadline: Instant,
    ) -> sqlx::Result<Outcome> {
        let (mut entries, failures) = fetch_gaps(self.producers.as_ref(), gaps, deadline).await;
        entries.extend(waiting);
        let Appended { count, out_of_sequence, gaps } = self.commit(entries).await?;
        let mut open: HashMap<Uuid, Gap> =
            gaps.into_iter().map(|gap| (gap.stream_id, gap)).collect();
        let mut reasons = HashMap::new();
        for (gap, reason) in failures {
            reasons.insert(gap.stream_id, reason.clone());
            let to = gap.to;
            let open = open.entry(gap.stream_id).or_insert(gap);
            open.to = open.to.max(to);
        }
        // The messages of what is beyond a gap may be gone before it is filled: then they are missing
        // as well.
        for beyond in &out_of_sequence {
            if let Some(gap) = open.get_mut(&beyond.stream_id) {
                gap.to = gap.to.max(beyond.version);
            }
        }
        let open: Vec<Gap> = open.into_values().collect();
        self.keep_gaps(&open, &reasons).await?;
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
        let mut end = self.appender.lock().await;
        let Appender { connection: dedicated, sequencer } = &mut *end;
        let mut connection = dedicated.take().await?;
        let awaiting = batch.iter().any(Entry::awaits_parts);
        let at_once = if awaiting {
            false
        } else {
            insert_at_once(&mut connection, sequencer, &batch, now).await?
        };
        let appended = if at_once {
            Appended { count: batch.len(), ..Appended::default() }
        } else {
            append_in_sequence(&mut connection, batch, sequencer, now).await?
        };
        dedicated.put_back(connection);
        if awaiting {
            self.parts_awaited.notify_one();
        }
        if appended.count > 0 {
            self.grown.notify_one();
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
            | ConflictKind::EventIdReused(_)
            | ConflictKind::Unknown(_) => {
                tracing::error!(subject, reason, "what came is no event of its sender's");
            }
        }
        Ok(())
    }

    /// Keeps gaps that could not be filled, to be tried again.
    async fn keep_gaps(&self, open: &[Gap], reasons: &HashMap<Uuid, String>) -> sqlx::Result<()> {
        let reason_of = |gap: &Gap| {
            let reason = reasons.get(&gap.stream_id);
            reason.map_or("not complete yet", String::as_str)
        };
        if let Some(gap) = open.first() {
            // One line, however much is missing: all of it is in the table.
            tracing::warn!(
                streams = open.len(), stream = %gap.stream_id, from = %gap.from, to = %gap.to,
                reason = reason_of(gap), "events stay missing"
            );
        }
        let open: Vec<(&Gap, &str)> = open.iter().map(|gap| (gap, reason_of(gap))).collect();
        self.holes.keep(&open).await
    }
}

/// Records a batch that is new and in order, by one statement. False if it is not, or another replica has appended: it
/// has changed nothing.
async fn insert_at_once(
    connection: &mut PgConnection,
    sequencer: &mut Sequencer,
    batch: &[Entry],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sequencer.know(connection).await?;
    let Some((tree, grown)) = sequencer.grow(batch)? else { return Ok(false) };
    match append::insert(connection, batch, &grown, now).await {
        Ok(true) => sequencer.committed(tree),
        Ok(false) => return Ok(false),
        Err(error) if append::is_out_of_turn(&error) => return Ok(false),
        Err(error) => return Err(error),
    }
    Ok(true)
}
