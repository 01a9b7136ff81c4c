//! A short run of the faults: a few rounds, of a seed that stays the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use faults::fault::Fault;
use faults::programs::Programs;
use faults::round::Plan;
use faults::stage::Shape;

#[tokio::test]
async fn nothing_is_lost_and_nothing_doubled_when_things_break() {
    let faults = PathBuf::from(env!("CARGO_BIN_EXE_faults"));
    let profile = faults.parent().map(Path::to_owned).unwrap();
    let plan = Plan {
        rounds: 3,
        seed: 2,
        clients: 6,
        shape: Shape::Single,
        // What is worst for each of the three: a process, PostgreSQL, NATS.
        faults: vec![Fault::KillAllProcesses, Fault::KillPostgres, Fault::WipeNats],
        programs: Programs { mandate: profile.join("mandate"), faults },
        folder: profile.join("faults-short"),
    };
    let report = plan.run(|_| {}).await.unwrap_or_else(|error| panic!("{error}"));
    println!("{report}");
    assert_eq!(report.rounds.len(), 3);
}
