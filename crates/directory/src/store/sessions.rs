use chrono::{DateTime, Utc};
use contract::secret::SecretHash;
use contract::{IdentityProviderId, PersonId, SessionId};
use eventstore::rows::version;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Slice;
use crate::session::{Lifetimes, Session};

struct Row {
    id: Uuid,
    person_id: Uuid,
    user_agent: Option<String>,
    identity_provider_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<Row> for Session {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: SessionId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            user_agent: row.user_agent,
            identity_provider_id: row.identity_provider_id.map(IdentityProviderId::from_uuid),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            ended_at: row.ended_at,
            version: version(row.version)?,
        })
    }
}

/// Keeps a new session: the hash of its token, never itself.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &Session,
    hash: &SecretHash,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO directory.sessions
            (id, person_id, token_hash, user_agent, identity_provider_id, created_at, expires_at, last_used_at,
             version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id.uuid(),
        new.person_id.uuid(),
        &hash.0[..],
        new.user_agent,
        new.identity_provider_id.map(IdentityProviderId::uuid),
        new.created_at,
        new.expires_at,
        new.last_used_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: SessionId,
) -> Result<Option<Session>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, person_id, user_agent, identity_provider_id, created_at, expires_at, last_used_at, ended_at,
                version
         FROM directory.sessions WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Session::try_from).transpose()
}

/// All live sessions of a person: a bounded number.
pub(crate) async fn live(
    conn: &mut PgConnection,
    person_id: PersonId,
    lifetimes: Lifetimes,
    now: DateTime<Utc>,
) -> Result<Vec<Session>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, person_id, user_agent, identity_provider_id, created_at, expires_at, last_used_at, ended_at,
                version
         FROM directory.sessions
         WHERE person_id = $1 AND ended_at IS NULL AND last_used_at > $2 AND expires_at > $3",
        person_id.uuid(),
        now - lifetimes.idle,
        now,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Session::try_from).collect()
}

/// A page of a person's sessions, ended ones included.
pub(crate) async fn list(
    conn: &mut PgConnection,
    person_id: PersonId,
    slice: Slice,
) -> Result<Vec<Session>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, person_id, user_agent, identity_provider_id, created_at, expires_at, last_used_at, ended_at,
                version
         FROM directory.sessions
         WHERE person_id = $1 AND id > $2
         ORDER BY id LIMIT $3",
        person_id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Session::try_from).collect()
}

/// Some sessions that nobody has used since, and whose end is not recorded; locked until the end of the
/// transaction. Those that others work on are left to them.
pub(crate) async fn lock_idle(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Session>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, person_id, user_agent, identity_provider_id, created_at, expires_at, last_used_at, ended_at,
                version
         FROM directory.sessions
         WHERE ended_at IS NULL AND last_used_at <= $1
         ORDER BY last_used_at LIMIT $2
         FOR UPDATE SKIP LOCKED",
        since,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Session::try_from).collect()
}

/// Writes the end of these sessions, and forgets their devices.
pub(crate) async fn save_ended(
    conn: &mut PgConnection,
    ended: &[&Session],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = ended.iter().map(|session| session.id.uuid()).collect();
    let versions: Vec<_> = ended.iter().map(|session| session.version.number()).collect();
    let result = sqlx::query!(
        "UPDATE directory.sessions AS session SET ended_at = $3, user_agent = NULL, version = ended.version
         FROM unnest($1::uuid[], $2::bigint[]) AS ended (id, version)
         WHERE session.id = ANY($1) AND session.id = ended.id AND session.version = ended.version - 1",
        &ids,
        &versions,
        now,
    )
    .execute(conn)
    .await?;
    if usize::try_from(result.rows_affected()) == Ok(ended.len()) {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// Writes down that sessions were used, unless somebody did so since `not_since`. One that someone changes at
/// this moment is left for the next time: nobody who asks waits for them.
pub(crate) async fn note_uses(
    conn: &mut PgConnection,
    ids: &[SessionId],
    now: DateTime<Utc>,
    not_since: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "WITH free AS (
             SELECT id FROM directory.sessions
             WHERE id = ANY($1) AND ended_at IS NULL AND last_used_at <= $3
             FOR UPDATE SKIP LOCKED
         )
         UPDATE directory.sessions AS session SET last_used_at = $2 FROM free WHERE session.id = free.id",
        &ids,
        now,
        not_since,
    )
    .execute(conn)
    .await?;
    Ok(())
}
