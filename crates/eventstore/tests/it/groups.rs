//! Group commit: whom a refusal takes out of the group, counted in transactions. And the other way round: a change
//! that is written in portions.

use contract::facts::AppArchived;
use contract::{AppId, Provenance, Version};
use eventstore::batch::Work;
use eventstore::group_commit::{Change, Writer};
use eventstore::{AppendError, NewEvent, Unit};
use sqlx::PgConnection;

use stage::eventually;

use crate::world::{PRODUCER, World, fact, new_stream, provenance, version};

/// The archiving of an app.
struct Archiving {
    provenance: Provenance,
    event: NewEvent,
    /// Whether it was decided on what is no longer so.
    outdated: bool,
}

impl Change for Archiving {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    async fn commit(mut unit: Unit<'_>, changes: &[&Self]) -> Result<(), AppendError> {
        if changes.iter().any(|change| change.outdated) {
            return Err(AppendError::Conflict);
        }
        for change in changes {
            unit.add(change.event.clone());
        }
        unit.commit().await
    }

    async fn outdated(_: &mut PgConnection, changes: &[&Self]) -> sqlx::Result<Vec<usize>> {
        Ok((0..changes.len()).filter(|place| changes[*place].outdated).collect())
    }
}

/// Commits a group of changes of these streams; which of them stand, and in how many transactions.
async fn commit(world: &World, changes: Vec<(AppId, bool)>) -> (Vec<bool>, i64) {
    let events = world.events();
    let archiving = |(app_id, outdated): (AppId, bool)| {
        let correlation = events.environment().new_id();
        let provenance = Provenance::system(PRODUCER, None, correlation);
        let fact = AppArchived { app_id };
        let event = events.prepare(&provenance, app_id.uuid(), Version::FIRST, &fact).unwrap();
        Archiving { provenance, event, outdated }
    };
    let changes = changes.into_iter().map(archiving).collect();
    let outcomes = Writer::new(events.clone()).carry_out(changes).await;
    let transactions = sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM events");
    let transactions = transactions.fetch_one(&world.owner).await.unwrap();
    (outcomes.iter().map(Result::is_ok).collect(), transactions)
}

#[tokio::test]
async fn the_neighbours_of_outdated_changes_are_committed_in_one_group() {
    let world = World::new().await;
    let new = || world.events().environment().new_id::<AppId>();
    let changes: Vec<_> = (0..64).map(|number| (new(), number % 16 == 5)).collect();
    let expected: Vec<_> = changes.iter().map(|(_, outdated)| !outdated).collect();
    assert_eq!(commit(&world, changes).await, (expected, 1));
}

#[tokio::test]
async fn who_cannot_tell_is_found_by_halving() {
    let world = World::new().await;
    let new = || world.events().environment().new_id::<AppId>();
    let taken = new();
    assert_eq!(commit(&world, vec![(taken, false)]).await, (vec![true], 1));
    let mut changes: Vec<_> = (0..63).map(|_| (new(), false)).collect();
    changes.push((taken, false));
    let (stands, transactions) = commit(&world, changes).await;
    assert_eq!(stands.iter().filter(|stands| !**stands).count(), 1);
    assert!(!stands[63], "the one whose version is taken");
    assert_eq!(transactions, 1 + 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_very_many_events_is_written_in_portions_and_becomes_true_at_once() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let events = world.events();
    let count = "SELECT count(*) FROM events";
    let stream = new_stream();
    for rest in [0, 2] {
        let mut unit = events.begin(&provenance());
        let stream = if rest == 0 { stream } else { new_stream() };
        for number in 1..=3 {
            unit.record(stream, version(number), &fact(stream)).unwrap();
        }
        unit.write_recorded().await.unwrap();
        // Nothing more to write.
        unit.write_recorded().await.unwrap();
        for number in 4..4 + rest {
            unit.record(stream, version(number), &fact(stream)).unwrap();
        }
        let before: i64 = sqlx::query_scalar(count).fetch_one(&world.producer).await.unwrap();
        assert_eq!(before, if rest == 0 { 0 } else { 3 });
        unit.commit().await.unwrap();
    }
    eventually("all are published", || async { world.messages().await == 8 }).await;
    eventually("the outbox is empty", || world.all_relayed()).await;

    // A conflict at the end undoes what was written before.
    let mut unit = events.begin(&provenance());
    let new = new_stream();
    unit.record(new, version(1), &fact(new)).unwrap();
    unit.write_recorded().await.unwrap();
    unit.record(stream, version(3), &fact(stream)).unwrap();
    assert!(matches!(unit.commit().await, Err(AppendError::Conflict)));
    let after: i64 = sqlx::query_scalar(count).fetch_one(&world.producer).await.unwrap();
    assert_eq!(after, 8);
}
