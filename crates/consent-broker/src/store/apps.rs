//! The apps that have links, and whether they have ended.

use chrono::{DateTime, Utc};
use contract::ids::{AppId, OrganizationId};
use sqlx::PgConnection;

/// Makes the app known and holds a share of its row until the transaction ends, so that its end
/// waits for what is being made for it. False if the app has ended.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    app: AppId,
    organization: OrganizationId,
) -> Result<bool, sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.apps (id, organization_id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        app.uuid(),
        organization.uuid(),
    )
    .execute(&mut *connection)
    .await?;
    let archived_at = sqlx::query_scalar!(
        "SELECT archived_at FROM consent_broker.apps WHERE id = $1 FOR SHARE",
        app.uuid()
    )
    .fetch_one(connection)
    .await?;
    Ok(archived_at.is_none())
}

/// Notes the end of an app, known before or not.
pub(crate) async fn archive(
    connection: &mut PgConnection,
    app: AppId,
    organization: OrganizationId,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.apps AS known (id, organization_id, archived_at) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET archived_at = EXCLUDED.archived_at WHERE known.archived_at IS NULL",
        app.uuid(),
        organization.uuid(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
