//! The personal data beside events. It comes with its event, which commits to it; what does not belong
//! to its event is noted and not kept.

use contract::{Envelope, EventId, SealedContext};
use sha2::{Digest, Sha256};

use crate::entry::ForeignContext;
use crate::ingest::Ingest;
use crate::store::append::Conflict;

/// Whether this context belongs to this event.
pub(crate) fn belongs(event: &[u8], sealed: &SealedContext) -> bool {
    Envelope::parse(event).is_ok_and(|event| event.contexthash == Some(sealed.hash()))
}

impl Ingest {
    /// Notes that a context came with an event that does not commit to it.
    pub(crate) async fn refuse_context(
        &self,
        event: EventId,
        ForeignContext(sealed): &ForeignContext,
    ) -> sqlx::Result<()> {
        // The context itself is not copied: it may be somebody's, and must stay erasable.
        let conflict = Conflict {
            digest: Sha256::digest([event.uuid().as_bytes(), &sealed.hash().0[..]].concat()).into(),
            kind: "context",
            event_id: Some(event.uuid()),
            place: None,
            subject: format!("context of {event}"),
            payload: None,
        };
        if self.is_news(&conflict).await? {
            tracing::error!(%event, "a context does not belong to the event it came with");
        }
        Ok(())
    }
}
