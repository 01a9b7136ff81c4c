//! Writes refusals: those that are events of their own at once, counts when their window is over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::facts::CountedRefusals;
use contract::{Actor, Provenance, RefusalId, Version};
use eventstore::inactivity::unless_inactive;
use eventstore::{AppendError, EventStore, NewEvent};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::counter::{Counter, Tally};
use super::kind::Kind;
use super::{NotRecordedYet, Refusal, RefusedFact};
use crate::limits::LimitSettings;

/// How often it is looked for windows that are over.
const TICK: Duration = Duration::from_secs(1);

/// At most so many events wait while they cannot be written; the others are counted.
const MOST_DUE: usize = 1024;

/// At most so many are written in one transaction.
const AT_ONCE: usize = 256;

/// Is told when an event is durable, or that it is not yet.
type Told = oneshot::Sender<Result<(), NotRecordedYet>>;

/// Counts and writes a service's refusals.
#[derive(Debug)]
pub(super) struct Writer {
    events: EventStore,
    /// Since when it counts.
    since: DateTime<Utc>,
    state: Mutex<State>,
    /// An event waits to be written.
    due: Notify,
}

#[derive(Debug)]
struct State {
    counter: Counter<Kind, Refusal>,
    due: VecDeque<Due>,
}

/// An event that is to be written.
#[derive(Debug)]
struct Due {
    event: NewEvent,
    told: Option<Told>,
}

impl Writer {
    pub(super) fn new(events: EventStore, settings: &LimitSettings) -> Self {
        let since = events.environment().now();
        let counter = Counter::new(settings, since);
        let state = Mutex::new(State { counter, due: VecDeque::new() });
        Self { events, since, state, due: Notify::new() }
    }

    /// Counts a refusal. If it is an event of its own, `told` is told when that is durable; else it is dropped.
    pub(super) fn note(&self, refusal: Refusal, told: Option<Told>) {
        let now = self.events.environment().now();
        let mut state = self.lock();
        let room = state.due.len() < MOST_DUE;
        let (own, closed) = state.counter.note(Kind::of(&refusal), &refusal, room, now);
        if let Some(closed) = closed {
            self.push_counted(&mut state, closed);
        }
        if own {
            self.push(&mut state, refusal, None, told);
        }
        drop(state);
        if own {
            self.due.notify_one();
        }
    }

    /// Writes what is due, again and again; at shutdown all that was counted.
    pub(super) async fn run(
        self: Arc<Self>,
        shutdown: CancellationToken,
    ) -> Result<(), AppendError> {
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.due.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            let now = self.events.environment().now();
            self.close(|counter| counter.close(now));
            self.write_in_time().await?;
        }
        self.close(Counter::close_all);
        self.write_in_time().await
    }

    fn close(&self, close: impl FnOnce(&mut Counter<Kind, Refusal>) -> Vec<Tally<Refusal>>) {
        let mut state = self.lock();
        for closed in close(&mut state.counter) {
            self.push_counted(&mut state, closed);
        }
    }

    fn push_counted(&self, state: &mut State, tally: Tally<Refusal>) {
        if state.due.len() < MOST_DUE {
            self.push(state, tally.last, Some(tally.counted), None);
        } else {
            state.counter.count_in_rest(tally);
        }
    }

    fn push(
        &self,
        state: &mut State,
        refusal: Refusal,
        counted: Option<CountedRefusals>,
        told: Option<Told>,
    ) {
        match self.prepare(refusal, counted) {
            Ok(event) => state.due.push_back(Due { event, told }),
            Err(error) => tracing::error!(%error, "a refusal has no event"),
        }
    }

    fn prepare(
        &self,
        refusal: Refusal,
        counted: Option<CountedRefusals>,
    ) -> Result<NewEvent, contract::EnvelopeError> {
        let (events, env) = (&self.events, self.events.environment());
        let Refusal { facts, actor, organization, claimed_name, fact } = refusal;
        // Those of several kinds are nobody's in particular: what is said of the last is for operators.
        let of_one_kind = counted.is_none_or(|counted| !counted.several_kinds);
        let (actor, organization) =
            if of_one_kind { (actor, organization) } else { (Actor::Anonymous, None) };
        let mut provenance = facts.refusal(actor, organization);
        if let Some(name) = claimed_name {
            provenance = provenance.claiming(name);
        }
        let since = Some(self.since);
        match fact {
            RefusedFact::Token(mut fact) => {
                if counted.is_some() {
                    fact.attempt_id = env.new_id();
                }
                (fact.counted, fact.counted_since) = (counted, since);
                events.prepare(&provenance, fact.attempt_id.uuid(), Version::FIRST, &fact)
            }
            RefusedFact::SignIn(mut fact) => {
                if counted.is_some() {
                    fact.sign_in_id = env.new_id();
                }
                (fact.counted, fact.counted_since) = (counted, since);
                events.prepare(&provenance, fact.sign_in_id.uuid(), Version::FIRST, &fact)
            }
            RefusedFact::Access(mut fact) => {
                (fact.counted, fact.counted_since) = (counted, since);
                let stream: RefusalId = env.new_id();
                events.prepare(&provenance, stream.uuid(), Version::FIRST, &fact)
            }
        }
    }

    async fn write_in_time(&self) -> Result<(), AppendError> {
        unless_inactive(self.write()).await.unwrap_or_else(|inactive| {
            // Whoever waits to be told is told by the next time.
            Err(sqlx::Error::from(inactive).into())
        })
    }

    /// Writes what is due. What cannot be written stays due.
    async fn write(&self) -> Result<(), AppendError> {
        let mut at_once = AT_ONCE;
        loop {
            let events: Vec<NewEvent> =
                self.lock().due.iter().take(at_once).map(|due| due.event.clone()).collect();
            if events.is_empty() {
                return Ok(());
            }
            let count = events.len();
            let env = self.events.environment();
            // Each event has its own: this one is nobody's.
            let provenance = Provenance::system(self.events.service(), None, env.new_id());
            let mut unit = self.events.begin(&provenance);
            for event in events {
                unit.add(event);
            }
            let written = unit.commit().await;
            let mut state = self.lock();
            match written {
                // Nobody else writes to their streams: some were written by a transaction of whose end nothing was
                // heard. Each by itself shows which.
                Err(AppendError::Conflict) if count > 1 => at_once = 1,
                Ok(()) | Err(AppendError::Conflict) => {
                    for told in state.due.drain(..count).filter_map(|due| due.told) {
                        // Whoever hung up need not know.
                        let _ = told.send(Ok(()));
                    }
                }
                Err(error) => {
                    let waiting = state.due.iter_mut().take(count);
                    for told in waiting.filter_map(|due| due.told.take()) {
                        let _ = told.send(Err(NotRecordedYet(error.to_string())));
                    }
                    return Err(error);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever panics, what is counted and what is due stay whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
