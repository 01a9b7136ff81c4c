//! Connections as an attacker uses them: no client library leaves one half-way.

use std::net::{Ipv4Addr, SocketAddr};

use journeys::system::System;
use stage::{Addresses, PATIENCE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A request for a token of which the body has only begun.
pub(crate) const HALF_A_REQUEST: &str = "POST /oauth2/token HTTP/1.1\r\nhost: x\r\n\
    connection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 29\r\n\r\ngrant_type=";

/// The rest of it.
pub(crate) const THE_OTHER_HALF: &str = "client_credentials";

/// Where a system of one process listens.
pub(crate) fn socket_address(system: &System) -> SocketAddr {
    let Addresses::One(address) = system.addresses() else { panic!("one process") };
    address.strip_prefix("http://").unwrap().parse().unwrap()
}

/// A connection from an address of this machine's, on which this was sent.
pub(crate) async fn send_from(source: Ipv4Addr, address: SocketAddr, text: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// A connection on which this was sent.
pub(crate) async fn send(address: SocketAddr, text: &str) -> TcpStream {
    send_from(Ipv4Addr::LOCALHOST, address, text).await
}

/// All that comes until the server closes.
pub(crate) async fn receive(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well as a close.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("it is closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of what is answered on a new connection from this address; none if it is closed without one.
pub(crate) async fn status(source: Ipv4Addr, address: SocketAddr, path: &str) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answer = receive(send_from(source, address, &request).await).await;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok())
}
