//! Records that grants have expired, and gives those an expiry that are from before consents ended by themselves.
//! Nothing waits for it: a grant counts no more from the moment of its expiry on, whoever asks.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use contract::{AccountId, AppId, CorrelationId, Provenance, Service};
use eventstore::{AppendError, Unit};
use service::Resources;

use crate::as_of::AsOf;
use crate::grant::Grant;
use crate::store::grants;

/// So many grants a transaction: few enough that none waits long for its lock.
const BATCH: i64 = 200;

/// So many times as long as a batch took is the pause after it.
const REST: u32 = 3;

/// Why what time has made of grants could not be recorded. It is found again.
#[derive(Debug, thiserror::Error)]
pub enum GrantExpiryError {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Looks for grants that have expired every `period` until shutdown.
pub(crate) fn spawn(resources: &Resources, period: Duration) {
    let sweeping = resources.clone();
    resources.tasks.every(period, "grant-expiry", move || {
        let resources = sweeping.clone();
        async move {
            loop {
                let begun = Instant::now();
                if sweep(&resources).await? == 0 {
                    return Ok::<(), GrantExpiryError>(());
                }
                // Very many can expire in the same minute, and there is a minute for them. Whoever asks for a token
                // meanwhile has the rest of the time.
                tokio::time::sleep(begun.elapsed() * REST).await;
            }
        }
    });
}

/// Records of some grants what time has made of them, and says of how many. Any number of replicas may do so at once:
/// each skips what another has locked.
///
/// # Errors
/// See [`GrantExpiryError`].
pub async fn sweep(resources: &Resources) -> Result<usize, GrantExpiryError> {
    let as_of = AsOf::now(resources);
    let own = Provenance::system(Service::ConsentBroker, None, resources.env.new_id());
    let mut unit = resources.events.begin(&own);
    let mut found = grants::lock_awaiting(unit.connection().await?, BATCH, as_of).await?;
    found.extend(grants::lock_due(unit.connection().await?, BATCH, as_of).await?);
    if found.is_empty() {
        return Ok(0);
    }
    // Grants expire independently of each other: each has a correlation of its own.
    record(&mut unit, found.iter(), as_of, || resources.env.new_id()).await?;
    // Crash point: nothing is committed; the same ones are found again.
    unit.commit().await?;
    Ok(found.len())
}

/// Records the end of grants of an app on these accounts that time has ended by `now`, so that they can be granted anew in
/// the same transaction.
pub(crate) async fn end_past_on(
    unit: &mut Unit<'_>,
    resources: &Resources,
    app: AppId,
    accounts: &[AccountId],
    now: DateTime<Utc>,
) -> Result<(), GrantExpiryError> {
    let as_of = AsOf::at(now, resources);
    let past = grants::past_on(unit.connection().await?, app, accounts, as_of).await?;
    if past.is_empty() {
        return Ok(());
    }
    // Renewed or recorded by somebody else, perhaps, until they are locked.
    let locked = grants::lock_unended(unit.connection().await?, past.into_iter(), as_of).await?;
    let past = locked.iter().filter(|grant| !grant.is_live(now));
    let correlation = unit.provenance().correlation;
    record(unit, past, as_of, || correlation).await
}

/// Gives each of these locked grants its expiry, if that is still to be recorded, and ends it, if that has passed.
async fn record<'g>(
    unit: &mut Unit<'_>,
    locked: impl Iterator<Item = &'g Grant>,
    as_of: AsOf<'_>,
    correlation: impl Fn() -> CorrelationId,
) -> Result<(), GrantExpiryError> {
    let (mut given, mut expired) = (Vec::new(), Vec::new());
    for grant in locked {
        let by =
            Provenance::system(Service::ConsentBroker, Some(grant.organization_id), correlation());
        let mut grant = grant.clone();
        if let Some((next, fact)) = grant.set_expiry() {
            unit.record_as(&by, next.id.uuid(), next.version, &fact)?;
            given.push(next.id);
            grant = next;
        }
        if let Some((next, fact)) = grant.expire(as_of.now) {
            unit.record_as(&by, next.id.uuid(), next.version, &fact)?;
            expired.push(next.id);
        }
    }
    if !given.is_empty() {
        grants::set_expiry(unit.connection().await?, given.into_iter(), as_of).await?;
    }
    if !expired.is_empty() {
        grants::expire(unit.connection().await?, expired.into_iter()).await?;
    }
    Ok(())
}
