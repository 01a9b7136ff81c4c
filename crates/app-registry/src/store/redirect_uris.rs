//! Redirect URIs of apps.

use contract::{AppId, RedirectUriId};
use eventstore::rows::exactly_one;
use sqlx::{PgConnection, PgPool};

use crate::app::RegisteredUri;

macro_rules! of_app {
    ($app:expr) => {
        sqlx::query!(
            "SELECT id, uri, added_at FROM app_registry.redirect_uris WHERE app_id = $1 ORDER BY added_at, id",
            $app.uuid()
        )
        .map(|row| RegisteredUri {
            id: RedirectUriId::from_uuid(row.id),
            uri: row.uri,
            added_at: row.added_at,
        })
    };
}

/// The redirect URIs of an app, in the order in which they were added.
pub(crate) async fn of_app(pool: &PgPool, app: AppId) -> sqlx::Result<Vec<RegisteredUri>> {
    of_app!(app).fetch_all(pool).await
}

/// The same in a transaction that has the app locked: nobody adds or removes one meanwhile.
pub(crate) async fn of_locked_app(
    connection: &mut PgConnection,
    app: AppId,
) -> sqlx::Result<Vec<RegisteredUri>> {
    of_app!(app).fetch_all(connection).await
}

/// Keeps a new one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    app: AppId,
    registered: &RegisteredUri,
) -> sqlx::Result<()> {
    let inserted = sqlx::query!(
        "INSERT INTO app_registry.redirect_uris (id, app_id, uri, added_at) VALUES ($1, $2, $3, $4)",
        registered.id.uuid(),
        app.uuid(),
        registered.uri,
        registered.added_at
    )
    .execute(connection)
    .await?;
    exactly_one(&inserted)
}

/// Forgets one that is there.
pub(crate) async fn delete(connection: &mut PgConnection, id: RedirectUriId) -> sqlx::Result<()> {
    let deleted = sqlx::query!("DELETE FROM app_registry.redirect_uris WHERE id = $1", id.uuid())
        .execute(connection)
        .await?;
    exactly_one(&deleted)
}
