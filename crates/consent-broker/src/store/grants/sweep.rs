//! What time has made of grants, some at a time, for whoever records it.

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

/// Gives these locked grants the expiry that counts already.
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
             awaits_expiry_since = NULL, version = version + 1
         WHERE id = ANY($1) AND num_nulls(awaits_expiry_since) = 0 AND num_nulls(ended_at) = 1",
        &ids,
        Json(as_of.lifetimes()) as _,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == ids.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
