//! The producers of events, asked over NATS by request and reply.

use async_trait::async_trait;
use contract::rpc::{
    EventDigest, HeadsPage, ManifestListOf, ManifestsWritten, RepeatEvents, Request, StoredEvent,
    StreamEvents, StreamHeads, UnknownEvents, WriteManifests,
};
use contract::{Environment, Service};
use service::{CallContext, RpcClient};

/// The producers of events, as those see them who miss some.
#[async_trait]
pub(crate) trait Producers: Send + Sync {
    /// Some of a stream's events, from the first asked for on.
    async fn stream_events(
        &self,
        of: Service,
        asked: &StreamEvents,
    ) -> Result<Vec<StoredEvent>, Unreachable>;
    /// How far streams reach.
    async fn stream_heads(
        &self,
        of: Service,
        asked: &StreamHeads,
    ) -> Result<HeadsPage, Unreachable>;
    /// Which of these events it does not have, byte for byte.
    async fn unknown_events(
        &self,
        of: Service,
        asked: &UnknownEvents,
    ) -> Result<Vec<EventDigest>, Unreachable>;
    /// Publishes some of a stream's events once more, with their parts: how many.
    async fn repeat_events(&self, of: Service, asked: &RepeatEvents) -> Result<u64, Unreachable>;
    /// The list of one of its manifests, if there is such a one.
    async fn manifest_list(
        &self,
        of: Service,
        asked: &ManifestListOf,
    ) -> Result<Option<String>, Unreachable>;
    /// Writes manifests of all that is in none.
    async fn write_manifests(&self, of: Service) -> Result<ManifestsWritten, Unreachable>;
}

/// A producer could not be asked, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

/// The producers, asked over NATS.
pub(crate) struct RpcProducers {
    pub(crate) rpc: RpcClient,
    pub(crate) env: Environment,
}

#[async_trait]
impl Producers for RpcProducers {
    async fn stream_events(
        &self,
        of: Service,
        asked: &StreamEvents,
    ) -> Result<Vec<StoredEvent>, Unreachable> {
        self.ask(of, asked).await
    }

    async fn stream_heads(
        &self,
        of: Service,
        asked: &StreamHeads,
    ) -> Result<HeadsPage, Unreachable> {
        self.ask(of, asked).await
    }

    async fn unknown_events(
        &self,
        of: Service,
        asked: &UnknownEvents,
    ) -> Result<Vec<EventDigest>, Unreachable> {
        self.ask(of, asked).await
    }

    async fn repeat_events(&self, of: Service, asked: &RepeatEvents) -> Result<u64, Unreachable> {
        self.ask(of, asked).await
    }

    async fn manifest_list(
        &self,
        of: Service,
        asked: &ManifestListOf,
    ) -> Result<Option<String>, Unreachable> {
        self.ask(of, asked).await
    }

    async fn write_manifests(&self, of: Service) -> Result<ManifestsWritten, Unreachable> {
        self.ask(of, &WriteManifests {}).await
    }
}

impl RpcProducers {
    async fn ask<R: Request>(&self, of: Service, request: &R) -> Result<R::Reply, Unreachable> {
        let context = CallContext::new(&self.env);
        self.rpc.call_at(of, context, request).await.map_err(|error| Unreachable(error.to_string()))
    }
}
