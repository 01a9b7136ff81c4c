//! The ledger of tokens: every token and every refusal is an event that is durable before the
//! answer leaves. Whoever asks at the same time shares one INSERT and one flush.

use contract::facts::{TokenIssued, TokenRefused};
use contract::{EnvelopeError, Provenance, Version};
use eventstore::{AppendError, EventStore, NewEvent, Unit};
use service::group_commit::{Change, GroupCommit};
use uuid::Uuid;

use crate::client::Client;

/// An event about a token, not yet recorded.
#[derive(Debug, Clone)]
pub struct Entry {
    provenance: Provenance,
    event: NewEvent,
    /// The versions of the key and the app on which it was decided, where that matters.
    decided_on: Vec<(Uuid, i64)>,
}

impl Entry {
    /// A token that is issued if its client is still what it was decided on.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn issued(
        events: &EventStore,
        provenance: Provenance,
        client: &Client,
        fact: &TokenIssued,
    ) -> Result<Self, EnvelopeError> {
        Ok(Self {
            event: events.prepare(&provenance, fact.token_id.uuid(), Version::FIRST, fact)?,
            provenance,
            decided_on: vec![
                (client.key_id.uuid(), client.key_version),
                (client.app_id.uuid(), client.app_version),
            ],
        })
    }

    /// A token that was refused.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub fn refused(
        events: &EventStore,
        provenance: Provenance,
        fact: &TokenRefused,
    ) -> Result<Self, EnvelopeError> {
        Ok(Self {
            event: events.prepare(&provenance, fact.attempt_id.uuid(), Version::FIRST, fact)?,
            provenance,
            decided_on: Vec::new(),
        })
    }
}

/// Where entries are recorded.
pub type Ledger = GroupCommit<Entry>;

impl Change for Entry {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    async fn commit(mut unit: Unit<'_>, entries: &[Self]) -> Result<(), AppendError> {
        for entry in entries {
            unit.add(entry.event.clone());
            for (stream, version) in &entry.decided_on {
                unit.expect(*stream, *version);
            }
        }
        unit.commit().await
    }
}
