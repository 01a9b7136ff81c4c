//! Answering other services.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_nats::service::{Service as NatsService, ServiceExt, endpoint::Endpoint, error};
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use contract::rpc::Request;
use contract::{Environment, Service, TraceParent};
use eventstore::inactivity::unless_inactive;
use futures::{FutureExt, StreamExt};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{CallContext, PROBLEM, RpcRefusal};
use crate::problem::Problem;
use crate::start::StartError;
use crate::tasks::{Tasks, panic_message};

/// Room left for headers in a reply of the largest size.
const HEADROOM: usize = 1024;

/// Answers the questions of other services, as one service of the NATS services protocol: `nats
/// micro ls` shows it. Replicas share the questions through a queue group. Clones are the same.
#[derive(Clone)]
pub struct RpcServer {
    service: Service,
    client: Client,
    environment: Environment,
    tasks: Tasks,
    capacity: Arc<Semaphore>,
    started: Arc<OnceCell<NatsService>>,
}

impl RpcServer {
    /// Nothing is answered yet. At most `concurrency` questions are answered at a time.
    pub fn new(
        service: Service,
        client: Client,
        environment: Environment,
        tasks: Tasks,
        concurrency: usize,
    ) -> Self {
        let capacity = Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        Self { service, client, environment, tasks, capacity, started: Arc::default() }
    }

    /// Answers a question with this handler until shutdown. Questions are answered in parallel.
    /// Their subscriptions outlive the loss of NATS: the client renews them when it reconnects.
    pub async fn answer<R, F, Fut>(&self, handler: F) -> Result<(), StartError>
    where
        R: Request,
        F: Fn(CallContext, R) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R::Reply, RpcRefusal>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let first = Arc::new(std::sync::Mutex::new(Some(self.endpoint::<R>().await?)));
        let server = self.clone();
        self.tasks.spawn(format!("rpc-{}", R::OPERATION), move |shutdown| {
            let (server, handler) = (server.clone(), Arc::clone(&handler));
            let first = first.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            async move {
                // After a failure the subscription is gone with its endpoint: make another.
                let endpoint = match first {
                    Some(endpoint) => endpoint,
                    None => server.endpoint::<R>().await?,
                };
                server.run(endpoint, &handler, shutdown).await
            }
        });
        Ok(())
    }

    async fn endpoint<R: Request>(&self) -> Result<Endpoint, StartError> {
        let nats_error = |error: async_nats::Error| StartError::Nats(error.to_string());
        let service = self
            .started
            .get_or_try_init(|| {
                self.client
                    .service_builder()
                    .description(format!("Mandate: what other services ask {}", self.service))
                    .queue_group(self.service.name())
                    .start(self.service.name(), env!("CARGO_PKG_VERSION"))
            })
            .await
            .map_err(nats_error)?;
        service
            .group(format!("mandate.rpc.{}", self.service))
            .endpoint_builder()
            .name(R::OPERATION)
            .add(R::OPERATION)
            .await
            .map_err(nats_error)
    }

    async fn run<R, F, Fut>(
        &self,
        mut endpoint: Endpoint,
        handler: &Arc<F>,
        shutdown: tokio_util::sync::CancellationToken,
    ) -> Result<(), StartError>
    where
        R: Request,
        F: Fn(CallContext, R) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R::Reply, RpcRefusal>> + Send + 'static,
    {
        let answers = TaskTracker::new();
        loop {
            let question = tokio::select! {
                () = shutdown.cancelled() => break,
                question = endpoint.next() => question,
            };
            let Some(question) = question else {
                return Err(StartError::Nats("the subscription ended".to_owned()));
            };
            // Taken before the task is made: when all are busy, questions wait in NATS' client.
            let permit = Arc::clone(&self.capacity).acquire_owned().await;
            let (server, handler) = (self.clone(), Arc::clone(handler));
            answers.spawn(async move {
                server.reply::<R, F, Fut>(question, &handler).await;
                drop(permit);
            });
        }
        // The group's other replicas get the next questions; those that are here are answered.
        if let Err(error) = endpoint.stop().await {
            tracing::debug!(%error, "an endpoint could not be unsubscribed");
        }
        while let Some(Some(question)) = endpoint.next().now_or_never() {
            let (server, handler) = (self.clone(), Arc::clone(handler));
            answers.spawn(async move { server.reply::<R, F, Fut>(question, &handler).await });
        }
        answers.close();
        answers.wait().await;
        Ok(())
    }

    async fn reply<R, F, Fut>(&self, question: async_nats::service::Request, handler: &F)
    where
        R: Request,
        F: Fn(CallContext, R) -> Fut,
        Fut: Future<Output = Result<R::Reply, RpcRefusal>>,
    {
        let context =
            CallContext::from_headers(question.message.headers.as_ref(), &self.environment);
        let span = tracing::info_span!(
            "rpc",
            operation = R::OPERATION,
            correlation = %context.correlation,
            trace_id = context.traceparent.as_ref().map(TraceParent::trace_id),
        );
        let answered = self.decide(&question.message.payload, context, handler);
        let sent = match answered.instrument(span.clone()).await {
            Ok(payload) => question.respond(Ok(payload)).await,
            Err(refusal) => {
                let mut headers = HeaderMap::new();
                headers.insert(PROBLEM, &*refusal.slug);
                let error = error::Error {
                    code: refusal.code.into(),
                    // A header cannot have line breaks.
                    status: refusal.detail.replace(['\r', '\n'], " "),
                };
                question.respond_with_headers(Err(error), headers).await
            }
        };
        if let Err(error) = sent {
            span.in_scope(|| tracing::warn!(%error, "an answer could not be sent"));
        }
    }

    async fn decide<R, F, Fut>(
        &self,
        payload: &[u8],
        context: CallContext,
        handler: &F,
    ) -> Result<Bytes, RpcRefusal>
    where
        R: Request,
        F: Fn(CallContext, R) -> Fut,
        Fut: Future<Output = Result<R::Reply, RpcRefusal>>,
    {
        let request = serde_json::from_slice(payload)
            .map_err(|error| RpcRefusal::new(400, "malformed-question", error.to_string()))?;
        let answered = AssertUnwindSafe(async { handler(context, request).await }).catch_unwind();
        // Who asked has given up long before this.
        let answered = unless_inactive(answered).await.map_err(|inactive| {
            tracing::warn!(operation = R::OPERATION, %inactive, "a question was given up");
            Problem::unavailable("timed-out", "The question took too long.")
        })?;
        let reply = answered.unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            Err(Problem::internal(format!("a handler of questions panicked: {message}")).into())
        })?;
        let payload = serde_json::to_vec(&reply).map_err(Problem::internal)?;
        let limit = self.client.server_info().max_payload.saturating_sub(HEADROOM);
        if limit > 0 && payload.len() > limit {
            return Err(RpcRefusal::new(413, "answer-too-large", "Ask for less at a time."));
        }
        Ok(payload.into())
    }
}
