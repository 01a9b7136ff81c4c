//! The limits that can be configured, each at the value the system was started with. Size of header
//! and body are in the table.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

use crate::row::With;
use crate::system::{BODY_SECONDS, MAX_BODY_BYTES, MAX_CONCURRENT, System};
use crate::wire::{Wire, exchange, receive, send};

/// All of them.
pub(crate) async fn hold(system: &System) {
    a_body_of_just_the_limit_is_read(system).await;
    tokio::join!(a_slow_body_is_answered(system), a_slow_header_is_not_waited_for(system));
    who_waits_for_a_body_keeps_nobody_waiting(system).await;
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
    assert_eq!(reply.status, Some(408));
    assert_eq!(reply.json()["type"], "urn:mandate:problem:body-too-slow");
    assert!(began.elapsed() >= Duration::from_secs(BODY_SECONDS), "{:?}", began.elapsed());
}

async fn a_slow_header_is_not_waited_for(system: &System) {
    // Whoever receives has a patience of its own, after which the test fails.
    let reply = receive(send(system.address, b"GET /healthz HTTP/1.1\r\nhost:").await).await;
    assert_ne!(reply.status, Some(200));
}

async fn who_waits_for_a_body_keeps_nobody_waiting(system: &System) {
    let mut waiting = Vec::new();
    for _ in 0..2 * MAX_CONCURRENT {
        waiting.push(unfinished(system).await);
    }
    let deadline = Instant::now() + Duration::from_secs(BODY_SECONDS);
    let mut tick = interval(Duration::from_millis(20));
    loop {
        let reply = exchange(system.address, &Wire::new("GET /v1/catalogue").bytes()).await;
        // Each has a turn for as long as it takes to find out that its body is not there.
        if reply.status != Some(503) {
            assert_eq!(reply.status, Some(401), "{reply:?}");
            break;
        }
        assert!(Instant::now() < deadline, "{reply:?}");
        tick.tick().await;
    }
    drop(waiting);
}
