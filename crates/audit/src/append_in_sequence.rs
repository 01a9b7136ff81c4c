//! One transaction: appends what follows on the record, keeps what contradicts it, and tells what is
//! missing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contract::Version;
use eventstore::gap::Gap;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::conflict::{Conflict, ConflictKind, ConflictingEvent};
use crate::entry::Entry;
use crate::log::sequencer::Sequencer;
use crate::resequence::resequence;
use crate::store::{append, awaited_parts, conflicts, entries, heads, parts};
use crate::stream::StreamHead;

/// What the transaction did.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    /// How many entries were appended.
    pub(crate) count: usize,
    /// Entries beyond a gap.
    pub(crate) out_of_sequence: Vec<Entry>,
    /// What is missing before them.
    pub(crate) gaps: Vec<Gap>,
}

/// Appends those entries of a batch that follow on what is recorded, keeps those that contradict it
/// as conflicts, and says which have to wait.
pub(crate) async fn append_in_sequence(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    sequencer: &mut Sequencer,
    now: DateTime<Utc>,
) -> sqlx::Result<Appended> {
    let mut transaction = conn.begin().await?;
    // First of all: see store/append.rs.
    append::lock_head(&mut transaction).await?;
    let batch = refuse_reused_ids(&mut transaction, batch, now).await?;
    let mut streams: Vec<Uuid> = batch.iter().map(|entry| entry.stream_id).collect();
    streams.sort_unstable();
    streams.dedup();
    let heads = heads::stream_heads(&mut transaction, &streams).await?;
    let batch = refuse_foreign_entries(&mut transaction, batch, &heads, now).await?;
    let heads = heads.into_iter().map(|(stream, head)| (stream, head.version)).collect();
    let batch = resequence(batch, &heads);
    let mut tree = None;
    if !batch.in_sequence.is_empty() {
        sequencer.know_all(&mut transaction).await?;
        // The head is locked and the tree ends there. Were it not so, nothing would be recorded, and nothing may be
        // acknowledged.
        let moved = || sqlx::Error::Protocol("the log's end moved under its lock".to_owned());
        let (grown_tree, grown) = sequencer.grow(&batch.in_sequence)?.ok_or_else(moved)?;
        if !append::insert(&mut transaction, &batch.in_sequence, &grown, now).await? {
            return Err(moved());
        }
        tree = Some(grown_tree);
        awaited_parts::add(&mut transaction, &batch.in_sequence, now).await?;
    }
    if !batch.duplicates.is_empty() {
        // After appending, so that two of this batch that claim one position are compared as well.
        let conflicting = entries::contradictions(&mut transaction, &batch.duplicates).await?;
        let mut recorded = Vec::with_capacity(batch.duplicates.len());
        for (index, duplicate) in batch.duplicates.into_iter().enumerate() {
            if conflicting.contains(&index) {
                refuse(&mut transaction, ConflictKind::OtherBytes, &duplicate, now).await?;
            } else {
                recorded.push(duplicate);
            }
        }
        // What was recorded without its parts (its producer was asked for it) has them now. Only what is
        // recorded counts: an event that contradicts the record brings nothing that is awaited.
        awaited_parts::remove_delivered(&mut transaction, &recorded).await?;
        parts::keep(&mut transaction, &recorded).await?;
    }
    // Crash point (batch-committed): up to the commit nothing has happened, and every message comes again. After it,
    // what comes again is a duplicate and changes nothing.
    transaction.commit().await?;
    if let Some(tree) = tree {
        sequencer.committed(tree);
    }
    Ok(Appended {
        count: batch.in_sequence.len(),
        out_of_sequence: batch.out_of_sequence,
        gaps: batch.gaps,
    })
}

/// Takes out of the batch, and keeps as conflicts, entries whose event id belongs to another position.
async fn refuse_reused_ids(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Entry>> {
    let ids: Vec<Uuid> = batch.iter().map(|entry| entry.event_id.uuid()).collect();
    let mut positions = entries::stream_positions_of(conn, &ids).await?;
    let mut accepted = Vec::with_capacity(batch.len());
    for entry in batch {
        let position = entry.stream_position();
        if *positions.entry(entry.event_id).or_insert(position) == position {
            accepted.push(entry);
        } else {
            refuse(conn, ConflictKind::EventIdReused, &entry, now).await?;
        }
    }
    Ok(accepted)
}

/// Takes out of the batch, and keeps as conflicts, entries in a stream that is another's: of another service,
/// or of another kind. Whose a stream is its first event says.
async fn refuse_foreign_entries(
    conn: &mut PgConnection,
    batch: Vec<Entry>,
    heads: &HashMap<Uuid, StreamHead>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Entry>> {
    let mut owners = heads.clone();
    for first in batch.iter().filter(|entry| entry.version == Version::FIRST) {
        owners.entry(first.stream_id).or_insert_with(|| StreamHead {
            version: Version::FIRST,
            kind: first.stream_kind.clone(),
            source: first.source,
        });
    }
    let mut accepted = Vec::with_capacity(batch.len());
    for entry in batch {
        let owner = owners.get(&entry.stream_id);
        if owner.is_none_or(|owner| entry.is_in_stream_of(owner)) {
            accepted.push(entry);
        } else {
            refuse(conn, ConflictKind::Malformed, &entry, now).await?;
        }
    }
    Ok(accepted)
}

/// Keeps an entry as a conflict; the record stays as it is.
async fn refuse(
    conn: &mut PgConnection,
    kind: impl FnOnce(ConflictingEvent) -> ConflictKind,
    entry: &Entry,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let conflict = Conflict::of_entry(kind, entry);
    if conflicts::keep(conn, &conflict, now).await? {
        tracing::error!(
            kind = conflict.kind.name(), event = %entry.event_id, stream = %entry.stream_id, version = %entry.version,
            "an event contradicts the record; the record stays as it is"
        );
    }
    Ok(())
}
