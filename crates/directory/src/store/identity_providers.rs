use chrono::{DateTime, Utc};
use contract::rpc::MemberRole;
use contract::{IdentityProviderId, OrganizationId, PersonId};
use eventstore::rows::{exactly_one, version};
use service::master_key::Sealed;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, unless_taken};
use crate::identity_provider::{ClaimedDomain, IdentityProvider};

struct Row {
    id: Uuid,
    organization_id: Uuid,
    issuer: String,
    client_id: String,
    vouches_for_domains: bool,
    default_role: String,
    required: bool,
    created_at: DateTime<Utc>,
    removed_at: Option<DateTime<Utc>>,
    version: i64,
}

impl Row {
    async fn with_domains(self, conn: &mut PgConnection) -> sqlx::Result<IdentityProvider> {
        let domains = sqlx::query!(
            "SELECT domain, confirmed_at, confirmed_by FROM directory.identity_provider_domains
             WHERE identity_provider_id = $1 ORDER BY domain COLLATE \"C\"",
            self.id,
        )
        .fetch_all(conn)
        .await?;
        let domains = domains.into_iter().map(|row| ClaimedDomain {
            domain: row.domain,
            confirmed: row.confirmed_at.zip(row.confirmed_by.map(PersonId::from_uuid)),
        });
        Ok(IdentityProvider {
            id: IdentityProviderId::from_uuid(self.id),
            organization_id: OrganizationId::from_uuid(self.organization_id),
            issuer: self.issuer,
            client_id: self.client_id,
            domains: domains.collect(),
            vouches_for_domains: self.vouches_for_domains,
            default_role: MemberRole::read(&self.default_role)?,
            required: self.required,
            created_at: self.created_at,
            removed_at: self.removed_at,
            version: version(self.version)?,
        })
    }
}

/// The provider of this organization: as it is for as long as the organization is locked.
pub(crate) async fn of_organization(
    conn: &mut PgConnection,
    organization_id: OrganizationId,
) -> sqlx::Result<Option<IdentityProvider>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, organization_id, issuer, client_id, vouches_for_domains, default_role, required, created_at,
                removed_at, version
         FROM directory.identity_providers WHERE organization_id = $1 AND removed_at IS NULL",
        organization_id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match row {
        Some(row) => Ok(Some(row.with_domains(conn).await?)),
        None => Ok(None),
    }
}

/// The provider of this id, be it removed or not.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: IdentityProviderId,
) -> sqlx::Result<Option<IdentityProvider>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, organization_id, issuer, client_id, vouches_for_domains, default_role, required, created_at,
                removed_at, version
         FROM directory.identity_providers WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match row {
        Some(row) => Ok(Some(row.with_domains(conn).await?)),
        None => Ok(None),
    }
}

/// The provider of which this domain is confirmed.
pub(crate) async fn of_domain(
    conn: &mut PgConnection,
    domain: &str,
) -> sqlx::Result<Option<IdentityProvider>> {
    let id = sqlx::query_scalar!(
        "SELECT identity_provider_id FROM directory.identity_provider_domains
         WHERE domain = $1 AND confirmed_at IS NOT NULL",
        domain,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match id {
        Some(id) => find(conn, IdentityProviderId::from_uuid(id)).await,
        None => Ok(None),
    }
}

/// Its client secret, sealed.
pub(crate) async fn sealed_secret(
    conn: &mut PgConnection,
    id: IdentityProviderId,
) -> sqlx::Result<Sealed> {
    let row = sqlx::query!(
        "SELECT sealed_secret, nonce FROM directory.identity_providers WHERE id = $1",
        id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    let nonce = row.nonce.try_into();
    let nonce = nonce.map_err(|_| sqlx::Error::Decode("nonce: not 12 bytes".into()))?;
    Ok(Sealed { nonce, ciphertext: row.sealed_secret })
}

/// Keeps a new provider of an organization that was locked before.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &IdentityProvider,
    secret: &Sealed,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO directory.identity_providers
            (id, organization_id, issuer, client_id, sealed_secret, nonce, vouches_for_domains, default_role,
             required, enforced, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id.uuid(),
        new.organization_id.uuid(),
        new.issuer,
        new.client_id,
        secret.ciphertext,
        &secret.nonce[..],
        new.vouches_for_domains,
        new.default_role.as_str(),
        new.required,
        new.is_enforced(),
        new.created_at,
        new.version.number(),
    )
    .execute(&mut *conn)
    .await?;
    put_domains(conn, new).await?;
    Ok(())
}

/// Writes a provider of an organization that was locked before; false if a domain of its is confirmed for
/// another. The transaction can only be rolled back then.
pub(crate) async fn save(conn: &mut PgConnection, new: &IdentityProvider) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        "UPDATE directory.identity_providers
         SET client_id = $2, vouches_for_domains = $3, default_role = $4, required = $5, enforced = $6,
             removed_at = $7, version = $8
         WHERE id = $1 AND version = $8::bigint - 1",
        new.id.uuid(),
        new.client_id,
        new.vouches_for_domains,
        new.default_role.as_str(),
        new.required,
        new.is_enforced(),
        new.removed_at,
        new.version.number(),
    )
    .execute(&mut *conn)
    .await?;
    exactly_one(&result)?;
    sqlx::query!(
        "DELETE FROM directory.identity_provider_domains WHERE identity_provider_id = $1",
        new.id.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    put_domains(conn, new).await
}

/// Replaces the client secret of a provider that is written in the same transaction.
pub(crate) async fn save_secret(
    conn: &mut PgConnection,
    id: IdentityProviderId,
    secret: &Sealed,
) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "UPDATE directory.identity_providers SET sealed_secret = $2, nonce = $3 WHERE id = $1",
        id.uuid(),
        secret.ciphertext,
        &secret.nonce[..],
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

async fn put_domains(conn: &mut PgConnection, new: &IdentityProvider) -> sqlx::Result<bool> {
    let domains: Vec<_> = new.domains.iter().map(|claimed| claimed.domain.clone()).collect();
    let confirmed = new.domains.iter().map(|claimed| claimed.confirmed);
    let at: Vec<_> = confirmed.clone().map(|confirmed| confirmed.map(|(at, _)| at)).collect();
    let by: Vec<_> = confirmed.map(|confirmed| confirmed.map(|(_, by)| by.uuid())).collect();
    let inserted = sqlx::query!(
        "INSERT INTO directory.identity_provider_domains
            (identity_provider_id, domain, confirmed_at, confirmed_by)
         SELECT $1, domain, confirmed_at, confirmed_by
         FROM unnest($2::text[], $3::timestamptz[], $4::uuid[]) AS new (domain, confirmed_at, confirmed_by)",
        new.id.uuid(),
        &domains,
        &at as &[Option<DateTime<Utc>>],
        &by as &[Option<Uuid>],
    )
    .execute(conn)
    .await;
    unless_taken(inserted, "identity_provider_domains_confirmed")
}
