//! A connection that is closed when its other end does not read (write timeout, minimum data rate).
//!
//! No timer runs as long as the kernel takes what is written, as it takes nearly every answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::pace::Pace;

/// The connection.
#[derive(Debug)]
pub(super) struct PacedWrites {
    connection: TokioIo<TcpStream>,
    pace: Pace,
    blocked: Option<Blocked>,
}

/// From when the kernel took no more until it has all.
#[derive(Debug)]
struct Blocked {
    since: Instant,
    /// Bytes it took meanwhile.
    written: u64,
    timer: Pin<Box<Sleep>>,
}

impl PacedWrites {
    /// Closed when its other end reads more slowly.
    pub(super) fn new(connection: TcpStream, pace: Pace) -> Self {
        Self { connection: TokioIo::new(connection), pace, blocked: None }
    }

    /// What a write came to; an error if it waits for too long.
    fn in_time(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match write {
            Poll::Ready(result) => {
                if let (Some(blocked), Ok(count)) = (&mut self.blocked, &result) {
                    blocked.written = blocked.written.saturating_add(*count as u64);
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                let blocked = self.blocked.get_or_insert_with(|| Blocked {
                    since: Instant::now(),
                    written: 0,
                    timer: Box::pin(sleep_until(Instant::now())),
                });
                let deadline = blocked.since + self.pace.time_for(blocked.written);
                if blocked.timer.deadline() != deadline {
                    blocked.timer.as_mut().reset(deadline);
                }
                ready!(blocked.timer.as_mut().poll(cx));
                // What the kernel still holds would keep its memory for as long as the other end likes.
                if let Err(error) = self.connection.inner().set_zero_linger() {
                    tracing::debug!(%error, "SO_LINGER could not be set");
                }
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl Read for PacedWrites {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl Write for PacedWrites {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.connection).poll_write(cx, bytes);
        self.in_time(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.connection).poll_write_vectored(cx, bytes);
        self.in_time(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    /// hyper flushes once it has written all it has.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.connection).poll_flush(cx))?;
        self.blocked = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
