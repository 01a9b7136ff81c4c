//! Writes an altered log into a database, as its superuser: no trigger is in the way. What follows from the entries is
//! made anew, so that the database contradicts itself nowhere.

use chrono::{DateTime, Utc};
use contract::Service;
use sqlx::{AssertSqlSafe, PgConnection};
use translog::{Checkpoint, Tree};
use uuid::Uuid;

use super::altered::Altered;
use super::original::Original;

/// From now on no trigger of this connection's fires.
///
/// # Errors
/// When the database fails.
pub async fn disarm(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SET session_replication_role = replica").execute(conn).await?;
    Ok(())
}

/// Puts the entries of the altered log in the place of those that were, and nothing else.
///
/// # Errors
/// When the database fails.
pub async fn entries(conn: &mut PgConnection, altered: &Altered) -> sqlx::Result<()> {
    let slots = Slots::of(altered);
    let altered =
        "CREATE TEMP TABLE altered (position bigint, was_at bigint, event_id uuid, stream_id uuid,
             version bigint, occurred_at timestamptz, envelope bytea)";
    sqlx::query(altered).execute(&mut *conn).await?;
    let fill = "INSERT INTO altered
         SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::timestamptz[],
             $7::bytea[])";
    sqlx::query(fill)
        .bind(slots.positions)
        .bind(slots.were_at)
        .bind(slots.event_ids)
        .bind(slots.streams)
        .bind(slots.versions)
        .bind(slots.occurred_at)
        .bind(slots.envelopes)
        .execute(&mut *conn)
        .await?;
    let moved = "CREATE TEMP TABLE moved AS
         SELECT altered.position, coalesce(altered.event_id, was.event_id) AS event_id, stream_kind,
             coalesce(altered.stream_id, was.stream_id) AS stream_id, coalesce(altered.version, was.version) AS version,
             type, source, organization, app_id, account_id, person_id, actor, correlation_id,
             coalesce(altered.occurred_at, was.occurred_at) AS occurred_at, recorded_at,
             coalesce(altered.envelope, was.envelope) AS envelope, bulk
         FROM altered JOIN audit.entries AS was ON was.position = altered.was_at";
    sqlx::query(moved).execute(&mut *conn).await?;
    sqlx::query("DELETE FROM audit.entries WHERE position > $1 OR position IN (SELECT position FROM altered)")
        .bind(slots.count)
        .execute(&mut *conn)
        .await?;
    let insert = "INSERT INTO audit.entries (position, event_id, stream_kind, stream_id, version, type, source,
             organization, app_id, account_id, person_id, actor, correlation_id, occurred_at, recorded_at, envelope, bulk)
         SELECT * FROM moved ORDER BY position";
    sqlx::query(insert).execute(conn).await?;
    Ok(())
}

/// Makes all anew that follows from the entries: the tree, its head, its checkpoint, what is computed for the index,
/// what is kept beside entries; and what their producers say that they recorded.
///
/// # Errors
/// When the database fails, or the checkpoint cannot be signed.
pub async fn consequences(
    conn: &mut PgConnection,
    altered: &Altered,
    original: &Original,
) -> anyhow::Result<()> {
    tree(conn, altered, original).await?;
    for derived in [
        "DELETE FROM audit.spans",
        "INSERT INTO audit.spans (span, earliest, latest)
         SELECT position / 4096, min(occurred_at), max(occurred_at) FROM audit.entries GROUP BY position / 4096",
        "DELETE FROM audit.entry_contexts AS part WHERE NOT EXISTS (SELECT FROM audit.entries WHERE event_id = part.event_id)",
        "DELETE FROM audit.entry_details AS part WHERE NOT EXISTS (SELECT FROM audit.entries WHERE event_id = part.event_id)",
        "UPDATE audit.confirmed SET position = LEAST(position, (SELECT size FROM audit.head))",
    ] {
        sqlx::query(derived).execute(&mut *conn).await?;
    }
    let removed = altered.removed(original);
    for service in Service::ALL {
        producer(conn, service, &removed).await?;
        lists(conn, service, altered).await?;
    }
    Ok(())
}

/// What is kept of a service's manifests, by itself and beside the log, is what they list now.
async fn lists(conn: &mut PgConnection, service: Service, altered: &Altered) -> sqlx::Result<()> {
    // Where nothing is left to be listed, no list is kept.
    let lists = altered.lists.iter().filter(|it| it.service == service && !it.list.is_empty());
    let (mut versions, mut were, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        versions.push(list.version);
        were.push(list.was_version);
        bytes.push(list.list.as_bytes());
    }
    let beside =
        "WITH gone AS (DELETE FROM audit.manifest_lists WHERE service = $1 AND version <> ALL($2))
         INSERT INTO audit.manifest_lists (service, version, list)
         SELECT $1, * FROM UNNEST($2::bigint[], $3::bytea[])
         ON CONFLICT (service, version) DO UPDATE SET list = EXCLUDED.list";
    sqlx::query(beside)
        .bind(service.name())
        .bind(&versions)
        .bind(&bytes)
        .execute(&mut *conn)
        .await?;
    let schema = service.schema();
    let by_itself = [
        format!("CREATE TEMP TABLE manifests_of_{schema} AS TABLE {schema}.manifests"),
        format!("DELETE FROM {schema}.manifests"),
    ];
    for statement in by_itself {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *conn).await?;
    }
    let insert = format!(
        "INSERT INTO {schema}.manifests (version, up_to_seq, list)
         SELECT now.version, was.up_to_seq, now.list
         FROM UNNEST($1::bigint[], $2::bigint[], $3::bytea[]) AS now (version, was, list)
         JOIN manifests_of_{schema} AS was ON was.version = now.was"
    );
    sqlx::query(AssertSqlSafe(insert)).bind(versions).bind(were).bind(bytes).execute(conn).await?;
    Ok(())
}

