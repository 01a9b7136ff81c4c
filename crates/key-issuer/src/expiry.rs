//! Recording that keys expired. They stop working on time by themselves; this leaves the event.

use contract::{Provenance, Service};
use eventstore::{AppendError, EventStore};

use crate::store::keys;

/// How many expiries one transaction records.
const BATCH: i64 = 100;

/// Records the expiries of some keys that are over, each once, whatever other replicas do at the
/// same time. Answers how many; none means that nothing is left to do.
///
/// # Errors
/// When the database fails; what was not recorded is found again.
pub async fn record_expiries(events: &EventStore) -> Result<usize, AppendError> {
    let environment = events.environment();
    let now = environment.now();
    let sweep = Provenance::system(Service::KeyIssuer, None, environment.new_id());
    let mut unit = events.begin(&sweep);
    let expired = keys::lock_expired(unit.connection().await?, now, BATCH).await?;
    let mut recorded = 0;
    for keys::Expired { key, organization_id } in expired {
        let Some((key, fact)) = key.expire(now) else {
            continue;
        };
        keys::save(unit.connection().await?, &key).await?;
        let provenance = sweep.clone().for_organization(organization_id);
        unit.record_as(&provenance, key.id.uuid(), key.version, &fact)?;
        recorded += 1;
    }
    // Without an event there is nothing to commit: dropping the unit lets go of the rows.
    if recorded > 0 {
        unit.commit().await?;
    }
    Ok(recorded)
}
