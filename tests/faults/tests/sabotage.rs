//! A short run of the sabotage, of a seed that stays the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use faults::sabotage::report::Found;
use faults::sabotage::run::Plan;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kept_checkpoint_covers_is_found_in_its_place_and_nothing_else_is_accused() {
    let plan = Plan { seed: 2, entries: 400, clean: 20, uncovered: 100, rounds: 20 };
    let report = plan.run(|_, _| ()).await.unwrap_or_else(|error| panic!("{error:#}"));
    println!("{report}");
    assert_eq!((report.clean_runs, report.rounds.len()), (20, 20));
    // Of each there are some, or the seed shows nothing.
    assert!(report.count(Found::InItsPlace) >= 8, "{report}");
    assert!(report.count(Found::CannotBeProven) >= 1, "{report}");
}
