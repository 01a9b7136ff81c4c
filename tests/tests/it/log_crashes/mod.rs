//! Audit is killed (SIGKILL) at each point that its code calls a crash point. Afterwards the log verifies, goes on from
//! what was kept before, has every event once, and no two roots of one size.
//!
//! A process is held at its point by a trigger that waits for a lock of ours, in the database; on the disk by a pipe
//! that is full ([`held`]). What becomes of a log that another is begun in place of is in [`continued`].

mod continued;
mod held;
mod old_log;

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use contract::Service;
use journeys::program::{Process, run};
use journeys::system::MASTER_KEY;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use sqlx::{AssertSqlSafe, PgConnection};
use stage::eventually;

use held::{Held, LOCK};
use old_log::record_without_tree;

/// At the commit of whoever inserts into this table.
fn at_the_commit(table: &str) -> String {
    format!(
        "CREATE CONSTRAINT TRIGGER held AFTER INSERT ON audit.{table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    )
}

#[tokio::test]
async fn batch_committed_before_it_nothing_has_happened() {
    let mut system = Held::new().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    let before = system.count("SELECT size FROM audit.head").await;
    system.hold(&at_the_commit("entries")).await;
    running.work().await;
    system.until_held().await;
    system.kill(running).await;
    assert_eq!(system.count("SELECT size FROM audit.head").await, before);
    let running = system.start().await;
    system.is_well(&running).await;
    assert!(system.count("SELECT size FROM audit.head").await > before);
}

#[tokio::test]
async fn batch_committed_after_it_what_comes_again_changes_nothing() {
    let mut system = Held::new().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    let before = system.count("SELECT size FROM audit.head").await;
    system.hold(&at_the_commit("entries")).await;
    running.work().await;
    system.until_held().await;
    // NATS hears nothing more of it: the batch is committed, and no message of it acknowledged.
    let nats = Pid::from_raw(i32::try_from(system.servers.nats.pid().unwrap()).unwrap());
    kill(nats, Signal::SIGSTOP).unwrap();
    let release = format!("SELECT pg_advisory_unlock({LOCK})");
    sqlx::raw_sql(AssertSqlSafe(release)).execute(&mut system.database).await.unwrap();
    let database = &mut system.database;
    let recorded = eventually("it is committed", async || {
        let size: i64 = sqlx::query_scalar("SELECT size FROM audit.head")
            .fetch_one(&mut *database)
            .await
            .unwrap();
        (size > before).then_some(size)
    })
    .await;
    system.kill(running).await;
    kill(nats, Signal::SIGCONT).unwrap();
    let first = "SELECT md5(string_agg(envelope::text, '' ORDER BY position)) FROM audit.entries WHERE position <= $1";
    let digest = async |database: &mut PgConnection| -> String {
        sqlx::query_scalar(first).bind(recorded).fetch_one(database).await.unwrap()
    };
    let committed = digest(&mut system.database).await;
    let running = system.start().await;
    system.is_well(&running).await;
    assert_eq!(digest(&mut system.database).await, committed);
}

#[tokio::test]
async fn checkpoint_stored_nobody_has_seen_it_and_it_is_no_other_one_later() {
    let mut system = Held::new().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    system.hold("CREATE TRIGGER held BEFORE DELETE ON audit.checkpoints FOR EACH STATEMENT").await;
    running.work().await;
    system.until_held().await;
    system.kill(running).await;
    let unseen = "SELECT count(*) FROM audit.checkpoints WHERE served_at IS NULL";
    assert!(system.count(unseen).await > 0);
    let running = system.start().await;
    system.is_well(&running).await;
}

#[tokio::test]
async fn checkpoint_stored_need_not_be_durable_and_what_others_see_is() {
    let mut system = Held::new().await;
    // The servers of tests wait for nothing.
    system
        .run(
            "DO $$ BEGIN
                 EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database());
             END $$;
             CREATE TABLE public.commits (what text NOT NULL, waits text NOT NULL);
             CREATE FUNCTION public.told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             BEGIN
                 INSERT INTO public.commits VALUES (TG_ARGV[0], current_setting('synchronous_commit'));
                 RETURN NEW;
             END $$;
             CREATE CONSTRAINT TRIGGER grown AFTER UPDATE ON audit.head DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION public.told('the tree');
             CREATE CONSTRAINT TRIGGER signed AFTER INSERT ON audit.checkpoints DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION public.told('signed');
             CREATE CONSTRAINT TRIGGER served AFTER UPDATE ON audit.checkpoints DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION public.told('served')",
        )
        .await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    let commits: Vec<(String, String)> =
        sqlx::query_as("SELECT DISTINCT what, waits FROM public.commits ORDER BY what")
            .fetch_all(&mut system.database)
            .await
            .unwrap();
    let commits = commits.iter().map(|(what, waits)| (what.as_str(), waits.as_str()));
    let expected = [("served", "on"), ("signed", "off"), ("the tree", "on")];
    assert_eq!(commits.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn checkpoint_written_by_half_the_last_one_is_still_kept_whole() {
    let mut system = Held::new().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    let keep = system.folder.path().join("keep");
    let next = written_first(&keep, &running).await;
    system.is_well(&running).await;
    let kept = fs::read(keep.join("checkpoint")).unwrap();
    let pid = running.process.pid().await;
    // It has been renamed since it was written last: a pipe in its place takes nothing, being full.
    nix::unistd::mkfifo(&next, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    let full: OwnedFd =
        nix::fcntl::open(&next, OFlag::O_RDWR | OFlag::O_NONBLOCK, Mode::empty()).unwrap();
    while nix::unistd::write(&full, &[0; 4_096]).is_ok() {}
    running.work().await;
    eventually("it writes", async || {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).any(|file| file == next)
    })
    .await;
    system.look().await;
    let mut running = running;
    running.process.signal(Signal::SIGKILL).await;
    running.process.ended().await;
    drop(full);
    assert_eq!(fs::read(keep.join("checkpoint")).unwrap(), kept);
    let running = system.start().await;
    system.is_well(&running).await;
    assert_ne!(fs::read(keep.join("checkpoint")).unwrap(), kept);
}

/// The file that a process writes before it renames it, whose name is its own: it is there for as long as it takes to be
/// synchronized, with each checkpoint.
async fn written_first(keep: &Path, running: &held::Running) -> PathBuf {
    let keep = keep.to_owned();
    let mut seen = tokio::task::spawn_blocking(move || {
        let is_one = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "next");
        let files = || fs::read_dir(&keep).unwrap().filter_map(|file| Some(file.ok()?.path()));
        (0..10_000_000).find_map(|_| files().find(is_one)).expect("it writes")
    });
    loop {
        tokio::select! {
            seen = &mut seen => return seen.unwrap(),
            () = running.work() => {}
        }
    }
}

#[tokio::test]
async fn checkpoint_kept_and_not_served_is_ahead_of_nothing_but_what_others_saw() {
    let mut system = Held::new().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    let kept = fs::read(system.folder.path().join("keep/checkpoint")).unwrap();
    let trigger =
        "CREATE TRIGGER held BEFORE UPDATE OF served_at ON audit.checkpoints FOR EACH ROW";
    system.hold(trigger).await;
    running.work().await;
    system.until_held().await;
    system.kill(running).await;
    assert_ne!(fs::read(system.folder.path().join("keep/checkpoint")).unwrap(), kept);
    let running = system.start().await;
    system.is_well(&running).await;
}

#[tokio::test]
async fn tree_follows_a_log_from_before_it_and_goes_on_from_where_it_was() {
    let mut system = Held::new().await;
    let mut running = system.start().await;
    running.process.signal(Signal::SIGTERM).await;
    assert!(running.process.ended().await.success());
    fs::remove_dir_all(system.folder.path().join("keep")).unwrap();
    record_without_tree(&mut system.database, 9_000).await;
    let trigger = "CREATE TRIGGER held BEFORE UPDATE ON audit.head FOR EACH ROW
        WHEN (OLD.tree_size > 0 AND NEW.tree_size > OLD.tree_size)";
    system.hold(trigger).await;
    let running = system.begin().await;
    system.until_held().await;
    assert_eq!(system.count("SELECT tree_size FROM audit.head").await, 8_192);
    system.kill(running).await;
    assert_eq!(system.count("SELECT tree_size FROM audit.head").await, 8_192);
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
}

#[tokio::test]
async fn log_key_created_with_its_event_or_not_at_all() {
    let mut system = Held::new().await;
    system.hold(&at_the_commit("log_key_events")).await;
    // It does not come to listen: the key is had before.
    let file = system.servers.file();
    let names = Service::ALL.map(Service::name);
    let keys = ["MANDATE_KEY_ISSUER__MASTER_KEY", "MANDATE_AUDIT__MASTER_KEY"];
    let arguments = ["serve", "--config", &file, "--listen", "127.0.0.1:0"];
    let mut process =
        Process::start(&[&arguments[..], &names].concat(), &keys.map(|name| (name, MASTER_KEY)));
    system.until_held().await;
    process.signal(Signal::SIGKILL).await;
    process.ended().await;
    system.release_dead().await;
    let keys = "SELECT (SELECT count(*) FROM audit.log_keys) + (SELECT count(*) FROM audit.events)";
    assert_eq!(system.count(keys).await, 0);
    let running = system.start().await;
    system.is_well(&running).await;
    assert_eq!(system.count("SELECT count(*) FROM audit.log_keys").await, 1);
    let told = "SELECT count(*) FROM audit.entries WHERE type = 'mandate.log-key.created.v1'";
    assert_eq!(system.count(told).await, 1);
}

#[tokio::test]
async fn log_key_replaced_with_its_event_or_not_at_all() {
    let mut system = Held::new().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    system.hold(&at_the_commit("log_key_events")).await;
    let file = system.servers.file();
    let arguments = ["log", "replace-key", "--config", &file];
    let key = [("MANDATE_AUDIT__MASTER_KEY", MASTER_KEY)];
    let mut command = Process::start(&arguments, &key);
    system.until_held().await;
    running.work().await;
    command.signal(Signal::SIGKILL).await;
    command.ended().await;
    system.release_dead().await;
    assert_eq!(system.count("SELECT count(*) FROM audit.log_keys").await, 1);
    system.is_well(&running).await;

    let mut command = Process::start(&arguments, &key);
    assert!(command.ended().await.success(), "{}", command.stderr());
    running.work().await;
    let told = "SELECT count(*) FROM audit.entries WHERE type = 'mandate.log-key.replaced.v1'";
    let database = &mut system.database;
    eventually("the log says so", async || {
        let count: i64 = sqlx::query_scalar(told).fetch_one(&mut *database).await.unwrap();
        count == 1
    })
    .await;
    // The checkpoint that was kept is by the old key.
    let kept = system.folder.path().join("kept");
    let before = fs::read(&kept).unwrap();
    fs::remove_file(&kept).unwrap();
    system.is_well(&running).await;
    // What was served covers the event, so that the new key alone signs what comes now.
    running.work().await;
    system.is_well(&running).await;
    fs::write(&kept, &before).unwrap();
    let answer = running.operator.get("/audit/log/keys").await.expect(200);
    let keys = String::from_utf8(answer.body.to_vec()).unwrap();
    let [_, old] = keys.lines().collect::<Vec<_>>()[..] else { panic!("{keys}") };
    let token = system.folder.path().join("token");
    let verified = run(&[
        "verify",
        "--server",
        &running.address,
        "--token-file",
        token.to_str().unwrap(),
        "--key",
        old,
        "--checkpoint",
        kept.to_str().unwrap(),
    ])
    .succeeded();
    assert!(verified.contains("That key was replaced: entry "), "{verified}");

    // Nor does evidence need the newer key.
    let evidence = system.folder.path().join("evidence.zip");
    let (server, token, out) = (&running.address, token.to_str(), evidence.to_str());
    let (token, out) = (token.unwrap(), out.unwrap());
    let of = ["evidence", "--server", server, "--token-file", token, "--key", old, "--out", out];
    let all = ["--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"];
    run(&[&of[..], &all].concat()).succeeded();
    let verified = run(&["verify", "--evidence", out, "--key", old]).succeeded();
    assert!(verified.contains("That key was replaced: entry "), "{verified}");
}
