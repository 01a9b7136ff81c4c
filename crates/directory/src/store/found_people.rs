//! People as operators look for them.

use contract::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::people::Row;
use crate::person::Person;

/// Whom to list, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    /// Everybody, in the order of their registration.
    Everybody,
    /// Those whose email begins so, in the order of the emails.
    ByEmail(&'a str),
    /// Those whose name begins so, in upper or lower case, in the order of the names.
    ByName(&'a str),
}

/// A page of people, after this one.
pub(crate) async fn page(
    conn: &mut PgConnection,
    wanted: Wanted<'_>,
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<Person>, sqlx::Error> {
    let after = after.map(PersonId::uuid);
    // A beginning is a range that an index has together: from it up to it with the last character behind it.
    let rows = match wanted {
        Wanted::Everybody => {
            sqlx::query_as!(
                Row,
                "SELECT id, email, name, operator, language, created_at, deactivated_at, version
                 FROM directory.people WHERE id > $1 ORDER BY id LIMIT $2",
                after.unwrap_or(Uuid::nil()),
                limit,
            )
            .fetch_all(conn)
            .await?
        }
        Wanted::ByEmail(beginning) => {
            sqlx::query_as!(
                Row,
                r#"SELECT id, email, name, operator, language, created_at, deactivated_at, version
                   FROM directory.people
                   WHERE email COLLATE "C" >= $1 AND email COLLATE "C" <= $1::text || chr(1114111)
                     AND email COLLATE "C" > coalesce(
                         (SELECT email FROM directory.people WHERE id = $2) COLLATE "C", '')
                   ORDER BY email COLLATE "C" LIMIT $3"#,
                beginning,
                after,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
        Wanted::ByName(beginning) => {
            sqlx::query_as!(
                Row,
                r#"SELECT id, email, name, operator, language, created_at, deactivated_at, version
                   FROM directory.people
                   WHERE lower(name) COLLATE "C" >= lower($1::text)
                     AND lower(name) COLLATE "C" <= lower($1::text) || chr(1114111)
                     AND (lower(name) COLLATE "C", id) > (coalesce(
                         (SELECT lower(name) FROM directory.people WHERE id = $2) COLLATE "C", ''), $3)
                   ORDER BY lower(name) COLLATE "C", id LIMIT $4"#,
                beginning,
                after,
                after.unwrap_or(Uuid::nil()),
                limit,
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(Person::try_from).collect()
}
