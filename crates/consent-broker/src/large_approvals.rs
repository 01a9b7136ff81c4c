//! Admission of large approvals. Each holds a connection for seconds, and others need some too: so only a few are
//! made at a time, and nobody takes more than one turn at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::PersonId;
use eventstore::inactivity::patiently;
use service::Problem;
use tokio::sync::{Semaphore, SemaphorePermit};

/// So many are made at a time in a process.
const AT_A_TIME: usize = 2;

/// Who makes a large approval or waits for their turn. Clones share.
#[derive(Debug, Clone)]
pub(crate) struct LargeApprovals {
    turns: Arc<Semaphore>,
    people: Arc<Mutex<HashSet<PersonId>>>,
}

/// A turn: until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _turn: SemaphorePermit<'a>,
    _place: Place<'a>,
}

/// The one place of a person.
#[derive(Debug)]
struct Place<'a> {
    approvals: &'a LargeApprovals,
    person: PersonId,
}

impl LargeApprovals {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_A_TIME)), people: Arc::default() }
    }

    /// Waits for this person's turn.
    ///
    /// # Errors
    /// 503 `busy` if they have a large approval under way already.
    pub(crate) async fn turn(&self, person: PersonId) -> Result<Turn<'_>, Problem> {
        if !self.people().insert(person) {
            let detail =
                "You have an approval of very many accounts under way. Wait until it ends.";
            return Err(Problem::unavailable("busy", detail));
        }
        let place = Place { approvals: self, person };
        let turn = patiently(self.turns.acquire()).await.map_err(Problem::internal)?;
        Ok(Turn { _turn: turn, _place: place })
    }

    fn people(&self) -> MutexGuard<'_, HashSet<PersonId>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.approvals.people().remove(&self.person);
    }
}

#[cfg(test)]
mod tests {
    use contract::environment::Environment;
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn few_are_made_at_a_time_and_nobody_has_two_turns() {
        let environment = Environment::system();
        let [one, two, three] = [(); 3].map(|()| environment.new_id::<PersonId>());
        let approvals = LargeApprovals::new();
        let now = |person| approvals.turn(person).now_or_never();

        let first = now(one).unwrap().unwrap();
        let busy = now(one).unwrap().unwrap_err();
        assert_eq!(busy.slug(), "busy");
        let second = now(two).unwrap().unwrap();
        assert!(now(three).is_none(), "two are under way");
        drop(second);
        // Who gave up waiting has no place any more.
        assert!(now(three).unwrap().is_ok());
        drop(first);
        assert!(now(one).unwrap().is_ok());
    }
}
