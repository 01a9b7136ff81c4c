//! Records that links have expired. Nothing waits for it: a link is refused by time.

use std::time::Duration;

use contract::{Provenance, Service};
use service::Resources;

use crate::store::links;

/// So many links a transaction: few enough that none waits long for its lock.
const BATCH: i64 = 100;

/// Why expiries could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum ExpiryError {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] eventstore::AppendError),
}

/// Looks for expired links every `period` until shutdown.
pub(crate) fn spawn(resources: &Resources, period: Duration) {
    let sweeping = resources.clone();
    resources.tasks.every(period, "link-expiry", move || {
        let resources = sweeping.clone();
        async move {
            while sweep(&resources).await? > 0 {}
            Ok::<(), ExpiryError>(())
        }
    });
}

/// Records the expiry of some links whose time has run out, and says of how many. Any number of
/// replicas may do so at once: each skips what another has locked.
pub async fn sweep(resources: &Resources) -> Result<usize, ExpiryError> {
    let now = resources.env.now();
    let own = Provenance::system(Service::ConsentBroker, None, resources.env.new_id());
    let mut unit = resources.events.begin(&own);
    let due = links::lock_due(unit.connection().await?, now, BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    for (link, fact) in due.iter().filter_map(|link| link.expire(now)) {
        links::save(unit.connection().await?, &link).await?;
        // Links expire independently of each other: each has a correlation of its own.
        let provenance = Provenance::system(
            Service::ConsentBroker,
            Some(link.organization_id),
            resources.env.new_id(),
        );
        unit.record_as(&provenance, link.id.uuid(), link.version, &fact)?;
    }
    unit.commit().await?;
    Ok(due.len())
}
