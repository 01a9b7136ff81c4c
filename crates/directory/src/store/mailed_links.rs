use chrono::{DateTime, Utc};
use contract::MailId;
use contract::secret::SecretHash;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::mail::LinkPurpose;

/// What the link with this token is for, if it is of this purpose: the id of a confirmation, a reset, an invitation.
pub(crate) async fn subject(
    conn: &mut PgConnection,
    token: SecretHash,
    purpose: LinkPurpose,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "SELECT subject_id FROM directory.mailed_links WHERE token_hash = $1 AND purpose = $2",
        token.0.as_slice(),
        purpose.as_str(),
    )
    .fetch_optional(conn)
    .await
}

/// Keeps what the token of a mail is recognised by.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    token: SecretHash,
    mail: MailId,
    (purpose, subject): (LinkPurpose, Uuid),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO directory.mailed_links (token_hash, mail_id, purpose, subject_id, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        token.0.as_slice(),
        mail.uuid(),
        purpose.as_str(),
        subject,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
