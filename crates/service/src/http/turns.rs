//! Answers requests each in its turn and in time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eventstore::inactivity::{Inactive, unless_inactive_or};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::arriving_body::{Arrival, ArrivingBody};
use super::turn::Turn;
use crate::health;
use crate::problem::Problem;
use crate::settings::HttpSettings;

/// The turns of a listener, and how long each may take.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    capacity: Arc<Semaphore>,
    timeout: Duration,
    arrival: Arrival,
}

impl Turns {
    /// With these limits.
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        let most = settings.max_concurrent_requests.min(Semaphore::MAX_PERMITS);
        let arrival = Arrival {
            pace: settings.pace(),
            timeout: Duration::from_secs(settings.body_timeout_seconds),
        };
        let timeout = Duration::from_secs(settings.request_timeout_seconds);
        Self { capacity: Arc::new(Semaphore::new(most)), timeout, arrival }
    }

    /// Answers a request. Health needs no turn.
    pub(crate) async fn answer(&self, request: Request, next: Next) -> Response {
        if health::is_asked_for(request.uri()) {
            return self.in_time(next.run(request), || false).await;
        }
        let turn = match Turn::take(&self.capacity) {
            Ok(turn) => Arc::new(turn),
            Err(lost) => return Problem::from(lost).into_response(),
        };
        let request = if request.body().is_end_stream() {
            request
        } else {
            let (turn, arrival) = (Arc::clone(&turn), self.arrival);
            request.map(|body| Body::new(ArrivingBody::new(body, turn, arrival)))
        };
        // How long its body may take is the body's.
        let response = self.in_time(next.run(request), || turn.is_paused()).await;
        // Whatever the handler made of a body that broke off.
        turn.lost().map_or(response, |lost| Problem::from(lost).into_response())
    }

    async fn in_time(
        &self,
        answer: impl Future<Output = Response>,
        may_wait: impl Fn() -> bool,
    ) -> Response {
        match timeout(self.timeout, unless_inactive_or(answer, may_wait)).await {
            Ok(Ok(response)) => response,
            Ok(Err(Inactive)) | Err(_) => {
                Problem::unavailable("timed-out", "The request took too long.").into_response()
            }
        }
    }
}
