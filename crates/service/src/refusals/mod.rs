//! Refusals: recorded one by one while they are few, counted when they are many.
//!
//! Whoever is refused costs us a durable event, so a stranger could make us write without end. The first
//! refusal of a kind within a minute is an event at once. The others of that minute are one event, with
//! how many they are, since when and until when; and of all kinds together only so many become events of
//! their own. A kind is made of what we know (`kind`), never of what the stranger chose.
//!
//! A count is in memory until its minute is over, so that a process that is killed loses it. Every event
//! therefore says since when the process that wrote it has counted (`counted_since`). An event that cannot be
//! written now is written later; what comes meanwhile is counted.

mod counter;
mod kind;
mod writer;

use std::sync::Arc;

use contract::facts::{AccessRefused, SignInRefused, TokenRefused};
use contract::{Actor, OrganizationId};
use eventstore::EventStore;

use crate::limits::LimitSettings;
use crate::request::RequestFacts;
use crate::tasks::Tasks;
use writer::Writer;

/// A request that was refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The request.
    pub facts: RequestFacts,
    /// Who the caller proved to be.
    pub actor: Actor,
    /// Whose thing it was aimed at.
    pub organization: Option<OrganizationId>,
    /// What was typed in as a name, by somebody who proved nothing.
    pub claimed_name: Option<String>,
    /// What is recorded of it.
    pub fact: RefusedFact,
}

/// What is recorded of a refusal.
#[derive(Debug, Clone)]
pub enum RefusedFact {
    /// No token was issued.
    Token(TokenRefused),
    /// Nobody was signed in.
    SignIn(SignInRefused),
    /// A caller may not.
    Access(AccessRefused),
}

/// A refusal is not recorded yet. It will be, unless the process is killed before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotRecordedYet(String);

/// Where a service's refusals are recorded. Clones are the same.
#[derive(Debug, Clone)]
pub struct Refusals(Arc<Writer>);

impl Refusals {
    /// Begins to count, as a supervised task. At shutdown it writes what was counted.
    pub(crate) fn start(events: &EventStore, tasks: &Tasks, settings: &LimitSettings) -> Self {
        let writer = Arc::new(Writer::new(events.clone(), settings));
        let task = Arc::clone(&writer);
        tasks.spawn("refusals", move |shutdown| Arc::clone(&task).run(shutdown));
        Self(writer)
    }

    /// Records a refusal, or counts it. Whoever must not learn whether this one is an event of its own does
    /// not wait for it: how long that takes would tell whether a name is anybody's.
    pub fn note(&self, refusal: Refusal) {
        self.0.note(refusal, None);
    }

    /// The same; if it becomes an event of its own, that is durable when this answers.
    ///
    /// # Errors
    /// When it could not be written at once.
    pub async fn record(&self, refusal: Refusal) -> Result<(), NotRecordedYet> {
        let (told, written) = tokio::sync::oneshot::channel();
        self.0.note(refusal, Some(told));
        // Not told: it was counted, or the service ends, which writes it.
        written.await.unwrap_or(Ok(()))
    }
}

impl From<TokenRefused> for RefusedFact {
    fn from(fact: TokenRefused) -> Self {
        Self::Token(fact)
    }
}

impl From<SignInRefused> for RefusedFact {
    fn from(fact: SignInRefused) -> Self {
        Self::SignIn(fact)
    }
}

impl From<AccessRefused> for RefusedFact {
    fn from(fact: AccessRefused) -> Self {
        Self::Access(fact)
    }
}
