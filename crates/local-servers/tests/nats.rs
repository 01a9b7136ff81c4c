//! nats-server, really started.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use async_nats::jetstream::{self, stream};
use futures::StreamExt as _;
use local_servers::{Nats, NatsOptions, NatsUser, ServerError, testing};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::time::timeout;

/// A folder that the servers' account can reach.
fn base() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn options(base: &Path) -> NatsOptions {
    let users = vec![
        NatsUser::unlimited("all"),
        NatsUser::limited("half", ["may.>"], ["_INBOX.>", "may.>"]),
    ];
    NatsOptions::in_folder(base.join("nats"), users)
}

async fn connect(nats: &Nats, user: &str) -> async_nats::Client {
    let password = nats.password_of(user).unwrap().to_owned();
    async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password)
        .connect(nats.url())
        .await
        .unwrap()
}

async fn streams(nats: &Nats) -> jetstream::Context {
    jetstream::new(connect(nats, "all").await)
}

async fn keep_one(nats: &Nats) {
    let context = streams(nats).await;
    let config = stream::Config {
        name: "KEPT".into(),
        subjects: vec!["kept.>".into()],
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    let ack = context.publish("kept.one", "1".into()).await.unwrap();
    ack.await.unwrap();
}

async fn kept(nats: &Nats) -> Option<u64> {
    let stream = streams(nats).await.get_stream("KEPT").await.ok()?;
    Some(stream.cached_info().state.messages)
}

async fn next_subject(heard: &mut async_nats::Subscriber) -> String {
    let next = tokio::time::timeout(Duration::from_secs(30), heard.next());
    next.await.unwrap().unwrap().subject.to_string()
}

#[tokio::test]
async fn a_restart_finds_streams_passwords_and_port() {
    let base = base();
    let mut first = Nats::start(options(base.path())).await.unwrap();
    keep_one(&first).await;
    let url = first.url_for("all");
    first.stop().await.unwrap();
    drop(first);

    let second = Nats::start(options(base.path())).await.unwrap();
    assert_eq!(second.url_for("all"), url);
    assert_eq!(kept(&second).await, Some(1));
}

#[tokio::test]
async fn a_kill_and_a_restart_keep_streams_and_a_wipe_loses_them() {
    let base = base();
    let mut nats = Nats::start(options(base.path())).await.unwrap();
    keep_one(&nats).await;
    let url = nats.url_for("all");
    nats.kill().await.unwrap();
    nats.start_again().await.unwrap();
    assert_eq!(kept(&nats).await, Some(1));

    nats.wipe().await.unwrap();
    assert_eq!(nats.url_for("all"), url);
    assert_eq!(kept(&nats).await, None);
    keep_one(&nats).await;
}

#[tokio::test]
async fn a_server_that_was_killed_by_somebody_is_started_again_with_its_streams() {
    let base = base();
    let mut nats = Nats::start(options(base.path())).await.unwrap();
    keep_one(&nats).await;
    let url = nats.url_for("all");
    let killed = Pid::from_raw(nats.pid().unwrap().cast_signed());
    kill(killed, Signal::SIGKILL).unwrap();
    let started = async { while !nats.start_if_ended().await.unwrap() {} };
    timeout(Duration::from_secs(30), started).await.unwrap();
    assert_eq!(nats.url_for("all"), url);
    assert_eq!(kept(&nats).await, Some(1));
    assert!(!nats.start_if_ended().await.unwrap());
}

#[tokio::test]
async fn users_may_do_what_they_were_given_and_strangers_nothing() {
    let base = base();
    let nats = Nats::start(options(base.path())).await.unwrap();
    assert!(nats.url_for("nobody").is_none());
    assert!(async_nats::connect(nats.url()).await.is_err());

    let all = connect(&nats, "all").await;
    let half = connect(&nats, "half").await;
    let mut heard = all.subscribe(">").await.unwrap();
    // Its own message comes back once the subscription stands.
    all.publish("ready", "".into()).await.unwrap();
    assert_eq!(next_subject(&mut heard).await, "ready");
    half.publish("not.this", "1".into()).await.unwrap();
    half.publish("may.this", "2".into()).await.unwrap();
    assert_eq!(next_subject(&mut heard).await, "may.this");
}

#[tokio::test]
async fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let base = base();
    let squatter = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = squatter.local_addr().unwrap().port();
    let asked = NatsOptions { port: Some(port), ..options(base.path()) };
    let error = Nats::start(asked).await.unwrap_err();
    assert!(matches!(error, ServerError::PortTaken { port: p, .. } if p == port));
}

#[tokio::test]
async fn a_folder_that_another_server_uses_is_refused() {
    let base = base();
    let running = Nats::start(options(base.path())).await.unwrap();
    let error = Nats::start(options(base.path())).await.unwrap_err();
    let ServerError::AlreadyRunning { pid, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(pid, running.pid());
}

#[tokio::test]
async fn a_wrong_configuration_is_told_with_the_servers_words() {
    let base = base();
    let wrong =
        NatsOptions { extra_config: Some("no_such_setting: 1".into()), ..options(base.path()) };
    let error = Nats::start(wrong).await.unwrap_err();
    assert!(matches!(error, ServerError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn the_files_with_passwords_are_private() {
    let base = base();
    let _nats = Nats::start(options(base.path())).await.unwrap();
    for file in ["nats.conf", "remembered.json"] {
        let path = base.path().join("nats").join(file);
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn every_test_gets_a_nats_of_its_own() {
    let (one, other) = tokio::join!(testing::nats(), testing::nats());
    assert_ne!(one.port(), other.port());
    connect(&one, testing::NATS_USER).await;
}
