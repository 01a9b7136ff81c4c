use chrono::{DateTime, Utc};
use contract::catalogue::{InvalidDomainLevel, ServiceDomain};
use contract::rpc::{NamedOrganization, OrganizationKind};
use contract::{IdentityProviderId, OrganizationId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice};
use crate::fields::Email;
use crate::language::Language;
use crate::organization::Organization;
use crate::profile::Profile;

struct Row {
    id: Uuid,
    name: String,
    kind: String,
    contact_email: String,
    country: String,
    website: Option<String>,
    description: Option<String>,
    language: String,
    confirmed_at: Option<DateTime<Utc>>,
    enabled_domains: Vec<String>,
    version: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Organization {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: OrganizationId::from_uuid(row.id),
            profile: Profile {
                name: row.name,
                kind: OrganizationKind::read(&row.kind)?,
                contact_email: Email::read(&row.contact_email)?,
                country: row.country,
                website: row.website,
                description: row.description,
                language: Language::read(&row.language)?,
            },
            confirmed_at: row.confirmed_at,
            enabled_domains: read_domains(&row.enabled_domains)?,
            version: version(row.version)?,
            created_at: row.created_at,
        })
    }
}

fn read_domains(texts: &[String]) -> sqlx::Result<Vec<ServiceDomain>> {
    let domains = texts.iter().map(|text| text.parse());
    domains
        .collect::<Result<_, _>>()
        .map_err(|error: InvalidDomainLevel| sqlx::Error::Decode(error.into()))
}

/// Keeps a new organization. `created_by` is who made it, unless it was an operator.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &Organization,
    created_by: Option<PersonId>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO directory.organizations
            (id, name, kind, contact_email, country, website, description, language,
             version, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id.uuid(),
        new.profile.name,
        new.profile.kind.as_str(),
        new.profile.contact_email.as_str(),
        new.profile.country,
        new.profile.website,
        new.profile.description,
        new.profile.language.as_str(),
        new.version.number(),
        new.created_at,
        created_by.map(PersonId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many organizations whose contact address is not confirmed this person has made: true for as long as the
/// person is locked.
pub(crate) async fn count_unconfirmed(
    conn: &mut PgConnection,
    created_by: PersonId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM directory.organizations
           WHERE created_by = $1 AND confirmed_at IS NULL"#,
        created_by.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// The organization of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, kind, contact_email, country, website, description, language, confirmed_at,
                enabled_domains, version, created_at
         FROM directory.organizations WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Organization::try_from)
    .transpose()
}

/// The organization of this id, locked until the end of the transaction: nobody else changes it or
/// its members meanwhile.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, kind, contact_email, country, website, description, language, confirmed_at,
                enabled_domains, version, created_at
         FROM directory.organizations WHERE id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Organization::try_from)
    .transpose()
}

/// What these organizations are called, and where they can be reached; unknown ones are left out.
pub(crate) async fn names(
    conn: &mut PgConnection,
    ids: &[OrganizationId],
) -> Result<Vec<NamedOrganization>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT id, name, contact_email FROM directory.organizations WHERE id = ANY($1)",
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let named = rows.into_iter().map(|row| NamedOrganization {
        organization_id: OrganizationId::from_uuid(row.id),
        name: row.name,
        contact_email: row.contact_email,
    });
    Ok(named.collect())
}

/// The organization's language. Keeps others from changing the organization, its provider or who its members are
/// until the end of the transaction; new members may come.
pub(crate) async fn lock_shared(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> sqlx::Result<Language> {
    let language = sqlx::query_scalar!(
        "SELECT language FROM directory.organizations WHERE id = $1 FOR SHARE",
        id.uuid(),
    );
    Language::read(&language.fetch_one(conn).await?)
}

/// A page of the organizations: of this member, for which a credential acts that stems from this provider, or of
/// all.
pub(crate) async fn list(
    conn: &mut PgConnection,
    member: Option<(PersonId, Option<IdentityProviderId>)>,
    slice: Slice,
) -> Result<Vec<Organization>, sqlx::Error> {
    let after = slice.begins_after();
    let rows = match member {
        Some((member, provider)) => {
            // Each by its key: the planner must not look for a few among all organizations.
            sqlx::query_as!(
                Row,
                r#"SELECT o.id AS "id!", o.name AS "name!", o.kind AS "kind!", o.contact_email AS "contact_email!",
                          o.country AS "country!", o.website, o.description, o.language AS "language!", o.confirmed_at,
                          o.enabled_domains AS "enabled_domains!", o.version AS "version!",
                          o.created_at AS "created_at!"
                   FROM (SELECT organization_id FROM directory.memberships a
                         WHERE person_id = $1 AND organization_id > $2 AND NOT EXISTS (
                             SELECT FROM directory.identity_providers ip
                             WHERE ip.organization_id = a.organization_id AND ip.enforced
                               AND ip.id IS DISTINCT FROM $4)
                         ORDER BY organization_id LIMIT $3) AS m
                   CROSS JOIN LATERAL (
                       SELECT * FROM directory.organizations WHERE id = m.organization_id OFFSET 0) AS o
                   ORDER BY o.id"#,
                member.uuid(),
                after,
                slice.limit,
                provider.map(IdentityProviderId::uuid),
            )
            .fetch_all(conn)
            .await?
        }
        None => {
            sqlx::query_as!(
                Row,
                "SELECT id, name, kind, contact_email, country, website, description, language, confirmed_at,
                        enabled_domains, version, created_at
                 FROM directory.organizations WHERE id > $1 ORDER BY id LIMIT $2",
                after,
                slice.limit,
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(Organization::try_from).collect()
}

/// Writes the state of an organization that was locked before.
pub(crate) async fn save(conn: &mut PgConnection, new: &Organization) -> Result<(), sqlx::Error> {
    let domains: Vec<_> = new.enabled_domains.iter().map(ToString::to_string).collect();
    let result = sqlx::query!(
        "UPDATE directory.organizations
         SET name = $2, kind = $3, contact_email = $4, country = $5, website = $6, description = $7,
             language = $8, confirmed_at = $9, enabled_domains = $10, version = $11
         WHERE id = $1 AND version = $11::bigint - 1",
        new.id.uuid(),
        new.profile.name,
        new.profile.kind.as_str(),
        new.profile.contact_email.as_str(),
        new.profile.country,
        new.profile.website,
        new.profile.description,
        new.profile.language.as_str(),
        new.confirmed_at,
        &domains,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}
