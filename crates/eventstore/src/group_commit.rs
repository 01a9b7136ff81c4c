//! Group commit: changes that come at the same time share one transaction, and with it the round
//! trips to the database and the flush of its log.
//!
//! Each change is decided before it gets here and stands by itself, so nothing is lost by writing
//! them together. When the database refuses one of them, all are rolled back, only the guilty is taken
//! out, and its neighbours are committed together again: whoever provokes refusals in a loop makes
//! nobody else's changes dearer than that one more attempt.
//!
//! Who is guilty is asked of the changes where they can tell ([`Change::outdated`]); else the group is
//! halved until the guilty is alone.

use std::sync::Arc;

use contract::Provenance;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::availability;
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
        changes: &[&Self],
    ) -> impl Future<Output = Result<(), AppendError>> + Send;

    /// Which of these changes, by their places, were decided on what is no longer so: asked when their
    /// group was refused by [`AppendError::Conflict`]. None, where changes cannot tell.
    fn outdated(
        _connection: &mut PgConnection,
        _changes: &[&Self],
    ) -> impl Future<Output = sqlx::Result<Vec<usize>>> + Send {
        std::future::ready(Ok(Vec::new()))
    }
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

    async fn write<C: Change>(&mut self, changes: &[&C]) -> Result<(), AppendError> {
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
        let written = in_time(written).await;
        if let Err(AppendError::Database(error)) = &written {
            availability::notice(error);
        }
        written
    }

    /// The places of the changes that are outdated; none, if that cannot be found out now.
    async fn outdated<C: Change>(&mut self, changes: &[&C]) -> Vec<usize> {
        let asked = async {
            let mut connection = self.connection.take().await?;
            let outdated = C::outdated(&mut connection, changes).await?;
            self.connection.put_back(connection);
            Ok::<_, AppendError>(outdated)
        };
        in_time(asked).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known which changes of a group are outdated");
            Vec::new()
        })
    }
}

/// Some changes that are committed together: each with its place among those that were handed over.
type Group<'c, C> = Vec<(usize, &'c C)>;

impl<C: Change> Work<C, Result<(), Uncommitted>> for Writer {
    async fn carry_out(&mut self, changes: Vec<C>) -> Vec<Result<(), Uncommitted>> {
        // What is not said below is committed.
        let mut outcomes = vec![Ok(()); changes.len()];
        let mut groups: Vec<Group<'_, C>> = vec![changes.iter().enumerate().collect()];
        while let Some(mut group) = groups.pop() {
            let members: Vec<&C> = group.iter().map(|(_, change)| *change).collect();
            let Err(error) = self.write(&members).await else {
                continue;
            };
            if !is_of_one_change(&error) {
                // It would only be found out again, group by group.
                let error = Arc::new(error);
                for (place, _) in groups.into_iter().flatten().chain(group) {
                    outcomes[place] = Err(Uncommitted::Failed(error.clone()));
                }
                break;
            }
            if let [(place, _)] = group[..] {
                outcomes[place] = Err(Uncommitted::Failed(Arc::new(error)));
                continue;
            }
            let outdated = match error {
                AppendError::Conflict => self.outdated(&members).await,
                _ => Vec::new(),
            };
            tracing::debug!(%error, changes = group.len(), outdated = outdated.len(), "a group is taken apart");
            if outdated.is_empty() {
                groups.push(group.split_off(group.len() / 2));
                groups.push(group);
                continue;
            }
            let mut standing = Vec::with_capacity(group.len());
            for (position, (place, change)) in group.into_iter().enumerate() {
                if outdated.contains(&position) {
                    outcomes[place] = Err(Uncommitted::Failed(Arc::new(AppendError::Conflict)));
                } else {
                    standing.push((place, change));
                }
            }
            groups.push(standing);
        }
        outcomes
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
