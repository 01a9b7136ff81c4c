//! What becomes of the tables when another log begins (migrations/audit/0006_log_keys.sql). For their owner alone, and
//! both in one transaction. They are no queries of the service, which may call neither: so they are not among those that
//! are checked and planned as its own.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Ends the log of this name: its checkpoints become former ones, its tree is empty, its entries wait. The time at which
/// the first entry counts as recorded.
pub(crate) async fn end_log(conn: &mut PgConnection, origin: &str) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar("SELECT audit.end_log($1)").bind(origin).fetch_one(conn).await
}

/// Puts the entries that wait behind those that there are by now.
pub(crate) async fn give_back(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT audit.give_back()").execute(conn).await?;
    Ok(())
}
