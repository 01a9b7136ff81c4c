use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contract::rpc::{AuthenticatedPerson, MemberRole, Membership};
use contract::secret::SecretHash;
use contract::{ApiTokenId, OrganizationId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice};
use crate::api_token::TokenRecord;

struct Row {
    id: Uuid,
    person_id: Uuid,
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
            (id, person_id, name, token_hash, hint, created_at, expires_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id.uuid(),
        new.person_id.uuid(),
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
        "SELECT id, person_id, name, hint, created_at, expires_at, revoked_at, last_used_at, version
         FROM directory.api_tokens WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(TokenRecord::try_from).transpose()
}

/// The token of this id, locked until the end of the transaction.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: ApiTokenId,
) -> Result<Option<TokenRecord>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, person_id, name, hint, created_at, expires_at, revoked_at, last_used_at, version
         FROM directory.api_tokens WHERE id = $1 FOR UPDATE",
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
        "SELECT id, person_id, name, hint, created_at, expires_at, revoked_at, last_used_at, version
         FROM directory.api_tokens
         WHERE person_id = $1 AND ($2::uuid IS NULL OR id > $2)
         ORDER BY id LIMIT $3",
        person_id.uuid(),
        slice.after,
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TokenRecord::try_from).collect()
}

/// Writes the end of a token that was locked before.
pub(crate) async fn save(
    conn: &mut PgConnection,
    revoked: &TokenRecord,
) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.api_tokens SET revoked_at = $2, version = $3
         WHERE id = $1 AND revoked_at IS NULL AND version = $3::bigint - 1",
        revoked.id.uuid(),
        revoked.revoked_at,
        revoked.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The tokens with these hashes and whom they speak for, be they live or not: one statement, because
/// every request of every service asks it.
pub(crate) async fn holders(
    conn: &mut PgConnection,
    hashes: &[SecretHash],
) -> Result<HashMap<SecretHash, (TokenRecord, AuthenticatedPerson)>, sqlx::Error> {
    let wanted: Vec<_> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
    let rows = sqlx::query!(
        r#"SELECT t.token_hash, t.id, t.person_id, t.name, t.hint, t.created_at, t.expires_at, t.revoked_at,
                  t.last_used_at, t.version, p.operator,
                  ARRAY(SELECT m.organization_id FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.id) AS "organizations!",
                  ARRAY(SELECT m.role FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.id) AS "roles!"
           FROM directory.api_tokens t JOIN directory.people p ON p.id = t.person_id
           WHERE t.token_hash = ANY($1)"#,
        &wanted,
    )
    .fetch_all(conn)
    .await?;
    let mut holders = HashMap::with_capacity(rows.len());
    for row in rows {
        let memberships = row.organizations.iter().zip(&row.roles).map(|(organization, role)| {
            let organization_id = OrganizationId::from_uuid(*organization);
            Ok(Membership { organization_id, role: MemberRole::read(role)? })
        });
        let person = AuthenticatedPerson {
            person_id: PersonId::from_uuid(row.person_id),
            operator: row.operator,
            memberships: memberships.collect::<Result<_, sqlx::Error>>()?,
            api_token_id: ApiTokenId::from_uuid(row.id),
        };
        let record = TokenRecord {
            id: person.api_token_id,
            person_id: person.person_id,
            name: row.name,
            hint: row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            version: version(row.version)?,
        };
        let hash = SecretHash::from_slice(&row.token_hash)
            .ok_or_else(|| sqlx::Error::Decode("token_hash: not 32 bytes".into()))?;
        holders.insert(hash, (record, person));
    }
    Ok(holders)
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
