//! Makes a fixture of the running version: `fixture <folder>`. Run by `cargo xtask fixture`, which
//! says by `MANDATE_POSTGRES` whose PostgreSQL, and whose `pg_dump`, it is made with.
//!
//! The system of one machine is started with its demo, some hundred more events are caused through
//! the public API, and when the log has them all and everything is stopped, the database is written
//! down as statements that any client can play.

#![allow(clippy::unwrap_used, reason = "a tool of the tests")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::Environment;
use journeys::events;
use journeys::fixture::{DATABASE, EXPECTED, MASTER_KEY, ROLES, checksum, rows, unrecorded};
use journeys::people::{Account, App, Key, Operator, Organization, PNG, RETAIL_MEDIA};
use journeys::program::{self, Process};
use local_servers::{Postgres, PostgresOptions};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use stage::{Addresses, Client, Method, eventually};

/// How many organizations play, each with an app or two.
const ORGANIZATIONS: usize = 4;
/// How many tokens each app is issued.
const TOKENS: usize = 12;

#[tokio::main]
async fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("the folder to make"));
    let programs = PathBuf::from(std::env::var_os("MANDATE_POSTGRES").expect("MANDATE_POSTGRES"));
    let root = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another account when we are root, and must get there.
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = root.path().join("data");

    let mut expected = play(&data).await;
    let mut postgres =
        Postgres::start(PostgresOptions::in_folder(data.join("postgres"))).await.unwrap();
    let url = database_url(&postgres);
    let mut database = PgConnection::connect(&url).await.unwrap();
    assert_eq!(unrecorded(&mut database).await, [""; 0]);
    let rows = rows(&mut database).await;
    let mut checksums = BTreeMap::new();
    for (table, rows) in &rows {
        checksums.insert(table, checksum(&mut database, table, *rows).await);
    }
    expected["rows"] = json!(rows);
    expected["checksums"] = json!(checksums);
    database.close().await.unwrap();

    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let roles = ["--roles-only", "--no-role-passwords", "--dbname"];
    let roles = dump(&programs.join("pg_dumpall"), &roles, &url);
    write(ROLES, &lines(&roles, |line| line.contains(" ROLE mandate_")));
    let database = ["--no-owner", "--inserts", "--rows-per-insert=500", "--dbname"];
    let database = dump(&programs.join("pg_dump"), &database, &url);
    // What `psql` alone understands, and who made it when: the same data make the same file.
    let foreign = |line: &str| line.starts_with('\\') || line.starts_with("-- Dumped");
    write(DATABASE, &lines(&database, |line| !foreign(line)));
    let secrets: Value =
        serde_json::from_slice(&fs::read(data.join("secrets.json")).unwrap()).unwrap();
    write(MASTER_KEY, secrets["master_key"].as_str().unwrap());
    write(EXPECTED, &(serde_json::to_string_pretty(&expected).unwrap() + "\n"));
    postgres.stop().await.unwrap();
    println!("{}: {}", folder.display(), expected["rows"]);
}

