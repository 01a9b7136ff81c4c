use chrono::{DateTime, Utc};
use contract::secret::SecretHash;
use contract::{IdentityProviderId, SignInId};
use sqlx::{PgConnection, PgPool};

use crate::sign_in_flow::SignInFlow;

/// So many are forgotten at a time.
const BATCH: i64 = 1000;

/// Keeps a sign-in that was begun.
pub(crate) async fn insert(conn: &mut PgConnection, new: &SignInFlow) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO directory.sign_in_flows
            (id, identity_provider_id, state_hash, binding_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id.uuid(),
        new.identity_provider_id.uuid(),
        &new.state.0[..],
        &new.binding.0[..],
        new.created_at,
        new.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sign-in of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: SignInId,
) -> sqlx::Result<Option<SignInFlow>> {
    let row = sqlx::query!(
        "SELECT identity_provider_id, state_hash, binding_hash, created_at, expires_at, used_at
         FROM directory.sign_in_flows WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(SignInFlow {
            id,
            identity_provider_id: IdentityProviderId::from_uuid(row.identity_provider_id),
            state: hash(&row.state_hash)?,
            binding: hash(&row.binding_hash)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
        })
    })
    .transpose()
}

/// Uses a sign-in up; false if somebody else did.
pub(crate) async fn use_up(
    conn: &mut PgConnection,
    id: SignInId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        "UPDATE directory.sign_in_flows SET used_at = $2 WHERE id = $1 AND used_at IS NULL",
        id.uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Forgets some of the sign-ins that ended before this; false once there are none.
pub(crate) async fn sweep(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        "DELETE FROM directory.sign_in_flows WHERE id IN (
             SELECT id FROM directory.sign_in_flows WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
        BATCH,
    )
    .execute(pool)
    .await?;
    Ok(result.rows_affected() > 0)
}

fn hash(bytes: &[u8]) -> sqlx::Result<SecretHash> {
    SecretHash::from_slice(bytes)
        .ok_or_else(|| sqlx::Error::Decode("a hash of a sign-in: not 32 bytes".into()))
}
