//! How far each projection of the service was compared with its producers.

use sqlx::PgConnection;

/// Makes the row of a projection's first comparison.
pub(crate) async fn begin_comparison(
    connection: &mut PgConnection,
    consumer: &str,
    producer: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO projection_comparisons (consumer, producer) VALUES ($1, $2)
         ON CONFLICT DO NOTHING",
        consumer,
        producer
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets one replica at a time compare, until its transaction ends; false if another one does.
pub(crate) async fn try_compare(
    connection: &mut PgConnection,
    consumer: &str,
    producer: &str,
) -> Result<bool, sqlx::Error> {
    let name = format!("projection.reconcile.{consumer}.{producer}");
    sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "compares!""#,
        name
    )
    .fetch_one(connection)
    .await
}

/// What is known of the comparison with one producer.
pub(crate) struct Comparison {
    pub(crate) settled_seq: i64,
    /// How long ago, by the database's clock, the last one began that left nothing missing.
    pub(crate) age_secs: f64,
}

/// What is known of the comparison with one producer. `None` before the first.
pub(crate) async fn comparison(
    connection: &mut PgConnection,
    consumer: &str,
    producer: &str,
) -> Result<Option<Comparison>, sqlx::Error> {
    sqlx::query_as!(
        Comparison,
        r#"SELECT settled_seq,
                  greatest(extract(epoch FROM clock_timestamp() - compared_at), 0)::float8 AS "age_secs!"
           FROM projection_comparisons WHERE consumer = $1 AND producer = $2"#,
        consumer,
        producer
    )
    .fetch_optional(connection)
    .await
}

/// Remembers up to which row all has arrived, and, if nothing is missing, that it was so when this
/// transaction began.
pub(crate) async fn keep_comparison(
    connection: &mut PgConnection,
    consumer: &str,
    producer: &str,
    settled_seq: i64,
    nothing_missing: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE projection_comparisons
         SET settled_seq = $3, compared_at = CASE WHEN $4 THEN now() ELSE compared_at END
         WHERE consumer = $1 AND producer = $2",
        consumer,
        producer,
        settled_seq,
        nothing_missing
    )
    .execute(connection)
    .await?;
    Ok(())
}
