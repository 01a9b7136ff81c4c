//! Servers for tests: one PostgreSQL for all of a test program, a database for every test, a NATS
//! for every test that needs one.
//!
//! ```no_run
//! # async fn example() {
//! use local_servers::testing;
//!
//! let cluster = testing::postgres().await;
//! let template = cluster.template("mandate_v1", async |url| { /* migrate */ }).await;
//! let database = cluster.database_from(Some(template)).await;
//! println!("{}", database.url);
//! # }
//! ```
//!
//! Nothing here returns an error: without its server a test can only fail.

use std::{env, ffi::OsStr, path::PathBuf, thread};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

use crate::{
    FetchError, Nats, NatsOptions, NatsUser, Postgres, PostgresOptions, ServerError,
    cache::{default_cache, fingerprint},
    fetch::unpacked,
    folder::unique_suffix,
    python::{PYTHONS, find_python},
    wheels::NATS_PY,
};

pub use crate::{
    chromium::{ChromeDriver, Chromium, ChromiumError},
    go::{Go, GoError},
    mail_server::{MailServer, MailServerOptions, MailServerTls, ReceivedMail},
    node::Node,
    python_packages::PythonPackages,
    schemathesis::Schemathesis,
};

/// Names the cluster to use instead of an own one: `cargo xtask test` shares one among all test
/// programs.
pub const CLUSTER_VARIABLE: &str = "MANDATE_TEST_POSTGRES_URL";

/// The only user of a NATS for tests; it may do everything.
pub const NATS_USER: &str = "test";

/// A PostgreSQL cluster shared by many tests.
#[derive(Debug)]
pub struct TestCluster {
    url: String,
    /// Never stopped by us: a static is not dropped. Its watchdog ends it with this process.
    _server: Option<Postgres>,
}

/// A database of its own for one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// `postgres://…` of the superuser.
    pub url: String,
    /// The database's name.
    pub name: String,
    admin_url: String,
}

/// The options of a cluster for tests: fast, for many connections, and gone without a trace.
pub fn cluster_options() -> Result<PostgresOptions, ServerError> {
    // A login that a dropped test left half-way would hold DROP DATABASE up for a minute. Much less than half of one,
    // and a busy machine does not log in.
    let options = PostgresOptions::throwaway()?.with("authentication_timeout", "30s");
    Ok(options.with("max_connections", "300"))
}

/// The cluster of this test program, started at the first call; or the one that
/// `MANDATE_TEST_POSTGRES_URL` names.
///
/// # Panics
/// When it cannot be started.
pub async fn postgres() -> &'static TestCluster {
    static CLUSTER: OnceCell<TestCluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async {
            if let Ok(url) = env::var(CLUSTER_VARIABLE) {
                return TestCluster { url, _server: None };
            }
            let options = cluster_options().unwrap_or_else(|error| panic!("{error}"));
            let server = Postgres::start(options)
                .await
                .unwrap_or_else(|error| panic!("no PostgreSQL for the tests: {error}"));
            TestCluster { url: server.admin_url().to_owned(), _server: Some(server) }
        })
        .await
}

/// A NATS with JetStream for one test, with one user, [`NATS_USER`], who may do everything.
///
/// # Panics
/// When it cannot be started.
pub async fn nats() -> Nats {
    let users = vec![NatsUser::unlimited(NATS_USER)];
    let options = NatsOptions::throwaway(users).unwrap_or_else(|error| panic!("{error}"));
    Nats::start(options).await.unwrap_or_else(|error| panic!("no NATS for the test: {error}"))
}

/// The stock Python client of NATS: what pip calls it, an interpreter, and the folder that must be
/// in its `PYTHONPATH`.
#[derive(Debug)]
pub struct PythonClient {
    /// Package and version.
    pub requirement: &'static str,
    /// The interpreter.
    pub python: PathBuf,
    /// The folder.
    pub path: PathBuf,
}

/// The pinned Python client of NATS, fetched unless the cache has it.
pub fn python_client() -> Result<PythonClient, FetchError> {
    let path = unpacked(&NATS_PY, &default_cache()?)?;
    let python = find_python(&PYTHONS.map(OsStr::new))?;
    Ok(PythonClient { requirement: NATS_PY.requirement, python, path })
}

impl TestCluster {
    /// `postgres://…` of the superuser, to the database `postgres`.
    pub fn admin_url(&self) -> &str {
        &self.url
    }

    /// A new database, empty or as a copy of `template`.
    ///
    /// # Panics
    /// When the cluster refuses, for instance because the template is not there.
    pub async fn database_from(&self, template: Option<&str>) -> TestDatabase {
        let name = format!("test_{}", suffix());
        let from = template.map_or(String::new(), |template| format!(" TEMPLATE \"{template}\""));
        let mut admin = self.connect().await;
        run(&mut admin, format!("CREATE DATABASE \"{name}\"{from}")).await;
        close(admin).await;
        TestDatabase { url: with_database(&self.url, &name), name, admin_url: self.url.clone() }
    }

    /// Makes the template `name` if no test program has made it yet, by calling `fill` with the
    /// address of an empty database. Put a hash of what fills it into the name if that may
    /// change during the cluster's life. `fill` must close its connections.
    ///
    /// # Panics
    /// When the cluster refuses.
    pub async fn template<'a>(&self, name: &'a str, fill: impl AsyncFnOnce(&str)) -> &'a str {
        let mut admin = self.connect().await;
        // Programs that want it at the same time wait for the one that makes it.
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(fingerprint(name.as_bytes()).cast_signed())
            .execute(&mut admin)
            .await
            .expect("the test cluster locks");
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(name)
                .fetch_one(&mut admin)
                .await
                .expect("the test cluster answers");
        if !exists {
            // Renamed when filled: a half-filled template must not be found under its name.
            let unfinished = format!("making_{}", suffix());
            run(&mut admin, format!("CREATE DATABASE \"{unfinished}\"")).await;
            fill(&with_database(&self.url, &unfinished)).await;
            run(&mut admin, format!("ALTER DATABASE \"{unfinished}\" RENAME TO \"{name}\"")).await;
        }
        close(admin).await;
        name
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url)
            .await
            .unwrap_or_else(|error| panic!("the test cluster does not answer: {error}"))
    }
}

impl Drop for TestDatabase {
    /// Waits for the database to be gone, so that long runs do not fill the disk. On a thread of
    /// its own, because the test's runtime cannot be waited on from within.
    fn drop(&mut self) {
        let url = self.admin_url.clone();
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        let dropping =
            thread::spawn(move || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    let mut admin = PgConnection::connect(&url).await?;
                    admin.execute(AssertSqlSafe(statement)).await?;
                    admin.close().await?;
                    Ok(())
                })
            });
        match dropping.join() {
            Ok(Ok(())) => {}
            // It goes with the cluster at the latest.
            Ok(Err(error)) => tracing::warn!(%error, "a test's database stays"),
            Err(_) => tracing::warn!("a test's database stays"),
        }
    }
}

async fn run(admin: &mut PgConnection, statement: String) {
    // Names cannot be bound; all are ours.
    admin
        .execute(AssertSqlSafe(statement.clone()))
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn close(admin: PgConnection) {
    admin.close().await.expect("the test cluster says goodbye");
}

fn suffix() -> String {
    unique_suffix().unwrap_or_else(|error| panic!("{error}"))
}

/// The same address with another database.
fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the address of a cluster ends in /postgres");
    format!("{server}/{name}")
}
