//! A TCP proxy that can be told to misbehave: what lies between a replica and its servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::random::Random;

/// How many pieces may be on their way in one direction of a connection.
const ON_THE_WAY: usize = 256;

/// How it is on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything arrives at once.
    Fair,
    /// Connections are closed, new ones as well.
    Cut,
    /// Nothing arrives, and nobody is told: what is sent arrives when the silence is over.
    Silent,
    /// Everything arrives so much later.
    Delayed(Duration),
    /// Every piece arrives at most so much later, each connection for itself: what was sent later on
    /// one overtakes what was sent earlier on another.
    Reordered(Duration),
}

/// A proxy in front of a port of this machine. Ends with this value.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    target: Arc<AtomicU16>,
    weather: watch::Sender<Weather>,
    lost: watch::Sender<()>,
    listening: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.weather.send_replace(Weather::Cut);
    }
}

impl Proxy {
    /// A proxy before this port.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn before(target: u16, mut random: Random) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr().context("it is bound")?.port();
        let target = Arc::new(AtomicU16::new(target));
        let (weather, watched) = watch::channel(Weather::Fair);
        let (lost, losing) = watch::channel(());
        let to = Arc::clone(&target);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let port = to.load(Ordering::Relaxed);
                let mut lost = losing.clone();
                lost.mark_unchanged();
                tokio::spawn(carry(client, port, watched.clone(), lost, random.fork()));
            }
        });
        Ok(Self { port, target, weather, lost, listening })
    }

    /// Loses the connections that there are, as a machine that is gone does, or a firewall that has
    /// forgotten them: from now on nothing comes through on them, and nobody is told, ever.
    pub fn lose_connections(&self) {
        self.lost.send_replace(());
    }

    /// What it leads to from now on.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::Relaxed);
    }

    /// How it is from now on.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn carry(
    client: TcpStream,
    port: u16,
    mut weather: watch::Receiver<Weather>,
    mut lost: watch::Receiver<()>,
    mut random: Random,
) {
    if *weather.borrow_and_update() == Weather::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    // Without it the kernel waits for more to send together, which is a delay that nobody asked for.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = weather.clone();
    // Either end of it is the end of both directions.
    let there = pump(from_client, to_server, weather.clone(), random.fork());
    let back = pump(from_server, to_client, weather, random);
    let (mut there, mut back) = (Box::pin(there), Box::pin(back));
    tokio::select! {
        () = &mut there => return,
        () = &mut back => return,
        _ = cut.wait_for(|weather| *weather == Weather::Cut) => return,
        _ = lost.changed() => {}
    }
    // Both ends stay open, and neither is read: the proxy's own end ends it.
    while lost.changed().await.is_ok() {}
    drop((there, back));
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    weather: watch::Receiver<Weather>,
    mut random: Random,
) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let mut quiet = weather.clone();
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let delay = match *weather.borrow() {
                Weather::Fair | Weather::Cut | Weather::Silent => Duration::ZERO,
                Weather::Delayed(delay) => delay,
                Weather::Reordered(longest) => random.between(Duration::ZERO, longest),
            };
            let piece = (Instant::now() + delay, buffer[..length].to_vec());
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, piece)) = pieces.recv().await {
            // Not before it is due: nothing can make this come true earlier.
            let _ = timeout_at(due, std::future::pending::<()>()).await;
            if quiet.wait_for(|it| *it != Weather::Silent).await.is_err() {
                return;
            }
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        port
    }

    async fn say(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn it_carries_delays_keeps_silent_and_cuts() {
        let proxy = Proxy::before(echo().await, Random::new(1)).await.unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        assert_eq!(say(&mut stream).await.unwrap(), b'x');

        let delay = Duration::from_millis(40);
        proxy.set(Weather::Delayed(delay));
        let began = Instant::now();
        assert_eq!(say(&mut stream).await.unwrap(), b'x');
        assert!(began.elapsed() >= 2 * delay, "{:?}", began.elapsed());

        proxy.set(Weather::Silent);
        let patience = Duration::from_millis(100);
        assert!(tokio::time::timeout(patience, say(&mut stream)).await.is_err());
        proxy.set(Weather::Fair);
        assert_eq!(stream.read_u8().await.unwrap(), b'x');

        proxy.lose_connections();
        assert!(tokio::time::timeout(patience, say(&mut stream)).await.is_err());
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        assert_eq!(say(&mut stream).await.unwrap(), b'x');

        proxy.set(Weather::Cut);
        assert!(stream.read_u8().await.is_err());
        let mut refused = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        assert!(say(&mut refused).await.is_err());
    }
}
