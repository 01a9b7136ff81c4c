use chrono::{DateTime, Utc};
use contract::{PasswordResetId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::password_reset::PasswordReset;

struct Row {
    id: Uuid,
    person_id: Uuid,
    requested_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    current: bool,
    version: i64,
}

impl TryFrom<Row> for PasswordReset {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self {
            id: PasswordResetId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            requested_at: row.requested_at,
            expires_at: row.expires_at,
            completed_at: row.completed_at,
            current: row.current,
            version: version(row.version)?,
        })
    }
}

/// Keeps a new reset, and which password it replaces.
pub(crate) async fn insert(conn: &mut PgConnection, new: &PasswordReset) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "INSERT INTO directory.password_resets (id, person_id, requested_at, expires_at, replaces, version)
         SELECT $1, id, $3, $4, sha256(convert_to(coalesce(password_hash, ''), 'UTF8')), $5
         FROM directory.people WHERE id = $2",
        new.id.uuid(),
        new.person_id.uuid(),
        new.requested_at,
        new.expires_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The reset of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: PasswordResetId,
) -> sqlx::Result<Option<PasswordReset>> {
    sqlx::query_as!(
        Row,
        r#"SELECT r.id, r.person_id, r.requested_at, r.expires_at, r.completed_at, r.version,
                  r.replaces = sha256(convert_to(coalesce(p.password_hash, ''), 'UTF8')) AS "current!"
           FROM directory.password_resets r JOIN directory.people p ON p.id = r.person_id WHERE r.id = $1"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(PasswordReset::try_from)
    .transpose()
}

/// The same, locked until the end of the transaction. The person is locked first.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: PasswordResetId,
) -> sqlx::Result<Option<PasswordReset>> {
    sqlx::query_as!(
        Row,
        r#"SELECT r.id, r.person_id, r.requested_at, r.expires_at, r.completed_at, r.version,
                  r.replaces = sha256(convert_to(coalesce(p.password_hash, ''), 'UTF8')) AS "current!"
           FROM directory.password_resets r JOIN directory.people p ON p.id = r.person_id
           WHERE r.id = $1 FOR UPDATE OF r"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(PasswordReset::try_from)
    .transpose()
}

/// Writes that a reset that was locked before is used.
pub(crate) async fn save(conn: &mut PgConnection, new: &PasswordReset) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "UPDATE directory.password_resets SET completed_at = $2, version = $3
         WHERE id = $1 AND version = $3::bigint - 1",
        new.id.uuid(),
        new.completed_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}
