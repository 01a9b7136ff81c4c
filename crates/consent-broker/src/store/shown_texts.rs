//! The words that were shown to whoever consented, once for all who were shown the same.

use sqlx::PgConnection;

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
