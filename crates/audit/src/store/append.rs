//! Recording entries.
//!
//! # Why no page ever misses an entry
//!
//! Readers page by position: "what comes after position n". That is complete only if nothing can
//! appear at or before n later on. A sequence would not do: it hands out numbers at the time of
//! the INSERT, and rows appear at the time of the COMMIT.
//!
//! ```text
//! a sequence            writer A   takes 7 ───────────────────────── commits
//!                       writer B        takes 8 ── commits
//!                       reader                           sees 8, goes on after 8: 7 is lost to it
//!
//! the head's row        writer A   locks the head, takes 7 ── commits
//!                       writer B       waits for the head ────────── takes 8 ── commits
//!                       reader                          sees 7                        sees 8
//! ```
//!
//! So the head is locked first in every transaction that appends, by [`insert`] itself or, where
//! something is read that decides what to append, by [`lock_head`] before that: positions are 1, 2,
//! 3 … in the order of the commits, and a rollback skips no position, because the head rolls back with
//! it. The price is that replicas append one after the other; batches make it small.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use translog::Hash;
use uuid::Uuid;

use crate::entry::Entry;
use crate::part::Part;
use crate::store::parts;
use crate::store::tree;

/// Locks the end of the log until the transaction ends.
pub(crate) async fn lock_head(conn: &mut PgConnection) -> sqlx::Result<()> {
    // An UPDATE, not FOR UPDATE: under REPEATABLE READ too, it can only succeed on the newest row.
    sqlx::query!("UPDATE audit.head SET size = size").execute(conn).await?;
    Ok(())
}

/// The columns of a batch, as arrays.
#[derive(Default)]
struct Columns<'a> {
    event_ids: Vec<Uuid>,
    stream_kinds: Vec<&'a str>,
    stream_ids: Vec<Uuid>,
    versions: Vec<i64>,
    kinds: Vec<&'a str>,
    sources: Vec<&'a str>,
    organizations: Vec<Option<Uuid>>,
    app_ids: Vec<Option<Uuid>>,
    account_ids: Vec<Option<Uuid>>,
    person_ids: Vec<Option<Uuid>>,
    actors: Vec<String>,
    correlation_ids: Vec<Uuid>,
    occurred_at: Vec<DateTime<Utc>>,
    envelopes: Vec<&'a [u8]>,
    bulk: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            columns.event_ids.push(entry.event_id.uuid());
            columns.stream_kinds.push(&entry.stream_kind);
            columns.stream_ids.push(entry.stream_id);
            columns.versions.push(entry.version.number());
            columns.kinds.push(&entry.kind);
            columns.sources.push(entry.source.name());
            columns.organizations.push(entry.organization.map(contract::OrganizationId::uuid));
            columns.app_ids.push(entry.app_id.map(contract::AppId::uuid));
            columns.account_ids.push(entry.account_id.map(contract::AccountId::uuid));
            columns.person_ids.push(entry.person_id.map(contract::PersonId::uuid));
            columns.actors.push(entry.actor.to_string());
            columns.correlation_ids.push(entry.correlation_id.uuid());
            columns.occurred_at.push(entry.occurred_at);
            columns.envelopes.push(&entry.envelope);
            columns.bulk.push(entry.bulk);
        }
        columns
    }
}

/// What entries make of the tree.
#[derive(Debug)]
pub(crate) struct Grown {
    /// How many entries are before them, all of them in the tree.
    pub(crate) before: i64,
    /// The root of the tree of those.
    pub(crate) root_before: Hash,
    /// The tree's root with them.
    pub(crate) root: Hash,
    /// Its tiles that are new or wider.
    pub(crate) tiles: tree::Columns,
}

