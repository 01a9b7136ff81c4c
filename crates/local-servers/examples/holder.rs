//! Owns a PostgreSQL and a NATS until it is killed, or ends at once when told to `leave`: what the
//! tests of the servers' ends run as their owner. The first line it prints has the servers' pids.

#![expect(clippy::unwrap_used, reason = "a part of the tests")]

use std::path::Path;
use std::{env, fs};

use local_servers::{Nats, NatsOptions, NatsUser, Postgres, PostgresOptions, testing};

#[tokio::main]
async fn main() {
    let how = env::args().nth(1).unwrap_or_default();
    let folder = env::temp_dir();
    if how == "keep" {
        let options = PostgresOptions::in_folder(folder.join("postgres"));
        let postgres = Postgres::start(options).await.unwrap();
        let users = vec![NatsUser::unlimited("all")];
        let nats = Nats::start(NatsOptions::in_folder(folder.join("nats"), users));
        let nats = nats.await.unwrap();
        println!("holding {} {}", postgres.pid().unwrap(), nats.pid().unwrap());
        std::future::pending::<()>().await;
    }
    let cluster = testing::postgres().await;
    let _database = cluster.database_from(None).await;
    let nats = testing::nats().await;
    println!("holding {} {}", pid_of_cluster(&folder), nats.pid().unwrap());
    if how == "leave" {
        // Like a test program that ends: no destructor of a static runs.
        std::process::exit(0);
    }
    std::future::pending::<()>().await;
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
