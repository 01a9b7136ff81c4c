//! The end of an archived app's links and grants: some at a time, each with its event. None of them counts from
//! the moment at which this service learned of the app's end.

use std::time::Duration;

use contract::{AppId, Envelope, EnvelopeError, Service};
use eventstore::AppendError;
use service::Resources;
use sqlx::PgConnection;

use crate::as_of::AsOf;
use crate::revocation::Revocation;
use crate::store::endings::{self, Ending};
use crate::store::{grants, links};

/// So many links or grants a transaction: few enough that nobody waits long for one of them.
const BATCH: i64 = 500;

/// How often it is looked for archived apps.
const EVERY: Duration = Duration::from_secs(1);

/// Why links or grants could not be ended. They are found again.
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

/// Ends links and grants until shutdown.
pub(crate) fn spawn(resources: &Resources) {
    let ending = resources.clone();
    resources.tasks.every(EVERY, "app-endings", move || {
        let resources = ending.clone();
        async move {
            while end_some(&resources).await? {}
            Ok::<(), EndingError>(())
        }
    });
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    ended: usize,
    /// Whether nothing is left.
    finished: bool,
}

/// Ends some links or grants of one archived app, each once, whatever other replicas do at the same time.
/// Whether there was anything to do.
///
/// # Errors
/// See [`EndingError`].
async fn end_some(resources: &Resources) -> Result<bool, EndingError> {
    let mut transaction = resources.pool.begin().await?;
    let Some(Ending { app_id: app, cause }) = endings::lock_next(&mut transaction).await? else {
        return Ok(false);
    };
    let turn = take_turn(resources, &mut transaction, app, &cause).await?;
    if turn.finished {
        endings::finish(&mut *transaction, app).await?;
    } else {
        endings::pass_on(&mut *transaction, app).await?;
    }
    // Crash point: nothing is committed; the same ones are found again.
    transaction.commit().await?;
    if turn.ended > 0 {
        resources.events.wake_relays();
    }
    Ok(turn.finished || turn.ended > 0)
}

/// First the links, all of them: whoever is using one has finished when none is open any more. Only then the
/// grants: those that were being made are committed by then, and so are found.
async fn take_turn(
    resources: &Resources,
    connection: &mut PgConnection,
    app: AppId,
    cause: &[u8],
) -> Result<Turn, EndingError> {
    let cause = Envelope::parse(cause)?;
    let provenance = cause.reaction(Service::ConsentBroker);
    let now = resources.env.now();
    let open = links::lock_some_open_of_app(connection, app, BATCH).await?;
    if !open.is_empty() {
        let ended: Vec<_> = open.iter().filter_map(|link| link.end_with_app(now)).collect();
        links::end_with_app(connection, ended.iter().map(|(link, _)| link.id), now).await?;
        let mut unit = resources.events.join(connection, &provenance);
        for (link, fact) in &ended {
            unit.record(link.id.uuid(), link.version, fact)?;
        }
        unit.flush().await?;
        return Ok(Turn { ended: ended.len(), finished: false });
    }
    if links::any_open_of_app(&mut *connection, app).await? {
        // Somebody holds them at the moment.
        return Ok(Turn { ended: 0, finished: false });
    }
    // What time has ended is the sweeper's to record, whatever became of the app.
    let as_of = AsOf::at(now, resources);
    let live = grants::lock_some_live_of_app(connection, app, BATCH, as_of).await?;
    let revocation = Revocation::app_archived(now);
    let revoked: Vec<_> = live.iter().filter_map(|grant| grant.revoke(revocation)).collect();
    if revoked.is_empty() {
        let left = grants::any_live_of_app(&mut *connection, app, as_of).await?;
        return Ok(Turn { ended: 0, finished: !left });
    }
    grants::revoke(connection, revoked.iter().map(|(grant, _)| grant.id), revocation).await?;
    let mut unit = resources.events.join(connection, &provenance);
    for (grant, fact) in &revoked {
        unit.record(grant.id.uuid(), grant.version, fact)?;
    }
    unit.flush().await?;
    Ok(Turn { ended: revoked.len(), finished: false })
}
