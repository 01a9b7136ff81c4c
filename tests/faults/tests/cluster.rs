//! A real cluster: three nats-servers with streams in three replicas, and two replicas of every
//! service, each in a process of its own. One nats-server is killed and brought back under load.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use faults::fault::Fault;
use faults::programs::Programs;
use faults::round::Plan;
use faults::stage::Shape;

#[tokio::test]
async fn a_cluster_goes_on_while_one_of_its_servers_is_gone() {
    let faults = PathBuf::from(env!("CARGO_BIN_EXE_faults"));
    let profile = faults.parent().map(Path::to_owned).unwrap();
    let plan = Plan {
        rounds: 2,
        seed: 3,
        clients: 6,
        shape: Shape::Cluster,
        faults: vec![Fault::KillNats],
        programs: Programs { mandate: profile.join("mandate"), faults },
        folder: profile.join("faults-cluster"),
    };
    let report = plan.run(|_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    println!("{report}");
    assert_eq!(report.rounds.len(), 2);
}
