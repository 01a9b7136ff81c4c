//! Migration history: what ran in a database, compared with what this build knows.

use std::collections::BTreeMap;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgConnection};

/// The migrations that ran: their checksums, by version.
pub(crate) type Applied = BTreeMap<i64, Vec<u8>>;

/// A history that this build cannot continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// This migration ran, and this build does not know it.
    Newer(i64),
    /// One ran with another text than it has here. What was released is never edited: an unreleased
    /// build ran it.
    Unreleased,
}

/// Whether each migration that this build knows ran, with the text that it knows.
pub(crate) fn has_all(applied: &Applied, known: &Migrator) -> bool {
    known.iter().all(|known| applied.get(&known.version).is_some_and(|ran| *ran == *known.checksum))
}

/// Why this build cannot bring a database of this history up to date, if it cannot.
pub(crate) fn foreign(applied: &Applied, known: &Migrator) -> Option<Foreign> {
    let known: BTreeMap<i64, &[u8]> =
        known.iter().map(|migration| (migration.version, &*migration.checksum)).collect();
    let edited = |(version, checksum): (&i64, &Vec<u8>)| {
        known.get(version).is_some_and(|known| *known != checksum.as_slice())
    };
    if applied.iter().any(edited) {
        return Some(Foreign::Unreleased);
    }
    let unknown = applied.keys().find(|version| !known.contains_key(version));
    unknown.map(|version| Foreign::Newer(*version))
}

/// Reads the history that this table keeps.
///
/// # Errors
/// When the database does not answer, or there is no such table.
pub(crate) async fn read(connection: &mut PgConnection, table: &str) -> sqlx::Result<Applied> {
    // The name comes from an enum of ours, never from outside.
    let query = format!("SELECT version, checksum FROM {table} WHERE success");
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as(AssertSqlSafe(query)).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// The same, where the table may not be there yet.
pub(crate) async fn read_if_any(
    connection: &mut PgConnection,
    table: &str,
) -> sqlx::Result<Applied> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
    if exists { read(connection, table).await } else { Ok(Applied::new()) }
}

#[cfg(test)]
mod tests {
    use contract::Service;

    use super::*;
    use crate::sets;

    #[test]
    fn what_another_build_ran_is_told_from_what_has_not_run_yet() {
        let (known, _) = sets(Service::Directory)[1];
        let ran: Applied =
            known.iter().map(|known| (known.version, known.checksum.to_vec())).collect();
        assert_eq!((has_all(&ran, known), foreign(&ran, known)), (true, None));
        let none = Applied::new();
        assert_eq!((has_all(&none, known), foreign(&none, known)), (false, None));
        let mut newer = ran.clone();
        newer.insert(99, vec![1]);
        let asked = (has_all(&newer, known), foreign(&newer, known));
        assert_eq!(asked, (true, Some(Foreign::Newer(99))));
        let mut edited = newer;
        edited.insert(1, vec![1]);
        let asked = (has_all(&edited, known), foreign(&edited, known));
        assert_eq!(asked, (false, Some(Foreign::Unreleased)));
    }
}
