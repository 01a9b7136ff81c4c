use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use super::*;
use crate::pace::Pace;

/// More than the kernel takes of an answer.
const LARGE: usize = 16 * 1024 * 1024;

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
    let large = get(async || "x".repeat(LARGE));
    let health = Router::new().route("/healthz", get(async || "ok"));
    let routes = health.route("/wait", get(wait)).route("/peer", get(peer)).route("/large", large);
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

fn limits() -> Limits {
    Limits {
        connections: 100,
        connections_per_peer: 100,
        trusted_proxies: Arc::new([]),
        header_bytes: 8192,
        header_fields: 10,
        header: Duration::from_secs(30),
        pace: Pace { grace: Duration::from_secs(30), bytes_per_second: 1024 },
        lifetime: Duration::from_hours(1),
        drain: Duration::from_secs(30),
    }
}

const GET_PEER: &str = "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const GET_WAIT: &str = "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn handlers_know_the_peer() {
    let server = server(limits()).await;
    assert!(answer(send(server.address, GET_PEER).await).await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_is_in_progress_and_takes_nothing_new() {
    let server = server(limits()).await;
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
    let server = server(Limits { drain: Duration::from_millis(10), ..limits() }).await;
    let _asked = send(server.address, GET_WAIT).await;
    server.gate.wait().await;
    server.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(10), server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_header_is_as_long_and_as_wide_as_it_may_be() {
    let server = server(limits()).await;
    let long = format!("GET /peer HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(8192));
    let wide = format!("GET /peer HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(10));
    for request in [long, wide] {
        let answer = answer(send(server.address, &request).await).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test]
async fn a_request_with_two_hosts_or_none_is_refused() {
    let server = server(limits()).await;
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let request = format!("GET /peer HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let answer = answer(send(server.address, &request).await).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

/// hyper answers these itself, before any of our code knows of a request: see docs/hostile-input.md. What is held here is
/// that nothing comes of them, not even of what looks like another request behind them.
#[tokio::test]
async fn what_is_no_request_is_answered_without_a_body_and_ends_its_connection() {
    let server = server(limits()).await;
    let second = GET_PEER;
    for (line, status) in [
        ("authorization: Bearer a\u{1}b", "400 Bad Request"),
        ("authorization: Bearer a\0b", "400 Bad Request"),
        ("authorization: Bearer a\u{7f}b", "400 Bad Request"),
        ("authorization: Bearer a\rb", "400 Bad Request"),
        ("na\u{1}me: a", "400 Bad Request"),
        ("folded: a\r\n b", "400 Bad Request"),
        ("content-length: -1", "400 Bad Request"),
    ] {
        let request = format!("GET /peer HTTP/1.1\r\nhost: x\r\n{line}\r\n\r\n{second}");
        let answer = answer(send(server.address, &request).await).await;
        let (header, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(header.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{line:?}: {answer}");
        assert!(header.contains("connection: close"), "{line:?}: {answer}");
        assert!(header.contains("content-length: 0"), "{line:?}: {answer}");
        assert_eq!(body, "", "{line:?}");
    }
    // A tab is no such character, and the server goes on.
    let tab = GET_PEER.replace("host: x", "host: x\r\nname: a\tb");
    assert!(answer(send(server.address, &tab).await).await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn a_header_that_does_not_end_is_not_waited_for() {
    let server = server(Limits { header: Duration::from_millis(10), ..limits() }).await;
    let slow = send(server.address, "GET /peer HTTP/1.1\r\nhost:").await;
    let ended = tokio::time::timeout(Duration::from_secs(10), answer(slow)).await;
    assert!(!ended.unwrap().contains("200 OK"));
}

#[tokio::test]
async fn whoever_does_not_read_the_answer_is_cut_off() {
    let pace = Pace { grace: Duration::from_millis(50), bytes_per_second: u64::MAX };
    let server = server(Limits { pace, ..limits() }).await;
    let mut reader = send(server.address, "GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // The answer has begun, and then the server does not go on: it stops without having to cut anything off.
    reader.readable().await.unwrap();
    server.shutdown.cancel();
    timeout(Duration::from_secs(10), server.serving).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap_err();
    assert!(bytes.len() < LARGE);
}

#[tokio::test]
async fn whoever_reads_slowly_but_fast_enough_gets_all() {
    let pace = Pace { grace: Duration::from_secs(30), bytes_per_second: 1024 };
    let server = server(Limits { pace, ..limits() }).await;
    let request = "GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(answer(send(server.address, request).await).await.len() > LARGE);
}

#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    let server = server(Limits { connections: 2, ..limits() }).await;
    let _idle = send(server.address, "").await;
    let _half = send(server.address, "GET /peer HTTP/1.1\r\nhost:").await;
    for _ in 0..5 {
        let kept = GET_PEER.replace("connection: close\r\n", "");
        let mut kept = send(server.address, &kept).await;
        let mut status = [0; 12];
        kept.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}

#[tokio::test]
async fn where_all_are_busy_only_health_is_answered() {
    let server = server(Limits { connections: 1, ..limits() }).await;
    let busy = send(server.address, GET_WAIT).await;
    server.gate.wait().await;
    let health = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    assert!(answer(send(server.address, health).await).await.ends_with("ok"));
    let refused = answer(send(server.address, GET_PEER).await).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    let refused = answer(send(server.address, &GET_PEER.replace("/peer", "/oauth2/token")).await);
    assert!(refused.await.contains("temporarily_unavailable"));
    server.gate.wait().await;
    drop(busy);
}

#[tokio::test]
async fn a_peer_has_so_many_connections() {
    let server = server(Limits { connections_per_peer: 1, ..limits() }).await;
    let _held = send(server.address, GET_WAIT).await;
    server.gate.wait().await;
    let refused = TcpStream::connect(server.address).await.unwrap();
    // Closed at once, or reset.
    assert_eq!(refused.peek(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn an_old_connection_ends_with_its_answer() {
    let server = server(Limits { lifetime: Duration::from_millis(10), ..limits() }).await;
    let asked = send(server.address, GET_WAIT).await;
    server.gate.wait().await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(answer(idle).await, "");
    server.gate.wait().await;
    assert!(answer(asked).await.ends_with("waited for"));
}
