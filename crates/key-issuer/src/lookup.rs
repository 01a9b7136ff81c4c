//! Finding clients: one SELECT for all who ask at the same time.
//!
//! Nothing is kept between two of them. A batch is read after its last caller came, so no caller
//! sees a key or an app as it was before their request: a key that was deleted for good, or an app
//! whose suspension has reached this service, is refused from the next request on, on every replica.

use std::collections::HashMap;
use std::sync::Arc;

use contract::{Id, KeyId};
use sqlx::PgPool;

use crate::batch::{self, Batches, Stopped, Worker};
use crate::client::Client;
use crate::store::clients;

/// It is not known whether there is such a client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// The database failed.
    #[error("clients could not be read: {0}")]
    Database(Arc<sqlx::Error>),
    /// The service ends.
    #[error(transparent)]
    Stopping(#[from] Stopped),
}

type Found = Result<Option<Arc<Client>>, LookupError>;

/// Where clients are asked for.
pub struct Lookup(Batches<KeyId, Found>);

/// Who reads them.
pub(crate) type Reader = Worker<KeyId, Found>;

/// A lookup and its reader.
pub(crate) fn lookup() -> (Lookup, Reader) {
    let (batches, worker) = batch::queue();
    (Lookup(batches), worker)
}

impl Lookup {
    /// The client, as it is now.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub async fn find(&self, id: KeyId) -> Result<Option<Arc<Client>>, LookupError> {
        self.0.submit(id).await?
    }
}

/// Reads many clients; each id is asked for once however many want it.
pub(crate) async fn read(pool: PgPool, wanted: Vec<KeyId>) -> Vec<Found> {
    let mut ids: Vec<_> = wanted.iter().map(|id| id.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    match clients::find(&pool, &ids).await {
        Ok(clients) => {
            let clients: HashMap<_, _> = clients
                .into_iter()
                .map(|(id, client)| (id, Arc::new(client)))
                .collect();
            wanted
                .iter()
                .map(|id| Ok(clients.get(id).cloned()))
                .collect()
        }
        Err(error) => {
            let error = Arc::new(error);
            wanted
                .iter()
                .map(|_| Err(LookupError::Database(error.clone())))
                .collect()
        }
    }
}

/// An id that no key has: asked for in place of a text that cannot be one, so that both cost the same.
pub(crate) fn nobody() -> KeyId {
    Id::from_uuid(uuid::Uuid::nil())
}
