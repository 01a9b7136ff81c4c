//! Passings on of links, and the tokens that lead to a link because of them.

use chrono::{DateTime, Utc};
use contract::ids::{AccountId, LinkId, PassOnId, PersonId};
use contract::secret::SecretHash;
use sqlx::{PgConnection, PgExecutor};

use crate::link::PassOn;

/// When this link was passed on to this person the last time.
pub(crate) async fn last_to(
    executor: impl PgExecutor<'_>,
    link: LinkId,
    to: PersonId,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT passed_on_at FROM consent_broker.passings
         WHERE link_id = $1 AND to_person = $2 ORDER BY passed_on_at DESC LIMIT 1",
        link.uuid(),
        to.uuid(),
    )
    .fetch_optional(executor)
    .await
}

/// Keeps a passing on of a locked link.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    link: LinkId,
    account: AccountId,
    passing: PassOn,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO consent_broker.passings (id, link_id, account_id, from_person, to_person, passed_on_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        passing.id.uuid(),
        link.uuid(),
        account.uuid(),
        passing.from.uuid(),
        passing.to.uuid(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a token lead to the link, which was passed on so; false if it was not. A token that does already goes on
/// doing so.
pub(crate) async fn add_token(
    executor: impl PgExecutor<'_>,
    link: LinkId,
    passing: PassOnId,
    token: &SecretHash,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query_scalar!(
        r#"WITH passing AS (
               SELECT id, link_id FROM consent_broker.passings WHERE id = $2 AND link_id = $1
           ), added AS (
               INSERT INTO consent_broker.link_tokens (token_hash, link_id, pass_on_id, created_at)
               SELECT $3, link_id, id, $4 FROM passing
               ON CONFLICT (token_hash) DO NOTHING
           )
           SELECT EXISTS (SELECT FROM passing) AS "known!""#,
        link.uuid(),
        passing.uuid(),
        &token.0[..],
        at,
    )
    .fetch_one(executor)
    .await?;
    Ok(added)
}
