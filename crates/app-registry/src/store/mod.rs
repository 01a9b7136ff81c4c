//! The SQL of apps and images. Writes go through the connection of an `eventstore` unit, together
//! with the events they belong to; the database's own guards are in `migrations/app-registry`.
//!
//! Here is an app by itself; [`mod@list`] has pages of them, [`insert`] new ones, [`images`] their images,
//! [`redirect_uris`] their redirect URIs, and [`row`] makes an app of a row.

mod images;
mod insert;
mod list;
pub(crate) mod redirect_uris;
mod row;

use contract::rpc::NamedApp;
use contract::{AppId, OrganizationId};
use eventstore::rows::exactly_one;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub(crate) use images::{delete_image, image, save_image};
pub(crate) use insert::NewApps;
pub(crate) use list::{Listed, list};

use self::row::{AppRow, texts};
use crate::app::App;

/// The app, if there is one.
pub(crate) async fn find(pool: &PgPool, id: AppId) -> sqlx::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "SELECT id, organization_id, name, description, authentication_method, service, domains, scopes,
                image_sha256, pkce_required, state, created_at, updated_at, activated_at, version
         FROM app_registry.apps WHERE id = $1",
        id.uuid()
    )
    .fetch_optional(pool)
    .await?;
    row.map(App::try_from).transpose()
}

/// The app, locked until the transaction ends: what is decided on it still holds when it is saved.
pub(crate) async fn lock(connection: &mut PgConnection, id: AppId) -> sqlx::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "SELECT id, organization_id, name, description, authentication_method, service, domains, scopes,
                image_sha256, pkce_required, state, created_at, updated_at, activated_at, version
         FROM app_registry.apps WHERE id = $1 FOR UPDATE",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?;
    row.map(App::try_from).transpose()
}

/// The names of these apps; unknown ones are left out.
pub(crate) async fn name(pool: &PgPool, ids: &[AppId]) -> sqlx::Result<Vec<NamedApp>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT id, name, organization_id, activated_at IS NOT NULL AS "activated!"
           FROM app_registry.apps WHERE id = ANY ($1)"#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let named = rows.into_iter().map(|row| NamedApp {
        app_id: AppId::from_uuid(row.id),
        name: row.name,
        organization_id: OrganizationId::from_uuid(row.organization_id),
        activated: row.activated,
    });
    Ok(named.collect())
}

/// Keeps what became of a [`lock`]ed app by one event.
pub(crate) async fn save(connection: &mut PgConnection, app: &App) -> sqlx::Result<()> {
    let saved = sqlx::query!(
        "UPDATE app_registry.apps
         SET name = $3, description = $4, service = $5, domains = $6, scopes = $7, image_sha256 = $8,
             state = $9, updated_at = $10, activated_at = $11, version = $12, pkce_required = $13
         WHERE id = $1 AND version = $2",
        app.id.uuid(),
        app.version.number() - 1,
        app.name,
        app.description,
        app.service,
        &texts(&app.domains),
        &app.scopes,
        app.image_sha256.as_ref().map(<[u8; 32]>::as_slice),
        app.state.as_str(),
        app.updated_at,
        app.activated_at,
        app.version.number(),
        app.pkce_required
    )
    .execute(connection)
    .await?;
    // Locked and unchanged since, so it is there; were it not, its events must not be recorded.
    exactly_one(&saved)
}
