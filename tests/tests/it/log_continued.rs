//! A database that was restored from a backup that is older than what its log had told others: the log is not signed
//! anew, another one begins, and nothing that a producer still has is missing from it.

use std::fs;
use std::path::Path;

use contract::Service;
use futures::TryStreamExt as _;
use journeys::events::{self, Event, assert_dense};
use journeys::fixture::unrecorded;
use journeys::people::{Operator, RETAIL_MEDIA};
use journeys::program::{Output, Process, command, finish, run};
use journeys::system::{MASTER_KEY, Servers, ready};
use local_servers::testing::{self, TestDatabase};
use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use stage::{Addresses, Client, eventually};
use tempfile::TempDir;
use translog::{Checkpoint, Note};

/// An installation whose processes come and go.
struct Installation {
    servers: Servers,
    folder: TempDir,
    token: String,
}

/// A process of it, and its operator.
struct Running {
    process: Process,
    address: String,
    operator: Operator,
}

fn settings(folder: &Path) -> String {
    format!("[audit]\nkeep_dir = \"{}\"\nreconcile_seconds = 1\n", folder.display())
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let servers = Servers::migrated(&settings(folder.path())).await;
        let token = servers.add_operator();
        Self { servers, folder, token }
    }

    async fn start(&self) -> Running {
        let (process, address) = self.servers.serve(&Service::ALL).await;
        ready(&address).await;
        let client = Client::anonymous(Addresses::One(address.clone())).with_token(&self.token);
        Running { process, address, operator: Operator::new(client) }
    }

    async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.servers.database.url).await.unwrap()
    }

    /// Why it does not start.
    async fn refusal(&self) -> String {
        let file = self.servers.file();
        let names = Service::ALL.map(Service::name);
        let arguments = ["serve", "--config", &file, "--listen", "127.0.0.1:0"];
        let keys = ["MANDATE_KEY_ISSUER__MASTER_KEY", "MANDATE_AUDIT__MASTER_KEY"];
        let keys = keys.map(|name| (name, MASTER_KEY));
        let mut process = Process::start(&[&arguments[..], &names].concat(), &keys);
        assert!(!process.ended().await.success());
        process.stderr()
    }

    /// `mandate log` with these arguments.
    fn log(&self, arguments: &[&str]) -> Output {
        let file = self.servers.file();
        let arguments = [&["log"], arguments, &["--config", &file]].concat();
        finish(command(&arguments).env("MANDATE_AUDIT__MASTER_KEY", MASTER_KEY))
    }

    /// What was kept last.
    fn kept(&self) -> String {
        fs::read_to_string(self.folder.path().join("checkpoint")).unwrap()
    }

    /// Waits until all that producers have is in the log, and a checkpoint covers it.
    async fn until_settled(&self) -> i64 {
        let mut database = self.database().await;
        let size = eventually("everything is in the log, and signed", async || {
            let lacking = unrecorded(&mut database).await;
            if !lacking.is_empty() {
                return Err(lacking.join(", "));
            }
            let sizes = "SELECT size, (SELECT max(size) FROM audit.checkpoints WHERE served_at IS NOT NULL) FROM audit.head";
            let (size, served): (i64, Option<i64>) =
                sqlx::query_as(sizes).fetch_one(&mut database).await.unwrap();
            if served == Some(size) { Ok(size) } else { Err(format!("{size}, {served:?}")) }
        })
        .await;
        database.close().await.unwrap();
        size
    }

    /// `mandate verify` of the running system.
    fn verify(&self, running: &Running, key: &str, more: &[&str]) -> Output {
        let token = self.folder.path().join("token");
        fs::write(&token, &self.token).unwrap();
        let of_server = ["verify", "--server", &running.address, "--token-file"];
        let by_key = [token.to_str().unwrap(), "--key", key];
        run(&[&of_server[..], &by_key, more].concat())
    }
}

impl Running {
    async fn stop(mut self) {
        self.process.signal(Signal::SIGTERM).await;
        assert!(self.process.ended().await.success());
    }

