//! A system that is held where it is to be killed, and what must be true of it afterwards.

use std::collections::BTreeMap;
use std::fs;

use contract::Service;
use journeys::fixture::unrecorded;
use journeys::people::{Operator, RETAIL_MEDIA};
use journeys::program::{Process, run};
use journeys::system::{Servers, ready};
use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use stage::{Addresses, Client, eventually};
use tempfile::TempDir;
use translog::{Checkpoint, Hash, Note, Tree};

/// The lock that holds whoever comes to the point.
pub(super) const LOCK: i64 = 4_711;

/// A system whose audit is killed.
pub(super) struct Held {
    pub(super) servers: Servers,
    pub(super) folder: TempDir,
    token: String,
    /// As the superuser.
    pub(super) database: PgConnection,
    /// Every checkpoint that was ever stored, by its size: its root.
    seen: BTreeMap<i64, Vec<u8>>,
}

/// All services in one process.
pub(super) struct Running {
    pub(super) process: Process,
    pub(super) address: String,
    pub(super) operator: Operator,
}

impl Held {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keep = folder.path().join("keep");
        let extra = format!("[audit]\nkeep_dir = \"{}\"\nreconcile_seconds = 1\n", keep.display());
        let servers = Servers::migrated(&extra).await;
        let token = servers.add_operator();
        let database = PgConnection::connect(&servers.database.url).await.unwrap();
        Self { servers, folder, token, database, seen: BTreeMap::new() }
    }

    /// Starts it, and awaits that it listens.
    pub(super) async fn begin(&self) -> Running {
        let (process, address) = self.servers.serve(&Service::ALL).await;
        let client = Client::anonymous(Addresses::One(address.clone())).with_token(&self.token);
        Running { process, address, operator: Operator::new(client) }
    }

    pub(super) async fn start(&self) -> Running {
        let running = self.begin().await;
        ready(&running.address).await;
        running
    }

    /// What was signed is of another log than what will be.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
        fs::remove_file(self.folder.path().join("kept")).unwrap();
    }

    /// Has whoever does this wait for the lock, which we hold: a trigger without the word before its function.
    pub(super) async fn hold(&mut self, trigger: &str) {
        let sql = format!(
            "CREATE OR REPLACE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NEW; END $$;
             {trigger} EXECUTE FUNCTION public.hold();
             SELECT pg_advisory_lock({LOCK})"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.database).await.unwrap();
    }

    /// Awaits that somebody waits for the lock.
    pub(super) async fn until_held(&mut self) {
        let database = &mut self.database;
        eventually("it comes to its point", async || !held(database).await.is_empty()).await;
    }

    /// Kills the process, and what it has in the database with it: nothing of it goes on.
    pub(super) async fn kill(&mut self, mut running: Running) {
        running.process.signal(Signal::SIGKILL).await;
        running.process.ended().await;
        self.release_dead().await;
    }

    /// Ends what waits in the database for the lock, and lets nobody wait any more.
    pub(super) async fn release_dead(&mut self) {
        for pid in held(&mut self.database).await {
            sqlx::query("SELECT pg_terminate_backend($1)")
                .bind(pid)
                .execute(&mut self.database)
                .await
                .unwrap();
        }
        let database = &mut self.database;
        eventually("they are gone", async || held(database).await.is_empty()).await;
        let sql = "DROP FUNCTION public.hold() CASCADE; SELECT pg_advisory_unlock_all()";
        sqlx::raw_sql(sql).execute(&mut self.database).await.unwrap();
        self.look().await;
    }

    /// Notes what was signed so far: none of it may ever have another root.
    pub(super) async fn look(&mut self) {
        let rows = sqlx::query("SELECT size, root FROM audit.checkpoints")
            .fetch_all(&mut self.database)
            .await
            .unwrap();
        for row in rows {
            let (size, root): (i64, Vec<u8>) = (row.get(0), row.get(1));
            assert_eq!(*self.seen.entry(size).or_insert_with(|| root.clone()), root, "{size}");
        }
    }

    pub(super) async fn run(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.database).await.unwrap();
    }

    pub(super) async fn count(&mut self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.database).await.unwrap()
    }

    /// Awaits that all is in the log and signed, and holds it against everything that was seen before.
    pub(super) async fn is_well(&mut self, running: &Running) {
        let database = &mut self.database;
        eventually("everything is in the log, and signed", async || {
            let lacking = unrecorded(database).await;
            let sizes = "SELECT size - (SELECT max(size) FROM audit.checkpoints WHERE served_at IS NOT NULL) FROM audit.head";
            let behind: Option<i64> = sqlx::query_scalar(sizes).fetch_one(&mut *database).await.unwrap();
            if lacking.is_empty() && behind == Some(0) { Ok(()) } else { Err(format!("{lacking:?} {behind:?}")) }
        })
        .await;
        self.look().await;
        self.every_root_is_of_the_entries().await;
        let kept = self.folder.path().join("kept");
        let (file, token) = (kept.to_str().unwrap(), self.folder.path().join("token"));
        fs::write(&token, &self.token).unwrap();
        let answer = running.operator.get("/audit/log/key").await.expect(200);
        let key = String::from_utf8(answer.body.to_vec()).unwrap();
        let server = ["verify", "--server", &running.address, "--key", key.trim()];
        let by = ["--token-file", token.to_str().unwrap(), "--keep", file];
        let from: &[&str] = if kept.exists() { &["--checkpoint", file] } else { &[] };
        run(&[&server[..], &by, from].concat()).succeeded();
    }

    /// Whatever was signed, served or not, has the root that the entries make.
    pub(super) async fn every_root_is_of_the_entries(&mut self) {
        let envelopes: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT envelope FROM audit.entries ORDER BY position")
                .fetch_all(&mut self.database)
                .await
                .unwrap();
        let (mut tree, mut size, mut roots) = (Tree::new(), 0, BTreeMap::new());
        roots.insert(0, tree.root());
        for envelope in envelopes {
            tree.append([Hash::of_leaf(&envelope)]);
            size += 1;
            roots.insert(size, tree.root());
        }
        for (size, root) in &self.seen {
            assert_eq!(roots[size].as_bytes().as_slice(), root, "of {size} entries");
        }
        let kept = fs::read(self.folder.path().join("keep/checkpoint")).unwrap();
        let kept: Checkpoint = Note::parse(&kept).unwrap().text().parse().unwrap();
        assert_eq!(roots[&i64::try_from(kept.size).unwrap()], kept.root);
    }
}

impl Running {
    pub(super) async fn stop(mut self) {
        self.process.signal(Signal::SIGTERM).await;
        assert!(self.process.ended().await.success());
    }

    pub(super) async fn work(&self) {
        let organization = self.operator.organization().await;
        organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    }
}

/// Who waits for the lock.
async fn held(database: &mut PgConnection) -> Vec<i32> {
    sqlx::query_scalar(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .bind(i32::try_from(LOCK).unwrap())
    .fetch_all(database)
    .await
    .unwrap()
}
