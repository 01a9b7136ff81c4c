//! A dedicated connection: one that a worker keeps to itself.
//!
//! A pool tests a connection whenever it is given back, which is a round trip more for every use.
//! A worker whose work is one statement after the other keeps its connection instead.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};

use crate::availability;
use crate::time_limit::in_time;

/// A connection that was idle for longer is tested before it is used: its server may have gone, or take no
/// changes any more.
pub const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// One connection, made when it is needed, and made again when it broke.
#[derive(Debug)]
pub struct DedicatedConnection {
    pool: PgPool,
    statement_timeout: Option<Duration>,
    kept: Option<Kept>,
    /// When the one that is taken was made.
    made: Instant,
}

#[derive(Debug)]
struct Kept {
    connection: PgConnection,
    made: Instant,
    used: Instant,
}

impl DedicatedConnection {
    /// A connection like those of this pool, beside them.
    pub fn like(pool: &PgPool) -> Self {
        Self { pool: pool.clone(), statement_timeout: None, kept: None, made: Instant::now() }
    }

    /// The same, where the server ends a statement that takes longer than this.
    pub(crate) fn with_statement_timeout(pool: &PgPool, timeout: Duration) -> Self {
        Self { statement_timeout: Some(timeout), ..Self::like(pool) }
    }

    /// Takes the connection. [`DedicatedConnection::put_back`] it after work that went well: one that is
    /// not put back is closed, which undoes what was under way, and the next is a new one.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn take(&mut self) -> Result<PgConnection, sqlx::Error> {
        if self.pool.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        if let Some(Kept { mut connection, made, used }) = self.kept.take()
            && availability::is_trusted(made.elapsed())
            && (used.elapsed() < TRUSTED_FOR || availability::check(&mut connection).await.is_ok())
        {
            self.made = made;
            return Ok(connection);
        }
        let connection = in_time(PgConnection::connect_with(&self.options())).await?;
        self.made = Instant::now();
        Ok(connection)
    }

    /// Keeps the connection for the next time.
    pub fn put_back(&mut self, connection: PgConnection) {
        self.kept = Some(Kept { connection, made: self.made, used: Instant::now() });
    }

    fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::clone(&self.pool.connect_options());
        match self.statement_timeout {
            Some(timeout) => {
                options.options([("statement_timeout", format!("{}ms", timeout.as_millis()))])
            }
            None => options,
        }
    }
}
