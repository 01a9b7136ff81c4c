//! Connections that are opened and held: they took all files that the process may open, and nobody else got in.

use std::net::Ipv4Addr;

use journeys::system::System;
use stage::eventually;

use crate::wire::{HALF_A_REQUEST, receive, send, send_from, socket_address, status};

const CONNECTIONS: usize = 8;
const SOMEBODY: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Holds connections: `http.max_connections` in place of the operating system's limit.
async fn system(extra: &str) -> System {
    let limits =
        "header_timeout_seconds = 600\nbody_timeout_seconds = 600\npace_grace_seconds = 600";
    System::configured(&format!("[http]\n{limits}\n{extra}\n")).await
}

#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    let system = system(&format!("max_connections = {CONNECTIONS}")).await;
    let address = socket_address(&system);
    let mut held = Vec::new();
    for _ in 0..5 * CONNECTIONS {
        // Nothing, and the beginning of a header.
        held.push(send(address, "").await);
        held.push(send(address, "GET /healthz HTTP/1.1\r\nhost:").await);
    }
    eventually("others are answered", async || {
        status(SOMEBODY, address, "/oauth2/jwks").await == Some(200)
    })
    .await;
    assert_eq!(status(SOMEBODY, address, "/healthz").await, Some(200));
}

#[tokio::test]
async fn health_is_told_although_all_connections_are_busy() {
    let system = system(&format!("max_connections = {CONNECTIONS}")).await;
    let address = socket_address(&system);
    let mut busy = Vec::new();
    eventually("all connections are busy", async || {
        busy.push(send(address, HALF_A_REQUEST).await);
        status(SOMEBODY, address, "/oauth2/jwks").await == Some(503)
    })
    .await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(status(SOMEBODY, address, path).await, Some(200), "{path}");
    }
    drop(busy);
    eventually("whoever hangs up makes room", async || {
        status(SOMEBODY, address, "/oauth2/jwks").await == Some(200)
    })
    .await;
}

#[tokio::test]
async fn one_peer_does_not_take_all_connections() {
    let (attacker, proxy) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3));
    let system = system("max_connections_per_peer = 8\ntrusted_proxies = [\"127.0.0.3\"]").await;
    let address = socket_address(&system);
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(send_from(attacker, address, "").await);
        held.push(send_from(proxy, address, "").await);
    }
    let refused = send_from(attacker, address, "").await;
    assert_eq!(receive(refused).await, "");
    assert_eq!(status(SOMEBODY, address, "/oauth2/jwks").await, Some(200));
    // Any number of callers come by a proxy.
    assert_eq!(status(proxy, address, "/oauth2/jwks").await, Some(200));
}
