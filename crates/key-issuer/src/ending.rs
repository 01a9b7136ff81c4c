//! The end of an archived app's keys: some at a time, each with its event. They work no more from the moment at
//! which this service learned of the app's end.

use std::time::Duration;

use contract::{Envelope, EnvelopeError, Service};
use eventstore::{AppendError, EventStore};
use service::Resources;

use crate::key::DeletionReason;
use crate::store::{endings, keys};

/// So many keys a transaction: few enough that nobody waits long for one of them.
const BATCH: i64 = 200;

/// How often it is looked for archived apps.
const EVERY: Duration = Duration::from_secs(1);

/// Why keys could not be ended. They are found again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndingError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The events could not be recorded.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// What was kept of the app's end cannot be read.
    #[error(transparent)]
    Cause(#[from] EnvelopeError),
}

/// Ends keys until shutdown.
pub(crate) fn spawn(resources: &Resources) {
    let events = resources.events.clone();
    resources.tasks.every(EVERY, "app-endings", move || {
        let events = events.clone();
        async move {
            while end_some(&events).await? {}
            Ok::<(), EndingError>(())
        }
    });
}

/// Ends some keys of one archived app, each once, whatever other replicas do at the same time. Whether there
/// was anything to do.
///
/// # Errors
/// See [`EndingError`].
async fn end_some(events: &EventStore) -> Result<bool, EndingError> {
    let mut transaction = events.pool().begin().await?;
    let Some(ending) = endings::lock_next(&mut transaction).await? else {
        return Ok(false);
    };
    let app = ending.app_id;
    // Read under the lock: it must not be earlier than the end of the app that was waited for.
    let now = events.environment().now();
    let found = keys::lock_unended(&mut transaction, app, now, BATCH).await?;
    let ended: Vec<_> =
        found.iter().filter_map(|key| key.delete(DeletionReason::AppArchived, now).ok()).collect();
    for (key, _) in &ended {
        keys::save(&mut transaction, key).await?;
    }
    // Those that somebody else holds at the moment are left for a later turn.
    let finished = !keys::any_unended(&mut *transaction, app, now).await?;
    if finished {
        endings::finish(&mut *transaction, app).await?;
    } else {
        endings::pass_on(&mut *transaction, app).await?;
    }
    if !ended.is_empty() {
        let cause = Envelope::parse(&ending.cause)?;
        let mut unit = events.join(&mut transaction, &cause.reaction(Service::KeyIssuer));
        for (key, fact) in &ended {
            unit.record(key.id.uuid(), key.version, fact)?;
        }
        unit.flush().await?;
    }
    // Crash point: nothing is committed; the same keys are found again.
    transaction.commit().await?;
    if !ended.is_empty() {
        events.wake_relays();
    }
    Ok(finished || !ended.is_empty())
}
