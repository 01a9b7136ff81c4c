//! The apps that have links, and whether they have ended.

use chrono::{DateTime, Utc};
use contract::follows::CONSENT_BROKER_APPS;
use contract::ids::{AppId, OrganizationId};
use sqlx::{PgConnection, PgExecutor};

/// Makes the app known and holds a share of its row until the transaction ends, so that its end
/// waits for what is being made for it. What is known of it then.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    app: AppId,
    organization: OrganizationId,
) -> Result<Standing, sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.apps (id, organization_id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        app.uuid(),
        organization.uuid(),
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar!("SELECT id FROM consent_broker.apps WHERE id = $1 FOR SHARE", app.uuid())
        .fetch_one(&mut *connection)
        .await?;
    standing(connection, app).await
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

/// What is known of an app, beside what the app registry says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is against it.
    Open,
    /// It was archived: whatever it has ends.
    Ended,
    /// It has events that this service could not apply yet: what they say is not known.
    Unknown,
}

/// What is known of an app.
pub(crate) async fn standing(
    executor: impl PgExecutor<'_>,
    app: AppId,
) -> Result<Standing, sqlx::Error> {
    let known = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM consent_broker.apps WHERE id = $1 AND archived_at IS NOT NULL) AS "ended!",
                  EXISTS (SELECT FROM consent_broker.parked_streams
                          WHERE consumer = $2 AND stream_id = $1) AS "parked!""#,
        app.uuid(),
        CONSENT_BROKER_APPS.durable,
    )
    .fetch_one(executor)
    .await?;
    Ok(match (known.ended, known.parked) {
        (true, _) => Standing::Ended,
        (false, true) => Standing::Unknown,
        (false, false) => Standing::Open,
    })
}
