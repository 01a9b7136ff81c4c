//! Time limits of the relay's statements. A connection can be lost without a word (its other end is gone, a
//! firewall has forgotten it), and would be waited for for ever.

use std::time::Duration;

/// How long the database may take for a small statement.
const SMALL: Duration = Duration::from_secs(10);

/// The same for statements whose work grows with what was lost: a little more than the time after
/// which the database itself gives a statement up.
const BULK: Duration = Duration::from_secs(40);

/// Gives a small statement up whose connection is lost.
pub(super) async fn in_time<T>(
    statement: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    within(SMALL, statement).await
}

/// The same for a statement whose work grows with what was lost.
pub(super) async fn bulk_in_time<T>(
    statement: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    within(BULK, statement).await
}

async fn within<T>(
    limit: Duration,
    statement: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    tokio::time::timeout(limit, statement)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}