/// Inserts entries in their order, each the next version of its stream, with their parts, and grows the tree. One
/// statement, and a transaction of its own if none is open: the head is moved, which locks it, then come
/// the rows and what is computed from them. False if the head is not where the tree ends, or has another root: then nothing happens.
///
/// # Errors
/// Among others when an entry is recorded already or does not follow: [`is_out_of_turn`].
pub(crate) async fn insert(
    conn: &mut PgConnection,
    entries: &[Entry],
    grown: &Grown,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let columns = Columns::of(entries);
    let contexts = parts::Columns::of(Part::Context, entries);
    let details = parts::Columns::of(Part::Details, entries);
    let done = sqlx::query!(
        "WITH head AS (
             UPDATE audit.head
             SET size = size + cardinality($2::uuid[]), recorded_at = GREATEST(recorded_at, $1),
                 tree_size = tree_size + cardinality($2::uuid[]), root = $24
             WHERE size = $23 AND tree_size = $23 AND root = $28
             RETURNING size - cardinality($2::uuid[]) AS before, recorded_at
         ), appended AS (
             INSERT INTO audit.entries
                 (position, event_id, stream_kind, stream_id, version, type, source, organization, app_id,
                  account_id, person_id, actor, correlation_id, occurred_at, recorded_at, envelope, bulk)
             SELECT head.before + n, event_id, stream_kind, stream_id, version, type, source, organization, app_id,
                  account_id, person_id, actor, correlation_id, occurred_at, head.recorded_at, envelope, bulk
             FROM head CROSS JOIN UNNEST($2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::text[],
                  $8::uuid[], $9::uuid[], $10::uuid[], $11::uuid[], $12::text[], $13::uuid[], $14::timestamptz[],
                  $15::bytea[], $22::boolean[])
                 WITH ORDINALITY AS batch (event_id, stream_kind, stream_id, version, type, source, organization,
                     app_id, account_id, person_id, actor, correlation_id, occurred_at, envelope, bulk, n)
             ORDER BY n
             RETURNING position, occurred_at
         ), context AS (
             INSERT INTO audit.entry_contexts (event_id, salt, context)
             SELECT parts.* FROM head CROSS JOIN UNNEST($16::uuid[], $17::bytea[], $18::bytea[]) AS parts
             ON CONFLICT (event_id) DO NOTHING
         ), details AS (
             INSERT INTO audit.entry_details (event_id, salt, details)
             SELECT parts.* FROM head CROSS JOIN UNNEST($19::uuid[], $20::bytea[], $21::bytea[]) AS parts
             ON CONFLICT (event_id) DO NOTHING
         ), tiles AS (
             INSERT INTO audit.tiles (level, index, hashes)
             SELECT tiles.* FROM head CROSS JOIN UNNEST($25::smallint[], $26::bigint[], $27::bytea[]) AS tiles
             ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
         )
         INSERT INTO audit.spans AS known (span, earliest, latest)
         SELECT position / 4096, min(occurred_at), max(occurred_at) FROM appended GROUP BY position / 4096
         ON CONFLICT (span) DO UPDATE SET
             earliest = LEAST(known.earliest, excluded.earliest),
             latest = GREATEST(known.latest, excluded.latest)",
        now,
        &columns.event_ids,
        &columns.stream_kinds as &[&str],
        &columns.stream_ids,
        &columns.versions,
        &columns.kinds as &[&str],
        &columns.sources as &[&str],
        &columns.organizations as &[Option<Uuid>],
        &columns.app_ids as &[Option<Uuid>],
        &columns.account_ids as &[Option<Uuid>],
        &columns.person_ids as &[Option<Uuid>],
        &columns.actors,
        &columns.correlation_ids,
        &columns.occurred_at,
        &columns.envelopes as &[&[u8]],
        &contexts.event_ids,
        &contexts.salts as &[&[u8]],
        &contexts.parts as &[&[u8]],
        &details.event_ids,
        &details.salts as &[&[u8]],
        &details.parts as &[&[u8]],
        &columns.bulk,
        grown.before,
        grown.root.as_bytes(),
        &grown.tiles.levels,
        &grown.tiles.indexes,
        &grown.tiles.hashes,
        grown.root_before.as_bytes(),
    )
    .execute(conn)
    .await?;
    // Of each batch at least one span.
    Ok(done.rows_affected() > 0)
}

/// Whether entries could not be inserted for their positions or ids: one of them is taken, or the one
/// before it is not there.
pub(crate) fn is_out_of_turn(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() || error.code().is_some_and(|code| code == "MD002")
    })
}
