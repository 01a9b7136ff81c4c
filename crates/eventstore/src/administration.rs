//! Administration of the streams and of the services' own consumers, where services may not make them: one
//! login does, for all of them.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use contract::Service;

use crate::consumer;
use crate::transport::{AUDIT, AUDIT_DURABLE, EVENTS, Transport, TransportError};

impl Transport {
    /// Makes the streams and the services' own consumers that are not there, and brings those that are to our
    /// configuration: consumers to all of it, streams [to their limits](Self::limit_streams).
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
        .await?;
        self.limit_streams().await
    }

    /// Brings the streams that are there to how many bytes they may have, and to what happens beyond: those of
    /// earlier versions had no such limit, and settings change. What else they have stays as it is.
    ///
    /// # Errors
    /// When JetStream does not answer or refuses, because its store is smaller than what both may have, say.
    pub async fn limit_streams(&self) -> Result<(), TransportError> {
        self.on_this_connection(async {
            let events = self.limit_stream(EVENTS).await;
            // Also if that was refused: what this one gives back may be what that one lacks.
            events.and(self.limit_stream(AUDIT).await)
        })
        .await
    }

    async fn limit_stream(&self, name: &str) -> Result<(), TransportError> {
        let stream = match self.jetstream().get_stream(name).await {
            Ok(stream) => stream,
            // Who needs it makes it, with these limits.
            Err(error) if is_not_there(&error.kind()) => return Ok(()),
            Err(error) => return Err(TransportError::of(error)),
        };
        let wanted = self.stream_config(name);
        let mut config = stream.cached_info().config.clone();
        if (config.max_bytes, config.discard) == (wanted.max_bytes, wanted.discard) {
            return Ok(());
        }
        (config.max_bytes, config.discard) = (wanted.max_bytes, wanted.discard);
        self.jetstream().update_stream(config).await.map_err(TransportError::of)?;
        tracing::info!(
            stream = name,
            max_bytes = wanted.max_bytes,
            "a stream is brought to its limit"
        );
        Ok(())
    }
}

fn is_not_there(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}
