//! Consents that end by themselves. A lifetime has days, and a run minutes: so the end of some is moved here to the
//! next seconds, as a year would bring it.

use sqlx::{Executor, PgPool};

/// So many a round, at most.
const ENDING: i64 = 50;

/// Lets some of the consents end within the next seconds, each with a notice that is due. Nobody may be about to do
/// something with one: what a client does with a consent that has ended leaves no event.
///
/// # Errors
/// When the database fails.
pub(crate) async fn end_soon(pool: &PgPool) -> sqlx::Result<u64> {
    let mut transaction = pool.begin().await?;
    // No service can do this: a trigger keeps the end of a consent from coming nearer.
    transaction.execute("SET LOCAL session_replication_role = replica").await?;
    let moved = sqlx::query(
        "UPDATE consent_broker.grants
         SET granted_at = granted_at - interval '300 days', notice_due_at = now(),
             expires_at = now() + interval '20 seconds' * random() + interval '1 second'
         WHERE id IN (SELECT id FROM consent_broker.grants
                      WHERE ended_at IS NULL AND expires_at > now() + interval '1 day' LIMIT $1)",
    )
    .bind(ENDING)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(moved.rows_affected())
}
