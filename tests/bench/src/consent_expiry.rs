//! The end of very many grants at the same moment: how long until all are events, and what whoever asks for a token
//! meanwhile notices of it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};
use stage::{Addresses, Client, Method};

use crate::cost::Parts;
use crate::load::{self, CONNECTIONS, Outcome};
use crate::report::{Report, Row};
use crate::stage::Stage;
use crate::tokens;

/// So many grants end at once, and are events in at most so many seconds.
const GRANTS: usize = 100_000;
const AIM_SECONDS: u32 = 60;
/// So much longer one token in a hundred may take meanwhile.
const AIM_RATIO: f64 = 2.0;

/// So many accounts are imported, and so many consent, at a time.
const IMPORTED: usize = 5_000;
const APPROVED: usize = 20_000;

/// How long tokens are asked for between two looks at how far it is, and so many times before.
const SLICE: Duration = Duration::from_secs(5);
const IDLE_SLICES: usize = 4;

/// Measures tokens with nothing else going on, and then while the grants end.
pub(crate) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<()> {
    grant(stage).await?;
    let request = tokens::request(&stage.client_id, &stage.client_secret);
    let tokens = async |duration| {
        let parts = Parts::System(stage);
        load::run(&stage.address, &request, 200, CONNECTIONS, duration, parts).await
    };
    let mut before: Vec<Outcome> = Vec::new();
    for _ in 0..IDLE_SLICES {
        before.push(tokens(SLICE).await?);
    }
    stage.settle().await?;

    let began = end_all(stage).await?;
    let mut during: Vec<Outcome> = Vec::new();
    let drained = async {
        while any_due(stage).await? {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(began.elapsed())
    };
    tokio::pin!(drained);
    let took = loop {
        let (outcome, is_over) =
            tokio::join!(tokens(SLICE), async { tokio::time::timeout(SLICE, &mut drained).await });
        let outcome = outcome?;
        eprintln!(
            "  tokens while they end: p99 {:.1} ms, {:.0} a second",
            outcome.p99_ms, outcome.per_second
        );
        during.push(outcome);
        if let Ok(took) = is_over {
            break took?;
        }
    };
    let (busy, rate) = (load::percentile_of_all(&during, 99), lowest_rate(&during));
    let (idle, idle_rate) = (load::percentile_of_all(&before, 99), lowest_rate(&before));
    report.add(Row {
        what: format!("{GRANTS} grants that end at once"),
        measured: took.as_secs_f64() * 1000.0,
        limit: None,
        unit: "ms",
        ratio: None,
        aim: Some(f64::from(AIM_SECONDS) * 1000.0),
        p50_ms: None,
        p99_ms: None,
        note: format!("until all are events; aim: at most {AIM_SECONDS} s"),
    });
    report.add(Row {
        what: "a token while they end".to_owned(),
        measured: busy,
        limit: Some(idle),
        unit: "ms",
        ratio: Some(busy / idle),
        aim: Some(AIM_RATIO),
        p50_ms: None,
        p99_ms: Some(busy),
        note: format!(
            "p99 over all that time, {CONNECTIONS} connections; limit: the same before; in the worst {} s {:.1} ms \
             and {rate:.0} a second, before {:.1} ms and {idle_rate:.0}; aim: at most",
            SLICE.as_secs(),
            worst_p99(&during),
            worst_p99(&before),
        ),
    });
    stage.settle().await
}

fn worst_p99(slices: &[Outcome]) -> f64 {
    slices.iter().map(|slice| slice.p99_ms).fold(0.0, f64::max)
}

fn lowest_rate(slices: &[Outcome]) -> f64 {
    slices.iter().map(|slice| slice.per_second).fold(f64::INFINITY, f64::min)
}

/// Makes the accounts, and their consent to the stage's app.
async fn grant(stage: &Stage) -> anyhow::Result<()> {
    let client = Client::anonymous(Addresses::One(format!("http://{}", stage.address)))
        .with_token(&stage.developer_token);
    let email = client.get("/v1/people/me").await.expect(200).field("email");
    for from in (0..GRANTS).step_by(IMPORTED) {
        eprintln!("  accounts: {from} of {GRANTS}");
        let mut file = "account_name,kind,service,external_id,email,role\n".to_owned();
        for number in from..from + IMPORTED {
            writeln!(file, "Store {number},advertiser,retail_media,E-{number},{email},admin")?;
        }
        let request = client.request(Method::POST, "/v1/accounts/import");
        request.header("content-type", "text/csv").body(file).send().await.expect(200);
    }
    let app = client.get("/v1/apps").await.expect(200).json["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|app| app["state"] == "active")
        .and_then(|app| app["id"].as_str().map(str::to_owned));
    let app = app.ok_or_else(|| anyhow::anyhow!("the stage has no active app"))?;
    let accounts: Vec<String> = sqlx::query_scalar(
        "SELECT id::text FROM directory.accounts WHERE external_id LIKE 'E-%' ORDER BY id",
    )
    .fetch_all(&stage.pool)
    .await?;
    for some in accounts.chunks(APPROVED) {
        eprintln!("  consents: {} more", some.len());
        let links = format!("/v1/apps/{app}/consent-links");
        let token = client.post(&links, json!({})).await.expect(201).field("token");
        let approve = format!("/v1/consent-requests/{token}/approve");
        client.post(&approve, json!({ "accounts": some })).await.expect(200);
    }
    stage.settle().await
}

/// Moves the end of all of them to one moment, as years would, and waits for it. Writing a hundred thousand rows is not
/// what is measured: it is on disk and cleaned up before.
async fn end_all(stage: &Stage) -> anyhow::Result<Instant> {
    let end = "ALTER TABLE consent_broker.grants DISABLE TRIGGER ends_once;
               UPDATE consent_broker.grants
               SET expires_at = now() + interval '30 s', granted_at = now() - interval '365 days'
               WHERE ended_at IS NULL;
               ALTER TABLE consent_broker.grants ENABLE TRIGGER ends_once";
    let mut transaction = stage.pool.begin().await?;
    transaction.execute(AssertSqlSafe(end.to_owned())).await?;
    transaction.commit().await?;
    stage.pool.execute("VACUUM ANALYZE consent_broker.grants").await?;
    stage.pool.execute("CHECKPOINT").await?;
    let until = "SELECT greatest(0, extract(epoch FROM max(expires_at) - now()))::float8
                 FROM consent_broker.grants WHERE ended_at IS NULL";
    let seconds: f64 = sqlx::query_scalar(until).fetch_one(&stage.pool).await?;
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    Ok(Instant::now())
}

async fn any_due(stage: &Stage) -> anyhow::Result<bool> {
    let due = "SELECT EXISTS (
                   SELECT FROM consent_broker.grants WHERE ended_at IS NULL AND expires_at <= now())";
    Ok(sqlx::query_scalar(due).fetch_one(&stage.pool).await?)
}
