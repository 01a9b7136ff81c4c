use std::collections::BTreeMap;

use contract::AccountId;
use contract::rpc::{
    AccountRole, AccountsOfRole, FindConsenter, MatchingAccounts, MatchingAccountsPage,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, visible_accounts};

/// A page of the accounts of a service on which a person holds a role, by that role.
pub(crate) async fn page(
    conn: &mut PgConnection,
    asked: &MatchingAccounts,
) -> Result<MatchingAccountsPage, sqlx::Error> {
    let looked_at = i64::from(MatchingAccounts::MOST);
    let (person, after) =
        (asked.person_id.uuid(), asked.after.map_or(Uuid::nil(), AccountId::uuid));
    let rows = sqlx::query!(
        r#"SELECT held.account_id, held.role
           FROM (SELECT account_id, role FROM directory.account_roles
                 WHERE person_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3) AS held
           CROSS JOIN LATERAL (SELECT * FROM directory.accounts WHERE id = held.account_id OFFSET 0) AS a
           WHERE a.service = $4
             AND ($5::text IS NULL OR position((SELECT directory.search_form($5)) IN a.search_text) > 0)
           ORDER BY held.account_id"#,
        person,
        after,
        looked_at,
        asked.service,
        asked.q,
    )
    .fetch_all(&mut *conn)
    .await?;
    let after = visible_accounts::last_looked_at(conn, person, after, looked_at).await?;
    let mut by_role: BTreeMap<String, Vec<AccountId>> = BTreeMap::new();
    for row in rows {
        by_role.entry(row.role).or_default().push(AccountId::from_uuid(row.account_id));
    }
    let by_role = by_role.into_iter().map(|(role, account_ids)| {
        Ok(AccountsOfRole { role: AccountRole::read(&role)?, account_ids })
    });
    let by_role = by_role.collect::<Result<_, sqlx::Error>>()?;
    Ok(MatchingAccountsPage { by_role, after: after.map(AccountId::from_uuid) })
}

/// The role on this account in which this person, who can sign in, may consent for it.
pub(crate) async fn consenter(
    conn: &mut PgConnection,
    asked: &FindConsenter,
) -> Result<Option<AccountRole>, sqlx::Error> {
    let roles: Vec<String> =
        asked.consent_roles.iter().map(|role| role.as_str().to_owned()).collect();
    let role = sqlx::query_scalar!(
        "SELECT r.role FROM directory.account_roles AS r
         WHERE r.account_id = $1 AND r.person_id = $2 AND r.role = ANY($3)
           AND EXISTS (SELECT FROM directory.people WHERE id = $2 AND deactivated_at IS NULL)",
        asked.account_id.uuid(),
        asked.person_id.uuid(),
        &roles,
    )
    .fetch_optional(conn)
    .await?;
    role.map(|role| AccountRole::read(&role)).transpose()
}
