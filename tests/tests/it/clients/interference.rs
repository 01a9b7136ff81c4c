//! A relay before the system, on which things go wrong that a program must get over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interference {
    /// Nothing.
    None,
    /// The first call comes with a token that is no longer good.
    TokenIsOver,
    /// The first request for a token is put off, as in a flood.
    PutOff,
}

/// What is answered then.
const PUT_OFF: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
    content-length: 35\r\nconnection: close\r\n\r\n{\"error\":\"temporarily_unavailable\"}";

/// A relay, until it is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    address: String,
    seen: Arc<Seen>,
    relaying: AbortHandle,
}

#[derive(Debug, Default)]
struct Seen {
    tokens: AtomicUsize,
    calls: AtomicUsize,
}

impl Relay {
    /// Stands before this address.
    pub(super) async fn before(address: &str, interference: Interference) -> Self {
        let server = address.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let noted = Arc::clone(&seen);
        let relaying = tokio::spawn(async move {
            if interference == Interference::PutOff
                && let Ok((client, _)) = listener.accept().await
            {
                noted.put_off(client).await.unwrap();
            }
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                let noted = Arc::clone(&noted);
                // Either side may go in the middle.
                tokio::spawn(async move {
                    noted.requests(from_client, to_server, interference).await.ok();
                });
                tokio::spawn(async move {
                    tokio::io::copy(&mut from_server, &mut to_client).await.ok();
                });
            }
        })
        .abort_handle();
        Self { address, seen, relaying }
    }

    /// Where it is.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// How many tokens were asked for.
    pub(super) fn tokens(&self) -> usize {
        self.seen.tokens.load(Ordering::SeqCst)
    }

    /// How many calls were made with a token.
    pub(super) fn calls(&self) -> usize {
        self.seen.calls.load(Ordering::SeqCst)
    }
}

impl Seen {
    /// Reads a whole request, and puts it off.
    async fn put_off(&self, mut client: TcpStream) -> std::io::Result<()> {
        let (mut said, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
        while !is_whole(&said) {
            let length = client.read(&mut buffer).await?;
            assert_ne!(length, 0, "half a request");
            said.extend_from_slice(&buffer[..length]);
        }
        assert!(said.starts_with(b"POST /oauth2/token "));
        self.tokens.fetch_add(1, Ordering::SeqCst);
        client.write_all(PUT_OFF.as_bytes()).await?;
        client.shutdown().await
    }

    /// Hands on what a client says. Every client writes a request's header at once, so it comes in one piece.
    async fn requests(
        &self,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        interference: Interference,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = client.read(&mut buffer).await?;
            if length == 0 {
                return server.shutdown().await;
            }
            let said = &mut buffer[..length];
            if find(said, b"POST /oauth2/token ").is_some() {
                self.tokens.fetch_add(1, Ordering::SeqCst);
            }
            if let Some(place) = find(said, b"Bearer ey") {
                let earlier = self.calls.fetch_add(1, Ordering::SeqCst);
                if interference == Interference::TokenIsOver && earlier == 0 {
                    said[place..place + 9].copy_from_slice(b"Bearer xx");
                }
            }
            server.write_all(said).await?;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.relaying.abort();
    }
}

fn find(said: &[u8], wanted: &[u8]) -> Option<usize> {
    said.windows(wanted.len()).position(|part| part == wanted)
}

/// Whether this is a request with all of its body.
fn is_whole(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said).to_ascii_lowercase();
    let Some((header, body)) = said.split_once("\r\n\r\n") else { return false };
    let mut lengths = header.lines().filter_map(|line| line.strip_prefix("content-length:"));
    lengths.next().is_some_and(|length| body.len() >= length.trim().parse().unwrap())
}
