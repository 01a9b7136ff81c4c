//! Manifests in the log, their lists beside it, and whether what they list is there.

use chrono::{DateTime, Utc};
use contract::facts::ManifestWritten;
use contract::manifest::ManifestLine;
use contract::{Fact, ManifestId, Service, facts};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::decode;

/// Manifests of a service that are recorded and whose list is not kept, after one version: so many, in their order,
/// each with its version and the event.
pub(crate) async fn without_list(
    conn: &mut PgConnection,
    service: Service,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    let rows = sqlx::query!(
        "SELECT version, envelope FROM audit.entries
         WHERE stream_id = $1 AND version > $2 AND NOT EXISTS (
             SELECT FROM audit.manifest_lists WHERE service = $3 AND manifest_lists.version = entries.version)
         ORDER BY version LIMIT $4",
        ManifestId::of(service).uuid(),
        after,
        service.name(),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.version, row.envelope)).collect())
}

/// Keeps a list. Another replica may have kept it.
pub(crate) async fn keep_list(
    conn: &mut PgConnection,
    service: Service,
    version: i64,
    list: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.manifest_lists (service, version, list) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        service.name(),
        version,
        list.as_bytes()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The list of a manifest, if it is kept.
pub(crate) async fn list(
    conn: &mut PgConnection,
    service: Service,
    version: i64,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT list FROM audit.manifest_lists WHERE service = $1 AND version = $2",
        service.name(),
        version
    )
    .fetch_optional(conn)
    .await
}

/// A manifest that is recorded.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the column's name")]
pub(crate) struct Recorded {
    pub(crate) position: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) event_id: Uuid,
    pub(crate) service: Service,
    pub(crate) version: i64,
    pub(crate) envelope: Vec<u8>,
}

/// The manifests of all services after one position up to another, `limit` at most, in their order.
pub(crate) async fn between(
    conn: &mut PgConnection,
    after: i64,
    up_to: i64,
    limit: i64,
) -> sqlx::Result<Vec<Recorded>> {
    let rows = sqlx::query!(
        "SELECT position, recorded_at, event_id, source, version, envelope FROM audit.entries
         WHERE NOT bulk AND type = $1 AND position > $2 AND position <= $3
         ORDER BY position LIMIT $4",
        ManifestWritten::TYPE,
        after,
        up_to,
        limit
    )
    .fetch_all(conn)
    .await?;
    let mut manifests = Vec::with_capacity(rows.len());
    for row in rows {
        manifests.push(Recorded {
            position: row.position,
            recorded_at: row.recorded_at,
            event_id: row.event_id,
            service: decode::service(&row.source)?,
            version: row.version,
            envelope: row.envelope,
        });
    }
    Ok(manifests)
}

/// A manifest's event.
pub(crate) async fn envelope(
    conn: &mut PgConnection,
    service: Service,
    version: i64,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT envelope FROM audit.entries WHERE stream_id = $1 AND version = $2",
        ManifestId::of(service).uuid(),
        version
    )
    .fetch_optional(conn)
    .await
}

/// The last manifest of a service, as it is recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastManifest {
    pub(crate) version: i64,
    pub(crate) position: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    /// When it was written.
    pub(crate) written_at: DateTime<Utc>,
}

/// The last manifest of a service.
pub(crate) async fn last(
    conn: &mut PgConnection,
    service: Service,
) -> sqlx::Result<Option<LastManifest>> {
    sqlx::query_as!(
        LastManifest,
        "SELECT version, position, recorded_at, occurred_at AS written_at FROM audit.entries
         WHERE stream_id = $1 ORDER BY version DESC LIMIT 1",
        ManifestId::of(service).uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// What a service recorded after its last manifest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unlisted {
    /// How many entries are after it.
    pub(crate) count: i64,
    /// When the oldest event of them that happened after it did.
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// So many events of a type are looked at for the oldest that no manifest lists.
const OF_EACH_TYPE: i64 = 200;

/// What a service recorded after its last manifest: how many among the next so many entries, and of all the oldest.
pub(crate) async fn unlisted(
    conn: &mut PgConnection,
    service: Service,
    last: Option<LastManifest>,
    among: i64,
) -> sqlx::Result<Unlisted> {
    let after = last.map_or(0, |last| last.position);
    let written_at = last.map_or(DateTime::UNIX_EPOCH, |last| last.written_at);
    let next = sqlx::query_as!(
        Unlisted,
        r#"SELECT count(*) AS "count!", min(occurred_at) FILTER (WHERE occurred_at > $3) AS oldest FROM (
               SELECT source, occurred_at FROM audit.entries WHERE position > $2 ORDER BY position LIMIT $4) AS next
           WHERE source = $1"#,
        service.name(),
        after,
        written_at,
        among
    )
    .fetch_one(&mut *conn)
    .await?;
    // Where others record much, the first of this service comes later: of each of its types the next ones are looked at.
    let types: Vec<String> = facts::all()
        .into_iter()
        .filter(|it| {
            it.name != ManifestWritten::TYPE && service.aggregates().contains(&it.aggregate)
        })
        .map(|it| it.name.to_owned())
        .collect();
    let oldest = sqlx::query_scalar!(
        "SELECT min(next.occurred_at) FROM UNNEST($1::text[]) AS known (type) CROSS JOIN LATERAL (
             (SELECT type, source, occurred_at FROM audit.entries
              WHERE NOT bulk AND (type, position) > (known.type, $3) ORDER BY type, position LIMIT $5)
             UNION ALL
             (SELECT type, source, occurred_at FROM audit.entries
              WHERE bulk AND (type, position) > (known.type, $3) ORDER BY type, position LIMIT $5)
         ) AS next WHERE next.type = known.type AND next.source = $2 AND next.occurred_at > $4",
        &types,
        service.name(),
        after,
        written_at,
        OF_EACH_TYPE
    )
    .fetch_one(conn)
    .await?;
    Ok(Unlisted { oldest: next.oldest.into_iter().chain(oldest).min(), ..next })
}

/// Of which of these lines not all events are in the log: their indices, each with how many are not.
pub(crate) async fn not_in_log(
    conn: &mut PgConnection,
    lines: &[ManifestLine<'_>],
) -> sqlx::Result<Vec<(usize, i64)>> {
    let streams: Vec<Uuid> = lines.iter().map(|line| line.stream).collect();
    let from: Vec<i64> = lines.iter().map(|line| line.from.number()).collect();
    let to: Vec<i64> = lines.iter().map(|line| line.to.number()).collect();
    let rows = sqlx::query!(
        r#"SELECT listed.n AS "n!", listed."to" - listed."from" + 1 - there.count AS "missing!"
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS listed (stream_id, "from", "to", n)
           CROSS JOIN LATERAL (
               SELECT count(*) FROM audit.entries
               WHERE stream_id = listed.stream_id AND version BETWEEN listed."from" AND listed."to"
           ) AS there
           WHERE there.count <> listed."to" - listed."from" + 1
           ORDER BY listed.n"#,
        &streams,
        &from,
        &to
    )
    .fetch_all(conn)
    .await?;
    let index = |n: i64| usize::try_from(n - 1).unwrap_or_default();
    Ok(rows.into_iter().map(|row| (index(row.n), row.missing)).collect())
}