    async fn work(&self) {
        let organization = self.operator.organization().await;
        organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    }

    async fn key(&self) -> String {
        let answer = self.operator.get("/audit/log/key").await.expect(200);
        String::from_utf8(answer.body.to_vec()).unwrap().trim().to_owned()
    }
}

fn ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.attribute("id").to_owned()).collect()
}

/// Puts what audit has in the one database in place of what it has in the other, as whoever restores its schema alone.
pub(crate) async fn restore_audit(from: &TestDatabase, to: &TestDatabase) {
    let mut from = PgConnection::connect(&from.url).await.unwrap();
    let mut to = PgConnection::connect(&to.url).await.unwrap();
    let tables =
        "SELECT 'audit.' || quote_ident(tablename) FROM pg_tables WHERE schemaname = 'audit'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut from).await.unwrap();
    let empty = format!("SET session_replication_role = replica; TRUNCATE {}", tables.join(", "));
    sqlx::raw_sql(AssertSqlSafe(empty)).execute(&mut to).await.unwrap();
    for table in tables {
        let out = from.copy_out_raw(&format!("COPY {table} TO STDOUT")).await.unwrap();
        let rows: Vec<_> = out.try_collect().await.unwrap();
        let mut into = to.copy_in_raw(&format!("COPY {table} FROM STDIN")).await.unwrap();
        into.send(rows.concat()).await.unwrap();
        into.finish().await.unwrap();
    }
    from.close().await.unwrap();
    to.close().await.unwrap();
}

/// What is true of every log that goes on from another: `former` is what was kept of that, and `before` its events as
/// they were restored.
async fn goes_on(running: &Running, former: &str, before: &[String]) {
    let log = events::all(&running.operator, "").await;
    assert_dense(&log);
    let first = &log[0];
    assert_eq!((first.position, first.kind()), (1, "log.continued"));
    assert_eq!(*first.fact("former_checkpoint"), former);
    let covered: Checkpoint = Note::parse(former.as_bytes()).unwrap().text().parse().unwrap();
    assert_eq!(*first.fact("former_size"), covered.size);
    assert_eq!(*first.fact("restored_size"), before.len());
    assert_eq!(ids(&log[1..=before.len()]), before);
    let mut all = ids(&log);
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count, "every event once");
}

