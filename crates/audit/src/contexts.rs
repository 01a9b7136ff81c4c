//! The personal data beside events. It comes with its event, which commits to it; what does not belong
//! to its event is noted and not kept.
//!
//! A producer that is asked for an event answers without its context, since others may ask as well. Such
//! an event is recorded as one whose context is awaited, until its producer has published it once more,
//! on the way that only audit reads. It is asked to again and again: what it publishes can get lost.

use std::collections::HashSet;

use chrono::TimeDelta;
use contract::rpc::RepeatEvents;
use contract::{Envelope, EventId, SealedContext, Service};
use sha2::{Digest, Sha256};

use crate::entry::ForeignContext;
use crate::ingest::Ingest;
use crate::producers::Unreachable;
use crate::store::append::Conflict;
use crate::store::contexts;

/// After how long a producer is asked again for a context that has not come.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// For so many contexts is asked at a time.
const ASKED_AT_ONCE: i64 = 2_000;

/// A producer repeats no more at a question.
const REPEATED_AT_ONCE: i64 = 512;

/// Whether this context belongs to this event.
pub(crate) fn belongs(event: &[u8], sealed: &SealedContext) -> bool {
    Envelope::parse(event).is_ok_and(|event| event.contexthash == Some(sealed.hash()))
}

impl Ingest {
    /// Has producers publish those events once more whose contexts are awaited.
    pub(crate) async fn ask_for_contexts(&self) -> sqlx::Result<()> {
        let now = self.env.now();
        let mut conn = self.pool.acquire().await?;
        let due = contexts::due(&mut conn, now - ASK_AGAIN, ASKED_AT_ONCE).await?;
        drop(conn);
        let mut silent: HashSet<Service> = HashSet::new();
        for awaited in due {
            // A producer that is not there is not asked for each of its streams.
            if silent.contains(&awaited.source) {
                continue;
            }
            if let Err(error) = self.have_repeated(&awaited).await {
                tracing::warn!(service = %awaited.source, %error, "a producer did not publish contexts once more");
                silent.insert(awaited.source);
                continue;
            }
            let mut conn = self.pool.acquire().await?;
            contexts::was_asked(&mut conn, &awaited, now).await?;
        }
        Ok(())
    }

    async fn have_repeated(&self, awaited: &contexts::Awaited) -> Result<(), Unreachable> {
        let mut from = awaited.from;
        while from <= awaited.to {
            let to = awaited.to.min(from + REPEATED_AT_ONCE - 1);
            let asked = RepeatEvents {
                stream_id: awaited.stream_id,
                from,
                to,
            };
            self.producers.repeat_events(awaited.source, &asked).await?;
            from = to + 1;
        }
        Ok(())
    }

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
