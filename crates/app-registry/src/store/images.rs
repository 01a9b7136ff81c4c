//! Images of apps.

use contract::AppId;
use eventstore::rows::exactly_one;
use sqlx::{PgConnection, PgPool};

use crate::app::App;
use crate::app_image::AppImage;

/// A stored image.
#[derive(Debug, Clone)]
pub(crate) struct StoredImage {
    /// `image/png` or `image/jpeg`.
    pub(crate) media_type: String,
    /// SHA-256 of the bytes.
    pub(crate) sha256: Vec<u8>,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Keeps a draft's image in place of the one before.
pub(crate) async fn save_image(
    connection: &mut PgConnection,
    app: &App,
    image: &AppImage,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO app_registry.images (app_id, media_type, sha256, bytes, set_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (app_id) DO UPDATE
         SET media_type = EXCLUDED.media_type, sha256 = EXCLUDED.sha256, bytes = EXCLUDED.bytes,
             set_at = EXCLUDED.set_at",
        app.id.uuid(),
        image.media_type.as_str(),
        &image.sha256[..],
        &image.bytes,
        app.updated_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the image of a draft that is kept without one in the same transaction.
pub(crate) async fn delete_image(connection: &mut PgConnection, id: AppId) -> sqlx::Result<()> {
    let deleted = sqlx::query!("DELETE FROM app_registry.images WHERE app_id = $1", id.uuid())
        .execute(connection)
        .await?;
    exactly_one(&deleted)
}

/// The app's image, if it has one.
pub(crate) async fn image(pool: &PgPool, id: AppId) -> sqlx::Result<Option<StoredImage>> {
    sqlx::query_as!(
        StoredImage,
        "SELECT media_type, sha256, bytes FROM app_registry.images WHERE app_id = $1",
        id.uuid()
    )
    .fetch_optional(pool)
    .await
}
