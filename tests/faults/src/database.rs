//! What befalls the database: a failover to a server that only reads, and last transactions that are lost.

use sqlx::{Executor, PgPool, Postgres, Transaction};

/// Only these sessions are the product's.
const SESSIONS: &str = "application_name LIKE 'mandate-%' AND pid <> pg_backend_pid()";

/// A transaction that writes, whatever the server's default is.
async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'_, Postgres>> {
    let mut transaction = pool.begin().await?;
    transaction.execute("SET TRANSACTION READ WRITE").await?;
    Ok(transaction)
}

async fn set_read_only(pool: &PgPool, change: &str) -> sqlx::Result<()> {
    let mut transaction = begin(pool).await?;
    let statement = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {change}', current_database()); END $$"
    );
    transaction.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(statement))).await?;
    transaction.commit().await
}

/// All connections of the product are lost, and new ones lead to a server that takes no changes. They stay
/// there, whatever the address leads to later.
pub(crate) async fn fail_over(pool: &PgPool) -> sqlx::Result<()> {
    set_read_only(pool, "SET default_transaction_read_only = on").await?;
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {SESSIONS}");
    pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(end))).await?;
    Ok(())
}

/// From now on new connections lead to a server that takes changes.
pub(crate) async fn fail_back(pool: &PgPool) -> sqlx::Result<()> {
    set_read_only(pool, "RESET default_transaction_read_only").await
}

/// Takes the last events of some apps out of what the key issuer knows, as if their transactions had never been:
/// the state, the position and how far it was compared. Of how many apps.
pub(crate) async fn lose_last_of_projection(pool: &PgPool) -> sqlx::Result<i64> {
    let mut transaction = begin(pool).await?;
    // Past the triggers, which let nothing go back.
    transaction.execute("SET LOCAL session_replication_role = replica").await?;
    let undone = sqlx::query_scalar(
        "WITH last AS (
             SELECT p.stream_id, p.version, e.seq, before.type AS before
             FROM key_issuer.consumer_positions p
             JOIN app_registry.events e USING (stream_id, version)
             JOIN app_registry.events before ON before.stream_id = p.stream_id AND before.version = p.version - 1
             WHERE p.consumer = 'key-issuer-apps'
               AND e.type IN ('mandate.app.suspended.v1', 'mandate.app.resumed.v1', 'mandate.app.archived.v1')
               AND before.type IN ('mandate.app.activated.v1', 'mandate.app.suspended.v1', 'mandate.app.resumed.v1')
             ORDER BY e.seq DESC LIMIT 5
         ), apps AS (
             UPDATE key_issuer.apps a
             SET version = last.version - 1,
                 state = CASE last.before WHEN 'mandate.app.suspended.v1' THEN 'suspended' ELSE 'active' END
             FROM last WHERE a.app_id = last.stream_id
         ), positions AS (
             UPDATE key_issuer.consumer_positions p SET version = last.version - 1
             FROM last WHERE p.consumer = 'key-issuer-apps' AND p.stream_id = last.stream_id
         ), compared AS (
             UPDATE key_issuer.projection_comparisons
             SET settled_seq = least(settled_seq, (SELECT min(seq) - 1 FROM last))
             WHERE consumer = 'key-issuer-apps'
         )
         SELECT count(*) FROM last",
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(undone)
}
