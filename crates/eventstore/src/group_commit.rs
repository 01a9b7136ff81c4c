//! Group commit: changes that come at the same time share one transaction, and with it the round
//! trips to the database and the flush of its log.
//!
//! Each change is decided before it gets here and stands by itself, so nothing is lost by writing
//! them together. When the database refuses one of them, all are rolled back and each is written by
//! itself: only the one that is refused fails.

use std::sync::Arc;

use contract::Provenance;
use tokio_util::sync::CancellationToken;

use crate::batch::{self, Batches, Stopped, Work, Worker};
use crate::dedicated_connection::DedicatedConnection;
use crate::event_store::EventStore;
use crate::time_limit::in_time;
use crate::unit::{AppendError, Unit};

/// A change that can be written together with others of its kind.
pub trait Change: Send + Sync + Sized + 'static {
    /// Who makes it, and why they may.
    fn provenance(&self) -> &Provenance;

    /// Commits all these changes in this unit: their state, and their events, each with the provenance
    /// of its change.
    fn commit(
        unit: Unit<'_>,
        changes: &[Self],
    ) -> impl Future<Output = Result<(), AppendError>> + Send;
}

/// The change is not known to be durable.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Uncommitted {
    /// The database did not take it.
    #[error("{0}")]
    Failed(Arc<AppendError>),
    /// The service ends.
    #[error(transparent)]
    Stopping(#[from] Stopped),
}

/// Where changes are handed over to be committed.
pub struct GroupCommit<C>(Batches<C, Result<(), Uncommitted>>);

impl<C: Change> GroupCommit<C> {
    /// A queue of such changes, and the worker that commits them. Nothing is committed before it runs.
    pub fn new(events: EventStore) -> (Self, GroupCommitWorker<C>) {
        let (batches, worker) = batch::queue();
        (Self(batches), GroupCommitWorker { events, worker })
    }

    /// Commits a change. When this answers `Ok`, it and its events are durable.
    ///
    /// # Errors
    /// When that is not known.
    pub async fn commit(&self, change: C) -> Result<(), Uncommitted> {
        self.0.submit(change).await?
    }
}

/// Commits the changes of a [`GroupCommit`].
pub struct GroupCommitWorker<C> {
    events: EventStore,
    worker: Worker<C, Result<(), Uncommitted>>,
}

impl<C: Change> GroupCommitWorker<C> {
    /// Commits group after group until shutdown; what waits then is still committed. To be run again
    /// after it failed: it goes on where it was.
    pub fn run(
        &self,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static + use<C> {
        self.worker.clone().run(shutdown, Writer::new(self.events.clone()))
    }
}

/// Writes groups of changes.
pub struct Writer {
    events: EventStore,
    connection: DedicatedConnection,
}

impl Writer {
    /// A writer with a connection of its own.
    pub fn new(events: EventStore) -> Self {
        let connection = DedicatedConnection::like(events.pool());
        Self { events, connection }
    }

    async fn write<C: Change>(&mut self, changes: &[C]) -> Result<(), AppendError> {
        let Some(first) = changes.first() else {
            return Ok(());
        };
        // Has its own limit: a connection that was lost must leave time for what is done on the next one.
        let mut connection = self.connection.take().await?;
        let written = async {
            let unit = self.events.begin_on(&mut connection, first.provenance());
            let written = C::commit(unit, changes).await;
            // A refusal leaves the connection as good as it was; what was begun is rolled back.
            if written.as_ref().err().is_none_or(is_of_one_change) {
                self.connection.put_back(connection);
            }
            written
        };
        in_time(written).await
    }
}

impl<C: Change> Work<C, Result<(), Uncommitted>> for Writer {
    async fn carry_out(&mut self, changes: Vec<C>) -> Vec<Result<(), Uncommitted>> {
        match self.write(&changes).await {
            Ok(()) => changes.iter().map(|_| Ok(())).collect(),
            Err(error) if changes.len() > 1 && is_of_one_change(&error) => {
                tracing::warn!(%error, changes = changes.len(), "a group is committed one by one");
                let mut outcomes = Vec::with_capacity(changes.len());
                for change in &changes {
                    let outcome = self.write(std::slice::from_ref(change)).await;
                    let hopeless = outcome.as_ref().is_err_and(|error| !is_of_one_change(error));
                    let outcome = outcome.map_err(|error| Uncommitted::Failed(Arc::new(error)));
                    outcomes.push(outcome.clone());
                    if hopeless {
                        // It would only be found out again, change by change.
                        outcomes.resize(changes.len(), outcome);
                        break;
                    }
                }
                outcomes
            }
            Err(error) => {
                let error = Arc::new(error);
                let failed = |_| Err(Uncommitted::Failed(error.clone()));
                changes.iter().map(failed).collect()
            }
        }
    }
}

/// Whether the database, or we, refused what one change says (SQLSTATE classes 22 and 23, data and
/// integrity), rather than everything at the moment, which the next attempt would only find out again.
fn is_of_one_change(error: &AppendError) -> bool {
    match error {
        AppendError::Database(error) => error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code.starts_with("22") || code.starts_with("23")),
        AppendError::Conflict
        | AppendError::AlreadyHandled
        | AppendError::Envelope(_)
        | AppendError::NoEvent => true,
    }
}
