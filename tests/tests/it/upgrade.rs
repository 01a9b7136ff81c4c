//! Databases of earlier versions come up: each fixture of `tests/fixtures` is restored, migrated by
//! this build, and run on.

use std::fs;
use std::path::Path;

use contract::Service;

use journeys::events::{self, assert_dense};
use journeys::fixture::{self, DATABASE, EXPECTED, MASTER_KEY, ROLES, checksum, rows, unrecorded};
use journeys::people::{Key, Operator};
use journeys::program::{self, Process};
use journeys::system::ready;
use local_servers::testing::{self, NATS_USER};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use stage::{Addresses, Client, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn every_database_of_an_earlier_version_comes_up_and_nothing_is_lost() {
    let folders: Vec<_> = fs::read_dir(fixture::folder())
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    assert!(!folders.is_empty(), "there is no fixture: make one with `cargo xtask fixture <name>`");
    for folder in folders {
        comes_up(&folder).await;
    }
}

async fn comes_up(folder: &Path) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let expected: Value = serde_json::from_str(&read(EXPECTED)).unwrap();
    let owned = testing::postgres().await.database_from(None).await;
    let mut database = PgConnection::connect(&owned.url).await.unwrap();
    restore(&mut database, &read(ROLES), read(DATABASE)).await;

    program::run(&["migrate", "--database-url", &owned.url]).succeeded();
    // The dump leaves its own search path behind.
    let mut database = PgConnection::connect(&owned.url).await.unwrap();
    assert_eq!(lost(&expected, &mut database).await, [""; 0]);
    assert_eq!(unrecorded(&mut database).await, [""; 0]);

    // NATS has nothing: whatever it must have is filled in from the database.
    let nats = testing::nats().await;
    let (nats_url, master_key) = (nats.url_for(NATS_USER).unwrap(), read(MASTER_KEY));
    let mut services = Service::ALL.map(Service::name).to_vec();
    let servers = ["--database-url", &owned.url, "--nats-url", &nats_url];
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    arguments.extend(servers);
    arguments.append(&mut services);
    let sealed = ["MANDATE_KEY_ISSUER__MASTER_KEY", "MANDATE_AUDIT__MASTER_KEY"];
    let mut process = Process::start(&arguments, &sealed.map(|name| (name, master_key.trim())));
    let mut sorted = Service::ALL;
    sorted.sort();
    let names = sorted.map(Service::name).join(", ");
    let address = process.line(&format!("{names} at ")).await;
    ready(&address).await;
    let anyone = Client::anonymous(Addresses::One(address.clone()));

    let mut issued = 0;
    for key in expected["live_keys"].as_array().unwrap() {
        let of = |name: &str| key[name].as_str().unwrap().to_owned();
        let key = Key { client_id: of("client_id"), client_secret: of("client_secret") };
        key.app(&anyone).await.get("/v1/me/accounts").await.expect(200);
        issued += 1;
    }
    assert!(issued > 0, "no key to issue a token to");

    let arguments = ["operators", "add", "--force", "--email", "upgrade@example.com"];
    let arguments = [&arguments[..], &["--name", "Upgrade", "--database-url", &owned.url]].concat();
    let token = program::run(&arguments).succeeded();
    let operator = Operator::new(anyone.with_token(token.trim()));
    for app in expected["apps"].as_array().unwrap() {
        operator.get(&format!("/v1/apps/{}", app.as_str().unwrap())).await.expect(200);
    }
    eventually("everything is in the log", async || {
        let lacking = unrecorded(&mut database).await;
        if lacking.is_empty() { Ok(()) } else { Err(lacking.join(", ")) }
    })
    .await;
    let log = events::all(&operator, "").await;
    assert_dense(&log);
    let recorded = expected["rows"]["audit.entries"].as_u64().unwrap() + issued;
    assert!(log.len() as u64 > recorded, "{} events, of {recorded} and more", log.len());
    assert_eq!(lost(&expected, &mut database).await, [""; 0]);
    database.close().await.unwrap();
    is_proven(&address, token.trim(), &owned.url, log.len()).await;
}

/// What was recorded before there was a tree is in the one that is signed now, and the log verifies from its first
/// entry on, with the index.
async fn is_proven(address: &str, token: &str, database_url: &str, recorded: usize) {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    fs::write(&token_file, token).unwrap();
    let arguments = ["verify", "--server", address, "--token-file", token_file.to_str().unwrap()];
    let arguments = [&arguments[..], &["--database-url", database_url, "--json"]].concat();
    let (code, outcome) = eventually("a checkpoint covers all of it", async || {
        let said = tokio::task::block_in_place(|| program::run(&arguments));
        let outcome: Value = serde_json::from_str(&said.stdout).map_err(|_| said.stderr)?;
        let size = outcome["checkpoint"]["size"].as_u64();
        let covers = size.is_some_and(|size| size >= recorded as u64);
        if covers { Ok((said.code, outcome)) } else { Err(outcome.to_string()) }
    })
    .await;
    assert_eq!(code, Some(0), "{outcome}");
}

/// Roles belong to the whole server, where other tests have theirs of the same names: what is there
/// stays as it is.
async fn restore(database: &mut PgConnection, roles: &str, everything: String) {
    let mut is_new = true;
    for statement in roles.lines().filter(|line| !line.is_empty()) {
        if !statement.starts_with("CREATE ROLE") && !is_new {
            continue;
        }
        let done = database.execute(AssertSqlSafe(statement.to_owned())).await;
        is_new = done.is_ok();
        if let Err(error) = done {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            assert!(matches!(code.as_deref(), Some("42710" | "23505")), "{statement}: {error}");
        }
    }
    sqlx::raw_sql(AssertSqlSafe(everything)).execute(database).await.unwrap();
}

/// Which tables have fewer rows than they had, or others in place of those.
async fn lost(expected: &Value, database: &mut PgConnection) -> Vec<String> {
    let present = rows(database).await;
    let mut lost = Vec::new();
    for (table, before) in expected["rows"].as_object().unwrap() {
        let (before, now) = (before.as_i64().unwrap(), present.get(table).copied());
        if now.unwrap_or_default() < before {
            lost.push(format!("{table} had {before} rows and has {now:?}"));
        } else if checksum(database, table, before).await != expected["checksums"][table] {
            lost.push(format!("{table} has other rows than it had"));
        }
    }
    lost
}
