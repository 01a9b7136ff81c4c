//! A thread of its own for what no caller waits for.
//!
//! A turn of the relay, or of a projection, deals with hundreds of events at once. On a thread that answers
//! requests, whoever waits for a commit would wait for that turn as well, and PostgreSQL for the next
//! commit.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The thread. It ends with this value, and what runs on it.
#[derive(Debug)]
pub struct Background {
    pub(crate) handle: Handle,
    _end: oneshot::Sender<()>,
}

impl Background {
    /// Starts it.
    ///
    /// # Errors
    /// When the machine has no thread to give.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("background".to_owned()).spawn(move || {
            // Ends when the other end is dropped.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _end: end })
    }
}