#[tokio::test]
async fn audits_database_alone_was_restored_and_every_event_is_in_the_log_that_goes_on() {
    let installation = Installation::new().await;
    let running = installation.start().await;
    running.work().await;
    installation.until_settled().await;
    let before = ids(&events::all(&running.operator, "").await);
    let old = running.key().await;
    running.stop().await;
    let cluster = testing::postgres().await;
    let backup = cluster.database_from(Some(&installation.servers.database.name)).await;

    let needless = installation.log(&["continue-as-new"]).failed();
    assert!(needless.contains("there is nothing to begin anew"), "{needless}");
    let running = installation.start().await;
    running.work().await;
    let covered = installation.until_settled().await;
    let later = ids(&events::all(&running.operator, "").await);
    assert_eq!(later[..before.len()], before);
    running.stop().await;
    let former = installation.kept();
    restore_audit(&backup, &installation.servers.database).await;

    let refused = installation.refusal().await;
    assert!(
        refused.contains(&format!("a checkpoint of {covered} entries that was served")),
        "{refused}"
    );
    assert!(refused.contains("mandate log continue-as-new"), "{refused}");
    let new = installation.log(&["continue-as-new"]).succeeded();
    let new = new.trim();
    assert!(new.starts_with("mandate.example.com/audit/log/2+"), "{new}");
    let running = installation.start().await;
    let size = installation.until_settled().await;
    assert!(size > covered, "{size}");
    goes_on(&running, &former, &before).await;
    let found = ids(&events::all(&running.operator, "").await);
    assert!(later.iter().all(|id| found.contains(id)), "producers had every one of them");
    assert_eq!(running.key().await, new);
    installation.verify(&running, new, &[]).succeeded();
    assert_eq!(installation.verify(&running, &old, &[]).code, Some(2), "it is another log");
    // And on: what is kept from now on is the new one's.
    running.work().await;
    installation.until_settled().await;
    running.stop().await;
    let running = installation.start().await;
    installation.verify(&running, new, &[]).succeeded();
    running.stop().await;
    let needless = installation.log(&["continue-as-new"]).failed();
    assert!(needless.contains("there is nothing to begin anew"), "{needless}");

    // The same backup once more: it does not know of the second log.
    let former = installation.kept();
    restore_audit(&backup, &installation.servers.database).await;
    let refused = installation.refusal().await;
    assert!(refused.contains("by a key that the database does not have"), "{refused}");
    let third = installation.log(&["continue-as-new"]).succeeded();
    let third = third.trim();
    assert!(third.starts_with("mandate.example.com/audit/log/3+"), "{third}");
    let running = installation.start().await;
    installation.until_settled().await;
    goes_on(&running, &former, &before).await;
    installation.verify(&running, third, &[]).succeeded();
    running.stop().await;

    // Somewhere else a copy says that more was served of the second than the third names.
    let covered: Checkpoint = Note::parse(former.as_bytes()).unwrap().text().parse().unwrap();
    let ahead = former.replacen(&covered.size.to_string(), &(covered.size + 1).to_string(), 1);
    fs::write(installation.folder.path().join("checkpoint"), ahead).unwrap();
    let running = installation.start().await;
    let said = running.process.stderr();
    assert!(said.contains("is not what this one says that it goes on from"), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn all_was_restored_and_what_is_lost_for_ever_holds_nothing_up() {
    let installation = Installation::new().await;
    let running = installation.start().await;
    running.work().await;
    installation.until_settled().await;
    let before = ids(&events::all(&running.operator, "").await);
    running.stop().await;
    let cluster = testing::postgres().await;
    let backup = cluster.database_from(Some(&installation.servers.database.name)).await;
    let again = cluster.database_from(Some(&backup.name)).await;
    let running = installation.start().await;
    running.work().await;
    installation.until_settled().await;
    // The backup is older than this key, too.
    installation.log(&["replace-key"]).succeeded();
    // Both sign until a checkpoint that was served covers the event, and the new one alone what comes then.
    for _ in 0..2 {
        running.work().await;
        installation.until_settled().await;
    }
    running.stop().await;

    // NATS is emptied, as docs/operating.md says.
    let former = installation.kept();
    let Installation { folder, token, .. } = installation;
    let servers = Servers::with(backup, testing::nats().await, &settings(folder.path()));
    let installation = Installation { servers, folder, token };
    let refused = installation.refusal().await;
    assert!(refused.contains("by a key that the database does not have"), "{refused}");
    assert!(refused.contains("mandate log continue-as-new"), "{refused}");
    let new = installation.log(&["continue-as-new", "--origin", "log.example.com/anew"]);
    let new = new.succeeded();
    assert!(new.starts_with("log.example.com/anew+"), "{new}");
    let running = installation.start().await;
    running.work().await;
    installation.until_settled().await;
    goes_on(&running, &former, &before).await;
    installation.verify(&running, new.trim(), &[]).succeeded();
    running.stop().await;

    // The same backup once more knows of no log of that name: whoever gave it gives the next.
    restore_audit(&again, &installation.servers.database).await;
    let refused = installation.refusal().await;
    assert!(refused.contains("is no checkpoint of this log"), "{refused}");
    let refused = installation.log(&["continue-as-new"]).failed();
    assert!(refused.contains("is no checkpoint of this log"), "{refused}");
    let anew = |name: &str| installation.log(&["continue-as-new", "--origin", name]);
    let refused = anew("log.example.com/anew").failed();
    assert!(refused.contains("was called log.example.com/anew before"), "{refused}");
    let third = anew("log.example.com/once-more").succeeded();
    assert!(third.starts_with("log.example.com/once-more+"), "{third}");
}
