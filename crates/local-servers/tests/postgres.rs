//! PostgreSQL, really started.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use local_servers::{Postgres, PostgresOptions, Provision, ServerError, Source, testing};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

/// A folder that the servers' account can reach.
fn base() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn options(base: &Path) -> PostgresOptions {
    PostgresOptions { durable: false, ..PostgresOptions::in_folder(base.join("postgres")) }
}

async fn connect(postgres: &Postgres) -> PgConnection {
    PgConnection::connect(postgres.admin_url()).await.unwrap()
}

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(connection).await.unwrap()
}

async fn write_down(postgres: &Postgres, text: &str) {
    let mut connection = connect(postgres).await;
    sqlx::query("CREATE TABLE IF NOT EXISTS notes (text text)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO notes VALUES ($1)").bind(text).execute(&mut connection).await.unwrap();
}

async fn notes(postgres: &Postgres) -> Vec<String> {
    sqlx::query_scalar("SELECT text FROM notes ORDER BY 1")
        .fetch_all(&mut connect(postgres).await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_restart_finds_the_data_the_password_and_the_port() {
    let base = base();
    let mut first = Postgres::start(options(base.path())).await.unwrap();
    write_down(&first, "kept").await;
    let (url, port) = (first.admin_url().to_owned(), first.port());
    first.stop().await.unwrap();
    assert_eq!(first.pid(), None);
    drop(first);

    let second = Postgres::start(options(base.path())).await.unwrap();
    assert_eq!(second.admin_url(), url);
    assert_eq!(second.port(), port);
    assert_eq!(notes(&second).await, ["kept"]);
}

#[tokio::test]
async fn a_remembered_port_that_is_taken_gives_way() {
    let base = base();
    let mut first = Postgres::start(options(base.path())).await.unwrap();
    let port = first.port();
    first.stop().await.unwrap();
    drop(first);

    let _squatter = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let second = Postgres::start(options(base.path())).await.unwrap();
    assert_ne!(second.port(), port);
    connect(&second).await;
}

#[tokio::test]
async fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let base = base();
    let squatter = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = squatter.local_addr().unwrap().port();
    let asked = PostgresOptions { port: Some(port), ..options(base.path()) };
    let error = Postgres::start(asked).await.unwrap_err();
    assert!(matches!(error, ServerError::PortTaken { port: p, .. } if p == port));
}

#[tokio::test]
async fn committed_data_survives_a_kill() {
    let base = base();
    let durable = PostgresOptions { durable: true, ..options(base.path()) };
    let mut postgres = Postgres::start(durable).await.unwrap();
    write_down(&postgres, "committed").await;
    let (port, killed) = (postgres.port(), postgres.pid().unwrap());
    let mut open = connect(&postgres).await;
    postgres.kill().await.unwrap();
    assert!(open.ping().await.is_err());

    postgres.start_again().await.unwrap();
    assert_eq!(postgres.port(), port);
    assert_ne!(postgres.pid().unwrap(), killed);
    assert_eq!(notes(&postgres).await, ["committed"]);
}

#[tokio::test]
async fn a_server_that_was_killed_by_somebody_is_started_again_on_its_port_and_no_other() {
    let base = base();
    let durable = PostgresOptions { durable: true, ..options(base.path()) };
    let mut postgres = Postgres::start(durable).await.unwrap();
    write_down(&postgres, "kept").await;
    assert!(!postgres.start_if_ended().await.unwrap());
    let (port, killed) = (postgres.port(), postgres.pid().unwrap());

    kill(Pid::from_raw(killed.cast_signed()), Signal::SIGKILL).unwrap();
    // Its children end a moment after it; until then there is no place for another.
    let started = async {
        while !matches!(postgres.start_if_ended().await, Ok(true)) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), started).await.unwrap();
    assert_eq!(postgres.port(), port);
    assert_eq!(notes(&postgres).await, ["kept"]);

    postgres.stop().await.unwrap();
    let _squatter = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let error = postgres.start_if_ended().await.unwrap_err();
    assert!(matches!(error, ServerError::PortTaken { .. }), "{error}");
}

#[tokio::test]
async fn strangers_are_not_let_in() {
    let base = base();
    let postgres = Postgres::start(options(base.path())).await.unwrap();
    let port = postgres.port();
    for url in [
        format!("postgres://mandate@127.0.0.1:{port}/postgres"),
        format!("postgres://mandate:guess@127.0.0.1:{port}/postgres"),
    ] {
        assert!(PgConnection::connect(&url).await.is_err(), "{url}");
    }
    let mut connection = connect(&postgres).await;
    let encryption = setting(&mut connection, "password_encryption").await;
    assert_eq!(encryption, "scram-sha-256");
    assert_eq!(setting(&mut connection, "unix_socket_directories").await, "");
}

