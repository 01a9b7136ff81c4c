//! How far producers were compared with the record.

use contract::Service;
use sqlx::PgConnection;

/// Lets one replica at a time compare with this producer; false if another one does.
pub(crate) async fn try_lock(conn: &mut PgConnection, service: Service) -> sqlx::Result<bool> {
    let name = format!("audit.reconcile.{service}");
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "leads!""#,
        name
    )
    .fetch_one(conn)
    .await
}

/// Up to which row of the producer's events all is known to have arrived.
pub(crate) async fn settled(conn: &mut PgConnection, service: Service) -> sqlx::Result<i64> {
    let seq = sqlx::query_scalar!(
        "SELECT settled_seq FROM audit.reconciled WHERE service = $1",
        service.name()
    )
    .fetch_optional(conn)
    .await?;
    Ok(seq.unwrap_or(0))
}

/// Remembers up to which row all has arrived.
pub(crate) async fn set_settled(
    conn: &mut PgConnection,
    service: Service,
    seq: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO audit.reconciled (service, settled_seq) VALUES ($1, $2)
         ON CONFLICT (service) DO UPDATE SET settled_seq = excluded.settled_seq",
        service.name(),
        seq,
    )
    .execute(conn)
    .await?;
    Ok(())
}
