//! What history costs: each question of the log, each list of the API, a proof, a command and a token, with few
//! entries in the log and then with very many, nearly all of them tokens.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use stage::{Addresses, Client};

use crate::cost::Parts;
use crate::filling::fill;
use crate::load;
use crate::report::{Report, Row};
use crate::stage::Stage;
use crate::tokens;

/// How many entries are in the log: first, and then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) short: i64,
    pub(crate) long: i64,
}

/// The latency that one in a hundred exceeds is at most so many times what it was (performance.md).
const AIM: f64 = 2.0;

/// So few that what is measured is an answer, and not what waits for it.
const CONNECTIONS: usize = 4;

/// Apps that are there beside the one that is asked about: more than a page.
const APPS: usize = 60;

/// A request that is measured.
struct Measured<'s> {
    what: String,
    address: &'s str,
    status: u16,
    bytes: Vec<u8>,
}

/// Fills the log to both sizes, measures all at each, and compares.
pub(crate) async fn measure(
    duration: Duration,
    sizes: Sizes,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    let asked = Asked::prepare(&stage).await?;
    let duration = duration / 10;
    let mut taken = Vec::new();
    let Sizes { short, long } = sizes;
    for size in [short, long] {
        stage.until_audited().await?;
        fill(&stage.pool, &asked.app, size).await?;
        stage.grow_tree().await?;
        stage.until_listed().await?;
        stage.settle().await?;
        let mut latencies = Vec::new();
        for request in asked.requests(&stage).await? {
            eprintln!("  {size} entries: {}", request.what);
            let load = load::run(
                request.address,
                &request.bytes,
                request.status,
                CONNECTIONS,
                duration,
                Parts::System(&stage),
            );
            let outcome = load.await.with_context(|| request.what.clone())?;
            latencies.push((request.what, outcome));
        }
        taken.push(latencies);
    }
    stage.strike().await?;
    let (Some(last), Some(first)) = (taken.pop(), taken.pop()) else { bail!("nothing was taken") };
    let entries = long;
    for ((what, long), (_, short)) in last.into_iter().zip(first) {
        report.add(Row {
            what: format!("{entries} entries: {what}"),
            measured: long.p99_ms,
            limit: Some(short.p99_ms),
            unit: "ms",
            ratio: Some(long.p99_ms / short.p99_ms),
            aim: Some(AIM),
            p50_ms: Some(long.p50_ms),
            p99_ms: Some(long.p99_ms),
            note: format!(
                "p99; limit: the same at {}, p50 {:.2}; aim: at most",
                sizes.short, short.p50_ms
            ),
        });
    }
    Ok(())
}

/// What is asked about.
struct Asked {
    client: Client,
    app: String,
    organization: String,
    account: String,
    person: String,
    lists: Vec<String>,
}

impl Asked {
    /// Makes an account and some apps, and a token whose record is repeated.
    async fn prepare(stage: &Stage) -> anyhow::Result<Self> {
        let address = Addresses::One(format!("http://{}", stage.address));
        let client = Client::anonymous(address).with_token(&stage.developer_token);
        let organization = stage.organization_id.clone();
        let account = json!({ "name": "Bench", "kind": "advertiser", "service": "retail_media", "external_id": "B-1" });
        let account = client.post("/v1/accounts", account).await.expect(201).field("id");
        let app = client.get("/v1/apps").await.expect(200).json["items"][0]["id"].clone();
        let app = app.as_str().context("there is an app")?.to_owned();
        for n in 0..APPS {
            let other = json!({
                "organization_id": organization, "name": format!("Bench {n}"),
                "authentication_method": "client_credentials",
            });
            client.post("/v1/apps", other).await.expect(201);
        }
        let person = client.get("/v1/people/me").await.expect(200).field("id");
        let token = client.with_password(&stage.client_id, &stage.client_secret);
        token.form("/oauth2/token", &[("grant_type", "client_credentials")]).await.expect(200);
        let document = client.get("/openapi.json").await.expect(200).json;
        let link =
            client.post(&format!("/v1/apps/{app}/consent-links"), json!({})).await.expect(201);
        let (link, request) = (link.field("id"), link.field("token"));
        let ids = [
            ("/v1/consent-links/", &link),
            ("/v1/consent-requests/", &request),
            ("/v1/organizations/", &organization),
            ("/v1/apps/", &app),
            ("/v1/accounts/", &account),
        ];
        let lists = lists(&document, &ids)?;
        Ok(Self { client, app, organization, account, person, lists })
    }

