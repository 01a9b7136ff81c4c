//! Reads the index as an auditor does: by a login of theirs, in one transaction that changes nothing.

use std::collections::VecDeque;

use sqlx::{Connection as _, PgConnection};

use crate::store::index_rows;
pub use crate::store::index_rows::IndexRow;

/// All rows of the index, by position, as they were when the first was read.
#[derive(Debug)]
pub struct IndexReader {
    conn: PgConnection,
    read: VecDeque<IndexRow>,
    /// The position of the last that was read.
    last: i64,
    is_at_end: bool,
}

impl IndexReader {
    /// Connects. The login needs to read `audit.entries` and nothing else.
    ///
    /// # Errors
    /// When the address is none, or the database refuses.
    pub async fn connect(url: &str) -> sqlx::Result<Self> {
        let mut conn = PgConnection::connect(url).await?;
        sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut conn).await?;
        Ok(Self { conn, read: VecDeque::new(), last: i64::MIN, is_at_end: false })
    }

    /// The next row.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next(&mut self) -> sqlx::Result<Option<IndexRow>> {
        if self.read.is_empty() && !self.is_at_end {
            self.read = index_rows::after(&mut self.conn, self.last).await?.into();
            self.is_at_end = self.read.is_empty();
            self.last = self.read.back().map_or(self.last, |row| row.position);
        }
        Ok(self.read.pop_front())
    }
}
