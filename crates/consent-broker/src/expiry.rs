//! Records that links have expired. Nothing waits for it: a link is refused by time.

use std::time::Duration;

use contract::facts::ConsentLinkExpired;
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
pub fn spawn(resources: &Resources, period: Duration) {
    let sweeping = resources.clone();
    resources.tasks.spawn("link-expiry", move |shutdown| {
        let resources = sweeping.clone();
        async move {
            loop {
                while sweep(&resources).await? > 0 {}
                tokio::select! {
                    () = shutdown.cancelled() => return Ok::<(), ExpiryError>(()),
                    () = tokio::time::sleep(period) => {}
                }
            }
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
    for link in &due {
        let version = link.version.next();
        if links::expire(unit.connection().await?, link.id, now, version).await? {
            // Links expire independently of each other: each has a correlation of its own.
            let provenance = Provenance::system(
                Service::ConsentBroker,
                Some(link.organization_id),
                resources.env.new_id(),
            );
            let fact = ConsentLinkExpired { link_id: link.id, app_id: link.app_id };
            unit.record_as(&provenance, link.id.uuid(), version, &fact)?;
        }
    }
    unit.commit().await?;
    Ok(due.len())
}
