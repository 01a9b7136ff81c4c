use chrono::{DateTime, Utc};
use contract::rpc::{KnownMemberships, MemberRole};
use contract::{IdentityProviderId, MembershipId, OrganizationId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, Slice};
use crate::fields::Email;
use crate::membership::Membership;

/// A member with what they are called: personal.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The membership.
    pub(crate) membership: Membership,
    /// The person's name.
    pub(crate) name: String,
    /// The person's address.
    pub(crate) email: Email,
}

/// Keeps a new membership.
pub(crate) async fn insert(conn: &mut PgConnection, new: &Membership) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO directory.memberships (id, organization_id, person_id, role, version, created_at, shows_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id.uuid(),
        new.organization_id.uuid(),
        new.person_id.uuid(),
        new.role.as_str(),
        new.version.number(),
        new.created_at,
        new.shows_name,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The membership of a person in an organization.
pub(crate) async fn find(
    conn: &mut PgConnection,
    organization_id: OrganizationId,
    person_id: PersonId,
) -> Result<Option<Membership>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT id, role, version, created_at, shows_name FROM directory.memberships
         WHERE organization_id = $1 AND person_id = $2",
        organization_id.uuid(),
        person_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Membership {
            id: MembershipId::from_uuid(row.id),
            organization_id,
            person_id,
            role: MemberRole::read(&row.role)?,
            version: version(row.version)?,
            created_at: row.created_at,
            shows_name: row.shows_name,
        })
    })
    .transpose()
}

/// How many owners an organization has: true for as long as its row is locked.
pub(crate) async fn count_owners(
    conn: &mut PgConnection,
    organization_id: OrganizationId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM directory.memberships
           WHERE organization_id = $1 AND role = 'owner'"#,
        organization_id.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// Writes the role of a membership whose organization was locked before.
pub(crate) async fn save(conn: &mut PgConnection, new: &Membership) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.memberships SET role = $2, version = $3 WHERE id = $1 AND version = $3::bigint - 1",
        new.id.uuid(),
        new.role.as_str(),
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// Ends a membership whose organization was locked before.
pub(crate) async fn delete(conn: &mut PgConnection, ended: &Membership) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM directory.memberships WHERE id = $1 AND version = $2::bigint - 1",
        ended.id.uuid(),
        ended.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// A page of an organization's members.
pub(crate) async fn list(
    conn: &mut PgConnection,
    organization_id: OrganizationId,
    slice: Slice,
) -> Result<Vec<Member>, sqlx::Error> {
    struct Row {
        id: Uuid,
        person_id: Uuid,
        role: String,
        version: i64,
        created_at: DateTime<Utc>,
        shows_name: bool,
        name: String,
        email: String,
    }
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT m.id, m.person_id, m.role, m.version, m.created_at, m.shows_name, p.name AS "name!",
                  p.email AS "email!"
           FROM directory.memberships AS m
           CROSS JOIN LATERAL (SELECT name, email FROM directory.people WHERE id = m.person_id OFFSET 0) AS p
           WHERE m.organization_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3"#,
        organization_id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Member {
                membership: Membership {
                    id: MembershipId::from_uuid(row.id),
                    organization_id,
                    person_id: PersonId::from_uuid(row.person_id),
                    role: MemberRole::read(&row.role)?,
                    version: version(row.version)?,
                    created_at: row.created_at,
                    shows_name: row.shows_name,
                },
                name: row.name,
                email: Email::read(&row.email)?,
            })
        })
        .collect()
}

/// A membership of a person, with the organization's name.
#[derive(Debug)]
pub(crate) struct NamedMembership {
    /// The organization.
    pub(crate) organization_id: OrganizationId,
    /// Its name.
    pub(crate) name: String,
    /// The role.
    pub(crate) role: MemberRole,
    /// The provider from whose sign-in a credential stems that acts for it; any does, if there is none.
    pub(crate) required: Option<IdentityProviderId>,
}

/// The memberships of a person, with the organizations' names: at most `limit`.
pub(crate) async fn of_person(
    conn: &mut PgConnection,
    person_id: PersonId,
    limit: i64,
) -> Result<Vec<NamedMembership>, sqlx::Error> {
    // Each by its key: the planner must not look for a few among all organizations.
    let rows = sqlx::query!(
        r#"SELECT m.organization_id AS "organization_id!", o.name AS "name!", m.role AS "role!",
                  (SELECT ip.id FROM directory.identity_providers ip
                   WHERE ip.organization_id = m.organization_id AND ip.enforced) AS required
           FROM (SELECT organization_id, role FROM directory.memberships
                 WHERE person_id = $1 ORDER BY organization_id LIMIT $2) AS m
           CROSS JOIN LATERAL (
               SELECT name FROM directory.organizations WHERE id = m.organization_id OFFSET 0) AS o
           ORDER BY m.organization_id"#,
        person_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(NamedMembership {
                organization_id: OrganizationId::from_uuid(row.organization_id),
                name: row.name,
                role: MemberRole::read(&row.role)?,
                required: row.required.map(IdentityProviderId::from_uuid),
            })
        })
        .collect()
}

/// The memberships of a person in those of these organizations of which they are a member, for a credential that
/// stems from this provider.
pub(crate) async fn in_these(
    conn: &mut PgConnection,
    person_id: PersonId,
    provider: Option<IdentityProviderId>,
    organizations: &[OrganizationId],
) -> Result<KnownMemberships, sqlx::Error> {
    let organizations: Vec<Uuid> = organizations.iter().map(|id| id.uuid()).collect();
    // Each by its key: the planner must not read all memberships, of which others can give somebody any number.
    let rows = sqlx::query!(
        r#"SELECT m.organization_id AS "organization_id!", m.role AS "role!",
                  (SELECT ip.id FROM directory.identity_providers ip
                   WHERE ip.organization_id = m.organization_id AND ip.enforced) AS required
           FROM unnest($2::uuid[]) AS asked (organization_id)
           CROSS JOIN LATERAL (
               SELECT organization_id, role FROM directory.memberships
               WHERE person_id = $1 AND organization_id = asked.organization_id OFFSET 0) AS m"#,
        person_id.uuid(),
        &organizations,
    )
    .fetch_all(conn)
    .await?;
    let mut known = KnownMemberships::default();
    for row in rows {
        let organization_id = OrganizationId::from_uuid(row.organization_id);
        let role = MemberRole::read(&row.role)?;
        let required = row.required.map(IdentityProviderId::from_uuid);
        known_as(
            &mut known,
            contract::rpc::Membership { organization_id, role },
            required,
            provider,
        );
    }
    Ok(known)
}

/// Sorts a membership by whether a credential acts in it that stems from this provider.
pub(super) fn known_as(
    known: &mut KnownMemberships,
    membership: contract::rpc::Membership,
    required: Option<IdentityProviderId>,
    provider: Option<IdentityProviderId>,
) {
    if required.is_none() || required == provider {
        known.memberships.push(membership);
    } else {
        known.sign_in_required.push(membership.organization_id);
    }
}