#[tokio::test]
async fn letters_of_other_languages_are_letters() {
    let base = base();
    let postgres = Postgres::start(options(base.path())).await.unwrap();
    let lower: String = sqlx::query_scalar("SELECT lower('ÅÉЖ')")
        .fetch_one(&mut connect(&postgres).await)
        .await
        .unwrap();
    assert_eq!(lower, "åéж");
}

#[tokio::test]
async fn the_pinned_build_runs_too() {
    let base = base();
    let fetched = PostgresOptions {
        provision: Provision { source: Source::Fetch, cache: None },
        durable: true,
        ..options(base.path())
    };
    let mut postgres = Postgres::start(fetched.clone()).await.unwrap();
    assert_eq!(postgres.version().major, 18);
    write_down(&postgres, "in eighteen").await;
    postgres.stop().await.unwrap();
    drop(postgres);

    // A search that prefers another version still takes the one that wrote the data.
    let searched = PostgresOptions { provision: Provision::default(), ..fetched };
    let postgres = Postgres::start(searched).await.unwrap();
    assert_eq!(postgres.version().major, 18);
    assert_eq!(notes(&postgres).await, ["in eighteen"]);
}

#[tokio::test]
async fn data_of_a_version_that_is_nowhere_is_refused() {
    let base = base();
    let mut postgres = Postgres::start(options(base.path())).await.unwrap();
    postgres.stop().await.unwrap();
    drop(postgres);
    fs::write(base.path().join("postgres/data/PG_VERSION"), "99\n").unwrap();

    let error = Postgres::start(options(base.path())).await.unwrap_err();
    assert!(matches!(error, ServerError::OtherMajorVersion { written_by: 99, .. }), "{error}");
    assert!(error.to_string().contains("PostgreSQL 99"), "{error}");
}

#[tokio::test]
async fn a_folder_that_another_server_uses_is_refused() {
    let base = base();
    let running = Postgres::start(options(base.path())).await.unwrap();
    let error = Postgres::start(options(base.path())).await.unwrap_err();
    let ServerError::AlreadyRunning { pid, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(pid, running.pid());
}

#[tokio::test]
async fn a_server_that_runs_without_our_lock_is_noticed_too() {
    let base = base();
    let running = Postgres::start(options(base.path())).await.unwrap();
    // The lock is on the file, not on its name: this frees the name.
    let lock = base.path().join("postgres/lock");
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "").unwrap();
    let error = Postgres::start(options(base.path())).await.unwrap_err();
    let ServerError::AlreadyRunning { pid, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(pid, running.pid());
    connect(&running).await;
}

#[tokio::test]
async fn data_without_its_password_is_refused() {
    let base = base();
    let mut postgres = Postgres::start(options(base.path())).await.unwrap();
    postgres.stop().await.unwrap();
    drop(postgres);
    fs::remove_file(base.path().join("postgres/remembered.json")).unwrap();
    let error = Postgres::start(options(base.path())).await.unwrap_err();
    assert!(matches!(error, ServerError::CredentialsLost { .. }), "{error}");
}

#[tokio::test]
async fn a_setting_that_does_not_exist_is_told_with_the_servers_words() {
    let base = base();
    let wrong = options(base.path()).with("no_such_setting", "1");
    let error = Postgres::start(wrong).await.unwrap_err();
    assert!(matches!(error, ServerError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn every_test_gets_a_copy_of_a_template_that_is_made_once() {
    let cluster = testing::postgres().await;
    let name = format!("template_for_{}", std::process::id());
    let times = std::sync::atomic::AtomicU32::new(0);
    let make = async || {
        cluster
            .template(&name, async |url: &str| {
                times.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query("CREATE TABLE ready (yes bool)")
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            })
            .await;
    };
    tokio::join!(make(), make());
    assert_eq!(times.into_inner(), 1);

    let (one, other) =
        tokio::join!(cluster.database_from(Some(&name)), cluster.database_from(Some(&name)));
    assert_ne!(one.name, other.name);
    let mut connection = PgConnection::connect(&one.url).await.unwrap();
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ready").fetch_one(&mut connection).await.unwrap();
    assert_eq!(rows, 0);
    let (gone, url) = (one.name.clone(), cluster.admin_url());
    drop(one);
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&gone)
            .fetch_one(&mut PgConnection::connect(url).await.unwrap())
            .await
            .unwrap();
    assert!(!exists);
}
