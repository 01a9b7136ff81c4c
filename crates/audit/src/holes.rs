//! Holes: what is known to be missing, as rows to be tried again and as events, in one transaction.
//!
//! Of each hole two events tell, one when it is noticed and one when it is repaired: audit's own, which come into the
//! log as all others do. Holes in audit's own streams are in the table and no event tells of them: it could be lost
//! as well, and so on for ever.

use contract::facts::{HoleNoticed, HoleRepaired};
use contract::{HoleId, Provenance, Service, Version};
use eventstore::gap::Gap;
use eventstore::{AppendError, EventStore, Unit};

use crate::store::gaps::{self, Filled};

/// The version at which a hole's stream ends.
const REPAIRED: Version = Version::FIRST.next();

/// Keeps holes, and tells of them.
#[derive(Debug, Clone)]
pub(crate) struct Holes {
    events: EventStore,
}

impl Holes {
    /// Tells of holes in these events, which are audit's.
    pub(crate) fn new(events: EventStore) -> Self {
        Self { events }
    }

    /// Keeps what could not be had, each with the reason, and closes what is filled by now.
    pub(crate) async fn keep(&self, open: &[(&Gap, &str)]) -> sqlx::Result<()> {
        let env = self.events.environment();
        let now = env.now();
        let mut transaction = self.events.pool().begin().await?;
        let mut noticed = Vec::new();
        for (gap, reason) in open {
            let hole: Option<HoleId> = (gap.producer != Service::Audit).then(|| env.new_id());
            let kept = gaps::keep(&mut transaction, gap, hole, reason, now).await?;
            // That of before, where the hole is known.
            noticed.extend(hole.filter(|hole| kept == Some(*hole)).map(|hole| (hole, *gap)));
        }
        let filled = gaps::delete_filled(&mut transaction).await?;
        if !noticed.is_empty() || filled.iter().any(|filled| filled.hole_id.is_some()) {
            let provenance = Provenance::system(Service::Audit, None, env.new_id());
            let mut unit = self.events.join(&mut transaction, &provenance);
            tell(&mut unit, &noticed, &filled).map_err(of_the_database)?;
            unit.flush().await.map_err(of_the_database)?;
        }
        // Crash point: the row and its event are both there or neither is, and a hole is noticed again.
        transaction.commit().await?;
        self.events.wake_relays();
        Ok(())
    }

    /// Closes what is filled by now.
    pub(crate) async fn close_filled(&self) -> sqlx::Result<()> {
        self.keep(&[]).await
    }
}

fn tell(
    unit: &mut Unit<'_>,
    noticed: &[(HoleId, &Gap)],
    filled: &[Filled],
) -> Result<(), AppendError> {
    for (hole_id, gap) in noticed {
        let Gap { producer: service, stream_id, from, to } = **gap;
        let (from_version, to_version) = (from.number(), to.number());
        let fact = HoleNoticed { hole_id: *hole_id, service, stream_id, from_version, to_version };
        unit.record(hole_id.uuid(), Version::FIRST, &fact)?;
    }
    for filled in filled {
        let Some(hole_id) = filled.hole_id else { continue };
        let fact = HoleRepaired {
            hole_id,
            service: filled.service,
            stream_id: filled.stream_id,
            to_version: filled.to_version,
            noticed_at: filled.noticed_at,
        };
        unit.record(hole_id.uuid(), REPAIRED, &fact)?;
    }
    Ok(())
}

fn of_the_database(error: AppendError) -> sqlx::Error {
    match error {
        AppendError::Database(error) => error,
        error => sqlx::Error::Protocol(error.to_string()),
    }
}
