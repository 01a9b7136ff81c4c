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
