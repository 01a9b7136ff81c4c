//! Events per second into the audit log: from JetStream to committed in the index.

use std::time::Instant;

use anyhow::ensure;
use contract::facts::{ConsentEndReason, ConsentRevoked};
use contract::{Environment, Provenance, Service, Version};
use eventstore::EventStore;
use sqlx::Row as _;

use crate::report::{Report, Row};
use crate::stage::Stage;

/// At least this much of the limit (performance.md).
const AIM: f64 = 0.5;

/// As many rows in one statement of the limit.
const ROWS: i64 = 1000;

/// Lets events wait while audit is away, brings it back and takes the time; then inserts the same
/// rows into an empty copy of the index.
pub(crate) async fn measure(
    stage: &mut Stage,
    events: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    stage.settle().await?;
    stage.stop_audit().await?;
    let before = stage.audited().await?;
    write_events(stage, events).await?;
    stage.until_relayed().await?;
    stage.until_followed().await?;
    stage.start_audit()?;
    // From the first row, so that the start of the process is not counted.
    let mut first = None;
    let end = before + i64::try_from(events)?;
    let (counted_from, began) = loop {
        let now = stage.audited().await?;
        if now > before {
            break *first.get_or_insert((now, Instant::now()));
        }
        stage.pause().await;
    };
    while stage.audited().await? < end {
        stage.pause().await;
    }
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let rate = (end - counted_from) as f64 / seconds;
    let limit = multi_row_inserts(stage).await?;
    report.add(Row {
        what: "audit ingestion".into(),
        measured: rate,
        limit: Some(limit),
        unit: "1/s",
        ratio: Some(rate / limit),
        aim: Some(AIM),
        p50_ms: None,
        p99_ms: None,
        note: format!(
            "{events} events; limit: INSERT … SELECT of {ROWS} of the same rows, same indexes"
        ),
    });
    Ok(())
}

/// Consents that end: an archived app would have others work for minutes, beside whatever is measured next.
async fn write_events(stage: &Stage, events: usize) -> anyhow::Result<()> {
    let pool = stage.pool_of(Service::ConsentBroker)?;
    let environment = Environment::system();
    let store = EventStore::new(Service::ConsentBroker, pool.clone(), environment.clone());
    let mut written = 0;
    while written < events {
        let organization = stage.organization_id.parse()?;
        let provenance =
            Provenance::system(Service::ConsentBroker, Some(organization), environment.new_id());
        let mut unit = store.begin(&provenance);
        for _ in 0..500.min(events - written) {
            let revoked = ConsentRevoked {
                grant_id: environment.new_id(),
                app_id: environment.new_id(),
                account_id: environment.new_id(),
                reason: ConsentEndReason::Requested,
            };
            unit.record(revoked.grant_id.uuid(), Version::FIRST, &revoked)?;
            written += 1;
        }
        unit.commit().await?;
    }
    pool.close().await;
    Ok(())
}

async fn multi_row_inserts(stage: &Stage) -> anyhow::Result<f64> {
    sqlx::query("CREATE TABLE bench_entries (LIKE audit.entries INCLUDING ALL)")
        .execute(&stage.pool)
        .await?;
    let bounds = sqlx::query("SELECT min(position), max(position) FROM audit.entries")
        .fetch_one(&stage.pool)
        .await?;
    let (low, high): (Option<i64>, Option<i64>) = (bounds.get(0), bounds.get(1));
    let (Some(low), Some(high)) = (low, high) else { anyhow::bail!("the audit log is empty") };
    // Read once, so that the measurement is of writing.
    let began = Instant::now();
    let mut from = low;
    let mut rows = 0;
    while from <= high {
        let done = sqlx::query("INSERT INTO bench_entries SELECT * FROM audit.entries WHERE position >= $1 AND position < $2")
            .bind(from)
            .bind(from + ROWS)
            .execute(&stage.pool)
            .await?;
        rows += done.rows_affected();
        from += ROWS;
    }
    ensure!(rows > 0, "no row was inserted");
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let rate = rows as f64 / began.elapsed().as_secs_f64();
    Ok(rate)
}
