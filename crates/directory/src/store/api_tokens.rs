use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contract::rpc::{AuthenticatedPerson, MAX_KNOWN_MEMBERSHIPS, MemberRole, Membership};
use contract::secret::SecretHash;
use contract::{ApiTokenId, OrganizationId, PersonId};
use eventstore::rows::version;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice};
use crate::api_token::TokenRecord;

struct Row {
    id: Uuid,
    person_id: Uuid,
    parent_id: Option<Uuid>,
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
            (id, person_id, parent_id, name, token_hash, hint, created_at, expires_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id.uuid(),
        new.person_id.uuid(),
        new.parent_id.map(ApiTokenId::uuid),
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
        "SELECT id, person_id, parent_id, name, hint, created_at, expires_at, revoked_at, last_used_at, version
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
        "SELECT id, person_id, parent_id, name, hint, created_at, expires_at, revoked_at, last_used_at, version
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
           SELECT t.id AS "id!", t.person_id AS "person_id!", t.parent_id, t.name AS "name!", t.hint AS "hint!",
                  t.created_at AS "created_at!", t.expires_at, t.revoked_at, t.last_used_at,
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
        "SELECT id, person_id, parent_id, name, hint, created_at, expires_at, revoked_at, last_used_at, version
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

/// The tokens with these hashes and whom they speak for, be they live or not, but for people who are
/// deactivated: one statement, because every request of every service asks it. Of the memberships no more than
/// is answered: others can give somebody any number.
pub(crate) async fn holders(
    conn: &mut PgConnection,
    hashes: &[SecretHash],
) -> Result<HashMap<SecretHash, (TokenRecord, AuthenticatedPerson)>, sqlx::Error> {
    let wanted: Vec<_> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
    let one_more = i64::try_from(MAX_KNOWN_MEMBERSHIPS).unwrap_or(i64::MAX).saturating_add(1);
    let rows = sqlx::query!(
        r#"SELECT t.token_hash, t.id, t.person_id, t.parent_id, t.name, t.hint, t.created_at, t.expires_at,
                  t.revoked_at, t.last_used_at, t.version, p.operator,
                  ARRAY(SELECT m.organization_id FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2) AS "organizations!",
                  ARRAY(SELECT m.role FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2) AS "roles!"
           FROM directory.api_tokens t JOIN directory.people p ON p.id = t.person_id
           WHERE t.token_hash = ANY($1) AND p.deactivated_at IS NULL"#,
        &wanted,
        one_more,
    )
    .fetch_all(conn)
    .await?;
    let mut holders = HashMap::with_capacity(rows.len());
    for row in rows {
        let memberships = row.organizations.iter().zip(&row.roles).map(|(organization, role)| {
            let organization_id = OrganizationId::from_uuid(*organization);
            Ok(Membership { organization_id, role: MemberRole::read(role)? })
        });
        let mut memberships = memberships.collect::<Result<Vec<_>, sqlx::Error>>()?;
        let more_memberships = memberships.len() > MAX_KNOWN_MEMBERSHIPS;
        memberships.truncate(MAX_KNOWN_MEMBERSHIPS);
        let person = AuthenticatedPerson {
            person_id: PersonId::from_uuid(row.person_id),
            operator: row.operator,
            memberships,
            more_memberships,
            api_token_id: ApiTokenId::from_uuid(row.id),
        };
        let record = TokenRecord {
            id: person.api_token_id,
            person_id: person.person_id,
            parent_id: row.parent_id.map(ApiTokenId::from_uuid),
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
