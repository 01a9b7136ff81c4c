//! Receiving the personal data beside events.
//!
//! It comes on its own way, before or after its event. If the event is there, its commitment
//! decides at once. If not, the context is kept as *unverified*; it is never shown before its
//! commitment was checked (see `http/item.rs`), and a verified one takes its place.

use std::collections::HashSet;

use contract::{Envelope, EventId, SealedContext};
use sha2::{Digest, Sha256};

use crate::ingest::Ingest;
use crate::store::append::{self, Conflict};
use crate::store::contexts::{self, Candidate};

/// What is to be done with the message that brought a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// The context is kept, or was before.
    Kept,
    /// It does not belong to the event it names: noted as a conflict, not kept.
    Refused,
    /// Another context is kept for an event that has not come yet. Once it has, its commitment
    /// tells which one is right.
    Waits,
}

/// Whether this context belongs to this event.
pub(crate) fn belongs(event: &[u8], sealed: &SealedContext) -> bool {
    Envelope::parse(event).is_ok_and(|event| event.contexthash == Some(sealed.hash()))
}

impl Ingest {
    /// Keeps contexts, and says for each what to do with its message.
    pub(crate) async fn receive(
        &self,
        arrived: &[(EventId, SealedContext)],
    ) -> sqlx::Result<Vec<Received>> {
        let ids: Vec<_> = arrived.iter().map(|(event, _)| event.uuid()).collect();
        let mut kept = self.keeping().await;
        let mut connection = kept.take().await?;
        // No transaction: an event that is recorded in between only leaves its context unverified,
        // which is checked when it is shown.
        let events = contexts::events(&mut connection, &ids).await?;
        let mut received = vec![Received::Waits; arrived.len()];
        let mut candidates = Vec::with_capacity(arrived.len());
        let mut seen = HashSet::new();
        for (index, (event, sealed)) in arrived.iter().enumerate() {
            let verified = match events.get(event) {
                Some(bytes) if !belongs(bytes, sealed) => {
                    received[index] = Received::Refused;
                    continue;
                }
                recorded => recorded.is_some(),
            };
            // A second one for the same event waits for the next batch.
            if seen.insert(*event) {
                candidates.push((
                    index,
                    Candidate {
                        event: *event,
                        sealed,
                        verified,
                    },
                ));
            }
        }
        let (places, candidates): (Vec<_>, Vec<_>) = candidates.into_iter().unzip();
        let now_kept = contexts::keep(&mut connection, &candidates).await?;
        for (index, candidate) in places.into_iter().zip(&candidates) {
            // If a verified one stays in a verified one's place, both belong to the event.
            if candidate.verified || now_kept.contains(&candidate.event) {
                received[index] = Received::Kept;
            }
        }
        for ((event, sealed), _) in arrived
            .iter()
            .zip(&received)
            .filter(|(_, what)| **what == Received::Refused)
        {
            // The context itself is not copied: it may be somebody's, and must stay erasable.
            let conflict = Conflict {
                digest: Sha256::digest([event.uuid().as_bytes(), &sealed.hash().0[..]].concat())
                    .into(),
                kind: "context",
                event_id: Some(event.uuid()),
                place: None,
                subject: format!("context of {event}"),
                payload: None,
            };
            if append::keep_conflict(&mut connection, &conflict, self.env.now()).await? {
                tracing::error!(%event, "a context does not belong to the event it names");
            }
        }
        kept.put_back(connection);
        Ok(received)
    }
}
