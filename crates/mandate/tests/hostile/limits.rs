//! The limits that can be configured, each at the value the system was started with. Size of header
//! and body are in the table.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

use crate::system::{MAX_BODY_BYTES, MAX_CONCURRENT, System, TIMEOUT_SECONDS};
use crate::table::With;
use crate::wire::{Reply, Wire, exchange, receive, send};

/// All of them.
pub(crate) async fn hold(system: &System) {
    a_body_of_just_the_limit_is_read(system).await;
    tokio::join!(a_slow_body_is_answered(system), a_slow_header_is_not_waited_for(system));
    what_is_too_much_at_a_time_is_refused(system).await;
}

async fn a_body_of_just_the_limit_is_read(system: &System) {
    let owner = With::demo(&system.demo, String::new()).owner;
    let mut body = b"{}".to_vec();
    body.resize(MAX_BODY_BYTES, b' ');
    let request = Wire::new("POST /v1/apps").token(&owner).json(body);
    assert_eq!(exchange(system.address, &request.bytes()).await.status, Some(422));
}

/// A request whose body never comes.
async fn unfinished(system: &System) -> TcpStream {
    let owner = With::demo(&system.demo, String::new()).owner;
    let head = Wire::new("POST /v1/apps").token(&owner);
    let head = head.header("content-type: application/json").header("content-length: 100");
    send(system.address, &[&head.bytes()[..], b"{"].concat()).await
}

async fn a_slow_body_is_answered(system: &System) {
    let began = Instant::now();
    let reply = receive(unfinished(system).await).await;
    assert_eq!(reply.status, Some(503));
    assert_eq!(reply.json()["type"], "urn:mandate:problem:timed-out");
    assert!(began.elapsed() >= Duration::from_secs(TIMEOUT_SECONDS), "{:?}", began.elapsed());
}

async fn a_slow_header_is_not_waited_for(system: &System) {
    // Whoever receives has a patience of its own, after which the test fails.
    let reply = receive(send(system.address, b"GET /healthz HTTP/1.1\r\nhost:").await).await;
    assert_ne!(reply.status, Some(200));
}

async fn what_is_too_much_at_a_time_is_refused(system: &System) {
    let mut busy = Vec::new();
    for _ in 0..MAX_CONCURRENT {
        busy.push(unfinished(system).await);
    }
    let refused = health_until(system, 503).await;
    assert_eq!(refused.json()["type"], "urn:mandate:problem:overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Whoever hangs up makes room.
    drop(busy);
    health_until(system, 200).await;
}

/// Asks until the answer has this status.
async fn health_until(system: &System, status: u16) -> Reply {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut tick = interval(Duration::from_millis(20));
    loop {
        let reply = exchange(system.address, &Wire::new("GET /healthz").bytes()).await;
        if reply.status == Some(status) {
            return reply;
        }
        assert!(Instant::now() < deadline, "{reply:?}");
        tick.tick().await;
    }
}
