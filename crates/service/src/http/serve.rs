//! The loop that takes connections. axum has one, without a limit on how long a header may take.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Version};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::problem::Problem;
use crate::settings::HttpSettings;

/// The pause after a connection could not be taken, such as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What hyper can work with at least.
const LEAST_HEADER_BYTES: usize = 8192;

/// hyper's own limit, for which it needs no allocation.
const USUAL_HEADER_FIELDS: usize = 100;

/// The limits of a server's connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request's line and header.
    pub header_bytes: usize,
    /// Fields of a request's header.
    pub header_fields: usize,
    /// For the next whole request header on a connection.
    pub header: Duration,
    /// For requests in progress when the server stops.
    pub drain: Duration,
}

impl From<&HttpSettings> for Limits {
    fn from(settings: &HttpSettings) -> Self {
        Self {
            header_bytes: settings.max_header_bytes,
            header_fields: settings.max_header_fields,
            header: Duration::from_secs(settings.header_timeout_seconds),
            drain: Duration::from_secs(settings.drain_seconds),
        }
    }
}

/// Serves HTTP/1.1 until `shutdown`; then takes no new connections, and gives the requests in
/// progress the drain time to end. Background work should be stopped after this returns: requests
/// may need it to the last.
pub async fn serve(
    listener: TcpListener,
    application: Router,
    shutdown: CancellationToken,
    limits: Limits,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => take(stream, peer, &application, limits, &graceful),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // From here on the port refuses: whoever routes requests goes elsewhere at once.
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(drain = ?limits.drain, "requests in progress were cut off");
    }
}

fn take(
    stream: TcpStream,
    peer: SocketAddr,
    application: &Router,
    limits: Limits,
    graceful: &GracefulShutdown,
) {
    // Answers are small and complete when written: waiting to fill packets only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let application = application.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let application = application.clone();
        async move {
            if is_ambiguous(&request) {
                return Ok(ambiguous().into_response());
            }
            application.oneshot(request).await
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(limits.header_bytes.max(LEAST_HEADER_BYTES));
    if limits.header_fields != USUAL_HEADER_FIELDS {
        builder.max_headers(limits.header_fields);
    }
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Callers hang up and send what is no HTTP: theirs to notice.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

/// Whether a proxy before us could read the request otherwise than we do: no host or two (RFC 9112
/// section 3.2), two media types.
fn is_ambiguous(request: &Request<Body>) -> bool {
    let times = |name| request.headers().get_all(name).iter().count();
    let hostless = request.version() == Version::HTTP_11 && times(HOST) == 0;
    hostless || times(HOST) > 1 || times(CONTENT_TYPE) > 1
}

fn ambiguous() -> Problem {
    Problem::bad_request(
        "ambiguous-request",
        "A request has the header host once, and content-type at most once.",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Barrier;
    use tokio::task::JoinHandle;

    use super::*;

    struct Server {
        address: SocketAddr,
        shutdown: CancellationToken,
        serving: JoinHandle<()>,
        gate: Arc<Barrier>,
    }

    async fn server(limits: Limits) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, gate) = (CancellationToken::new(), Arc::new(Barrier::new(2)));
        let met = Arc::clone(&gate);
        let wait = async move || {
            met.wait().await;
            met.wait().await;
            "waited for"
        };
        let peer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
        let routes = Router::new().route("/wait", get(wait)).route("/peer", get(peer));
        let serving = tokio::spawn(serve(listener, routes, shutdown.clone(), limits));
        Server { address, shutdown, serving, gate }
    }

    async fn send(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn answer(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    const LIMITS: Limits = Limits {
        header_bytes: LEAST_HEADER_BYTES,
        header_fields: 10,
        header: Duration::from_secs(30),
        drain: Duration::from_secs(30),
    };
    const GET_PEER: &str = "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const GET_WAIT: &str = "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn handlers_know_the_peer() {
        let server = server(LIMITS).await;
        assert!(answer(send(server.address, GET_PEER).await).await.ends_with("127.0.0.1"));
    }

    #[tokio::test]
    async fn a_server_that_stops_finishes_what_is_in_progress_and_takes_nothing_new() {
        let server = server(LIMITS).await;
        let idle = TcpStream::connect(server.address).await.unwrap();
        let asked = send(server.address, GET_WAIT).await;
        server.gate.wait().await;
        server.shutdown.cancel();
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        server.gate.wait().await;
        assert!(answer(asked).await.ends_with("waited for"));
        assert_eq!(answer(idle).await, "");
        server.serving.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_not_finished_in_time_is_cut_off() {
        let server = server(Limits { drain: Duration::from_millis(10), ..LIMITS }).await;
        let _asked = send(server.address, GET_WAIT).await;
        server.gate.wait().await;
        server.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(10), server.serving).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_header_is_as_long_and_as_wide_as_it_may_be() {
        let server = server(LIMITS).await;
        let long = format!("GET /peer HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(8192));
        let wide = format!("GET /peer HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(10));
        for request in [long, wide] {
            let answer = answer(send(server.address, &request).await).await;
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_request_with_two_hosts_or_none_is_refused() {
        let server = server(LIMITS).await;
        for hosts in ["", "host: a\r\nhost: b\r\n"] {
            let request = format!("GET /peer HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
            let answer = answer(send(server.address, &request).await).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_header_that_does_not_end_is_not_waited_for() {
        let server = server(Limits { header: Duration::from_millis(10), ..LIMITS }).await;
        let slow = send(server.address, "GET /peer HTTP/1.1\r\nhost:").await;
        let ended = tokio::time::timeout(Duration::from_secs(10), answer(slow)).await;
        assert!(!ended.unwrap().contains("200 OK"));
    }
}
