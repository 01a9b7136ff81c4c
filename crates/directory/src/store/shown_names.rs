//! Names of many people, accounts and organizations, each with what the person who asks has to do with it: who may
//! know them is for [`crate::policy`] to say.

use contract::{AccountId, OrganizationId, PersonId};
use service::Caller;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::policy::Acquaintance;

/// So many of a person's organizations, and accounts, are looked at to find those that they share with whoever asks:
/// others can give somebody any number.
const LOOKED_AT: i64 = 200;

/// Those of these people that there are, with what the caller has to do with each. `consenting` are the roles that may
/// consent, as `<service> <role>`.
pub(crate) async fn people(
    conn: &mut PgConnection,
    caller: &Caller,
    ids: &[PersonId],
    consenting: &[String],
) -> sqlx::Result<Vec<(PersonId, String, Acquaintance)>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    // Each by its key, and no further than it is looked at.
    let rows = sqlx::query!(
        r#"SELECT p.id AS "id!", p.name AS "name!",
                  EXISTS (
                      SELECT FROM (
                          SELECT organization_id FROM directory.memberships
                          WHERE person_id = asked.id AND shows_name ORDER BY organization_id LIMIT $5) AS theirs
                      CROSS JOIN LATERAL (
                          SELECT FROM directory.memberships
                          WHERE organization_id = theirs.organization_id AND person_id = $1 OFFSET 0) AS mine
                      WHERE NOT EXISTS (
                          SELECT FROM directory.identity_providers AS ip
                          WHERE ip.organization_id = theirs.organization_id AND ip.enforced
                            AND ip.id IS DISTINCT FROM $3)
                  ) AS "colleague!",
                  coalesce(shared.manages, false) AS "manages!", coalesce(shared.consents, false) AS "consents!"
           FROM unnest($2::uuid[]) AS asked (id)
           CROSS JOIN LATERAL (SELECT id, name FROM directory.people WHERE id = asked.id OFFSET 0) AS p
           CROSS JOIN LATERAL (
               SELECT bool_or(mine.role = 'admin') AS manages,
                      bool_or(a.service || ' ' || theirs.role = ANY($4)) AS consents
               FROM (SELECT account_id, role FROM directory.account_roles
                     WHERE person_id = asked.id ORDER BY account_id LIMIT $5) AS theirs
               CROSS JOIN LATERAL (
                   SELECT role FROM directory.account_roles
                   WHERE account_id = theirs.account_id AND person_id = $1 OFFSET 0) AS mine
               CROSS JOIN LATERAL (
                   SELECT service FROM directory.accounts WHERE id = theirs.account_id OFFSET 0) AS a
           ) AS shared"#,
        caller.person_id.uuid(),
        &ids,
        caller.identity_provider_id.map(contract::IdentityProviderId::uuid),
        consenting,
        LOOKED_AT,
    )
    .fetch_all(conn)
    .await?;
    let named = rows.into_iter().map(|row| {
        let acquaintance = Acquaintance {
            colleague: row.colleague,
            manages_their_role: row.manages,
            may_consent_for_a_shared_account: row.consents,
        };
        (PersonId::from_uuid(row.id), row.name, acquaintance)
    });
    Ok(named.collect())
}

/// Those of these accounts that there are, and whether the person holds a role on each.
pub(crate) async fn accounts(
    conn: &mut PgConnection,
    person: PersonId,
    ids: &[AccountId],
) -> sqlx::Result<Vec<(AccountId, String, bool)>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT a.id AS "id!", a.name AS "name!", EXISTS (
               SELECT FROM directory.account_roles WHERE account_id = asked.id AND person_id = $1) AS "held!"
           FROM unnest($2::uuid[]) AS asked (id)
           CROSS JOIN LATERAL (SELECT id, name FROM directory.accounts WHERE id = asked.id OFFSET 0) AS a"#,
        person.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (AccountId::from_uuid(row.id), row.name, row.held)).collect())
}

/// The names of those of these organizations that there are.
pub(crate) async fn organizations(
    conn: &mut PgConnection,
    ids: &[OrganizationId],
) -> sqlx::Result<Vec<(OrganizationId, String)>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows =
        sqlx::query!("SELECT id, name FROM directory.organizations WHERE id = ANY($1)", &ids)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (OrganizationId::from_uuid(row.id), row.name)).collect())
}
