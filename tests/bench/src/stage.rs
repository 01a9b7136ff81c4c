//! What the measurements are played on: durable PostgreSQL and NATS of their own, the system in
//! processes of its own, and an app with a key.

mod of_the_log;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, Service};
use local_servers::{Nats, NatsOptions, NatsUser, Postgres, PostgresOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use service::settings::DatabaseSettings;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use stage::{Addresses, Client, Method, within};

use crate::least::{self, Rung};

/// The user that all processes connect to NATS as.
const USER: &str = "bench";

/// A server that has run for a while writes its log over old segments. A new one fills each with zeros
/// first, while every commit waits: the measurements are not of that.
const WAL_KEPT: &str = "2GB";
const WAL_SEGMENTS: usize = 120;

/// How long the audit log may take to have everything.
const PATIENCE: Duration = Duration::from_mins(5);

/// Everything that runs.
pub(crate) struct Stage {
    postgres: Postgres,
    nats: Nats,
    main: Option<Server>,
    audit: Option<Server>,
    master_key: String,
    /// As the database's owner.
    pub(crate) pool: PgPool,
    /// Where the API is, as `resources:port`.
    pub(crate) address: String,
    /// The organization.
    pub(crate) organization_id: String,
    /// Its developer's API token.
    pub(crate) developer_token: String,
    /// The key.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: String,
}

/// A process that serves, and ends with this value.
pub(crate) struct Server {
    child: Child,
    /// Where it serves, as `resources:port`.
    pub(crate) address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        let pid = Pid::from_raw(self.child.id().try_into()?);
        kill(pid, Signal::SIGTERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Starts it, and waits for the line that says where it serves.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}", command.get_program().display()))?;
        let output = child.stdout.take().context("the output is piped")?;
        let mut server = Self { child, address: String::new() };
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next() {
            if let Some((_, address)) = line?.split_once(" at http://") {
                address.clone_into(&mut server.address);
                // What it says later must go somewhere.
                std::thread::spawn(|| lines.for_each(drop));
                return Ok(server);
            }
        }
        // Not the whole command: it has passwords.
        bail!("{} ended without serving", command.get_program().display())
    }
}

/// The server of the token measurement's limit.
pub(crate) fn limit_server() -> anyhow::Result<Server> {
    Server::start(limit_command()?)
}

fn limit_command() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--serve-limit");
    Ok(command)
}

/// A program of this build.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let folder = std::env::current_exe()?;
    let path = folder.parent().context("a program is in a folder")?.join(name);
    ensure!(path.exists(), "{} is not built: run `cargo xtask bench`", path.display());
    Ok(path)
}

impl Stage {
    /// Starts everything, and makes an app with a key through the API.
    pub(crate) async fn set() -> anyhow::Result<Self> {
        let options = PostgresOptions { durable: true, ..PostgresOptions::throwaway()? };
        let options = options
            .with("max_connections", "300")
            .with("min_wal_size", WAL_KEPT)
            .with("max_wal_size", "4GB");
        let postgres = Postgres::start(options).await?;
        let nats = Nats::start(NatsOptions::throwaway(vec![NatsUser::unlimited(USER)])?).await?;
        stage::migrate(postgres.admin_url()).await;
        let pool = PgPoolOptions::new().max_connections(32).connect(postgres.admin_url()).await?;
        age_log(&pool).await?;
        let master_key = STANDARD.encode(Environment::system().bytes::<32>());
        let mut stage = Self {
            postgres,
            nats,
            main: None,
            audit: None,
            master_key,
            pool,
            address: String::new(),
            organization_id: String::new(),
            developer_token: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
        };
        let main = stage.serve(&[
            "directory",
            "app-registry",
            "key-issuer",
            "consent-broker",
            "notifier",
        ])?;
        stage.address.clone_from(&main.address);
        stage.main = Some(main);
        stage.start_audit()?;
        stage.make_app().await?;
        Ok(stage)
    }

    /// Stops everything.
    pub(crate) async fn strike(mut self) -> anyhow::Result<()> {
        self.main = None;
        self.audit = None;
        self.pool.close().await;
        self.nats.stop().await?;
        self.postgres.stop().await?;
        Ok(())
    }

    /// The same with a record of each token.
    pub(crate) async fn least_server(&self, rung: Rung) -> anyhow::Result<Server> {
        self.settle().await?;
        least::prepare(&self.pool, self.nats_client().await).await?;
        let mut command = limit_command()?;
        command.arg("--record").arg(rung.name());
        self.tell_servers(&mut command)?;
        Server::start(command)
    }

    fn tell_servers(&self, command: &mut Command) -> anyhow::Result<()> {
        command
            .env("MANDATE_DATABASE__URL", self.postgres.admin_url())
            .env("MANDATE_NATS__URL", self.nats.url_for(USER).context("the user is there")?);
        Ok(())
    }

