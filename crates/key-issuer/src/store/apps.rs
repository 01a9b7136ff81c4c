//! Apps, as the key issuer knows them.

use contract::rpc::{AppState, AuthenticationMethod};
use contract::{AppId, OrganizationId, Version};
use eventstore::rows::version;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::unreadable;

/// What the key issuer must know of an app that was activated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownApp {
    /// The app.
    pub id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Where it is in its life; never a draft.
    pub state: AppState,
    /// How it authenticates.
    pub authentication_method: AuthenticationMethod,
    /// Its scopes, separated by spaces.
    pub scope: String,
    /// The version of the app's stream that this reflects.
    pub version: Version,
}

struct Row {
    app_id: Uuid,
    organization_id: Uuid,
    state: String,
    authentication_method: String,
    scope: String,
    version: i64,
}

impl TryFrom<Row> for KnownApp {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: AppId::from_uuid(row.app_id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            state: state(&row.state)?,
            authentication_method: authentication_method(&row.authentication_method)?,
            scope: row.scope,
            version: version(row.version)?,
        })
    }
}

pub(super) fn state(text: &str) -> Result<AppState, sqlx::Error> {
    AppState::parse(text).ok_or_else(|| unreadable("state", text))
}

pub(super) fn authentication_method(text: &str) -> Result<AuthenticationMethod, sqlx::Error> {
    AuthenticationMethod::parse(text).ok_or_else(|| unreadable("authentication_method", text))
}

/// The organization that develops an app, if the app was ever activated. It never changes.
pub(crate) async fn organization(
    executor: impl PgExecutor<'_>,
    id: AppId,
) -> Result<Option<OrganizationId>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "SELECT organization_id FROM key_issuer.apps WHERE app_id = $1",
        id.uuid()
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.map(OrganizationId::from_uuid))
}

/// Whether an app is active, as far as is known here.
pub(crate) async fn is_active(
    executor: impl PgExecutor<'_>,
    id: AppId,
) -> Result<bool, sqlx::Error> {
    let active = sqlx::query_scalar!(
        r#"SELECT state = 'active' AS "active!" FROM key_issuer.apps WHERE app_id = $1"#,
        id.uuid()
    )
    .fetch_optional(executor)
    .await?;
    Ok(active.unwrap_or(false))
}

/// Writes what is known of an app, unless something newer is known already.
pub(crate) async fn know(connection: &mut PgConnection, app: &KnownApp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO key_issuer.apps AS known (app_id, organization_id, state, authentication_method, scope, version)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (app_id) DO UPDATE SET state = excluded.state, version = excluded.version
         WHERE known.version < excluded.version",
        app.id.uuid(),
        app.organization_id.uuid(),
        app.state.as_str(),
        app.authentication_method.as_str(),
        app.scope,
        app.version.number(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Follows an app to another state, unless something newer is known already; false if the app was
/// never activated. Its row is locked afterwards in any case.
pub(crate) async fn follow(
    connection: &mut PgConnection,
    id: AppId,
    state: AppState,
    version: Version,
) -> Result<bool, sqlx::Error> {
    let known = sqlx::query!(
        "UPDATE key_issuer.apps
         SET state = CASE WHEN version < $3 THEN $2 ELSE state END, version = greatest(version, $3)
         WHERE app_id = $1",
        id.uuid(),
        state.as_str(),
        version.number(),
    )
    .execute(connection)
    .await?;
    Ok(known.rows_affected() == 1)
}

/// Reads an app and holds it: until the transaction ends, nobody else counts or makes its keys,
/// and it does not end.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: AppId,
) -> Result<Option<KnownApp>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT app_id, organization_id, state, authentication_method, scope, version
         FROM key_issuer.apps WHERE app_id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?
    .map(KnownApp::try_from)
    .transpose()
}