    async fn requests<'s>(&self, stage: &'s Stage) -> anyhow::Result<Vec<Measured<'s>>> {
        let address = stage.address.as_str();
        let bearer = format!("Bearer {}", stage.developer_token);
        let own = self.client.with_password(&stage.client_id, &stage.client_secret);
        let token = own.form("/oauth2/token", &[("grant_type", "client_credentials")]).await;
        let of_app = format!("Bearer {}", token.expect(200).field("access_token"));
        let mut requests = Vec::new();
        let (from, to) = quarters(stage).await?;
        for times in [String::new(), format!("&from={from}&to={to}")] {
            for (what, query) in self.questions() {
                let what =
                    if times.is_empty() { what } else { format!("{what}, in a range of times") };
                let path = format!("/v1/events?{query}{times}");
                let bytes = load::get(&path, &[("authorization", bearer.as_str())]);
                let (what, address) = (format!("events by {what}"), stage.log_address()?);
                requests.push(Measured { what, address, status: 200, bytes });
            }
        }
        let event: String = sqlx::query_scalar(
            "SELECT event_id::text FROM audit.entries WHERE position = (SELECT size / 3 + 1 FROM audit.head)",
        )
        .fetch_one(&stage.pool)
        .await?;
        let bytes =
            load::get(&format!("/v1/events/{event}/proof"), &[("authorization", bearer.as_str())]);
        let (what, log) = ("a proof".to_owned(), stage.log_address()?);
        requests.push(Measured { what, address: log, status: 200, bytes });
        for path in &self.lists {
            let bearer = if path.starts_with("/v1/me/") { &of_app } else { &bearer };
            let bytes = load::get(path, &[("authorization", bearer.as_str())]);
            let what = path.split('/').filter(|part| !part.contains('-') || part.len() < 36);
            let what = format!("list {}", what.collect::<Vec<_>>().join("/"));
            requests.push(Measured { what, address, status: 200, bytes });
        }
        let body = json!({
            "organization_id": self.organization, "name": "Bench", "authentication_method": "client_credentials",
        });
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let bytes = load::request("/v1/apps", &headers, &body.to_string());
        let what = "a command: an app created".to_owned();
        requests.push(Measured { what, address, status: 201, bytes });
        let bytes = tokens::request(&stage.client_id, &stage.client_secret);
        requests.push(Measured { what: "a token".to_owned(), address, status: 200, bytes });
        Ok(requests)
    }

    /// The rows of the table in docs/http.md.
    fn questions(&self) -> Vec<(String, String)> {
        let organization = format!("organization_id={}", self.organization);
        let app = format!("app_id={}", self.app);
        let account = format!("account_id={}", self.account);
        let both = |other: &str| format!("{organization}&{other}");
        let (facts, tokens) = ("type=mandate.app.*", "type=mandate.token.issued.v1");
        let mut questions = vec![("nothing".to_owned(), String::new())];
        for (what, query) in [("facts", facts), ("tokens", tokens)] {
            questions.push((format!("type: {what}"), query.to_owned()));
        }
        for (what, query) in [
            ("organization", organization.clone()),
            ("app", app.clone()),
            ("account", account.clone()),
            ("organization and app", both(&app)),
            ("organization and account", both(&account)),
        ] {
            questions.push((what.to_owned(), query.clone()));
            questions.push((format!("{what} and type: facts"), format!("{query}&{facts}")));
            questions.push((format!("{what} and type: tokens"), format!("{query}&{tokens}")));
        }
        for (what, actor) in
            [("a person", format!("user/{}", self.person)), ("an app", format!("app/{}", self.app))]
        {
            let query = format!("actor={actor}");
            questions.push((format!("organization and actor: {what}"), both(&query)));
            questions.push((format!("actor: {what}"), query));
        }
        questions.push(("stream".to_owned(), format!("stream=app/{}", self.app)));
        questions
    }
}

/// The paths of all lists, as the document describes them, with the ids of what is asked about.
fn lists(document: &Value, ids: &[(&str, &String)]) -> anyhow::Result<Vec<String>> {
    let paths = document["paths"].as_object().context("an OpenAPI document has paths")?;
    let mut lists = Vec::new();
    for (path, operations) in paths {
        let parameters = operations["get"]["parameters"].as_array();
        let is_list = parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "cursor"));
        if !is_list || path == "/v1/events" {
            continue;
        }
        let whose = ids.iter().find(|(prefix, _)| path.starts_with(prefix));
        let path =
            whose.map_or(path.clone(), |(_, id)| path.replace("{id}", id).replace("{token}", id));
        ensure!(!path.contains('{'), "whose list is {path}?");
        lists.push(path);
    }
    Ok(lists)
}

/// When the entries at a quarter and at three quarters of the log were recorded.
async fn quarters(stage: &Stage) -> anyhow::Result<(String, String)> {
    Ok(sqlx::query_as(
        r#"WITH at AS (
               SELECT position * 4 / size AS quarter,
                   to_char(entries.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time
               FROM audit.entries, audit.head WHERE position IN (size / 4 + 1, size * 3 / 4 + 1)
           )
           SELECT (SELECT min(time) FROM at), (SELECT max(time) FROM at)"#,
    )
    .fetch_one(&stage.pool)
    .await?)
}
