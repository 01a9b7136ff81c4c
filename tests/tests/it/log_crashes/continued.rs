//! `mandate log continue-as-new` is killed at its crash point: there is the old log alone, whole, or the new one alone.

use std::fs;

use contract::Service;
use journeys::program::{self, Process};
use journeys::system::{MASTER_KEY, migrated};
use nix::sys::signal::Signal;
use sqlx::AssertSqlSafe;
use stage::eventually;

use super::at_the_commit;
use super::held::{Held, LOCK};
use crate::log_continued::restore_audit;

/// Everything that audit has, but what logins leave behind by themselves.
const DIGEST: &str = "SELECT md5(concat(
    (SELECT string_agg(entries::text, '' ORDER BY position) FROM audit.entries),
    (SELECT string_agg(tiles::text, '' ORDER BY level, index) FROM audit.tiles),
    (SELECT string_agg(checkpoints::text, '' ORDER BY size) FROM audit.checkpoints),
    (SELECT string_agg(log_keys::text, '' ORDER BY generation) FROM audit.log_keys),
    (SELECT string_agg(log_key_events::text, '' ORDER BY generation) FROM audit.log_key_events),
    (SELECT string_agg(spans::text, '' ORDER BY span) FROM audit.spans),
    (SELECT string_agg(events::text, '' ORDER BY seq) FROM audit.events),
    (SELECT head::text FROM audit.head), (SELECT string_agg(confirmed::text, '') FROM audit.confirmed)))";

/// The command, as whoever restored a backup runs it.
fn continue_as_new(system: &Held) -> Process {
    let file = system.servers.file();
    let key = [("MANDATE_AUDIT__MASTER_KEY", MASTER_KEY)];
    Process::start(&["log", "continue-as-new", "--config", &file], &key)
}

/// Why the system does not start.
async fn refusal(system: &Held) -> String {
    let file = system.servers.file();
    let names = Service::ALL.map(Service::name);
    let keys = ["MANDATE_KEY_ISSUER__MASTER_KEY", "MANDATE_AUDIT__MASTER_KEY"];
    let arguments = ["serve", "--config", &file, "--listen", "127.0.0.1:0"];
    let keys = keys.map(|name| (name, MASTER_KEY));
    let mut process = Process::start(&[&arguments[..], &names].concat(), &keys);
    assert!(!process.ended().await.success());
    process.stderr()
}

/// A system whose audit was restored from a backup that is older than what it signed.
async fn restored() -> Held {
    let mut system = Held::new().await;
    let backup = migrated().await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    running.stop().await;
    restore_audit(&system.servers.database, &backup).await;
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    running.stop().await;
    restore_audit(&backup, &system.servers.database).await;
    system
}

#[tokio::test]
async fn log_continued_before_the_commit_the_old_log_is_as_it_was() {
    let mut system = restored().await;
    let digest = async |system: &mut Held| -> String {
        sqlx::query_scalar(DIGEST).fetch_one(&mut system.database).await.unwrap()
    };
    let before = digest(&mut system).await;
    let kept = fs::read(system.folder.path().join("keep/checkpoint")).unwrap();
    system.hold(&at_the_commit("former_checkpoints")).await;
    let mut command = continue_as_new(&system);
    system.until_held().await;
    command.signal(Signal::SIGKILL).await;
    command.ended().await;
    system.release_dead().await;
    assert_eq!(digest(&mut system).await, before);
    assert_eq!(system.count("SELECT count(*) FROM audit.former_checkpoints").await, 0);
    assert_eq!(fs::read(system.folder.path().join("keep/checkpoint")).unwrap(), kept);
    let refused = refusal(&system).await;
    assert!(refused.contains("mandate log continue-as-new"), "{refused}");

    let mut command = continue_as_new(&system);
    assert!(command.ended().await.success(), "{}", command.stderr());
    begins_once_and_is_well(system).await;
}

#[tokio::test]
async fn log_continued_after_the_commit_the_new_log_is_there_though_nobody_was_told() {
    let mut system = restored().await;
    let size = system.count("SELECT size FROM audit.head").await;
    system.hold(&at_the_commit("former_checkpoints")).await;
    let mut command = continue_as_new(&system);
    system.until_held().await;
    // Whoever would hear of the commit does not run any more.
    command.signal(Signal::SIGSTOP).await;
    let release = format!("SELECT pg_advisory_unlock({LOCK})");
    sqlx::raw_sql(AssertSqlSafe(release)).execute(&mut system.database).await.unwrap();
    let database = &mut system.database;
    eventually("it is committed", async || {
        let sql = "SELECT count(*) FROM audit.former_checkpoints";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut *database).await.unwrap();
        count > 0
    })
    .await;
    command.signal(Signal::SIGKILL).await;
    command.ended().await;
    system.release_dead().await;
    assert_eq!(system.count("SELECT size FROM audit.head").await, size + 1);
    // To do it again is refused: there would be a third log.
    let file = system.servers.file();
    let mut again = program::command(&["log", "continue-as-new", "--config", &file]);
    let needless = program::finish(again.env("MANDATE_AUDIT__MASTER_KEY", MASTER_KEY)).failed();
    assert!(needless.contains("there is nothing to begin anew"), "{needless}");
    begins_once_and_is_well(system).await;
}

/// The other log begins by saying so, once, and has everything that the producers have.
async fn begins_once_and_is_well(mut system: Held) {
    // What was kept and signed is of a log that was given up.
    system.forget();
    let running = system.start().await;
    running.work().await;
    system.is_well(&running).await;
    let told = "SELECT count(*) FROM audit.entries WHERE type = 'mandate.log.continued.v1'";
    assert_eq!(system.count(told).await, 1);
    let first = "SELECT position FROM audit.entries WHERE type = 'mandate.log.continued.v1'";
    assert_eq!(system.count(first).await, 1);
    let names = "SELECT count(DISTINCT origin) FROM audit.log_keys";
    assert_eq!(system.count(names).await, 2);
}
