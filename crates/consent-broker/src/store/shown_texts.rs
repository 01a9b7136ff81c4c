//! The words that were shown to whoever consented, once for all who were shown the same.

use contract::ids::GrantId;
use sqlx::{PgConnection, PgExecutor};

use crate::consent_text::ShownText;

/// Keeps these words, unless they are kept already.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    shown: &ShownText,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.shown_texts (sha256, language, text) VALUES ($1, $2, $3)
         ON CONFLICT (sha256) DO NOTHING",
        shown.sha256,
        shown.language,
        shown.text,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Words that were shown.
#[derive(Debug)]
pub(crate) struct KeptText {
    /// SHA-256 over them.
    pub(crate) sha256: Vec<u8>,
    /// They themselves, unless they were erased.
    pub(crate) text: Option<String>,
}

/// The words that were shown when this grant was made; none if that was before they were kept.
pub(crate) async fn of_grant(
    executor: impl PgExecutor<'_>,
    id: GrantId,
) -> Result<Option<KeptText>, sqlx::Error> {
    sqlx::query_as!(
        KeptText,
        "SELECT shown.sha256, shown.text
         FROM consent_broker.shown_texts AS shown
         WHERE shown.sha256 = (SELECT text_sha256 FROM consent_broker.grants WHERE id = $1)",
        id.uuid(),
    )
    .fetch_optional(executor)
    .await
}
