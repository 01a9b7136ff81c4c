use chrono::{DateTime, Utc};
use contract::OrganizationId;
use contract::rpc::OrganizationKind;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice, exactly_one};
use crate::fields::Email;
use crate::organization::{Details, Organization};

struct Row {
    id: Uuid,
    name: String,
    kind: String,
    contact_email: String,
    country: String,
    website: Option<String>,
    description: Option<String>,
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
            details: Details {
                name: row.name,
                kind: OrganizationKind::read(&row.kind)?,
                contact_email: Email::read(&row.contact_email)?,
                country: row.country,
                website: row.website,
                description: row.description,
            },
            confirmed_at: row.confirmed_at,
            enabled_domains: row.enabled_domains,
            version: row.version,
            created_at: row.created_at,
        })
    }
}

/// Keeps a new organization.
pub async fn insert_organization(
    conn: &mut PgConnection,
    new: &Organization,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO directory.organizations
            (id, name, kind, contact_email, country, website, description, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id.uuid(),
        new.details.name,
        new.details.kind.as_str(),
        new.details.contact_email.as_str(),
        new.details.country,
        new.details.website,
        new.details.description,
        new.version,
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The organization of this id.
pub async fn organization(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, kind, contact_email, country, website, description, confirmed_at,
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
pub async fn lock_organization(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, name, kind, contact_email, country, website, description, confirmed_at,
                enabled_domains, version, created_at
         FROM directory.organizations WHERE id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Organization::try_from)
    .transpose()
}

/// A page of the organizations: of this member, or of all.
pub async fn organizations(
    conn: &mut PgConnection,
    member: Option<contract::PersonId>,
    slice: Slice,
) -> Result<Vec<Organization>, sqlx::Error> {
    let after = slice.after.unwrap_or(Uuid::nil());
    let rows = match member {
        Some(member) => {
            // Each by its key: the planner must not look for a few among all organizations.
            sqlx::query_as!(
                Row,
                r#"SELECT o.id AS "id!", o.name AS "name!", o.kind AS "kind!", o.contact_email AS "contact_email!",
                          o.country AS "country!", o.website, o.description, o.confirmed_at,
                          o.enabled_domains AS "enabled_domains!", o.version AS "version!",
                          o.created_at AS "created_at!"
                   FROM (SELECT organization_id FROM directory.memberships
                         WHERE person_id = $1 AND organization_id > $2 ORDER BY organization_id LIMIT $3) AS m
                   CROSS JOIN LATERAL (
                       SELECT * FROM directory.organizations WHERE id = m.organization_id OFFSET 0) AS o
                   ORDER BY o.id"#,
                member.uuid(),
                after,
                slice.limit,
            )
            .fetch_all(conn)
            .await?
        }
        None => {
            sqlx::query_as!(
                Row,
                "SELECT id, name, kind, contact_email, country, website, description, confirmed_at,
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
pub async fn update_organization(
    conn: &mut PgConnection,
    new: &Organization,
) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.organizations
         SET name = $2, kind = $3, contact_email = $4, country = $5, website = $6, description = $7,
             confirmed_at = $8, enabled_domains = $9, version = $10
         WHERE id = $1 AND version = $10::bigint - 1",
        new.id.uuid(),
        new.details.name,
        new.details.kind.as_str(),
        new.details.contact_email.as_str(),
        new.details.country,
        new.details.website,
        new.details.description,
        new.confirmed_at,
        &new.enabled_domains,
        new.version,
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}