/// Runs the system until the log has everything; gives what the test must know of it.
async fn play(data: &Path) -> Value {
    let arguments =
        ["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
    let mut process =
        Process::start(&arguments, &[("MANDATE_KEY_ISSUER__EXPIRY_SWEEP_SECONDS", "1")]);
    let address = process.line("Mandate is ready at ").await;
    let demo: Value = serde_json::from_slice(&fs::read(data.join("demo.json")).unwrap()).unwrap();
    let people = demo["people"].as_array().unwrap();
    let is_operator =
        |person: &&Value| person["roles"].as_array().unwrap().contains(&json!("operator"));
    let token = people.iter().find(is_operator).unwrap()["api_token"].as_str().unwrap();
    let anyone = Client::anonymous(Addresses::One(address));
    let operator = Operator::new(anyone.with_token(token));

    let of_demo = |name: &str| demo["app"][name].as_str().unwrap().to_owned();
    let mut live = vec![
        json!({ "client_id": of_demo("client_id"), "client_secret": of_demo("client_secret") }),
    ];
    let mut apps = vec![of_demo("id")];
    for number in 0..ORGANIZATIONS {
        let organization = operator.organization().await;
        day(&operator, &organization, &mut live, &mut apps).await;
        membership(&operator, &organization).await;
        subscribers(data, &organization, number);
    }
    // What comes by time. Links live for a day at least: none can expire here.
    let expired = ["key.expired"; ORGANIZATIONS];
    events::found(&operator, "type=mandate.key.expired.v1", &expired).await;

    let mut database = PgConnection::connect(&superuser(data)).await.unwrap();
    eventually("everything is in the log", async || {
        let lacking = unrecorded(&mut database).await;
        if lacking.is_empty() { Ok(()) } else { Err(lacking.join(", ")) }
    })
    .await;
    database.close().await.unwrap();
    process.signal(Signal::SIGTERM).await;
    assert!(process.ended().await.success(), "{}", process.stderr());
    json!({ "apps": apps, "live_keys": live })
}

/// What an organization does in a day: apps are made, edited and ended; keys made, renamed, used and
/// deleted; consent asked for, given, denied and taken back.
async fn day(
    operator: &Operator,
    organization: &Organization,
    live: &mut Vec<Value>,
    apps: &mut Vec<String>,
) {
    let (developer, owner) = (&organization.developer, &organization.owner);
    let account = operator.account(RETAIL_MEDIA, &["admin", "technical_manager", "viewer"]).await;
    let other = operator.account(RETAIL_MEDIA, &["admin"]).await;

    let draft = developer.draft(organization, RETAIL_MEDIA).await;
    let path = format!("/v1/apps/{}", draft.id);
    developer.patch(&path, json!({ "name": "Edited before it began" })).await.expect(200);
    let image = STANDARD.decode(PNG).unwrap();
    developer.put_bytes(&format!("{path}/image"), "image/png", image).await.expect(200);
    let app = developer.active_app(organization, RETAIL_MEDIA).await;
    let ended = developer.active_app(organization, RETAIL_MEDIA).await;
    apps.extend([&draft, &app, &ended].map(|app: &App| app.id.clone()));

    let (kept, renamed, deleted) =
        (developer.key(&app).await, developer.key(&app).await, developer.key(&app).await);
    let path = |key: &Key| format!("/v1/keys/{}", key.client_id);
    developer.patch(&path(&renamed), json!({ "name": "renamed" })).await.expect(200);
    developer.delete(&format!("{}?now=true", path(&deleted))).await.expect(200);
    let soon = Environment::system().now() + chrono::Duration::seconds(1);
    let expiring = json!({ "name": "for a moment", "expires_at": soon });
    developer.post(&format!("/v1/apps/{}/keys", app.id), expiring).await.expect(201);
    for _ in 0..TOKENS {
        kept.ask(operator).await.expect(200);
        renamed.ask(operator).await.expect(200);
    }
    assert_eq!(deleted.ask(operator).await.status, 401, "a deleted key is refused");
    live.extend(
        [&kept, &renamed]
            .map(|key| json!({ "client_id": key.client_id, "client_secret": key.client_secret })),
    );

    for holder in [account.admin(), other.admin()] {
        let link = developer.link(&app).await;
        holder.open(&link).await.expect(200);
        let of = if holder.id == other.admin().id { &other.id } else { &account.id };
        holder.approve(&link, &[of]).await.expect(200);
    }
    let denied = developer.link(&app).await;
    account.admin().open(&denied).await.expect(200);
    account.admin().deny(&denied).await.expect(200);
    let unused = developer.link(&app).await;
    developer.delete(&format!("/v1/consent-links/{}", unused.id)).await.expect(204);
    developer.link(&app).await;
    let grants = other.admin().get("/v1/grants").await.expect(200).json;
    let grant = grants["items"][0]["id"].as_str().unwrap();
    other.admin().delete(&format!("/v1/grants/{grant}")).await.expect(204);
    account.person("viewer").get("/v1/grants").await.expect(200);
    roles_and_tokens(operator, organization, &account).await;

    developer.key(&ended).await.ask(operator).await.expect(200);
    operator.act(&format!("/v1/apps/{}/suspend", app.id)).await.expect(200);
    operator.act(&format!("/v1/apps/{}/resume", app.id)).await.expect(200);
    owner.act(&format!("/v1/apps/{}/archive", ended.id)).await.expect(200);
}

/// The organization is edited, may ask for more, and somebody comes, changes and goes.
async fn membership(operator: &Operator, organization: &Organization) {
    let path = format!("/v1/organizations/{}", organization.id);
    let owner = &organization.owner;
    owner.patch(&path, json!({ "description": "Makes apps." })).await.expect(200);
    let domains = json!({ "domains": ["retail_media/accounts:manage"] });
    operator.put(&format!("{path}/enabled-domains"), domains).await.expect(200);
    let guest = operator.person("Guest").await;
    let member = json!({ "email": guest.email, "role": "developer" });
    operator.post(&format!("{path}/members"), member).await.expect(201);
    let member = format!("{path}/members/{}", guest.id);
    owner.patch(&member, json!({ "role": "auditor" })).await.expect(200);
    owner.delete(&member).await.expect(204);
}

/// A role on an account changes and ends, an account is edited by a file, and a token is revoked.
async fn roles_and_tokens(operator: &Operator, organization: &Organization, account: &Account) {
    let viewer = account.person("viewer");
    operator.assign(account, viewer, "analyst").await;
    let role = format!("/v1/accounts/{}/roles/{}", account.id, viewer.id);
    operator.delete(&role).await.expect(204);
    for name in ["Imported", "Imported again"] {
        let file = format!(
            "account_name,kind,service,external_id,email,role\n{name},advertiser,retail_media,{},,\n",
            organization.id
        );
        let import = operator.request(Method::POST, "/v1/accounts/import");
        import.header("content-type", "text/csv").body(file).send().await.expect(200);
    }
    let token = viewer.post("/v1/api-tokens", json!({ "name": "short-lived" })).await.expect(201);
    viewer.delete(&format!("/v1/api-tokens/{}", token.field("id"))).await.expect(204);
}

/// Two systems outside read the organization's events, and one of them no more.
fn subscribers(data: &Path, organization: &Organization, number: usize) {
    let data = data.to_str().unwrap();
    let (kept, removed) = (format!("kept-{number}"), format!("removed-{number}"));
    for name in [&kept, &removed] {
        let whose = ["--organization", &organization.id, "--events", "consent.granted"];
        let arguments = [&["subscribers", "add", name, "--data-dir", data][..], &whose].concat();
        program::run(&arguments).succeeded();
    }
    program::run(&["subscribers", "remove", &removed, "--data-dir", data]).succeeded();
}

/// The superuser's address while the system runs, of which only its own folder knows.
fn superuser(data: &Path) -> String {
    let remembered = fs::read(data.join("postgres/remembered.json")).unwrap();
    let remembered: Value = serde_json::from_slice(&remembered).unwrap();
    let password = remembered["passwords"]["mandate"].as_str().unwrap();
    format!("postgres://mandate:{password}@127.0.0.1:{}/mandate", remembered["port"])
}

fn database_url(postgres: &Postgres) -> String {
    let (server, _) = postgres.admin_url().rsplit_once('/').unwrap();
    format!("{server}/mandate")
}

fn dump(program: &Path, arguments: &[&str], url: &str) -> String {
    let output = Command::new(program).args(arguments).arg(url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lines(text: &str, wanted: impl Fn(&str) -> bool) -> String {
    text.lines().filter(|line| wanted(line)).fold(String::new(), |text, line| text + line + "\n")
}
