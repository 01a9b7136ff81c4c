//! Looking up together: one SELECT for all who ask at the same time.
//!
//! Nothing is kept between two of them. A group is read after its last caller came, so no caller
//! sees anything as it was before their request: what was revoked or suspended is refused from the
//! next request on, on every replica.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use crate::batch::{self, Batches, Stopped, Work, Worker};
use crate::dedicated_connection::DedicatedConnection;
use crate::time_limit::in_time;

/// What can be looked up together.
pub trait Lookup: Clone + Send + Sync + 'static {
    /// By what.
    type Key: Copy + Eq + Hash + Send + Sync;
    /// What is found.
    type Found: Send + Sync;

    /// Reads what there is of these; the rest is left out. No key is there twice.
    fn read(
        &self,
        connection: &mut PgConnection,
        keys: &[Self::Key],
    ) -> impl Future<Output = sqlx::Result<HashMap<Self::Key, Self::Found>>> + Send;
}

/// It is not known whether there is such a thing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(Arc<sqlx::Error>),
    /// The service ends.
    #[error(transparent)]
    Stopping(#[from] Stopped),
}

type Outcome<L> = Result<Option<Arc<<L as Lookup>::Found>>, LookupError>;

/// Where to ask.
pub struct GroupLookup<L: Lookup>(Arc<Batches<L::Key, Outcome<L>>>);

impl<L: Lookup> Clone for GroupLookup<L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<L: Lookup> GroupLookup<L> {
    /// Where to ask, and the worker that answers. Nothing is answered before it runs.
    pub fn new(pool: PgPool, lookup: L) -> (Self, GroupLookupWorker<L>) {
        let (batches, worker) = batch::queue();
        (Self(Arc::new(batches)), GroupLookupWorker { pool, lookup, worker })
    }

    /// What there is, as it is now.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub async fn find(&self, key: L::Key) -> Outcome<L> {
        self.0.submit(key).await?
    }
}

/// Answers the questions of a [`GroupLookup`].
pub struct GroupLookupWorker<L: Lookup> {
    pool: PgPool,
    lookup: L,
    worker: Worker<L::Key, Outcome<L>>,
}

impl<L: Lookup> GroupLookupWorker<L> {
    /// Answers group after group until shutdown; whoever waits then is still answered. To be run again
    /// after it failed: it goes on where it was.
    pub fn run(
        &self,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static + use<L> {
        self.worker.clone().run(shutdown, Reader::new(self.lookup.clone(), &self.pool))
    }
}

struct Reader<L> {
    lookup: L,
    connection: DedicatedConnection,
}

impl<L: Lookup> Reader<L> {
    fn new(lookup: L, pool: &PgPool) -> Self {
        let connection = DedicatedConnection::like(pool);
        Self { lookup, connection }
    }

    async fn read(&mut self, wanted: &[L::Key]) -> sqlx::Result<HashMap<L::Key, Arc<L::Found>>> {
        let once: HashSet<_> = wanted.iter().copied().collect();
        let keys: Vec<_> = once.into_iter().collect();
        let mut connection = self.connection.take().await?;
        let found = self.lookup.read(&mut connection, &keys).await?;
        self.connection.put_back(connection);
        let shared = found.into_iter().map(|(key, found)| (key, Arc::new(found)));
        Ok(shared.collect())
    }
}

impl<L: Lookup> Work<L::Key, Outcome<L>> for Reader<L> {
    async fn carry_out(&mut self, wanted: Vec<L::Key>) -> Vec<Outcome<L>> {
        let mut found = in_time(self.read(&wanted)).await;
        if matches!(found, Err(sqlx::Error::Io(_))) {
            // The connection was from before the database was started again, perhaps.
            found = in_time(self.read(&wanted)).await;
        }
        match found {
            Ok(found) => wanted.iter().map(|key| Ok(found.get(key).cloned())).collect(),
            Err(error) => {
                let error = Arc::new(error);
                let failed = |_| Err(LookupError::Database(error.clone()));
                wanted.iter().map(failed).collect()
            }
        }
    }
}
