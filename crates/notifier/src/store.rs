//! The SQL of subscribers. Writes go through the connection of an `eventstore` unit, together with the
//! events they belong to. Not found is `Ok(None)`.

use chrono::{DateTime, Utc};
use contract::{OrganizationId, SubscriberId};
use eventstore::rows::{exactly_one, version};
use eventstore::{Look, Progress};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::password::PasswordHash;
use crate::subscriber::{Missed, Subscriber};

struct Row {
    id: Uuid,
    name: String,
    organization_id: Uuid,
    events: Vec<String>,
    password_hash: String,
    created_at: DateTime<Utc>,
    removed_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<Row> for Subscriber {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self {
            id: SubscriberId::from_uuid(row.id),
            name: row.name,
            organization_id: OrganizationId::from_uuid(row.organization_id),
            events: row.events,
            password_hash: PasswordHash(row.password_hash),
            created_at: row.created_at,
            removed_at: row.removed_at,
            version: version(row.version)?,
        })
    }
}

/// Keeps a new subscriber. Its name may be taken: [`is_name_taken`].
pub(crate) async fn insert(conn: &mut PgConnection, new: &Subscriber) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO notifier.subscribers
            (id, name, organization_id, events, password_hash, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id.uuid(),
        new.name,
        new.organization_id.uuid(),
        &new.events,
        new.password_hash.0,
        new.created_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a subscriber could not be kept for its name.
pub(crate) fn is_name_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
        == Some("subscribers_name_key")
}

/// The subscriber of this name, removed or not, locked until the end of the transaction.
pub(crate) async fn lock(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<Subscriber>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, name, organization_id, events, password_hash, created_at, removed_at, version
         FROM notifier.subscribers WHERE name = $1 FOR UPDATE",
        name,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Subscriber::try_from).transpose()
}

/// Saves that a subscriber, which was locked before, is removed.
pub(crate) async fn save_removal(
    conn: &mut PgConnection,
    removed: &Subscriber,
) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "UPDATE notifier.subscribers SET removed_at = $2, version = $3
         WHERE id = $1 AND removed_at IS NULL AND version = $3::bigint - 1",
        removed.id.uuid(),
        removed.removed_at,
        removed.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The subscribers that are not removed, by name. They are few: whoever keeps NATS as they say
/// needs all.
pub(crate) async fn live(conn: &mut PgConnection) -> sqlx::Result<Vec<Subscriber>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, name, organization_id, events, password_hash, created_at, removed_at, version
         FROM notifier.subscribers WHERE removed_at IS NULL ORDER BY name",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Subscriber::try_from).collect()
}

/// How far a subscriber had come when it was last looked.
pub(crate) struct LastLook {
    pub(crate) progress: Progress,
    /// How often it was looked.
    looks: i64,
}

pub(crate) async fn last_look(
    conn: &mut PgConnection,
    id: SubscriberId,
) -> sqlx::Result<Option<LastLook>> {
    let row = sqlx::query!(
        "SELECT incarnation, last_sequence, delivered, deliveries, pending, looks
         FROM notifier.subscriber_progress WHERE subscriber_id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let read = row.map(|row| {
        Ok(LastLook {
            progress: Progress {
                incarnation: row.incarnation,
                last_sequence: count(row.last_sequence)?,
                delivered: count(row.delivered)?,
                deliveries: count(row.deliveries)?,
                pending: count(row.pending)?,
            },
            looks: row.looks,
        })
    });
    read.transpose()
}

/// Keeps a look after that one, and adds what the subscriber missed meanwhile. Whether it counts: another replica
/// may have looked meanwhile.
pub(crate) async fn save_look(
    conn: &mut PgConnection,
    id: SubscriberId,
    after: Option<&LastLook>,
    look: &Look,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let Look { progress, missed } = look;
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let result = sqlx::query!(
        "INSERT INTO notifier.subscriber_progress AS had
             (subscriber_id, incarnation, last_sequence, delivered, deliveries, pending, missed, missed_at, looks)
         VALUES ($1, $2, $3, $4, $5, $6, $7::bigint, CASE WHEN $7::bigint > 0 THEN $8::timestamptz END, 1)
         ON CONFLICT (subscriber_id) DO UPDATE
         SET incarnation = $2, last_sequence = $3, delivered = $4, deliveries = $5, pending = $6,
             missed = had.missed + $7::bigint, looks = had.looks + 1,
             missed_at = CASE WHEN $7::bigint > 0 THEN $8::timestamptz ELSE had.missed_at END
         WHERE had.looks = $9",
        id.uuid(),
        progress.incarnation,
        number(progress.last_sequence),
        number(progress.delivered),
        number(progress.deliveries),
        number(progress.pending),
        number(*missed),
        now,
        after.map_or(0, |look| look.looks),
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// What subscribers missed, of those that missed something.
pub(crate) async fn missed(conn: &mut PgConnection) -> sqlx::Result<Vec<(SubscriberId, Missed)>> {
    let rows = sqlx::query!(
        r#"SELECT subscriber_id, missed, missed_at AS "missed_at!"
           FROM notifier.subscriber_progress WHERE missed > 0"#,
    )
    .fetch_all(conn)
    .await?;
    let missed = rows.into_iter().map(|row| {
        let missed = Missed { events: count(row.missed)?, last: row.missed_at };
        Ok((SubscriberId::from_uuid(row.subscriber_id), missed))
    });
    missed.collect()
}

/// A number that is never negative.
fn count(number: i64) -> sqlx::Result<u64> {
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}
