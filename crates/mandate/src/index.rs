//! The index of the log, for `mandate verify --database-url`.

use std::time::Duration;

use audit::IndexReader;
use contract::{IndexRow, IndexSpan};
use tokio::runtime::Runtime;
use tokio::time::{error::Elapsed, timeout};

/// How long a connection may take, and how long a database may be silent: else one that is locked, or answers nothing,
/// keeps the log from being verified.
const CONNECT: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_mins(10);

/// The index in a database. That it cannot be reached is said where it is first read, in the outcome.
pub(crate) struct DatabaseIndex {
    runtime: Runtime,
    reader: Result<IndexReader, String>,
}

impl DatabaseIndex {
    /// # Errors
    /// When there is no runtime.
    pub(crate) fn connect(url: &str) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let reader = runtime.block_on(async { timeout(CONNECT, IndexReader::connect(url)).await });
        let reader = said(reader, CONNECT).map_err(|why| format!("--database-url: {why}"));
        Ok(Self { runtime, reader })
    }

    /// What the database answers, if it does in time. It is not asked again after it did not.
    fn ask<T>(
        &mut self,
        what: &str,
        ask: impl AsyncFnOnce(&mut IndexReader) -> sqlx::Result<T>,
    ) -> Result<T, String> {
        let reader = self.reader.as_mut().map_err(|why| why.clone())?;
        let answer = self.runtime.block_on(async { timeout(SILENCE, ask(reader)).await });
        let answer = said(answer, SILENCE)
            .map_err(|why| format!("{what} in the database was not read: {why}"));
        if let Err(why) = &answer {
            self.reader = Err(why.clone());
        }
        answer
    }
}

fn said<T>(answer: Result<sqlx::Result<T>, Elapsed>, time: Duration) -> Result<T, String> {
    match answer {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it did not answer within {} seconds", time.as_secs())),
    }
}

impl verifier::Index for DatabaseIndex {
    fn searched(&mut self) -> Result<Option<i64>, String> {
        self.ask("audit.head", IndexReader::searched)
    }

    fn spans(&mut self, last: i64) -> Result<Option<Vec<IndexSpan>>, String> {
        self.ask("audit.spans", async |reader| reader.spans(last).await)
    }

    fn next(&mut self) -> Result<Option<IndexRow>, String> {
        self.ask("the index", IndexReader::next)
    }
}
