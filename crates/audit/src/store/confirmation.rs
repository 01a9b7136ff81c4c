//! How far what is recorded was compared with its producers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::{EventId, Service};
use eventstore::rows;
use sqlx::PgConnection;

use crate::conflict::ConflictingEvent;
use crate::store::decode;
use crate::stream::StreamPosition;

/// Lets one replica at a time compare; false if another one does.
pub(crate) async fn try_lock(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended('audit.confirm', 0)) AS "leads!""#
    )
    .fetch_one(conn)
    .await
}

/// Up to which position of the log each service was asked.
pub(crate) async fn reached(conn: &mut PgConnection) -> sqlx::Result<BTreeMap<Service, i64>> {
    let rows = sqlx::query!(
        "SELECT service, position FROM audit.confirmed WHERE service = ANY($1)",
        &Service::ALL.map(Service::name) as &[&str]
    )
    .fetch_all(conn)
    .await?;
    let mut reached: BTreeMap<Service, i64> =
        Service::ALL.into_iter().map(|service| (service, 0)).collect();
    for row in rows {
        reached.insert(decode::service(&row.service)?, row.position);
    }
    Ok(reached)
}

/// An entry whose producer has not said yet whether it is its own.
pub(crate) struct Unconfirmed {
    pub(crate) position: i64,
    pub(crate) source: Service,
    pub(crate) stream: StreamPosition,
    /// SHA-256 of the envelope, in hex.
    pub(crate) sha256: String,
}

/// The entries after one position, up to another.
pub(crate) async fn between(
    conn: &mut PgConnection,
    after: i64,
    to: i64,
) -> sqlx::Result<Vec<Unconfirmed>> {
    let rows = sqlx::query!(
        r#"SELECT position, source, stream_id, version, encode(sha256(envelope), 'hex') AS "sha256!"
           FROM audit.entries WHERE position > $1 AND position <= $2"#,
        after,
        to
    )
    .fetch_all(conn)
    .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        entries.push(Unconfirmed {
            position: row.position,
            source: decode::service(&row.source)?,
            stream: StreamPosition {
                stream_id: row.stream_id,
                version: rows::version(row.version)?,
            },
            sha256: row.sha256,
        });
    }
    Ok(entries)
}

/// What is recorded at these positions, each with its kind of stream.
pub(crate) async fn events_at(
    conn: &mut PgConnection,
    positions: &[i64],
) -> sqlx::Result<Vec<(String, ConflictingEvent)>> {
    let rows = sqlx::query!(
        "SELECT event_id, stream_kind, stream_id, version, envelope FROM audit.entries WHERE position = ANY($1)",
        positions
    )
    .fetch_all(conn)
    .await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let version = rows::version(row.version)?;
        let event = ConflictingEvent {
            event_id: EventId::from_uuid(row.event_id),
            stream_position: StreamPosition { stream_id: row.stream_id, version },
            envelope: row.envelope.into(),
        };
        events.push((row.stream_kind, event));
    }
    Ok(events)
}

/// Remembers that these services have answered for all up to this position.
pub(crate) async fn set_reached(
    conn: &mut PgConnection,
    services: &[Service],
    position: i64,
) -> sqlx::Result<()> {
    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    sqlx::query!(
        "INSERT INTO audit.confirmed (service, position)
         SELECT service, $2 FROM UNNEST($1::text[]) AS answered (service)
         ON CONFLICT (service) DO UPDATE SET position = excluded.position, waiting_since = NULL",
        &names as &[&str],
        position,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Remembers that a service has not answered, and since when not.
pub(crate) async fn set_waiting(
    conn: &mut PgConnection,
    service: Service,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.confirmed AS known (service, position, waiting_since) VALUES ($1, 0, $2)
         ON CONFLICT (service) DO UPDATE SET waiting_since = excluded.waiting_since
         WHERE known.waiting_since IS NULL",
        service.name(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The services that have not answered since before this time.
pub(crate) async fn waiting_since_before(
    conn: &mut PgConnection,
    time: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT service FROM audit.confirmed WHERE service = ANY($1) AND waiting_since < $2 ORDER BY service",
        &Service::ALL.map(Service::name) as &[&str],
        time
    )
    .fetch_all(conn)
    .await
}
