//! The time limit of a statement. A connection can be lost without a word (its other end is gone, a firewall
//! has forgotten it), and would be waited for for ever; whether what was under way was committed is then
//! unknown, as with any connection that breaks.

use std::time::Duration;

/// How long work on the database may take. Every statement of this crate does a small portion ([`PORTION`] where it
/// would grow with history): one that takes longer waits for a connection that is lost.
const STATEMENT: Duration = Duration::from_secs(5);

/// Gives work on the database up whose connection must be lost.
///
/// # Errors
/// Those of the work, or that it took too long.
pub(crate) async fn in_time<T, E: From<sqlx::Error>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(STATEMENT, work)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()))
}
