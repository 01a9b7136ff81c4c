//! Contexts: the personal data beside events.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::entry::Entry;

/// The contexts of entries, as arrays.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) event_ids: Vec<Uuid>,
    pub(super) salts: Vec<&'a [u8]>,
    pub(super) contexts: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            if let Some(sealed) = &entry.context {
                columns.event_ids.push(entry.event_id.uuid());
                columns.salts.push(&sealed.salt.0);
                columns.contexts.push(&sealed.bytes);
            }
        }
        columns
    }
}

/// Keeps the contexts of those of these entries that are recorded. The one that was checked last stays.
pub(crate) async fn keep(conn: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<()> {
    let columns = Columns::of(entries);
    if columns.event_ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO audit.entry_contexts (event_id, salt, context)
         SELECT DISTINCT ON (event_id) event_id, salt, context
         FROM UNNEST($1::uuid[], $2::bytea[], $3::bytea[]) AS come (event_id, salt, context)
         WHERE EXISTS (SELECT FROM audit.entries WHERE entries.event_id = come.event_id)
         ON CONFLICT (event_id) DO UPDATE SET salt = excluded.salt, context = excluded.context",
        &columns.event_ids,
        &columns.salts as &[&[u8]],
        &columns.contexts as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}
