//! Servers end with their owner, and leave nothing, however the owner ends.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use local_servers::{Nats, NatsOptions, NatsUser, Postgres, PostgresOptions, testing};

const PATIENCE: Duration = Duration::from_mins(1);

/// Another process that owns a PostgreSQL and a NATS in a folder: `examples/holder.rs`.
struct Owner {
    process: Child,
    postgres: u32,
    nats: u32,
}

impl Owner {
    fn start(how: &str, folder: &Path) -> Self {
        // Built beside the tests: target/<profile>/deps/<this program>, …/examples/holder.
        let holder = env::current_exe().unwrap();
        let holder = holder.ancestors().nth(2).unwrap().join("examples/holder");
        assert!(holder.exists(), "build the examples too: cargo test -p local-servers");
        let mut process = Command::new(holder)
            .arg(how)
            .env("TMPDIR", folder)
            .env_remove(testing::CLUSTER_VARIABLE)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let pids = output
            .lines()
            .map(Result::unwrap)
            .find_map(|line| line.split_once("holding ").map(|(_, pids)| pids.to_owned()))
            .expect("the other process says what it holds");
        let (postgres, nats) = pids.split_once(' ').unwrap();
        Self { process, postgres: postgres.parse().unwrap(), nats: nats.parse().unwrap() }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn base() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    if Path::new("/proc/self/stat").exists() {
        return stat.is_ok_and(|stat| !stat.contains(") Z "));
    }
    let pid = i32::try_from(pid).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn left_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.flatten().map(|entry| entry.path()).collect()
}

#[tokio::test]
async fn servers_end_when_their_owner_is_killed_and_start_again_with_their_data() {
    let base = base();
    let mut owner = Owner::start("keep", base.path());
    assert!(runs(owner.postgres) && runs(owner.nats));
    owner.kill();

    // At once, while the watchdog may still be at it.
    let again = Postgres::start(PostgresOptions::in_folder(base.path().join("postgres"))).await;
    let users = vec![NatsUser::unlimited("all")];
    let nats = Nats::start(NatsOptions::in_folder(base.path().join("nats"), users)).await;
    assert!(again.is_ok() && nats.is_ok(), "{again:?} {nats:?}");
    assert!(!runs(owner.postgres) && !runs(owner.nats));
}

#[test]
fn nothing_is_left_of_throwaway_servers_when_their_owner_is_killed() {
    let base = base();
    let mut owner = Owner::start("throwaway", base.path());
    assert_eq!(left_in(base.path()).len(), 2);
    owner.kill();
    eventually("the servers end", || !runs(owner.postgres) && !runs(owner.nats));
    eventually("their folders go", || left_in(base.path()).is_empty());
}

#[test]
fn nothing_is_left_of_throwaway_servers_when_a_test_program_ends() {
    let base = base();
    let mut owner = Owner::start("leave", base.path());
    assert!(owner.process.wait().unwrap().success());
    eventually("the servers end", || !runs(owner.postgres) && !runs(owner.nats));
    eventually("their folders go", || left_in(base.path()).is_empty());
}

#[tokio::test]
async fn nothing_is_left_of_a_throwaway_server_that_is_dropped() {
    let base = base();
    let options = PostgresOptions {
        data_dir: base.path().join("postgres"),
        ..PostgresOptions::throwaway().unwrap()
    };
    let mut postgres = Postgres::start(options.clone()).await.unwrap();
    let pid = postgres.pid().unwrap();
    postgres.kill().await.unwrap();
    assert!(!runs(pid));
    drop(postgres);
    eventually("its folder goes", || left_in(base.path()).is_empty());

    let nats = testing::nats().await;
    let pid = nats.pid().unwrap();
    drop(nats);
    eventually("the server ends", || !runs(pid));
}
