//! From which networks people have signed in, as keyed hashes; and the key.

use chrono::{DateTime, Utc};
use contract::PersonId;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::sign_in_limits::Hash;

/// Keeps that a person has signed in from there.
pub(crate) async fn remember(
    conn: &mut PgConnection,
    person: PersonId,
    network: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO directory.sign_in_networks AS n (person_id, network, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (person_id, network) DO UPDATE SET last_at = greatest(n.last_at, $3)",
        person.uuid(),
        network.as_slice(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets networks from which nobody signed in since.
pub(crate) async fn sweep(
    executor: impl PgExecutor<'_>,
    before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM directory.sign_in_networks WHERE last_at < $1", before)
        .execute(executor)
        .await?;
    Ok(())
}

/// The key of the hashes; this one, if there was none.
pub(crate) async fn key(pool: &PgPool, new: [u8; 32]) -> sqlx::Result<[u8; 32]> {
    sqlx::query!(
        "INSERT INTO directory.sign_in_hash_key (key) VALUES ($1) ON CONFLICT DO NOTHING",
        new.as_slice(),
    )
    .execute(pool)
    .await?;
    let key = sqlx::query_scalar!("SELECT key FROM directory.sign_in_hash_key").fetch_one(pool);
    key.await?.try_into().map_err(|_| sqlx::Error::Decode("the key has not 32 bytes".into()))
}
