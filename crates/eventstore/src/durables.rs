//! Durable consumers for readers outside: made and deleted here, read by others under a NATS login
//! of their own. The services' own consumers are [`crate::consumer`]'s.
//!
//! The order for keeping them as a list says: [`Transport::durables`] first, the list second. A
//! consumer that another replica makes in between is then in the list and is not deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures::TryStreamExt;

use crate::transport::{EVENTS, Transport, TransportError};

/// How long a reader may take for a message before it is delivered again.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// A durable consumer on the stream of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// Its name.
    pub name: String,
    /// Only events of these subjects.
    pub subjects: Vec<String>,
}

impl Transport {
    /// The names of the durable consumers on the stream of events that begin so.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses.
    pub async fn durables(&self, prefix: &str) -> Result<BTreeSet<String>, TransportError> {
        self.on_this_connection(async {
            let stream = self.stream(EVENTS).await?;
            let mut names = stream.consumer_names();
            let mut found = BTreeSet::new();
            while let Some(name) = names.try_next().await.map_err(TransportError::of)? {
                if name.starts_with(prefix) {
                    found.insert(name);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Makes a consumer, or brings the one of this name to these subjects. A new one begins with
    /// the first event that the stream still has: whoever lost theirs gets everything again.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses.
    pub async fn make_durable(&self, durable: &Durable) -> Result<(), TransportError> {
        let config = pull::Config {
            durable_name: Some(durable.name.clone()),
            filter_subjects: durable.subjects.clone(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            deliver_policy: DeliverPolicy::All,
            // Never given up: an event ends by its acknowledgement or by the stream's age.
            max_deliver: -1,
            ..pull::Config::default()
        };
        self.on_this_connection(async {
            let stream = self.stream(EVENTS).await?;
            let made = stream.create_consumer(config).await;
            made.map(drop).map_err(TransportError::of)
        })
        .await
    }

    /// Deletes a consumer, with the memory of what was read from it.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses.
    pub async fn delete_durable(&self, name: &str) -> Result<(), TransportError> {
        self.on_this_connection(async {
            let stream = self.stream(EVENTS).await?;
            let deleted = stream.delete_consumer(name).await;
            deleted.map(drop).map_err(TransportError::of)
        })
        .await
    }
}
