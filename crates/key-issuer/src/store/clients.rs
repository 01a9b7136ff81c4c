//! Clients at the token endpoint: key and app in one, many in one round trip.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use contract::follows::KEY_ISSUER_APPS;
use contract::secret::SecretHash;
use contract::{AppId, KeyId, OrganizationId};
use eventstore::rows::version;
use eventstore::{EventColumns, InsertWithEvents, Sequences, insert_events};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{apps, unreadable};
use crate::client::Client;

struct Row {
    key_id: Uuid,
    app_id: Uuid,
    organization_id: Uuid,
    secret_hash: Vec<u8>,
    end: Option<DateTime<Utc>>,
    state: String,
    authentication_method: String,
    scope: String,
    last_used_at: Option<DateTime<Utc>>,
    key_version: i64,
    app_version: i64,
    app_parked: bool,
}

impl TryFrom<Row> for Client {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            key_id: KeyId::from_uuid(row.key_id),
            app_id: AppId::from_uuid(row.app_id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            secret_hash: SecretHash::from_slice(&row.secret_hash)
                .ok_or_else(|| unreadable("secret_hash", "not 32 bytes"))?,
            end: row.end,
            app_state: apps::state(&row.state)?,
            authentication_method: apps::authentication_method(&row.authentication_method)?,
            scope: row.scope,
            last_used_at: row.last_used_at,
            key_version: version(row.key_version)?,
            app_version: version(row.app_version)?,
            app_parked: row.app_parked,
        })
    }
}

/// The clients with these ids, as they are now; unknown ones are left out.
pub(crate) async fn find(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<HashMap<KeyId, Client>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT k.key_id, k.app_id, a.organization_id, k.secret_hash,
                  CASE WHEN k.ends_at <= k.deleted_at THEN 'epoch' ELSE least(k.expires_at, k.ends_at) END AS "end?",
                  a.state, a.authentication_method, a.scope, k.last_used_at,
                  k.version AS key_version, a.version AS app_version,
                  EXISTS (SELECT FROM key_issuer.parked_streams p
                          WHERE p.consumer = $2 AND p.stream_id = k.app_id) AS "app_parked!"
           FROM key_issuer.keys k JOIN key_issuer.apps a USING (app_id)
           WHERE k.key_id = ANY($1)"#,
        ids,
        KEY_ISSUER_APPS.durable,
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| Client::try_from(row).map(|client| (client.key_id, client)))
        .collect()
}

/// The versions of a client's key and app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientVersion {
    key_id: Uuid,
    key: i64,
    app_id: Uuid,
    app: i64,
}

impl ClientVersion {
    /// The client's as it was read.
    pub(crate) fn of(client: &Client) -> Self {
        Self {
            key_id: client.key_id.uuid(),
            key: client.key_version.number(),
            app_id: client.app_id.uuid(),
            app: client.app_version.number(),
        }
    }
}

/// Events that are recorded only while each of these clients is still what they were decided on, and all is
/// known of its app.
pub(crate) struct WhileUnchanged(pub(crate) BTreeSet<ClientVersion>);

impl InsertWithEvents for WhileUnchanged {
    async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> sqlx::Result<Sequences> {
        insert_events!(
            connection,
            events,
            allowed: r#"NOT EXISTS (
                SELECT FROM unnest($16::uuid[], $17::bigint[], $18::uuid[], $19::bigint[])
                     AS client (key_id, key_version, app_id, app_version)
                WHERE client.key_version IS DISTINCT FROM
                      (SELECT k.version FROM key_issuer.keys k WHERE k.key_id = client.key_id)
                   OR client.app_version IS DISTINCT FROM
                      (SELECT a.version FROM key_issuer.apps a WHERE a.app_id = client.app_id)
                   OR EXISTS (SELECT FROM key_issuer.parked_streams p
                              WHERE p.consumer = $20 AND p.stream_id = client.app_id))"#,
            &column(&self.0, |client| client.key_id),
            &column(&self.0, |client| client.key),
            &column(&self.0, |client| client.app_id),
            &column(&self.0, |client| client.app),
            KEY_ISSUER_APPS.durable,
        )
    }
}

fn column<T>(clients: &BTreeSet<ClientVersion>, of: fn(&ClientVersion) -> T) -> Vec<T> {
    clients.iter().map(of).collect()
}

/// Those of these clients whose key or app is no longer at this version, or of whose app not all is known.
pub(crate) async fn changed(
    executor: impl PgExecutor<'_>,
    clients: &BTreeSet<ClientVersion>,
) -> sqlx::Result<BTreeSet<ClientVersion>> {
    let changed = sqlx::query_scalar!(
        r#"SELECT client.place AS "place!"
           FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[]) WITH ORDINALITY
                AS client (key_id, key_version, app_id, app_version, place)
           WHERE client.key_version IS DISTINCT FROM
                 (SELECT k.version FROM key_issuer.keys k WHERE k.key_id = client.key_id)
              OR client.app_version IS DISTINCT FROM
                 (SELECT a.version FROM key_issuer.apps a WHERE a.app_id = client.app_id)
              OR EXISTS (SELECT FROM key_issuer.parked_streams p
                         WHERE p.consumer = $5 AND p.stream_id = client.app_id)"#,
        &column(clients, |client| client.key_id),
        &column(clients, |client| client.key),
        &column(clients, |client| client.app_id),
        &column(clients, |client| client.app),
        KEY_ISSUER_APPS.durable,
    )
    .fetch_all(executor)
    .await?;
    Ok((1..).zip(clients).filter(|(place, _)| changed.contains(place)).map(|(_, c)| *c).collect())
}

/// Writes when keys were last used. A key that someone changes at this moment is left for the next
/// time: this must neither wait for anyone nor be waited for.
pub(crate) async fn save_last_use(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
    times: &[DateTime<Utc>],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH used AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS u (key_id, at)),
              free AS (
                  SELECT k.key_id FROM key_issuer.keys k JOIN used USING (key_id)
                  WHERE k.last_used_at IS NULL OR k.last_used_at < used.at
                  FOR UPDATE OF k SKIP LOCKED
              )
         UPDATE key_issuer.keys k SET last_used_at = used.at
         FROM used JOIN free USING (key_id) WHERE k.key_id = used.key_id",
        ids,
        times,
    )
    .execute(executor)
    .await?;
    Ok(())
}
