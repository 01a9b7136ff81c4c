//! How far each consumer of the service has come in each stream.

use std::collections::HashMap;

use contract::Version;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows;

/// The positions of these streams, locked for this transaction in the order given. Streams never seen
/// are left out.
pub(crate) async fn lock_positions(
    connection: &mut PgConnection,
    consumer: &str,
    streams: &[Uuid],
) -> Result<HashMap<Uuid, Version>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT p.stream_id AS "stream_id!", p.version AS "version!"
           FROM unnest($2::uuid[]) AS wanted (stream_id)
           CROSS JOIN LATERAL (
               SELECT stream_id, version FROM consumer_positions
               WHERE consumer = $1 AND stream_id = wanted.stream_id FOR UPDATE
           ) AS p"#,
        consumer,
        streams
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((row.stream_id, rows::version(row.version)?))).collect()
}

/// The positions of these streams, as they are. Streams never seen are left out.
pub(crate) async fn positions(
    connection: &mut PgConnection,
    consumer: &str,
    streams: &[Uuid],
) -> Result<HashMap<Uuid, Version>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT p.stream_id AS "stream_id!", p.version AS "version!"
           FROM unnest($2::uuid[]) AS wanted (stream_id)
           CROSS JOIN LATERAL (
               SELECT stream_id, version FROM consumer_positions
               WHERE consumer = $1 AND stream_id = wanted.stream_id
           ) AS p"#,
        consumer,
        streams
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((row.stream_id, rows::version(row.version)?))).collect()
}

/// How far a stream was consumed.
pub(crate) struct Moved {
    pub(crate) stream: Uuid,
    pub(crate) version: Version,
    /// Whether [`lock_positions`] did not find it. Another replica may begin the same stream at this
    /// moment: the second one to insert it is refused, and with it what it applied.
    pub(crate) begun: bool,
}

pub(crate) async fn save_positions(
    connection: &mut PgConnection,
    consumer: &str,
    moved: &[Moved],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH moved AS MATERIALIZED (
             SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::boolean[]) AS n (stream_id, version, begun)
         ), followed AS (
             UPDATE consumer_positions p SET version = moved.version
             FROM moved WHERE NOT moved.begun AND p.consumer = $1 AND p.stream_id = moved.stream_id
         )
         INSERT INTO consumer_positions (consumer, stream_id, version)
         SELECT $1, stream_id, version FROM moved WHERE begun ORDER BY stream_id",
        consumer,
        &moved.iter().map(|moved| moved.stream).collect::<Vec<_>>(),
        &moved.iter().map(|moved| moved.version.number()).collect::<Vec<_>>(),
        &moved.iter().map(|moved| moved.begun).collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
