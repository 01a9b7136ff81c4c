//! Requests as bytes, because no client library sends what is sent here.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer takes longer, or the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status; none if the connection was closed without one.
    pub(crate) status: Option<u16>,
    body: Vec<u8>,
}

impl Reply {
    /// The body, if it is JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether it is a page.
    pub(crate) fn is_page(&self) -> bool {
        String::from_utf8_lossy(&self.body).contains("<h1")
    }

    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = bytes.split_at(end.map_or(bytes.len(), |end| end + 4));
        let head = String::from_utf8_lossy(head);
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Self { status, body: body.to_vec() }
    }
}

/// A connection on which these bytes were sent.
pub(crate) async fn send(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has read enough may close before it was sent all.
    let _ = stream.write_all(bytes).await;
    stream
}

/// All that comes until the server closes.
pub(crate) async fn receive(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    // A reset after the answer ends it as well as a close.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("every connection ends");
    Reply::read(&bytes)
}

/// Sends a request and reads its answer.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Reply {
    receive(send(address, bytes).await).await
}

/// A request that is put together piece by piece, with nothing escaped.
#[derive(Clone)]
pub(crate) struct Wire {
    head: Vec<u8>,
    body: Option<Vec<u8>>,
}

impl Wire {
    /// `GET /path`, asking to close afterwards.
    pub(crate) fn new(line: impl AsRef<[u8]>) -> Self {
        let head = [line.as_ref(), b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"].concat();
        Self { head, body: None }
    }

    /// A header line.
    #[must_use]
    pub(crate) fn header(mut self, line: impl AsRef<[u8]>) -> Self {
        self.head.extend_from_slice(line.as_ref());
        self.head.extend_from_slice(b"\r\n");
        self
    }

    /// As this person.
    #[must_use]
    pub(crate) fn token(self, token: &str) -> Self {
        self.header(format!("authorization: Bearer {token}"))
    }

    /// A body of this type.
    #[must_use]
    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self = self.header(format!("content-type: {kind}"));
        self.body = Some(body.into());
        self
    }

    /// A JSON body.
    #[must_use]
    pub(crate) fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.body("application/json", body)
    }

    /// The bytes.
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self.body {
            None => [&self.head[..], b"\r\n"].concat(),
            Some(body) => {
                let length = format!("content-length: {}\r\n\r\n", body.len());
                [&self.head[..], length.as_bytes(), &body].concat()
            }
        }
    }

    /// The bytes, with the body in chunks.
    pub(crate) fn chunked(self) -> Vec<u8> {
        let body = self.body.unwrap_or_default();
        let start = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len());
        [&self.head[..], start.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat()
    }
}
