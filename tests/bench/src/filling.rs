//! A long history, made at once: tokens like the last one that was recorded, at their producer and in the log, as
//! they would be if apps had asked for them. Every fourth is another app's.

use anyhow::ensure;
use sqlx::PgPool;

/// So many are written in one transaction.
const CHUNK: i64 = 50_000;

/// Fills the log up to this size.
pub(crate) async fn fill(pool: &PgPool, app: &str, size: i64) -> anyhow::Result<()> {
    let now: i64 = sqlx::query_scalar("SELECT size FROM audit.head").fetch_one(pool).await?;
    ensure!(now <= size, "the log has {now} entries already");
    loop {
        let before: i64 = sqlx::query_scalar("SELECT size FROM audit.head").fetch_one(pool).await?;
        // What the services record meanwhile may make it larger.
        if before >= size {
            break;
        }
        eprintln!("  filling the log: {before} of {size}");
        let chunk = CHUNK.min(size - before);
        sqlx::query(TOKENS).bind(chunk).bind(app).execute(pool).await?;
        let is_filled: bool = sqlx::query_scalar(
            "SELECT size = (SELECT max(position) FROM audit.entries) FROM audit.head",
        )
        .fetch_one(pool)
        .await?;
        ensure!(is_filled, "no token of app {app} is in the log");
    }
    // What is in the log has arrived, and is its producer's.
    for known in [
        "UPDATE audit.reconciled SET settled_seq = (SELECT max(seq) FROM key_issuer.events)
         WHERE service = 'key-issuer'",
        "UPDATE audit.confirmed SET position = (SELECT size FROM audit.head)",
    ] {
        sqlx::query(known).execute(pool).await?;
    }
    // As the server does by itself, later.
    for table in ["audit.entries", "key_issuer.events"] {
        let vacuum = format!("VACUUM (ANALYZE) {table}");
        sqlx::query(sqlx::AssertSqlSafe(vacuum)).execute(pool).await?;
    }
    Ok(())
}

/// $1 is how many, $2 the app of the last token. The head comes first, which locks it: see
/// crates/audit/src/store/append.rs.
const TOKENS: &str = "
    WITH head AS (
        UPDATE audit.head
        SET size = size + $1, recorded_at = GREATEST(recorded_at, now()) + $1 * interval '1 microsecond'
        RETURNING size - $1 AS before, recorded_at - $1 * interval '1 microsecond' AS recorded_at
    ), template AS (
        SELECT *, convert_from(envelope, 'UTF8') AS text, organization::text AS organization_text FROM audit.entries
        WHERE bulk AND type = 'mandate.token.issued.v1' AND app_id = $2::text::uuid ORDER BY position DESC LIMIT 1
    ), made AS MATERIALIZED (
        SELECT n, event_id, stream_id, version, type, source, stream_kind, correlation_id, occurred_at,
            organization_text::uuid AS organization, app_text::uuid AS app_id,
            convert_to(replace(replace(replace(replace(text, template_event, event_id::text),
                template_stream, stream_id::text), template_organization, organization_text), $2, app_text), 'UTF8')
                AS envelope
        FROM (
            SELECT n, numbered.event_id, numbered.stream_id, version, type, source, stream_kind, correlation_id,
                occurred_at, text, template.event_id::text AS template_event, template.stream_id::text AS template_stream,
                template.organization_text AS template_organization,
                CASE WHEN n % 4 = 0 THEN '00000000-0000-7000-8003-' || lpad(to_hex(n % 20), 12, '0')
                     ELSE template.organization_text END AS organization_text,
                CASE WHEN n % 4 = 0 THEN '00000000-0000-7000-8004-' || lpad(to_hex(n % 1000), 12, '0')
                     ELSE $2 END AS app_text
            FROM template CROSS JOIN head CROSS JOIN generate_series(1, $1) AS n
            CROSS JOIN LATERAL (SELECT
                ('00000000-0000-7000-8001-' || lpad(to_hex(before + n), 12, '0'))::uuid AS event_id,
                ('00000000-0000-7000-8002-' || lpad(to_hex(before + n), 12, '0'))::uuid AS stream_id
            ) AS numbered
        ) AS chosen
    ), produced AS (
        INSERT INTO key_issuer.events
            (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
        SELECT event_id, stream_kind, stream_id, version, type, organization, occurred_at, envelope
        FROM made ORDER BY n
    ), recorded AS (
        INSERT INTO audit.entries
            (position, event_id, stream_kind, stream_id, version, type, source, organization, app_id, actor,
             correlation_id, occurred_at, recorded_at, envelope, bulk)
        SELECT before + n, event_id, stream_kind, stream_id, version, type, source, organization, app_id,
            'app/' || app_id, correlation_id, occurred_at, recorded_at + n * interval '1 microsecond', envelope, true
        FROM made CROSS JOIN head ORDER BY n
        RETURNING position, occurred_at
    )
    INSERT INTO audit.spans AS known (span, earliest, latest)
    SELECT position / 4096, min(occurred_at), max(occurred_at) FROM recorded GROUP BY position / 4096
    ON CONFLICT (span) DO UPDATE SET
        earliest = LEAST(known.earliest, excluded.earliest), latest = GREATEST(known.latest, excluded.latest)";
