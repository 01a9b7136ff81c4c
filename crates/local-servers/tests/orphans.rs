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

const HOLD: &str = "LOCAL_SERVERS_TEST_HOLD";
const PATIENCE: Duration = Duration::from_mins(1);

/// Another process that owns a PostgreSQL and a NATS in a folder: this program once more, running
/// [`holder`].
struct Owner {
    process: Child,
    postgres: u32,
    nats: u32,
}

impl Owner {
    fn start(how: &str, folder: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "holder", "--ignored", "--nocapture"])
            .env(HOLD, how)
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
        Self {
            process,
            postgres: postgres.parse().unwrap(),
            nats: nats.parse().unwrap(),
        }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Not a test: what [`Owner`] runs. It ends only by being killed, or at once when told to `leave`.
#[tokio::test]
#[ignore = "run by the other tests in a process of its own"]
async fn holder() {
    let Ok(how) = env::var(HOLD) else { return };
    let folder = env::temp_dir();
    let (postgres, nats, both);
    if how == "keep" {
        let options = PostgresOptions::in_folder(folder.join("postgres"));
        let users = vec![NatsUser::unlimited("all")];
        both = (
            Postgres::start(options).await.unwrap(),
            Nats::start(NatsOptions::in_folder(folder.join("nats"), users))
                .await
                .unwrap(),
        );
        (postgres, nats) = (both.0.pid().unwrap(), both.1.pid().unwrap());
        println!("holding {postgres} {nats}");
        std::future::pending::<()>().await;
    } else {
        let cluster = testing::postgres().await;
        let _database = cluster.database_from(None).await;
        let own = testing::nats().await;
        println!("holding {} {}", pid_of_cluster(&folder), own.pid().unwrap());
        if how == "leave" {
            // Like a test program that ends: no destructor of a static runs.
            std::process::exit(0);
        }
        std::future::pending::<()>().await;
    }
}

fn pid_of_cluster(folder: &Path) -> u32 {
    let cluster = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().contains("-postgres-"))
        .unwrap();
    let file = fs::read_to_string(cluster.path().join("data/postmaster.pid")).unwrap();
    file.lines().next().unwrap().parse().unwrap()
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
    eventually("the servers end", || {
        !runs(owner.postgres) && !runs(owner.nats)
    });
    eventually("their folders go", || left_in(base.path()).is_empty());
}

#[test]
fn nothing_is_left_of_throwaway_servers_when_a_test_program_ends() {
    let base = base();
    let mut owner = Owner::start("leave", base.path());
    assert!(owner.process.wait().unwrap().success());
    eventually("the servers end", || {
        !runs(owner.postgres) && !runs(owner.nats)
    });
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
