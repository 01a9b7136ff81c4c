//! App creations per second: authorization, state, event and outbox row, over HTTP.

use std::time::{Duration, Instant};

use futures::future::try_join_all;

use crate::cost::Parts;
use crate::load::{self, ROUNDS};
use crate::report::{Report, Row};
use crate::stage::Stage;

/// At least this much of the limit (performance.md).
const AIM: f64 = 0.6;

/// Measures single-row inserts of as many bytes, then creations.
pub(crate) async fn measure(
    stage: &Stage,
    duration: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let body = format!(
        r#"{{"organization_id":"{}","name":"Bench","authentication_method":"client_credentials","service":"retail_media","domains":[{{"domain":"campaigns","level":"manage"}}]}}"#,
        stage.organization_id
    );
    let bearer = format!("Bearer {}", stage.developer_token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let request = load::request("/v1/apps", &headers, &body);
    let (mut limits, mut rounds) = (Vec::new(), Vec::new());
    let mut behind = Duration::ZERO;
    for _ in 0..ROUNDS {
        stage.settle().await?;
        limits.push(single_row_inserts(stage, duration / 2).await?);
        let parts = Parts::System(stage);
        let ours = load::run(&stage.address, &request, 201, load::CONNECTIONS, duration / 2, parts);
        rounds.push(ours.await?);
        behind = behind.max(stage.until_audited().await?);
    }
    limits.sort_by(f64::total_cmp);
    let (limit, ours) = (limits[limits.len() / 2], load::middle(rounds)?);
    report.costs("an app creation", ours.costs);
    report.add(Row {
        what: "app creations, 32 connections".into(),
        measured: ours.per_second,
        limit: Some(limit),
        unit: "1/s",
        ratio: Some(ours.per_second / limit),
        aim: Some(AIM),
        p50_ms: Some(ours.p50_ms),
        p99_ms: Some(ours.p99_ms),
        note: format!(
            "limit: one-row INSERT a transaction, sqlx; audit log complete at most {:.1} s later",
            behind.as_secs_f64()
        ),
    });
    Ok(())
}

/// One INSERT statement a transaction, 32 at a time, of the bytes of an event.
async fn single_row_inserts(stage: &Stage, duration: Duration) -> anyhow::Result<f64> {
    sqlx::query("CREATE TABLE IF NOT EXISTS bench_rows (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL UNIQUE, body bytea NOT NULL)")
        .execute(&stage.pool)
        .await?;
    let body = vec![b'x'; 900];
    let environment = contract::Environment::system();
    let began = Instant::now();
    let writers = (0..load::CONNECTIONS).map(|_| async {
        let mut count = 0_u32;
        while began.elapsed() < duration {
            sqlx::query("INSERT INTO bench_rows (id, body) VALUES ($1, $2)")
                .bind(environment.new_id::<contract::EventId>().uuid())
                .bind(&body)
                .execute(&stage.pool)
                .await?;
            count += 1;
        }
        Ok::<u32, sqlx::Error>(count)
    });
    let total: u32 = try_join_all(writers).await?.into_iter().sum();
    Ok(f64::from(total) / began.elapsed().as_secs_f64())
}
