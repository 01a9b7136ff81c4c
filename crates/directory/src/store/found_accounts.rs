//! Accounts as they are looked for: by a part of their name or external id.

use contract::PersonId;
use sqlx::PgConnection;

use super::Slice;
use super::accounts::Row;
use crate::account::Account;

/// A page of all accounts that have this text in them; of this service, or of all.
pub(crate) async fn of_all(
    conn: &mut PgConnection,
    q: &str,
    service: Option<&str>,
    slice: Slice,
) -> Result<Vec<Account>, sqlx::Error> {
    // By the index first: the planner must not follow the order of the page and look at each account that comes.
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", name AS "name!", kind AS "kind!", service AS "service!", external_id,
                  version AS "version!", created_at AS "created_at!"
           FROM (SELECT * FROM directory.accounts
                 WHERE directory.search_parts(search_text) COLLATE "C"
                       @> directory.sought_parts(directory.search_form($1))
                 OFFSET 0) AS near
           WHERE position(directory.search_form($1) IN search_text) > 0
             AND ($2::text IS NULL OR service = $2) AND id > $3
           ORDER BY id LIMIT $4"#,
        q,
        service,
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Account::try_from).collect()
}

/// The same of those on which this person holds a role.
pub(crate) async fn of_holder(
    conn: &mut PgConnection,
    holder: PersonId,
    q: &str,
    service: Option<&str>,
    slice: Slice,
) -> Result<Vec<Account>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT a.id AS "id!", a.name AS "name!", a.kind AS "kind!", a.service AS "service!", a.external_id,
                  a.version AS "version!", a.created_at AS "created_at!"
           FROM directory.account_roles AS r
           CROSS JOIN LATERAL (SELECT * FROM directory.accounts WHERE id = r.account_id OFFSET 0) AS a
           WHERE r.person_id = $1 AND r.account_id > $2 AND ($3::text IS NULL OR a.service = $3)
             AND position((SELECT directory.search_form($4)) IN a.search_text) > 0
           ORDER BY r.account_id LIMIT $5"#,
        holder.uuid(),
        slice.begins_after(),
        service,
        q,
        slice.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Account::try_from).collect()
}
