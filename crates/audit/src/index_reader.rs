//! Reads the index as an auditor does: by a login of theirs, as it was at one moment.

use contract::{IndexRow, IndexSpan};
use futures::TryStreamExt as _;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::store::index_rows;

/// So many rows are read ahead.
const AHEAD: usize = 500;

/// All rows of the index, by position, of one moment. One statement gives them, so that none is passed over whatever
/// the index says of positions.
#[derive(Debug)]
pub struct IndexReader {
    /// Until the first row is asked for: the moment is not before that.
    idle: Option<PgConnection>,
    has_begun: bool,
    reading: Option<Reading>,
}

#[derive(Debug)]
struct Reading {
    rows: mpsc::Receiver<IndexRow>,
    /// Ends without an error when it has read all.
    task: JoinHandle<sqlx::Result<()>>,
}

impl IndexReader {
    /// Connects. The login needs to read `audit.entries`; `audit.spans` for what searches by time are narrowed by, and
    /// `audit.head` for how far any search goes.
    ///
    /// # Errors
    /// When the address is none, or the database refuses.
    pub async fn connect(url: &str) -> sqlx::Result<Self> {
        let mut conn = PgConnection::connect(url).await?;
        sqlx::raw_sql("SET default_transaction_read_only = on").execute(&mut conn).await?;
        Ok(Self { idle: Some(conn), has_begun: false, reading: None })
    }

    /// What is read from now on is of one moment.
    async fn begin(&mut self) -> sqlx::Result<()> {
        if let Some(conn) = self.idle.as_mut().filter(|_| !self.has_begun) {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            sqlx::raw_sql(begin).execute(conn).await?;
            self.has_begun = true;
        }
        Ok(())
    }

    /// How many entries the log has for those who search it, before the first row is asked for; none if this login may
    /// not read that.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn searched(&mut self) -> sqlx::Result<Option<i64>> {
        self.begin().await?;
        match &mut self.idle {
            Some(conn) => index_rows::searched(conn).await,
            None => Ok(None),
        }
    }

    /// The spans up to this one, before the first row is asked for; none if this login may not read them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn spans(&mut self, last: i64) -> sqlx::Result<Option<Vec<IndexSpan>>> {
        self.begin().await?;
        match &mut self.idle {
            Some(conn) => index_rows::spans(conn, last).await,
            None => Ok(None),
        }
    }

    /// The next row.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next(&mut self) -> sqlx::Result<Option<IndexRow>> {
        self.begin().await?;
        if let Some(conn) = self.idle.take() {
            let (read, rows) = mpsc::channel(AHEAD);
            self.reading = Some(Reading { rows, task: tokio::spawn(send_all(conn, read)) });
        }
        let Some(reading) = &mut self.reading else { return Ok(None) };
        if let Some(row) = reading.rows.recv().await {
            return Ok(Some(row));
        }
        let Some(Reading { task, .. }) = self.reading.take() else { return Ok(None) };
        task.await.unwrap_or(Err(sqlx::Error::WorkerCrashed)).map(|()| None)
    }
}

/// Until there is none more, or nobody wants more.
async fn send_all(mut conn: PgConnection, read: mpsc::Sender<IndexRow>) -> sqlx::Result<()> {
    let mut rows = index_rows::all(&mut conn);
    while let Some(row) = rows.try_next().await? {
        if read.send(row).await.is_err() {
            break;
        }
    }
    Ok(())
}
