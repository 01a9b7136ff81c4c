//! Administration of the streams and of the services' own consumers, where services may not make them: one
//! login does, for all of them.

use contract::Service;

use crate::consumer;
use crate::transport::{AUDIT, AUDIT_DURABLE, EVENTS, Transport, TransportError};

impl Transport {
    /// Makes the streams and the services' own consumers that are not there, and brings consumers that are
    /// to our configuration.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses.
    pub async fn make_all(&self) -> Result<(), TransportError> {
        self.on_this_connection(async {
            let audit = self.stream(AUDIT).await?;
            let made = audit.create_consumer(consumer::config(AUDIT_DURABLE, Vec::new())).await;
            made.map_err(TransportError::of)?;
            let events = self.stream(EVENTS).await?;
            for followed in Service::ALL.iter().flat_map(|service| service.follows()) {
                let config = consumer::config(followed.durable, followed.subjects());
                events.create_consumer(config).await.map_err(TransportError::of)?;
            }
            Ok(())
        })
        .await
    }
}
