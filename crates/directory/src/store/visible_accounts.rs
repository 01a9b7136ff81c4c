use std::collections::{BTreeSet, HashMap};

use contract::rpc::{
    AccountKind, AccountRole, VisibleAccount, VisibleAccounts, VisibleAccountsPage,
};
use contract::{AccountId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;

/// So many of a person's roles are looked at for a page, whether or not their accounts are on it: a search
/// that finds nothing ends as soon as one that finds much.
const LOOKED_AT: i64 = 5_000;

/// So many people of a role on an account are looked at when it is said who may consent for it: those who cannot
/// sign in any more are not named.
const CONSENTERS_LOOKED_AT: i64 = 100;

/// A page of the accounts of a service that a person can see.
pub(crate) async fn page(
    conn: &mut PgConnection,
    asked: &VisibleAccounts,
) -> Result<VisibleAccountsPage, sqlx::Error> {
    let limit = asked.limit.clamp(1, VisibleAccounts::MOST);
    let (person, after) =
        (asked.person_id.uuid(), asked.after.map_or(Uuid::nil(), AccountId::uuid));
    let rows = sqlx::query!(
        r#"SELECT held.account_id, held.role, a.name AS "name!", a.external_id, a.kind AS "kind!"
           FROM (SELECT account_id, role FROM directory.account_roles
                 WHERE person_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3) AS held
           CROSS JOIN LATERAL (SELECT * FROM directory.accounts WHERE id = held.account_id OFFSET 0) AS a
           WHERE a.service = $4
             AND ($5::text IS NULL OR position((SELECT directory.search_form($5)) IN a.search_text) > 0)
           ORDER BY held.account_id LIMIT $6"#,
        person,
        after,
        LOOKED_AT,
        asked.service,
        asked.q,
        i64::from(limit),
    )
    .fetch_all(&mut *conn)
    .await?;
    let after = if rows.len() == usize::from(limit) {
        rows.last().map(|row| row.account_id)
    } else {
        last_looked_at(conn, person, after, LOOKED_AT).await?
    };
    let mut accounts = Vec::with_capacity(rows.len());
    for row in rows {
        accounts.push(VisibleAccount {
            id: AccountId::from_uuid(row.account_id),
            name: row.name,
            external_id: row.external_id,
            kind: AccountKind::read(&row.kind)?,
            service: asked.service.clone(),
            role: AccountRole::read(&row.role)?,
            consenters: Vec::new(),
            more_consenters: false,
        });
    }
    name_consenters(conn, &mut accounts, &asked.consent_roles).await?;
    Ok(VisibleAccountsPage { accounts, after: after.map(AccountId::from_uuid) })
}

/// The last of so many accounts of a person that were looked at, if there may be more after it.
pub(super) async fn last_looked_at(
    conn: &mut PgConnection,
    person: Uuid,
    after: Uuid,
    looked_at: i64,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT account_id FROM directory.account_roles
         WHERE person_id = $1 AND account_id > $2 ORDER BY account_id OFFSET $3 LIMIT 1",
        person,
        after,
        looked_at - 1,
    )
    .fetch_optional(conn)
    .await
}

/// Says of the accounts for which the person may not consent who may.
async fn name_consenters(
    conn: &mut PgConnection,
    accounts: &mut [VisibleAccount],
    consent_roles: &[AccountRole],
) -> Result<(), sqlx::Error> {
    let wanting: Vec<Uuid> = accounts
        .iter()
        .filter(|account| !consent_roles.contains(&account.role))
        .map(|account| account.id.uuid())
        .collect();
    if wanting.is_empty() {
        return Ok(());
    }
    // Each once, whatever the question says.
    let roles: BTreeSet<&str> = consent_roles.iter().map(|role| role.as_str()).collect();
    let roles: Vec<String> = roles.into_iter().map(ToOwned::to_owned).collect();
    // One more than are named, of each role: an account may have very many people. And the last that was looked at,
    // after whom there may be more.
    let rows = sqlx::query!(
        r#"SELECT wanting.account_id AS "account_id!", held.person_id AS "person_id!", held.active AS "active!"
           FROM unnest($1::uuid[]) AS wanting (account_id)
           CROSS JOIN unnest($2::text[]) AS consenting (role)
           CROSS JOIN LATERAL (
               SELECT first.id, first.person_id, person.active
               FROM (SELECT id, person_id, row_number() OVER (ORDER BY id) AS number FROM directory.account_roles
                     WHERE account_id = wanting.account_id AND role = consenting.role
                     ORDER BY id LIMIT $4) AS first
               CROSS JOIN LATERAL (
                   SELECT deactivated_at IS NULL AS active FROM directory.people
                   WHERE id = first.person_id OFFSET 0) AS person
               WHERE person.active OR first.number = $4
               ORDER BY first.id LIMIT $3) AS held
           ORDER BY held.id"#,
        &wanting,
        &roles,
        i64::from(VisibleAccount::MOST_CONSENTERS) + 1,
        CONSENTERS_LOOKED_AT,
    )
    .fetch_all(conn)
    .await?;
    let mut consenters: HashMap<AccountId, (Vec<PersonId>, bool)> = HashMap::new();
    for row in rows {
        let (people, more) = consenters.entry(AccountId::from_uuid(row.account_id)).or_default();
        if row.active {
            people.push(PersonId::from_uuid(row.person_id));
        } else {
            *more = true;
        }
    }
    for account in accounts {
        let (mut people, more) = consenters.remove(&account.id).unwrap_or_default();
        let most = usize::from(VisibleAccount::MOST_CONSENTERS);
        account.more_consenters = more || people.len() > most;
        people.truncate(most);
        account.consenters = people;
    }
    Ok(())
}
