//! What time has made of grants, some at a time, for whoever records it.

use chrono::{DateTime, Utc};
use contract::ids::GrantId;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{DomainLevel, Row, all};
use crate::as_of::AsOf;
use crate::grant::Grant;

/// Some grants whose time has run out, locked; those that somebody else holds are left for later.
pub(crate) async fn lock_due(
    connection: &mut PgConnection,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows = select_grants!(
        "WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        as_of.now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    all(rows, as_of)
}

/// Some grants from before consents ended by themselves, locked; those that somebody else holds are left for later.
pub(crate) async fn lock_awaiting(
    connection: &mut PgConnection,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows = select_grants!(
        "WHERE awaits_expiry_since <= $1 AND ended_at IS NULL
         ORDER BY awaits_expiry_since LIMIT $2 FOR UPDATE SKIP LOCKED",
        as_of.now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    all(rows, as_of)
}

/// Some grants that are to be looked at for a notice, locked; those that somebody else holds are left for later.
pub(crate) async fn lock_notice_due(
    connection: &mut PgConnection,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let rows = select_grants!(
        "WHERE ended_at IS NULL AND notice_due_at <= $1
         ORDER BY notice_due_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        as_of.now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    all(rows, as_of)
}

/// Says when each of these locked grants is to be looked at for its next notice, if there is one.
pub(crate) async fn set_notice_due(
    connection: &mut PgConnection,
    grants: impl Iterator<Item = (GrantId, Option<DateTime<Utc>>)>,
) -> Result<(), sqlx::Error> {
    let (ids, due): (Vec<Uuid>, Vec<Option<DateTime<Utc>>>) =
        grants.map(|(id, due)| (id.uuid(), due)).unzip();
    let done = sqlx::query!(
        "UPDATE consent_broker.grants AS noticed SET notice_due_at = next.due_at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS next (id, due_at)
         WHERE noticed.id = ANY($1) AND noticed.id = next.id",
        &ids,
        &due as _,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Ends these locked grants at their expiry, which has passed.
pub(crate) async fn expire(
    connection: &mut PgConnection,
    grants: impl Iterator<Item = GrantId>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = grants.map(GrantId::uuid).collect();
    // Why not `IS NULL`: see `revoke`.
    let done = sqlx::query!(
        "UPDATE consent_broker.grants
         SET ended_at = expires_at, end_reason = 'expired', version = version + 1
         WHERE id = ANY($1) AND num_nulls(ended_at) = 1",
        &ids,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Gives these locked grants the expiry that counts already, and has them looked at for when they have a notice.
pub(crate) async fn set_expiry(
    connection: &mut PgConnection,
    grants: impl Iterator<Item = GrantId>,
    as_of: AsOf<'_>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = grants.map(GrantId::uuid).collect();
    let done = sqlx::query!(
        "UPDATE consent_broker.grants
         SET expires_at = nullif(
                 consent_broker.grant_expiry(NULL, awaits_expiry_since, service, $2::jsonb), 'infinity'),
             lifetime_days = (coalesce($2::jsonb -> service, $2::jsonb -> '') #>> '{}')::integer,
             awaits_expiry_since = NULL, notice_due_at = $3, version = version + 1
         WHERE id = ANY($1) AND num_nulls(awaits_expiry_since) = 0 AND num_nulls(ended_at) = 1",
        &ids,
        Json(as_of.lifetimes()) as _,
        as_of.now,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
