//! What a page of the portal takes the server: pages of a developer, and of an account owner with thousands of accounts,
//! beside a million events.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use stage::{Addresses, Client, Method};

use crate::cost::Parts;
use crate::filling::fill;
use crate::load;
use crate::report::{Report, Row};
use crate::stage::Stage;

/// So many accounts the account owner has.
const ACCOUNTS: usize = 5_000;

/// So many events there are.
const EVENTS: i64 = 1_000_000;

/// A page takes the server at most so many milliseconds, 99 times of 100; one of so many accounts more.
const AIM: f64 = 20.0;
const AIM_OF_MANY: f64 = 50.0;

/// One after the other: it is what a page takes, not what waits for it.
const CONNECTIONS: usize = 1;

const EMAIL: &str = "pages@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// A page that is measured.
struct Measured {
    path: String,
    aim: f64,
}

/// Measures each page beside the least that every page asks: whose session it is.
pub(crate) async fn measure(duration: Duration, report: &mut Report) -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    // The portal needs all services in its process.
    let whole = stage.serve_whole()?;
    let pages = prepare(&stage).await?;
    let app = pages.app.clone();
    stage.until_audited().await?;
    fill(&stage.pool, &app, EVENTS).await?;
    stage.until_listed().await?;
    stage.settle().await?;
    let duration = duration / 5;
    let run = async |path: &str, headers: &[(&str, &str)]| {
        let request = load::get(path, headers);
        let load =
            load::run(&whole.address, &request, 200, CONNECTIONS, duration, Parts::System(&stage));
        load.await.with_context(|| path.to_owned())
    };
    let bearer = format!("Bearer {}", pages.session);
    let least = run("/v1/people/me", &[("authorization", &bearer)]).await?;
    let cookie = format!("mandate_session={}", pages.session);
    for page in &pages.measured {
        let outcome = run(&page.path, &[("cookie", &cookie)]).await?;
        let shown = page.path.split('/').filter(|part| part.len() < 30);
        report.add(Row {
            what: format!("page {}", shown.collect::<Vec<_>>().join("/")),
            measured: outcome.p99_ms,
            limit: Some(least.p99_ms),
            unit: "ms",
            ratio: Some(outcome.p99_ms / least.p99_ms),
            aim: None,
            p50_ms: Some(outcome.p50_ms),
            p99_ms: Some(outcome.p99_ms),
            note: format!(
                "p99; limit: whose session it is, by the API; aim: at most {} ms",
                page.aim
            ),
        });
    }
    drop(whole);
    stage.strike().await
}

struct Prepared {
    app: String,
    session: String,
    measured: Vec<Measured>,
}

/// A person who develops an app and owns very many accounts, half of which consented.
async fn prepare(stage: &Stage) -> anyhow::Result<Prepared> {
    let operator = Client::anonymous(Addresses::One(format!("http://{}", stage.address)))
        .with_token(&stage.developer_token);
    let person = json!({ "email": EMAIL, "name": "Pages", "password": PASSWORD });
    let person = operator.post("/v1/people", person).await.expect(201).field("id");
    let members = format!("/v1/organizations/{}/members", stage.organization_id);
    operator.post(&members, json!({ "person_id": person, "role": "developer" })).await.expect(201);
    let signing_in = operator.with_password(EMAIL, PASSWORD);
    let session = signing_in.post("/v1/sessions", json!({})).await.expect(201).field("token");
    let own = operator.with_token(&session);
    let mut file = "account_name,kind,service,external_id,email,role\n".to_owned();
    for number in 0..ACCOUNTS {
        writeln!(file, "Shop {number},advertiser,retail_media,P-{number},{EMAIL},admin")?;
    }
    let request = operator.request(Method::POST, "/v1/accounts/import");
    request.header("content-type", "text/csv").body(file).send().await.expect(200);
    let app = own.get("/v1/apps").await.expect(200).json["items"][0]["id"].clone();
    let app = app.as_str().context("there is an app")?.to_owned();
    let draft = json!({
        "organization_id": stage.organization_id, "name": "Draft", "authentication_method": "client_credentials",
        "service": "retail_media", "domains": [{ "domain": "campaigns", "level": "manage" }],
    });
    let draft = own.post("/v1/apps", draft).await.expect(201).field("id");
    let links = format!("/v1/apps/{app}/consent-links");
    let approved = own.post(&links, json!({})).await.expect(201).field("token");
    let approve = format!("/v1/consent-requests/{approved}/approve");
    own.post(&approve, json!({ "all": { "q": "Shop 1" } })).await.expect(200);
    let open = own.post(&links, json!({})).await.expect(201).field("token");
    let own_pages = [
        "/sign-in".to_owned(),
        "/apps".to_owned(),
        "/apps/new".to_owned(),
        format!("/apps/{draft}/details"),
        format!("/apps/{draft}/domains"),
        format!("/apps/{draft}/review"),
        format!("/apps/{app}"),
        format!("/apps/{app}/keys"),
        format!("/apps/{app}/links"),
        "/sessions".to_owned(),
    ];
    let of_many = [
        format!("/apps/{app}/grants"),
        format!("/apps/{app}/activity"),
        format!("/consent/{open}"),
        "/consents".to_owned(),
    ];
    let own_pages = own_pages.into_iter().map(|path| Measured { path, aim: AIM });
    let of_many = of_many.into_iter().map(|path| Measured { path, aim: AIM_OF_MANY });
    Ok(Prepared { app, session, measured: own_pages.chain(of_many).collect() })
}
