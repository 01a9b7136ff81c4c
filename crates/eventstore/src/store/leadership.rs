//! The lock that the leading relay of a service holds.

use sqlx::PgConnection;

/// Whether this session now leads, for as long as it lives.
pub(crate) async fn try_lead(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtext('mandate.relay'), hashtext($1)) AS "leads!""#,
        schema
    )
    .fetch_one(connection)
    .await
}
