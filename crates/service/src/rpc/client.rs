//! Asking other services.

use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::service::{NATS_SERVICE_ERROR, NATS_SERVICE_ERROR_CODE};
use async_nats::{Client, Message};
use bytes::Bytes;
use contract::rpc::{Request, ServiceRequest, subject};
use contract::{Environment, Service};
use tokio::time::Instant;

use super::{CallContext, PROBLEM, RpcError};

/// When nobody listens, it asks again after these pauses: a replica may be restarting.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// Asks other services. Clones share the connection.
///
/// All questions of the contract read only, or may be carried out twice, so a question is asked again when
/// nobody listened or when its reply may have been lost with a connection.
#[derive(Debug, Clone)]
pub struct RpcClient {
    client: Client,
    environment: Environment,
    timeout: Duration,
}

impl RpcClient {
    /// Asks over this connection; a question may take so long altogether.
    pub fn new(client: Client, environment: Environment, timeout: Duration) -> Self {
        Self { client, environment, timeout }
    }

    /// Asks the one service that answers this question.
    pub async fn call<R: ServiceRequest>(
        &self,
        context: impl Into<CallContext>,
        request: &R,
    ) -> Result<R::Reply, RpcError> {
        self.call_at(R::SERVICE, context, request).await
    }

    /// Asks this service a question that several answer, such as [`contract::rpc::StreamEvents`].
    pub async fn call_at<R: Request>(
        &self,
        service: Service,
        context: impl Into<CallContext>,
        request: &R,
    ) -> Result<R::Reply, RpcError> {
        let subject = subject(service, R::OPERATION);
        let malformed = |error: &dyn std::fmt::Display| RpcError::Malformed {
            subject: subject.clone(),
            reason: error.to_string(),
        };
        let payload = serde_json::to_vec(request).map_err(|error| malformed(&error))?;
        let reply = self.ask(&subject, &context.into(), payload.into()).await?;
        if let Some(refusal) = refusal(&reply) {
            return Err(refusal);
        }
        serde_json::from_slice(&reply.payload).map_err(|error| malformed(&error))
    }

    async fn ask(
        &self,
        subject: &str,
        context: &CallContext,
        payload: Bytes,
    ) -> Result<Message, RpcError> {
        let deadline = Instant::now() + self.timeout;
        let unavailable = || RpcError::Unavailable { subject: subject.to_owned() };
        let mut pauses = PAUSES.into_iter();
        // A connection that breaks takes the reply with it: a first attempt waits for a part of the
        // time only, the second for all the rest.
        let mut attempt = self.timeout.mul_f32(0.4);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(unavailable());
            }
            let request = async_nats::Request::new()
                .headers(context.to_headers(&self.environment))
                .payload(payload.clone())
                .timeout(None);
            let sent = self.client.send_request(subject.to_owned(), request);
            match tokio::time::timeout(attempt.min(left), sent).await {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(error)) => match error.kind() {
                    RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                        let (subject, reason) = (subject.to_owned(), error.to_string());
                        return Err(RpcError::Malformed { subject, reason });
                    }
                    _ => {
                        let pause = pauses.next().ok_or_else(unavailable)?;
                        tokio::time::sleep(pause.min(left)).await;
                    }
                },
                Err(_) => attempt = self.timeout,
            }
        }
    }
}

fn refusal(reply: &Message) -> Option<RpcError> {
    let headers = reply.headers.as_ref()?;
    let detail = headers.get(NATS_SERVICE_ERROR)?.as_str().to_owned();
    let code = headers.get(NATS_SERVICE_ERROR_CODE).and_then(|code| code.as_str().parse().ok());
    let slug = headers.get(PROBLEM).map_or("refused", |slug| slug.as_str()).to_owned();
    Some(RpcError::Refused { code: code.unwrap_or(500), slug, detail })
}
