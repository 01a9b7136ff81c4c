//! A dedicated connection: one that a worker keeps to itself.
//!
//! A pool tests a connection whenever it is given back, which is a round trip more for every use.
//! A worker whose work is one statement after the other keeps its connection instead.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, PgPool};

use crate::time_limit::in_time;

/// A connection that was idle for longer is tested before it is used: its server may have gone.
pub const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// One connection, made when it is needed, and made again when it broke.
#[derive(Debug)]
pub struct DedicatedConnection {
    pool: PgPool,
    kept: Option<(PgConnection, Instant)>,
}

impl DedicatedConnection {
    /// A connection like those of this pool, beside them.
    pub fn like(pool: &PgPool) -> Self {
        Self { pool: pool.clone(), kept: None }
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
        if let Some((mut connection, used)) = self.kept.take()
            && (used.elapsed() < TRUSTED_FOR || in_time(connection.ping()).await.is_ok())
        {
            return Ok(connection);
        }
        in_time(PgConnection::connect_with(&self.pool.connect_options())).await
    }

    /// Keeps the connection for the next time.
    pub fn put_back(&mut self, connection: PgConnection) {
        self.kept = Some((connection, Instant::now()));
    }
}
