//! Parts: what is kept beside entries and can be erased, a table for each kind.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::entry::Entry;
use crate::part::{Part, PartState};

/// This part of entries, as arrays.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) event_ids: Vec<Uuid>,
    pub(super) salts: Vec<&'a [u8]>,
    pub(super) parts: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(part: Part, entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            if let PartState::Delivered(sealed) = entry.parts.of(part) {
                columns.event_ids.push(entry.event_id.uuid());
                columns.salts.push(&sealed.salt.0);
                columns.parts.push(&sealed.bytes);
            }
        }
        columns
    }
}

macro_rules! keep {
    ($conn:ident, $columns:ident, $table:literal, $part:literal) => {
        sqlx::query!(
            "INSERT INTO audit."
                + $table
                + " (event_id, salt, "
                + $part
                + ")
             SELECT DISTINCT ON (event_id) event_id, salt, part
             FROM UNNEST($1::uuid[], $2::bytea[], $3::bytea[]) AS come (event_id, salt, part)
             CROSS JOIN LATERAL (
                 SELECT FROM audit.entries WHERE entries.event_id = come.event_id LIMIT 1
             ) AS recorded
             ON CONFLICT (event_id) DO UPDATE SET salt = excluded.salt, "
                + $part
                + " = excluded."
                + $part,
            &$columns.event_ids,
            &$columns.salts as &[&[u8]],
            &$columns.parts as &[&[u8]],
        )
        .execute(&mut *$conn)
        .await?
    };
}

/// Keeps the parts of those of these entries that are recorded. The one that was checked last stays.
pub(crate) async fn keep(conn: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<()> {
    for part in Part::ALL {
        let columns = Columns::of(part, entries);
        if columns.event_ids.is_empty() {
            continue;
        }
        match part {
            Part::Context => keep!(conn, columns, "entry_contexts", "context"),
            Part::Details => keep!(conn, columns, "entry_details", "details"),
        };
    }
    Ok(())
}
