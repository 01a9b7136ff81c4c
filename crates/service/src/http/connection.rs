//! One connection, from its place to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use axum::http::{Request, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::connection_limits::Limits;
use super::connections::Place;
use super::oauth_error;
use super::paced_writes::PacedWrites;
use super::turn::Lost;
use crate::health;
use crate::problem::Problem;

/// For a request header where only health is answered: others wait for the place.
const HEADER_FOR_HEALTH: Duration = Duration::from_secs(2);

/// How long a connection that gives up its place may take for what is still to be written.
const LEAVING: Duration = Duration::from_secs(1);

/// What hyper can work with at least.
const LEAST_HEADER_BYTES: usize = 8192;

/// hyper's own limit, for which it needs no allocation.
const USUAL_HEADER_FIELDS: usize = 100;

/// What all connections of a listener have in common.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) application: Router,
    pub(super) shutdown: CancellationToken,
    pub(super) limits: Limits,
}

impl Server {
    /// Answers requests on a connection until it ends.
    pub(super) async fn converse(self, stream: TcpStream, peer: SocketAddr, place: Place) {
        // Answers are small and complete when written: waiting to fill packets only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let Self { application, shutdown, limits } = self;
        let place = Arc::new(place);
        let for_health = place.is_for_health();
        let at_place = Arc::clone(&place);
        let header_bytes = limits.header_bytes.max(LEAST_HEADER_BYTES);
        let service = service_fn(move |request: Request<Incoming>| {
            let (busy, application) = (at_place.busy(), application.clone());
            async move {
                let _busy = busy;
                let request = request.map(Body::new);
                match refusal(&request, for_health, header_bytes) {
                    Some(problem) => Ok(refuse(&request, problem, for_health)),
                    None => ask(application, request, peer, for_health).await,
                }
            }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(if for_health { HEADER_FOR_HEALTH } else { limits.header })
            .max_buf_size(header_bytes);
        if limits.header_fields != USUAL_HEADER_FIELDS {
            builder.max_headers(limits.header_fields);
        }
        let io = PacedWrites::new(stream, limits.pace);
        let mut connection = pin!(builder.serve_connection(io, service));
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = sleep(limits.lifetime) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = place.given_up() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = left(&place), if !shutdown.is_cancelled() => Ok(()),
                }
            }
        };
        // Callers hang up and send what is no HTTP: theirs to notice.
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// Waits until a connection has had its time to leave, since hyper would wait for the rest of a header. A request
/// that came in the last moment is still answered.
async fn left(place: &Place) {
    loop {
        sleep(LEAVING).await;
        if place.is_idle() {
            return;
        }
    }
}

async fn ask(
    application: Router,
    mut request: Request<Body>,
    peer: SocketAddr,
    for_health: bool,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = application.oneshot(request).await?;
    Ok(if for_health { and_close(answer) } else { answer })
}

/// Why a request goes no further.
fn refusal(request: &Request<Body>, for_health: bool, header_bytes: usize) -> Option<Problem> {
    if size_of_header(request) > header_bytes {
        return Some(header_too_large(header_bytes));
    }
    if is_ambiguous(request) {
        return Some(ambiguous());
    }
    let beside_health = for_health && !health::is_asked_for(request.uri());
    beside_health.then(|| Lost::Overloaded.into())
}

fn refuse(request: &Request<Body>, problem: Problem, for_health: bool) -> Response {
    let mut answer = problem.into_response();
    if oauth_error::is_spoken_at(request.uri()) {
        answer = oauth_error::in_words_of_oauth(answer);
    }
    if for_health { and_close(answer) } else { answer }
}

fn and_close(mut answer: Response) -> Response {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Whether a proxy before us could read the request otherwise than we do: no host or two (RFC 9112
/// section 3.2), two media types.
fn is_ambiguous(request: &Request<Body>) -> bool {
    let times = |name| request.headers().get_all(name).iter().count();
    let hostless = request.version() == Version::HTTP_11 && times(HOST) == 0;
    hostless || times(HOST) > 1 || times(CONTENT_TYPE) > 1
}

/// How many bytes the request's line and header were, written as usual. hyper's own limit is for its buffer, which
/// takes in a header that is larger if its rest comes at once.
fn size_of_header(request: &Request<Body>) -> usize {
    const LINE: usize = "  HTTP/1.1\r\n".len();
    const FIELD: usize = ": \r\n".len();
    const END: usize = "\r\n".len();
    let line = request.method().as_str().len() + request.uri().to_string().len() + LINE;
    let fields = request.headers().iter();
    line + fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD).sum::<usize>()
        + END
}

fn header_too_large(most: usize) -> Problem {
    Problem::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "header-too-large",
        format!("The request's line and header have more than {most} bytes."),
    )
}

fn ambiguous() -> Problem {
    Problem::bad_request(
        "ambiguous-request",
        "A request has the header host once, and content-type at most once.",
    )
}
