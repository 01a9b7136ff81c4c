//! The lock that the leading relay of a service holds.

use sqlx::PgConnection;

use crate::Destination;

/// Whether this session now leads the relay to this destination, for as long as it lives.
pub(crate) async fn try_lead(
    connection: &mut PgConnection,
    schema: &str,
    destination: Destination,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtext('mandate.relay.' || $2), hashtext($1)) AS "leads!""#,
        schema,
        destination.name()
    )
    .fetch_one(connection)
    .await
}
