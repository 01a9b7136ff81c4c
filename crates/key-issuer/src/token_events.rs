//! Group commit of token events: every token and every refusal is an event that is durable before the
//! answer leaves. Whoever asks at the same time shares one INSERT and one flush.

use std::collections::BTreeSet;

use contract::facts::{TokenIssued, TokenRefused};
use contract::{EnvelopeError, Provenance, Version};
use eventstore::group_commit::{Change, GroupCommit};
use eventstore::{AppendError, EventStore, NewEvent, Unit};
use sqlx::PgConnection;

use crate::client::Client;
use crate::store::clients::{self, ClientVersion, WhileUnchanged};

/// An event about a token, not yet recorded.
#[derive(Debug, Clone)]
pub struct TokenEvent {
    provenance: Provenance,
    event: NewEvent,
    /// The client on which it was decided, where that matters.
    decided_on: Option<ClientVersion>,
}

impl TokenEvent {
    /// A token that is issued if its client is still what it was decided on.
    ///
    /// # Errors
    /// When the event is too large to be one.
    pub(crate) fn issued(
        events: &EventStore,
        provenance: Provenance,
        client: &Client,
        fact: &TokenIssued,
    ) -> Result<Self, EnvelopeError> {
        Ok(Self {
            event: events.prepare(&provenance, fact.token_id.uuid(), Version::FIRST, fact)?,
            provenance,
            decided_on: Some(ClientVersion::of(client)),
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
            decided_on: None,
        })
    }
}

/// Where they are recorded.
pub(crate) type TokenEvents = GroupCommit<TokenEvent>;

impl Change for TokenEvent {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    async fn commit(mut unit: Unit<'_>, token_events: &[&Self]) -> Result<(), AppendError> {
        for token_event in token_events {
            unit.add(token_event.event.clone());
        }
        let decided_on =
            token_events.iter().filter_map(|token_event| token_event.decided_on).collect();
        unit.commit_with(&WhileUnchanged(decided_on)).await
    }

    async fn outdated(
        connection: &mut PgConnection,
        token_events: &[&Self],
    ) -> sqlx::Result<Vec<usize>> {
        let decided_on: BTreeSet<_> =
            token_events.iter().filter_map(|token_event| token_event.decided_on).collect();
        let changed = clients::changed(connection, &decided_on).await?;
        let of_one = |token_event: &Self| {
            token_event.decided_on.is_some_and(|client| changed.contains(&client))
        };
        Ok((0..token_events.len()).filter(|place| of_one(token_events[*place])).collect())
    }
}