/// The tree over the altered entries, signed.
///
/// # Errors
/// When the database fails, or the checkpoint cannot be signed.
pub async fn tree(
    conn: &mut PgConnection,
    altered: &Altered,
    original: &Original,
) -> anyhow::Result<()> {
    let mut tree = Tree::new();
    let (mut levels, mut indices, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for row in tree.append(altered.leaves(original)) {
        levels.push(i16::from(row.tile.level()));
        indices.push(i64::try_from(row.tile.at().index())?);
        hashes.push(row.bytes);
    }
    let size = i64::try_from(tree.size())?;
    let signer = &original.signer;
    let origin = signer.verifier_key().name().clone();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    let note = checkpoint.sign(signer)?.to_string();
    let root = tree.root().as_bytes().to_vec();
    for gone in ["DELETE FROM audit.tiles", "DELETE FROM audit.checkpoints"] {
        sqlx::query(gone).execute(&mut *conn).await?;
    }
    sqlx::query(
        "INSERT INTO audit.tiles (level, index, hashes)
         SELECT * FROM UNNEST($1::smallint[], $2::bigint[], $3::bytea[])",
    )
    .bind(levels)
    .bind(indices)
    .bind(hashes)
    .execute(&mut *conn)
    .await?;
    sqlx::query("UPDATE audit.head SET size = $1, tree_size = $1, root = $2")
        .bind(size)
        .bind(&root)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT INTO audit.checkpoints (size, root, note, signed_at, served_at)
         SELECT $1, $2, $3, recorded_at, recorded_at FROM audit.head",
    )
    .bind(size)
    .bind(&root)
    .bind(note.as_bytes())
    .execute(conn)
    .await?;
    Ok(())
}

/// A producer recorded what is in the log under its name, and nothing else.
async fn producer(conn: &mut PgConnection, service: Service, removed: &[Uuid]) -> sqlx::Result<()> {
    let schema = service.schema();
    let remove = format!("DELETE FROM {schema}.events WHERE id = ANY($1)");
    sqlx::query(AssertSqlSafe(remove)).bind(removed).execute(&mut *conn).await?;
    let source = service.name();
    // In two steps: a version is taken once.
    let forget = format!(
        "CREATE TEMP TABLE of_{schema} AS
         SELECT moved.* FROM moved JOIN {schema}.events ON id = event_id WHERE events.envelope <> moved.envelope"
    );
    let remove = format!("DELETE FROM {schema}.events USING of_{schema} WHERE id = event_id");
    for statement in [forget, remove] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *conn).await?;
    }
    let insert = format!(
        "INSERT INTO {schema}.events (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
         SELECT event_id, stream_kind, stream_id, version, type, organization, occurred_at, envelope FROM moved
         WHERE source = $1 AND NOT EXISTS (SELECT FROM {schema}.events WHERE id = event_id)
         ORDER BY position"
    );
    sqlx::query(AssertSqlSafe(insert)).bind(source).execute(conn).await?;
    Ok(())
}

/// The entries that stand elsewhere, or are others.
struct Slots<'a> {
    count: i64,
    positions: Vec<i64>,
    were_at: Vec<i64>,
    event_ids: Vec<Option<Uuid>>,
    streams: Vec<Option<Uuid>>,
    versions: Vec<Option<i64>>,
    occurred_at: Vec<Option<DateTime<Utc>>>,
    envelopes: Vec<Option<&'a [u8]>>,
}

impl<'a> Slots<'a> {
    fn of(altered: &'a Altered) -> Self {
        let position = |index: usize| i64::try_from(index + 1).expect("no log is as long");
        let mut slots = Self {
            count: position(altered.slots.len()) - 1,
            positions: Vec::new(),
            were_at: Vec::new(),
            event_ids: Vec::new(),
            streams: Vec::new(),
            versions: Vec::new(),
            occurred_at: Vec::new(),
            envelopes: Vec::new(),
        };
        for (index, slot) in altered.slots.iter().enumerate() {
            if !altered.differs_at(index) {
                continue;
            }
            let forged = slot.forged.as_ref();
            slots.positions.push(position(index));
            slots.were_at.push(position(slot.of));
            slots.event_ids.push(forged.map(|it| it.event_id));
            slots.streams.push(forged.map(|it| it.stream));
            slots.versions.push(forged.map(|it| it.version));
            slots.occurred_at.push(forged.map(|it| it.occurred_at));
            slots.envelopes.push(forged.map(|it| &*it.envelope));
        }
        slots
    }
}
