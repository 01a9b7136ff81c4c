//! Keys, one at a time.

use chrono::{DateTime, Utc};
use contract::secret::SecretHash;
use contract::{AppId, KeyId, OrganizationId};
use eventstore::rows::{exactly_one, version};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::key::{Deletion, Key};
use crate::key_limit::WorkingKey;
use crate::key_name::KeyName;

struct Row {
    key_id: Uuid,
    app_id: Uuid,
    name: String,
    secret_hint: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    expired_at: Option<DateTime<Utc>>,
    replaces: Option<Uuid>,
    leaked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    version: i64,
}

impl TryFrom<Row> for Key {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: KeyId::from_uuid(row.key_id),
            app_id: AppId::from_uuid(row.app_id),
            name: KeyName::stored(row.name),
            hint: row.secret_hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            deletion: row
                .deleted_at
                .zip(row.ends_at)
                .map(|(deleted_at, ends_at)| Deletion { deleted_at, ends_at }),
            expired_at: row.expired_at,
            replaces: row.replaces.map(KeyId::from_uuid),
            leaked_at: row.leaked_at,
            last_used_at: row.last_used_at,
            version: version(row.version)?,
        })
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<Key>, sqlx::Error> {
    rows.into_iter().map(Key::try_from).collect()
}

/// The keys of an app, the newest first, from behind `before`.
pub(crate) async fn list(
    executor: impl PgExecutor<'_>,
    app: AppId,
    before: Option<KeyId>,
    limit: i64,
) -> Result<Vec<Key>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT key_id, app_id, name, secret_hint, created_at, expires_at, deleted_at, ends_at, expired_at,
                replaces, leaked_at, last_used_at, version
         FROM key_issuer.keys
         WHERE app_id = $1 AND key_id < $2
         ORDER BY key_id DESC LIMIT $3",
        app.uuid(),
        before.map_or(Uuid::max(), KeyId::uuid),
        limit,
    )
    .fetch_all(executor)
    .await?;
    read(rows)
}

/// The keys of an app that work at this moment, deleted ones in their grace included. Exact under
/// [`super::apps::lock`] only.
pub(crate) async fn working(
    connection: &mut PgConnection,
    app: AppId,
    now: DateTime<Utc>,
) -> Result<Vec<WorkingKey>, sqlx::Error> {
    sqlx::query_as!(
        WorkingKey,
        r#"SELECT deleted_at IS NULL AS "live!", least(expires_at, ends_at) AS "end?"
           FROM key_issuer.keys
           WHERE app_id = $1 AND coalesce(least(expires_at, ends_at), 'infinity') > $2
             AND (ends_at > deleted_at) IS NOT FALSE"#,
        app.uuid(),
        now,
    )
    .fetch_all(connection)
    .await
}

/// Stores a new key, and when it is first told that it will expire.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    key: &Key,
    secret: &SecretHash,
    notice_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO key_issuer.keys
            (key_id, app_id, name, secret_hash, secret_hint, created_at, expires_at, version, replaces, notice_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        key.id.uuid(),
        key.app_id.uuid(),
        key.name.as_str(),
        &secret.0,
        key.hint,
        key.created_at,
        key.expires_at,
        key.version.number(),
        key.replaces.map(KeyId::uuid),
        notice_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Of which app it is a key, and whose that is, if there is such a key.
pub(crate) async fn owner(
    executor: impl PgExecutor<'_>,
    id: KeyId,
) -> Result<Option<(AppId, OrganizationId)>, sqlx::Error> {
    let found = sqlx::query!(
        "SELECT app_id, a.organization_id FROM key_issuer.keys k JOIN key_issuer.apps a USING (app_id)
         WHERE k.key_id = $1",
        id.uuid(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(found
        .map(|row| (AppId::from_uuid(row.app_id), OrganizationId::from_uuid(row.organization_id))))
}

/// Which keys have these secrets, and whose they are.
pub(crate) async fn with_secrets(
    executor: impl PgExecutor<'_>,
    secrets: &[SecretHash],
) -> Result<Vec<(SecretHash, KeyId, OrganizationId)>, sqlx::Error> {
    let hashes: Vec<Vec<u8>> = secrets.iter().map(|secret| secret.0.to_vec()).collect();
    let rows = sqlx::query!(
        "SELECT k.secret_hash, k.key_id, a.organization_id
         FROM key_issuer.keys k JOIN key_issuer.apps a USING (app_id) WHERE k.secret_hash = ANY($1)",
        &hashes,
    )
    .fetch_all(executor)
    .await?;
    let found = rows.into_iter().filter_map(|row| {
        let secret = SecretHash::from_slice(&row.secret_hash)?;
        let organization = OrganizationId::from_uuid(row.organization_id);
        Some((secret, KeyId::from_uuid(row.key_id), organization))
    });
    Ok(found.collect())
}

/// The key of this id.
pub(crate) async fn find(
    executor: impl PgExecutor<'_>,
    id: KeyId,
) -> Result<Option<Key>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT key_id, app_id, name, secret_hint, created_at, expires_at, deleted_at, ends_at, expired_at,
                replaces, leaked_at, last_used_at, version
         FROM key_issuer.keys WHERE key_id = $1",
        id.uuid(),
    )
    .fetch_optional(executor)
    .await?
    .map(Key::try_from)
    .transpose()
}

/// Reads a key and holds it until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: KeyId,
) -> Result<Option<Key>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT key_id, app_id, name, secret_hint, created_at, expires_at, deleted_at, ends_at, expired_at,
                replaces, leaked_at, last_used_at, version
         FROM key_issuer.keys WHERE key_id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?
    .map(Key::try_from)
    .transpose()
}