    fn mandate(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program("mandate")?);
        self.tell_servers(&mut command)?;
        command
            .env("MANDATE_KEY_ISSUER__MASTER_KEY", &self.master_key)
            .env("MANDATE_AUDIT__MASTER_KEY", &self.master_key)
            // PostgreSQL, NATS and the load are on the same machine.
            .env("MANDATE_WORKER_THREADS", "1")
            .envs(stage::wide_limit_variables())
            .env("MANDATE_LOG__FILTER", "warn");
        Ok(command)
    }

    fn serve(&self, services: &[&str]) -> anyhow::Result<Server> {
        let mut command = self.mandate()?;
        command.arg("serve").args(services).args(["--listen", "127.0.0.1:0"]);
        Server::start(command)
    }

    /// A process with all services, and so with the portal, beside the others.
    pub(crate) fn serve_whole(&self) -> anyhow::Result<Server> {
        self.serve(&Service::ALL.map(Service::name))
    }

    /// Where the log is asked, as `resources:port`.
    pub(crate) fn log_address(&self) -> anyhow::Result<&str> {
        Ok(&self.audit.as_ref().context("audit was stopped")?.address)
    }

    /// The processes of ours and of NATS, and what they are.
    pub(crate) fn processes(&self) -> BTreeMap<u32, String> {
        let ours = [(&self.main, "the services"), (&self.audit, "audit")];
        let ours = ours.into_iter().filter_map(|(server, name)| {
            let server = server.as_ref()?;
            Some((server.child.id(), name.to_owned()))
        });
        let nats = self.nats.pid().map(|pid| (pid, "nats-server".to_owned()));
        ours.chain(nats).collect()
    }

    /// The first process of PostgreSQL.
    pub(crate) fn postgres_pid(&self) -> Option<u32> {
        self.postgres.pid()
    }

    /// Takes the audit log away.
    pub(crate) async fn stop_audit(&mut self) -> anyhow::Result<()> {
        self.until_audited().await?;
        self.audit = None;
        Ok(())
    }

    /// Brings the audit log back.
    pub(crate) fn start_audit(&mut self) -> anyhow::Result<()> {
        let server = self.serve(&["audit"])?;
        self.audit = Some(server);
        Ok(())
    }

    /// A pool as a service has it.
    pub(crate) fn pool_of(&self, service: Service) -> anyhow::Result<PgPool> {
        let settings = DatabaseSettings {
            url: self.postgres.admin_url().into(),
            ..DatabaseSettings::default()
        };
        Ok(service::connect::database(service, &settings)?)
    }

    /// A connection to NATS.
    pub(crate) async fn nats_client(&self) -> async_nats::Client {
        stage::nats_client(std::slice::from_ref(&self.nats), USER).await
    }

    /// How many events the audit log has.
    pub(crate) async fn audited(&self) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM audit.entries")
            .fetch_one(&self.pool)
            .await?)
    }

    /// Waits until every event is in the audit log, and tells how long it took.
    pub(crate) async fn until_audited(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let written = self.written().await?;
        while self.audited().await? < written {
            ensure!(began.elapsed() < PATIENCE, "the audit log is not complete");
            self.pause().await;
        }
        Ok(began.elapsed())
    }

    /// Before a measurement: the log has everything, and PostgreSQL has written what it holds, so that its
    /// next checkpoint does not fall into the measurement and not into its limit.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        self.until_audited().await?;
        checkpoint(&self.pool).await
    }

    /// Waits until JetStream has acknowledged every event.
    pub(crate) async fn until_relayed(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.count("outbox").await? > 0 {
            ensure!(began.elapsed() < PATIENCE, "the outbox is not empty");
            self.pause().await;
        }
        Ok(())
    }

    async fn written(&self) -> anyhow::Result<i64> {
        self.count("events").await
    }

    async fn count(&self, table: &str) -> anyhow::Result<i64> {
        let mut total = 0;
        for service in Service::ALL {
            let query = format!("SELECT count(*) FROM {}.{table}", service.schema());
            let count: i64 =
                sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&self.pool).await?;
            total += count;
        }
        Ok(total)
    }

    /// Between two looks.
    pub(crate) async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    async fn make_app(&mut self) -> anyhow::Result<()> {
        let address = Addresses::One(format!("http://{}", self.address));
        let client = Client::anonymous(address);
        within(Duration::from_secs(30), "the system is ready", async || {
            let answer = client.request(Method::GET, "/readyz").try_send().await;
            answer.is_ok_and(|answer| answer.status == 200)
        })
        .await?;
        let added = self
            .mandate()?
            .args(["operators", "add", "--email", "operator@example.com", "--name", "Operator"])
            .output()?;
        ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let operator = String::from_utf8(added.stdout)?.trim().to_owned();
        let client = client.with_token(&operator);
        let organization = json!({
            "name": "Bench", "kind": "other", "country": "DE", "contact_email": "contact@example.com",
        });
        let organization = client.post("/v1/organizations", organization).await.expect(201);
        self.organization_id = organization.field("id");
        let confirm = format!("/v1/organizations/{}/confirm-contact", self.organization_id);
        client.act(&confirm).await.expect(200);
        let app = json!({
            "organization_id": self.organization_id, "name": "Bench", "authentication_method": "client_credentials",
            "service": "retail_media",
            "domains": [{ "domain": "campaigns", "level": "manage" }, { "domain": "analytics", "level": "read" }],
        });
        let app = client.post("/v1/apps", app).await.expect(201).field("id");
        client.act(&format!("/v1/apps/{app}/activate")).await.expect(200);
        let key = json!({ "name": "bench" });
        let key = client.post(&format!("/v1/apps/{app}/keys"), key).await.expect(201);
        self.client_id = key.field("client_id");
        self.client_secret = key.field("client_secret");
        self.developer_token = operator;
        Ok(())
    }
}

/// Gives the server segments of its log to write over.
async fn age_log(pool: &PgPool) -> anyhow::Result<()> {
    for _ in 0..WAL_SEGMENTS {
        sqlx::query("SELECT pg_logical_emit_message(true, 'bench', ''), pg_switch_wal()")
            .execute(pool)
            .await?;
    }
    checkpoint(pool).await
}

async fn checkpoint(pool: &PgPool) -> anyhow::Result<()> {
    sqlx::query("CHECKPOINT").execute(pool).await?;
    Ok(())
}
