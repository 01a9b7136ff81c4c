//! The forms of people's emails, for whoever owns the database.

use contract::PersonId;
use sqlx::PgConnection;

use crate::fields::Email;

/// So many people are read at once.
const AT_ONCE: i64 = 1_000;

/// The emails of the next people after this one, by their ids.
pub(crate) async fn of_people(
    conn: &mut PgConnection,
    after: PersonId,
) -> sqlx::Result<Vec<(PersonId, String)>> {
    let rows = sqlx::query!(
        "SELECT id, email FROM directory.people WHERE id > $1 ORDER BY id LIMIT $2",
        after.uuid(),
        AT_ONCE,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (PersonId::from_uuid(row.id), row.email)).collect())
}

/// Whose email this is.
pub(crate) async fn holder(
    conn: &mut PgConnection,
    email: &Email,
) -> sqlx::Result<Option<PersonId>> {
    let row = sqlx::query!("SELECT id FROM directory.people WHERE email = $1", email.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| PersonId::from_uuid(row.id)))
}

/// Writes a person's email in another form.
pub(crate) async fn write(
    conn: &mut PgConnection,
    id: PersonId,
    email: &Email,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE directory.people SET email = $2 WHERE id = $1", id.uuid(), email.as_str())
        .execute(conn)
        .await?;
    Ok(())
}
