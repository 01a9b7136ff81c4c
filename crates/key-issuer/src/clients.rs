//! Finding clients: remembered ones at once, others by one SELECT for all who ask at the same time.
//!
//! A remembered client can be out of date, so it decides nothing alone. A token is recorded only if
//! its key and its app are still at the versions on which it was decided; whatever else would be
//! answered is decided again on what was just read. So a key that was deleted for good, or an app
//! whose suspension has reached this service, is refused from the next request on, on every replica.
//!
//! What changes here, by a request or by an app's event, is forgotten here; other replicas find it out
//! by the version, once.

use std::collections::HashMap;
use std::sync::Arc;

use contract::{AppId, Id, KeyId};
use eventstore::group_lookup::{GroupLookup, Lookup, LookupError};
use quick_cache::sync::Cache;
use service::Resources;
use sqlx::PgConnection;

use crate::client::Client;
use crate::store::clients;

/// At most so many clients are remembered: some hundred bytes each.
const REMEMBERED: usize = 100_000;

/// Where clients are found.
pub(crate) struct Clients {
    remembered: Cache<KeyId, Arc<Client>>,
    reading: GroupLookup<ByKey>,
}

impl Clients {
    /// Starts to read clients.
    pub(crate) fn start(resources: &Resources) -> Self {
        Self {
            remembered: Cache::new(REMEMBERED),
            reading: resources.group_lookup("client-lookup", ByKey),
        }
    }

    /// The client as it was when it was last read or used, if that is remembered.
    pub(crate) fn remembered(&self, id: KeyId) -> Option<Arc<Client>> {
        self.remembered.get(&id)
    }

    /// The client as it is now.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub(crate) async fn read(&self, id: KeyId) -> Result<Option<Arc<Client>>, LookupError> {
        let found = self.reading.find(id).await?;
        match &found {
            Some(client) => self.remember(client.clone()),
            None => drop(self.remembered.remove(&id)),
        }
        Ok(found)
    }

    /// Forgets a client whose key was changed here. Without it the next token would be decided on what
    /// is no longer so, and hold up those that are committed with it.
    pub(crate) fn forget(&self, id: KeyId) {
        drop(self.remembered.remove(&id));
    }

    /// Forgets the clients of an app that has changed.
    pub(crate) fn forget_app(&self, id: AppId) {
        self.remembered.retain(|_, client| client.app_id != id);
    }

    /// Remembers what a client is now.
    pub(crate) fn remember(&self, client: Arc<Client>) {
        self.remembered.insert(client.key_id, client);
    }
}

/// Clients by the id of their key.
#[derive(Debug, Clone, Copy)]
struct ByKey;

impl Lookup for ByKey {
    type Key = KeyId;
    type Found = Client;

    async fn read(
        &self,
        connection: &mut PgConnection,
        keys: &[KeyId],
    ) -> sqlx::Result<HashMap<KeyId, Client>> {
        let ids: Vec<_> = keys.iter().map(|key| key.uuid()).collect();
        clients::find(connection, &ids).await
    }
}

/// An id that no key has: asked for in place of a text that cannot be one, so that both cost the same.
pub(crate) fn nobody() -> KeyId {
    Id::from_uuid(uuid::Uuid::nil())
}
