//! Whether the database takes changes: what its errors say of it, and which connections still lead to a server
//! that does, or to any.
//!
//! After a failover connections may stay on the server that was the primary, or on a standby: they read, perhaps what is old,
//! and refuse every change (SQLSTATE 25006). Such a connection is never used again, nor is any that was made before
//! it was noticed: the next ones are made anew, and lead to wherever the address leads now.

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

/// `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

/// A connection that does not answer the simplest question within this time is lost.
const ANSWER: Duration = Duration::from_secs(2);

/// So soon connections are not thrown away again: what was made since may lead to the same server, as long as
/// there is no other.
const RENEWED_EVERY: Duration = Duration::from_secs(1);

/// What this process has noticed. One for all of its databases: where an error is mapped it is not known from which connection
/// it came, and it costs little to make those anew that were good.
static NOTICED: Mutex<Noticed> = Mutex::new(Noticed { distrusted: None, refused: None });

struct Noticed {
    /// When a connection was last found to take no changes, or to be lost.
    distrusted: Option<Instant>,
    /// When a change was last refused because of how the database is, and why.
    refused: Option<(Instant, String)>,
}

fn noticed() -> MutexGuard<'static, Noticed> {
    // Whatever panicked while holding it has left whole values.
    NOTICED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether nothing is wrong with what was asked for, but with the database: it cannot be reached, is going
/// down or coming up, takes no changes, has no room left, or failed. A broken-off handshake reads as a
/// protocol error.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_) => true,
        error => code(error).is_some_and(|code| {
            // connection_exception, insufficient_resources (a full disk, no memory, too many connections),
            // system_error; admin_shutdown, crash_shutdown, cannot_connect_now.
            ["08", "53", "58"].iter().any(|class| code.starts_with(class))
                || [READ_ONLY, "57P01", "57P02", "57P03"].contains(&&*code)
        }),
    }
}

fn code(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code)
}

/// Notices what an error says of the database. To be told of every error that is not the caller's.
pub fn notice(error: &sqlx::Error) {
    let Some(code) = code(error) else { return };
    let read_only = code == READ_ONLY;
    if read_only || code.starts_with("53") || code.starts_with("58") {
        let now = Instant::now();
        let mut noticed = noticed();
        noticed.refused = Some((now, error.to_string()));
        if read_only {
            distrust(&mut noticed, now);
        }
    }
}

fn distrust(noticed: &mut Noticed, now: Instant) {
    if noticed.distrusted.is_none_or(|before| now.duration_since(before) >= RENEWED_EVERY) {
        noticed.distrusted = Some(now);
    }
}

/// Whether a connection that was made so long ago may still be used.
pub fn is_trusted(age: Duration) -> bool {
    let since = noticed().distrusted;
    since.is_none_or(|since| age <= since.elapsed())
}

/// Why a change was refused, and how long ago, if that was within this time.
pub fn refused_within(time: Duration) -> Option<(Duration, String)> {
    let noticed = noticed();
    let (at, reason) = noticed.refused.as_ref()?;
    let ago = at.elapsed();
    (ago <= time).then(|| (ago, reason.clone()))
}

/// Why a connection takes no changes.
#[derive(Debug, thiserror::Error)]
pub enum NotWritable {
    /// Its server is a standby.
    #[error("the server is a standby: it is in recovery")]
    InRecovery,
    /// Its transactions may only read.
    #[error("the server takes no changes: its transactions are read-only")]
    ReadOnly,
    /// It could not be asked.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Asks over a connection whether it takes changes. One that does not, or does not answer, is noticed.
///
/// # Errors
/// See [`NotWritable`].
pub async fn check(connection: &mut PgConnection) -> Result<(), NotWritable> {
    let asked = sqlx::query!(
        r#"SELECT pg_is_in_recovery() AS "in_recovery!",
                  current_setting('transaction_read_only')::boolean AS "read_only!""#
    )
    .fetch_one(connection);
    let state = answered(asked).await?;
    if !state.in_recovery && !state.read_only {
        return Ok(());
    }
    distrust(&mut noticed(), Instant::now());
    Err(if state.in_recovery { NotWritable::InRecovery } else { NotWritable::ReadOnly })
}

/// Waits until nothing is under way any more on a connection that is given back.
///
/// # Errors
/// When the connection has failed, or does not answer: it is to be closed then.
pub async fn settle(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    answered(connection.ping()).await
}

/// An answer that comes in time. If it does not, connections that were made before are most likely lost with this
/// one: whatever lies between forgets all of them at once.
async fn answered<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(|_| {
        distrust(&mut noticed(), Instant::now());
        Err(sqlx::Error::Io(ErrorKind::TimedOut.into()))
    })
}
