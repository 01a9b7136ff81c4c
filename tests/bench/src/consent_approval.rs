//! The approval of very many accounts: one request, one transaction, a grant and its event for each.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::TryStreamExt;
use serde_json::json;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolCopyExt;
use stage::{Addresses, Client, Method};

use crate::load::ROUNDS;
use crate::report::{Report, Row};
use crate::stage::Stage;

/// So many accounts are approved at once, in at most so many milliseconds.
const ACCOUNTS: usize = 5_000;
const AIM_MS: u32 = 2_000;

/// What an approval writes, but for a few rows.
const TABLES: [&str; 4] = ["grants", "events", "contexts", "details"];

/// Measures approvals of all accounts, each beside the same rows copied into tables of the same form.
pub(crate) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<()> {
    let client = Client::anonymous(Addresses::One(format!("http://{}", stage.address)))
        .with_token(&stage.developer_token);
    import(&client).await?;
    for table in TABLES {
        let copy =
            format!("CREATE TABLE bench_{table} (LIKE consent_broker.{table} INCLUDING ALL)");
        sqlx::query(AssertSqlSafe(copy)).execute(&stage.pool).await?;
    }
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (took, limit) = round(stage, &client).await?;
        ours.push(took);
        limits.push(limit);
    }
    let [ours, limit] = [ours, limits].map(middle_ms);
    report.add(Row {
        what: format!("an approval of {ACCOUNTS} accounts"),
        measured: ours,
        limit: Some(limit),
        unit: "ms",
        ratio: Some(ours / limit),
        aim: None,
        p50_ms: None,
        p99_ms: None,
        note: format!(
            "aim: at most {AIM_MS} ms; limit: the same rows of {} by COPY, in one transaction",
            TABLES.join(", ")
        ),
    });
    Ok(())
}

/// The one in the middle.
fn middle_ms(mut rounds: Vec<Duration>) -> f64 {
    rounds.sort();
    rounds[rounds.len() / 2].as_secs_f64() * 1000.0
}

/// Makes the caller the admin of the accounts.
async fn import(client: &Client) -> anyhow::Result<()> {
    let email = client.get("/v1/people/me").await.expect(200).field("email");
    let mut file = "account_name,kind,service,external_id,email,role\n".to_owned();
    for number in 0..ACCOUNTS {
        writeln!(file, "Shop {number},advertiser,retail_media,S-{number},{email},admin")?;
    }
    let request = client.request(Method::POST, "/v1/accounts/import");
    request.header("content-type", "text/csv").body(file).send().await.expect(200);
    Ok(())
}

/// How long an approval takes, for a new app; and how long its rows take by themselves.
async fn round(stage: &Stage, client: &Client) -> anyhow::Result<(Duration, Duration)> {
    let app = json!({
        "organization_id": stage.organization_id, "name": "Bench", "authentication_method": "client_credentials",
        "service": "retail_media",
        "domains": [{ "domain": "campaigns", "level": "manage" }, { "domain": "analytics", "level": "read" }],
    });
    let app = client.post("/v1/apps", app).await.expect(201).field("id");
    client.act(&format!("/v1/apps/{app}/activate")).await.expect(200);
    let links = format!("/v1/apps/{app}/consent-links");
    let link = client.post(&links, json!({})).await.expect(201);
    let (link, token) = (link.field("id"), link.field("token"));
    stage.settle().await?;
    let before: i64 = sqlx::query_scalar("SELECT max(seq) FROM consent_broker.events")
        .fetch_one(&stage.pool)
        .await?;
    let path = format!("/v1/consent-requests/{token}/approve");
    let began = Instant::now();
    let answer = client.post(&path, json!({ "all": {} })).await.expect(200);
    let took = began.elapsed();
    ensure!(answer.json["granted_count"] == json!(ACCOUNTS), "{}", answer.json["left_out"]);
    stage.settle().await?;
    Ok((took, copy_again(stage, &link, before).await?))
}

/// Copies what the approval wrote, from here, in one transaction.
async fn copy_again(stage: &Stage, link: &str, before: i64) -> anyhow::Result<Duration> {
    let mut rows = Vec::new();
    for table in TABLES {
        let events = format!("SELECT id FROM consent_broker.events WHERE seq > {before}");
        let of_this = match table {
            "grants" => format!("SELECT * FROM consent_broker.grants WHERE link_id = '{link}'"),
            "events" => format!("SELECT * FROM consent_broker.events WHERE seq > {before}"),
            beside => {
                format!("SELECT * FROM consent_broker.{beside} WHERE event_id IN ({events})")
            }
        };
        let copy = format!("COPY ({of_this}) TO STDOUT (FORMAT binary)");
        let mut copied = stage.pool.copy_out_raw(&copy).await?;
        let mut bytes = Vec::new();
        while let Some(some) = copied.try_next().await? {
            bytes.extend_from_slice(&some);
        }
        rows.push((table, bytes));
    }
    for table in TABLES {
        sqlx::query(AssertSqlSafe(format!("TRUNCATE bench_{table}"))).execute(&stage.pool).await?;
    }
    let began = Instant::now();
    let mut transaction = stage.pool.begin().await?;
    for (table, bytes) in rows {
        let copy = format!("COPY bench_{table} FROM STDIN (FORMAT binary)");
        let mut into = transaction.copy_in_raw(&copy).await?;
        into.send(bytes).await?;
        into.finish().await.context("the rows fit their own form")?;
    }
    transaction.commit().await?;
    Ok(began.elapsed())
}
