//! Group commit of token events: every token is an event that is durable before it leaves. Whoever asks at the
//! same time shares one INSERT and one flush.

use std::collections::BTreeSet;

use contract::facts::TokenIssued;
use contract::{EnvelopeError, Provenance, Version};
use eventstore::group_commit::{Change, GroupCommit};
use eventstore::{AppendError, EventStore, NewEvent, Unit};
use sqlx::PgConnection;

use crate::client::Client;
use crate::store::clients::{self, ClientVersion, WhileUnchanged};

/// The event of a token, not yet recorded.
#[derive(Debug, Clone)]
pub(crate) struct TokenEvent {
    provenance: Provenance,
    event: NewEvent,
    /// The client on which it was decided.
    decided_on: ClientVersion,
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
            decided_on: ClientVersion::of(client),
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
        let decided_on = token_events.iter().map(|token_event| token_event.decided_on).collect();
        unit.commit_with(&WhileUnchanged(decided_on)).await
    }

    async fn outdated(
        connection: &mut PgConnection,
        token_events: &[&Self],
    ) -> sqlx::Result<Vec<usize>> {
        let decided_on: BTreeSet<_> =
            token_events.iter().map(|token_event| token_event.decided_on).collect();
        let changed = clients::changed(connection, &decided_on).await?;
        let of_one = |token_event: &Self| changed.contains(&token_event.decided_on);
        Ok((0..token_events.len()).filter(|place| of_one(token_events[*place])).collect())
    }
}