/// Reads and holds some keys of an app that have not ended. Those that somebody else holds are left out.
pub(crate) async fn lock_unended(
    connection: &mut PgConnection,
    app: AppId,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Key>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT key_id, app_id, name, secret_hint, created_at, expires_at, deleted_at, ends_at, expired_at,
                replaces, leaked_at, last_used_at, version
         FROM key_issuer.keys
         WHERE app_id = $1 AND coalesce(least(expires_at, ends_at), 'infinity') > $2
           AND (ends_at > deleted_at) IS NOT FALSE
         LIMIT $3 FOR UPDATE SKIP LOCKED",
        app.uuid(),
        now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    read(rows)
}

/// Whether an app has keys that have not ended.
pub(crate) async fn any_unended(
    executor: impl PgExecutor<'_>,
    app: AppId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM key_issuer.keys
               WHERE app_id = $1 AND coalesce(least(expires_at, ends_at), 'infinity') > $2
                 AND (ends_at > deleted_at) IS NOT FALSE
           ) AS "any!""#,
        app.uuid(),
        now,
    )
    .fetch_one(executor)
    .await
}

/// An expired key whose expiry nobody recorded yet, and whose it is.
pub(crate) struct Expired {
    /// The key, held.
    pub key: Key,
    /// The organization that develops its app.
    pub organization_id: OrganizationId,
}

/// Reads and holds some keys whose expiry is to be recorded. Those that another replica holds are
/// left to it.
pub(crate) async fn lock_expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Expired>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT k.key_id, k.app_id, k.name, k.secret_hint, k.created_at, k.expires_at, k.deleted_at, k.ends_at,
                k.expired_at, k.replaces, k.leaked_at, k.last_used_at, k.version, a.organization_id
         FROM key_issuer.keys k JOIN key_issuer.apps a USING (app_id)
         WHERE k.expires_at <= $1 AND k.deleted_at IS NULL AND k.expired_at IS NULL
         ORDER BY k.expires_at LIMIT $2
         FOR UPDATE OF k SKIP LOCKED",
        now,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let organization_id = OrganizationId::from_uuid(row.organization_id);
            let row = Row {
                key_id: row.key_id,
                app_id: row.app_id,
                name: row.name,
                secret_hint: row.secret_hint,
                created_at: row.created_at,
                expires_at: row.expires_at,
                deleted_at: row.deleted_at,
                ends_at: row.ends_at,
                expired_at: row.expired_at,
                replaces: row.replaces,
                leaked_at: row.leaked_at,
                last_used_at: row.last_used_at,
                version: row.version,
            };
            Ok(Expired { key: Key::try_from(row)?, organization_id })
        })
        .collect()
}

/// Stores what can change of a key; its row must be held, and its version is the next one.
pub(crate) async fn save(connection: &mut PgConnection, key: &Key) -> Result<(), sqlx::Error> {
    let saved = sqlx::query!(
        "UPDATE key_issuer.keys SET name = $2, deleted_at = $3, ends_at = $4, expired_at = $5, leaked_at = $7, version = $6
         WHERE key_id = $1 AND version = $6::bigint - 1",
        key.id.uuid(),
        key.name.as_str(),
        key.deletion.map(|deletion| deletion.deleted_at),
        key.deletion.map(|deletion| deletion.ends_at),
        key.expired_at,
        key.version.number(),
        key.leaked_at,
    )
    .execute(connection)
    .await?;
    exactly_one(&saved)
}
