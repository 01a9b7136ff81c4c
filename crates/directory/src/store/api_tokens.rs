use chrono::{DateTime, Utc};
use contract::secret::SecretHash;
use contract::{ApiTokenId, IdentityProviderId, PersonId, SessionId, TokenScope};
use eventstore::rows::version;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice};
use crate::api_token::TokenRecord;

struct Row {
    id: Uuid,
    person_id: Uuid,
    parent_id: Option<Uuid>,
    session_id: Option<Uuid>,
    identity_provider_id: Option<Uuid>,
    scope: Option<String>,
    name: String,
    hint: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<Row> for TokenRecord {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: ApiTokenId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            parent_id: row.parent_id.map(ApiTokenId::from_uuid),
            session_id: row.session_id.map(SessionId::from_uuid),
            identity_provider_id: row.identity_provider_id.map(IdentityProviderId::from_uuid),
            scope: row.scope.as_deref().map(TokenScope::read).transpose()?,
            name: row.name,
            hint: row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            version: version(row.version)?,
        })
    }
}

/// Keeps a new token: its hash, never itself.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &TokenRecord,
    hash: &SecretHash,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO directory.api_tokens
            (id, person_id, parent_id, session_id, identity_provider_id, scope, name, token_hash, hint, created_at,
             expires_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id.uuid(),
        new.person_id.uuid(),
        new.parent_id.map(ApiTokenId::uuid),
        new.session_id.map(SessionId::uuid),
        new.identity_provider_id.map(IdentityProviderId::uuid),
        new.scope.map(TokenScope::as_str),
        new.name,
        &hash.0[..],
        new.hint,
        new.created_at,
        new.expires_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The token of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: ApiTokenId,
) -> Result<Option<TokenRecord>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, person_id, parent_id, session_id, identity_provider_id, scope, name, hint, created_at, expires_at,
                revoked_at, last_used_at, version
         FROM directory.api_tokens WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(TokenRecord::try_from).transpose()
}

/// A page of a person's tokens, revoked and expired ones included.
pub(crate) async fn list(
    conn: &mut PgConnection,
    person_id: PersonId,
    slice: Slice,
) -> Result<Vec<TokenRecord>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, person_id, parent_id, session_id, identity_provider_id, scope, name, hint, created_at, expires_at,
                revoked_at, last_used_at, version
         FROM directory.api_tokens
         WHERE person_id = $1 AND id > $2
         ORDER BY id LIMIT $3",
        person_id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TokenRecord::try_from).collect()
}

/// The live tokens that were made by this one, by one of those, and so on.
pub(crate) async fn live_descendants(
    conn: &mut PgConnection,
    id: ApiTokenId,
    now: DateTime<Utc>,
) -> Result<Vec<TokenRecord>, sqlx::Error> {
    // What was revoked ended with all that it had made, so that the descent need not pass through it.
    let rows = sqlx::query_as!(
        Row,
        r#"WITH RECURSIVE descendants (id) AS (
               SELECT id FROM directory.api_tokens WHERE parent_id = $1 AND revoked_at IS NULL
               UNION ALL
               SELECT child.id FROM descendants CROSS JOIN LATERAL (
                   SELECT id FROM directory.api_tokens
                   WHERE parent_id = descendants.id AND revoked_at IS NULL OFFSET 0
               ) AS child
           )
           SELECT t.id AS "id!", t.person_id AS "person_id!", t.parent_id, t.session_id, t.identity_provider_id,
                  t.scope, t.name AS "name!", t.hint AS "hint!", t.created_at AS "created_at!", t.expires_at, t.revoked_at, t.last_used_at,
                  t.version AS "version!"
           FROM descendants
           CROSS JOIN LATERAL (SELECT * FROM directory.api_tokens WHERE id = descendants.id OFFSET 0) AS t
           WHERE coalesce(t.expires_at, 'infinity') > $2"#,
        id.uuid(),
        now,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TokenRecord::try_from).collect()
}

/// All live tokens of a person.
pub(crate) async fn live(
    conn: &mut PgConnection,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<TokenRecord>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, person_id, parent_id, session_id, identity_provider_id, scope, name, hint, created_at, expires_at,
                revoked_at, last_used_at, version
         FROM directory.api_tokens
         WHERE person_id = $1 AND revoked_at IS NULL AND coalesce(expires_at, 'infinity') > $2",
        person_id.uuid(),
        now,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TokenRecord::try_from).collect()
}

/// How many live tokens a person has: true for as long as the person is locked.
pub(crate) async fn count_live(
    conn: &mut PgConnection,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM directory.api_tokens
           WHERE person_id = $1 AND revoked_at IS NULL AND coalesce(expires_at, 'infinity') > $2"#,
        person_id.uuid(),
        now,
    )
    .fetch_one(conn)
    .await
}

/// Writes the end of these tokens of a person who was locked before.
pub(crate) async fn save_revoked(
    conn: &mut PgConnection,
    revoked: &[&TokenRecord],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = revoked.iter().map(|token| token.id.uuid()).collect();
    let versions: Vec<_> = revoked.iter().map(|token| token.version.number()).collect();
    let result = sqlx::query!(
        "UPDATE directory.api_tokens AS token SET revoked_at = $3, version = ended.version
         FROM unnest($1::uuid[], $2::bigint[]) AS ended (id, version)
         WHERE token.id = ANY($1) AND token.id = ended.id AND token.version = ended.version - 1",
        &ids,
        &versions,
        now,
    )
    .execute(conn)
    .await?;
    if usize::try_from(result.rows_affected()) == Ok(revoked.len()) {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// Writes down that tokens were used, unless somebody did so since `not_since`. A token that someone
/// changes at this moment is left for the next time: nobody who asks waits for them.
pub(crate) async fn note_uses(
    conn: &mut PgConnection,
    ids: &[ApiTokenId],
    now: DateTime<Utc>,
    not_since: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "WITH free AS (
             SELECT id FROM directory.api_tokens
             WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at <= $3)
             FOR UPDATE SKIP LOCKED
         )
         UPDATE directory.api_tokens AS token SET last_used_at = $2 FROM free WHERE token.id = free.id",
        &ids,
        now,
        not_since,
    )
    .execute(conn)
    .await?;
    Ok(())
}
