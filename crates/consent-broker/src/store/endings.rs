//! Archived apps whose links and grants are still to be ended.

use contract::AppId;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// What is left to be done for an archived app.
pub(crate) struct Ending {
    /// The app.
    pub(crate) app_id: AppId,
    /// The event that archived it, in its canonical form.
    pub(crate) cause: Vec<u8>,
}

/// Notes that the links and grants of an app are to be ended.
pub(crate) async fn begin(
    executor: impl PgExecutor<'_>,
    app: AppId,
    cause: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.app_endings (app_id, cause) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        app.uuid(),
        cause,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The app whose turn it is, held until the transaction ends. One that another replica holds is left to it.
pub(crate) async fn lock_next(
    connection: &mut PgConnection,
) -> Result<Option<Ending>, sqlx::Error> {
    let next = sqlx::query!(
        "SELECT app_id, cause FROM consent_broker.app_endings ORDER BY turn_at LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    .fetch_optional(connection)
    .await?;
    Ok(next.map(|row| Ending { app_id: AppId::from_uuid(row.app_id), cause: row.cause }))
}

/// Lets the others have their turn first.
pub(crate) async fn pass_on(executor: impl PgExecutor<'_>, app: AppId) -> Result<(), sqlx::Error> {
    let app: Uuid = app.uuid();
    sqlx::query!(
        "UPDATE consent_broker.app_endings SET turn_at = clock_timestamp() WHERE app_id = $1",
        app
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Nothing is left to be done.
pub(crate) async fn finish(executor: impl PgExecutor<'_>, app: AppId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM consent_broker.app_endings WHERE app_id = $1", app.uuid())
        .execute(executor)
        .await?;
    Ok(())
}
