//! The ledger of tokens: every token and every refusal is an event that is durable before the
//! answer leaves. Whoever asks at the same time shares one INSERT and one flush.

use std::sync::Arc;

use contract::facts::{TokenIssued, TokenRefused};
use contract::{Provenance, Version};
use eventstore::{AppendError, EventStore};

use crate::batch::{self, Batches, Stopped, Worker};

/// How many batches are under way at a time: one is made up while another is flushed.
pub(crate) const WRITERS: usize = 2;

/// An event about a token, not yet recorded.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who and why.
    pub provenance: Provenance,
    /// What.
    pub fact: TokenFact,
}

/// What happens at the token endpoint.
#[derive(Debug, Clone)]
pub enum TokenFact {
    /// A token was issued.
    Issued(TokenIssued),
    /// A token was refused.
    Refused(TokenRefused),
}

/// The entry is not known to be durable: the token must not leave.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unrecorded {
    /// The database did not take it.
    #[error("the ledger could not be written: {0}")]
    Failed(Arc<AppendError>),
    /// The service ends.
    #[error(transparent)]
    Stopping(#[from] Stopped),
}

/// Where entries are handed over.
pub struct Ledger(Batches<Entry, Result<(), Unrecorded>>);

/// Who writes them.
pub(crate) type Writer = Worker<Entry, Result<(), Unrecorded>>;

/// A ledger and its writer.
pub(crate) fn ledger() -> (Ledger, Writer) {
    let (batches, worker) = batch::queue();
    (Ledger(batches), worker)
}

impl Ledger {
    /// Records an entry. When this answers `Ok`, the event is durable.
    ///
    /// # Errors
    /// When it is not known to be.
    pub async fn record(&self, entry: Entry) -> Result<(), Unrecorded> {
        self.0.submit(entry).await?
    }
}

/// Records entries together, or, if one of them spoils it for all, each by itself.
pub async fn write(events: EventStore, entries: Vec<Entry>) -> Vec<Result<(), Unrecorded>> {
    match write_together(&events, &entries).await {
        Ok(()) => entries.iter().map(|_| Ok(())).collect(),
        Err(error) if entries.len() > 1 && is_of_one_entry(&error) => {
            tracing::warn!(%error, entries = entries.len(), "the ledger is written one by one");
            let mut outcomes = Vec::with_capacity(entries.len());
            for entry in &entries {
                let outcome = write_together(&events, std::slice::from_ref(entry)).await;
                outcomes.push(outcome.map_err(|error| Unrecorded::Failed(Arc::new(error))));
            }
            outcomes
        }
        Err(error) => {
            let error = Arc::new(error);
            entries
                .iter()
                .map(|_| Err(Unrecorded::Failed(error.clone())))
                .collect()
        }
    }
}

/// Whether the database, or we, refused what one entry says, rather than that the database did not
/// answer, which the next attempt would only find out again.
fn is_of_one_entry(error: &AppendError) -> bool {
    match error {
        AppendError::Database(error) => error.as_database_error().is_some(),
        AppendError::Conflict
        | AppendError::AlreadyHandled
        | AppendError::Envelope(_)
        | AppendError::NoEvent => true,
    }
}

async fn write_together(events: &EventStore, entries: &[Entry]) -> Result<(), AppendError> {
    let Some(first) = entries.first() else {
        return Ok(());
    };
    let mut unit = events.begin(&first.provenance);
    for Entry { provenance, fact } in entries {
        match fact {
            TokenFact::Issued(fact) => {
                unit.record_as(provenance, fact.token_id.uuid(), Version::FIRST, fact)?
            }
            TokenFact::Refused(fact) => {
                unit.record_as(provenance, fact.attempt_id.uuid(), Version::FIRST, fact)?
            }
        };
    }
    unit.commit().await
}
