//! The index of the log, for `mandate verify --database-url`.

use audit::IndexReader;
use tokio::runtime::Runtime;

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
        let reader = runtime.block_on(IndexReader::connect(url));
        let reader = reader.map_err(|error| format!("--database-url: {error}"));
        Ok(Self { runtime, reader })
    }
}

impl verifier::Index for DatabaseIndex {
    fn spans(&mut self, last: i64) -> Result<Option<Vec<verifier::IndexSpan>>, String> {
        let reader = self.reader.as_mut().map_err(|error| error.clone())?;
        let spans = self.runtime.block_on(reader.spans(last));
        let spans =
            spans.map_err(|error| format!("audit.spans in the database was not read: {error}"))?;
        Ok(spans.map(|spans| {
            let of = |it: audit::IndexSpan| verifier::IndexSpan {
                span: it.span,
                earliest: it.earliest,
                latest: it.latest,
            };
            spans.into_iter().map(of).collect()
        }))
    }

    fn next(&mut self) -> Result<Option<verifier::IndexRow>, String> {
        let reader = self.reader.as_mut().map_err(|error| error.clone())?;
        let row = self.runtime.block_on(reader.next());
        let row =
            row.map_err(|error| format!("the index in the database was not read: {error}"))?;
        Ok(row.map(|row| verifier::IndexRow {
            position: row.position,
            envelope: row.envelope,
            columns: row.columns,
            recorded_at: row.recorded_at,
        }))
    }
}
