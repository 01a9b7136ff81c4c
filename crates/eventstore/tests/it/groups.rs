//! Group commit: whom a refusal takes out of the group, counted in transactions.

use contract::facts::AppArchived;
use contract::{AppId, Provenance, Version};
use eventstore::batch::Work;
use eventstore::group_commit::{Change, Writer};
use eventstore::{AppendError, NewEvent, Unit};
use sqlx::PgConnection;

use crate::world::{PRODUCER, World};

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
