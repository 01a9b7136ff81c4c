//! Records that invitations have expired, and forgets the addresses of those that ended long ago. Nothing waits
//! for it: an invitation is refused by time.

use chrono::TimeDelta;
use contract::{Provenance, Service};
use eventstore::AppendError;
use service::Resources;

use crate::store::invitations;

/// So many invitations a transaction: few enough that none waits long for its lock.
const BATCH: i64 = 100;

/// Records all that have expired, and forgets the addresses of those that ended so long ago. Any number of
/// replicas may do so at once: each skips what another has locked.
///
/// # Errors
/// When the database fails; what was done before stays done.
pub async fn sweep_invitations(
    resources: &Resources,
    forget_after: TimeDelta,
) -> Result<(), AppendError> {
    while record_some(resources).await? > 0 {}
    let old = resources.env.now() - forget_after;
    while invitations::forget_emails(&resources.pool, old, BATCH).await? {}
    Ok(())
}

async fn record_some(resources: &Resources) -> Result<usize, AppendError> {
    let now = resources.env.now();
    let own = Provenance::system(Service::Directory, None, resources.env.new_id());
    let mut unit = resources.events.begin(&own);
    let due = invitations::lock_due(unit.connection().await?, now, BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    for (invitation, fact) in due.iter().filter_map(|invitation| invitation.expire(now)) {
        invitations::save(unit.connection().await?, &invitation).await?;
        // They expire independently of each other: each has a correlation of its own.
        let organization = invitation.organization();
        let provenance =
            Provenance::system(Service::Directory, organization, resources.env.new_id());
        unit.record_as(&provenance, invitation.id.uuid(), invitation.version, &fact)?;
    }
    unit.commit().await?;
    Ok(due.len())
}
