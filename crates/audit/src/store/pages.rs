//! Pages: which entries answer a query, as the plan says to read them.
//!
//! Each index is read by a query of its own, made from one text by `page!`. The index's columns are compared
//! and sorted as a row: no other index has that order, so the database has no guess to make. Were they
//! compared one by one it would take the primary key, which is in the order of positions too, and sift the
//! log for what the index made for it has side by side.
//!
//! A row is compared at one end only, where the reading starts. PostgreSQL does not stop at the other end of a
//! range of rows unless its first column differs: of an organization that has none of a type it would go on
//! through all the types that follow. So the nearest entry is looked at first: is it of another key, there is none
//! of this one. Else the reading stops because so many were read, and what is of the next key by then is left out.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::index_scan::{Index, IndexScan};
use crate::plan::{Plan, Positions, Scanned};
use crate::query::Order;

/// The positions of a page, in a log of at least this size.
pub(crate) async fn positions(conn: &mut PgConnection, mut plan: Plan) -> sqlx::Result<Positions> {
    let size = plan.below - 1;
    if let Some(from) = plan.filter.from {
        let before = recorded_before(conn, from, size).await?;
        plan.narrow_to(before, plan.below);
    }
    if let Some(to) = plan.filter.to {
        let before = recorded_before(conn, to, size).await?;
        plan.narrow_to(plan.above, before + 1);
    }
    let (from, to) = (plan.filter.occurred_from, plan.filter.occurred_to);
    if from.is_some() || to.is_some() {
        let Some((first, last)) = spans(conn, from, to).await? else {
            return Ok(Positions::default());
        };
        plan.narrow_to(first - 1, last + 1);
    }
    let mut scanned = Vec::with_capacity(plan.scans.len());
    for scan in &plan.scans {
        scanned.push(match plan.order {
            Order::Ascending => ascending(conn, &plan, scan).await?,
            Order::Descending => descending(conn, &plan, scan).await?,
        });
    }
    Ok(plan.page(&scanned))
}

/// How many of the first so many entries were recorded before this time: in the order of positions these
/// times never run backwards, so they are bisected. Where entries were taken out it finds its way past them: what is
/// missing is to be told, by the manifests that follow.
pub(crate) async fn recorded_before(
    conn: &mut PgConnection,
    time: DateTime<Utc>,
    size: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"WITH RECURSIVE bisected (before, after) AS (
               SELECT 0::bigint, $2::bigint + 1
               UNION ALL
               SELECT CASE WHEN middle.recorded_at >= $1 THEN before ELSE (before + after) / 2 END,
                      CASE WHEN middle.recorded_at >= $1 THEN (before + after) / 2 ELSE after END
               FROM bisected LEFT JOIN LATERAL (
                   SELECT recorded_at FROM audit.entries
                   WHERE position > before AND position <= (before + after) / 2 ORDER BY position DESC LIMIT 1
               ) AS middle ON true
               WHERE after - before > 1
           )
           SELECT max(before) AS "before!" FROM bisected"#,
        time,
        size
    )
    .fetch_one(conn)
    .await
}

/// Between which positions the events of these times are, both included.
async fn spans(
    conn: &mut PgConnection,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<(i64, i64)>> {
    let bounds = sqlx::query!(
        "SELECT min(span) * 4096 AS first, max(span) * 4096 + 4095 AS last FROM audit.spans
         WHERE ($1::timestamptz IS NULL OR latest >= $1) AND ($2::timestamptz IS NULL OR earliest < $2)",
        from,
        to
    )
    .fetch_one(conn)
    .await?;
    Ok(bounds.first.zip(bounds.last))
}

/// What an index gives: for each of the keys its entries between two positions, in order and up to a number;
/// of all of them the first so many, each with whether it meets the filter. The order comes with the end at
/// which the reading starts, and with the other end.
macro_rules! page {
    ($conn:ident, $plan:ident, $scan:ident, ($order:literal, $after:literal, $start:literal, $before:literal, $end:literal),
     $keys:literal, $of:literal $(, $column:literal = $key:literal)*) => {
        sqlx::query_as!(
            Scanned,
            "WITH scanned AS MATERIALIZED (
                 SELECT looked.position, looked.matched FROM " + $keys + " CROSS JOIN LATERAL (
                     SELECT position" $(+ ", " + $column)* + " FROM audit.entries
                     WHERE " + $of + "
                         AND (" $(+ $column + ", ")* + "position) " + $after + " (" $(+ $key + ", ")* + $start + ")
                     ORDER BY " $(+ $column + " " + $order + ", ")* + "position " + $order + " LIMIT 1
                 ) AS nearest CROSS JOIN LATERAL (
                     SELECT position" $(+ ", " + $column)* + ",
                         ($5::uuid[] IS NULL OR organization = ANY($5))
                         AND ($6::uuid IS NULL OR app_id = $6)
                         AND ($7::uuid IS NULL OR account_id = $7)
                         AND ($8::text IS NULL OR actor = $8)
                         AND ($9::uuid IS NULL OR stream_id = $9)
                         AND ($10::text[] IS NULL OR type = ANY($10))
                         AND ($11::timestamptz IS NULL OR occurred_at >= $11)
                         AND ($12::timestamptz IS NULL OR occurred_at < $12) AS matched
                     FROM audit.entries
                     WHERE nearest.position " + $before + " " + $end $(+ " AND nearest." + $column + " = " + $key)* + "
                         AND " + $of + "
                         AND (" $(+ $column + ", ")* + "position) " + $after + " (" $(+ $key + ", ")* + $start + ")
                     ORDER BY " $(+ $column + " " + $order + ", ")* + "position " + $order + " LIMIT $3
                 ) AS looked
                 WHERE looked.position " + $before + " " + $end $(+ " AND looked." + $column + " = " + $key)* + "
                 ORDER BY position " + $order + " LIMIT $3
             )
             (SELECT position AS \"position!\", true AS \"matched!\" FROM scanned WHERE matched
              ORDER BY position " + $order + " LIMIT $4)
             UNION ALL
             (SELECT position, false FROM scanned ORDER BY position " + $order + " OFFSET $3 - 1 LIMIT 1)",
            $plan.above,
            $plan.below,
            $scan.entries,
            $plan.limit + 1,
            $scan.organizations.as_deref(),
            $scan.app,
            $plan.filter.account.map(contract::AccountId::uuid),
            $plan.actor.as_deref(),
            $plan.filter.stream,
            $scan.types.as_deref(),
            $plan.filter.occurred_from,
            $plan.filter.occurred_to
        )
        .fetch_all($conn)
        .await
    };
}

macro_rules! read {
    ($name:ident, $order:tt) => {
        #[expect(clippy::too_many_lines, reason = "a line or two for each index")]
        async fn $name(
            conn: &mut PgConnection,
            plan: &Plan,
            scan: &IndexScan,
        ) -> sqlx::Result<Vec<Scanned>> {
            match scan.index {
                Index::Positions => {
                    page!(conn, plan, scan, $order, "(SELECT) AS once",
                          "true")
                }
                Index::StreamFirst => page!(
                    conn,
                    plan,
                    scan,
                    $order,
                    "(SELECT position AS first FROM audit.entries WHERE stream_id = $9 AND version = 1) AS stream",
                    "position = stream.first"
                ),
                Index::StreamRest => {
                    page!(conn, plan, scan, $order, "(SELECT) AS once",
                          "version > 1", "stream_id" = "$9")
                }
                Index::Type => {
                    page!(conn, plan, scan, $order, "UNNEST($10::text[]) AS kind (name)",
                          "NOT bulk", "type" = "kind.name")
                }
                Index::Organization => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id)",
                          "NOT bulk AND organization IS NOT NULL", "organization" = "of.id")
                }
                Index::OrganizationType => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id) CROSS JOIN UNNEST($10::text[]) AS kind (name)",
                          "NOT bulk AND organization IS NOT NULL", "organization" = "of.id", "type" = "kind.name")
                }
                Index::OrganizationApp => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id)",
                          "NOT bulk AND organization IS NOT NULL AND app_id IS NOT NULL", "organization" = "of.id", "app_id" = "$6")
                }
                Index::OrganizationAppType => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id) CROSS JOIN UNNEST($10::text[]) AS kind (name)",
                          "NOT bulk AND organization IS NOT NULL AND app_id IS NOT NULL", "organization" = "of.id", "app_id" = "$6", "type" = "kind.name")
                }
                Index::OrganizationAccount => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id)",
                          "NOT bulk AND organization IS NOT NULL AND account_id IS NOT NULL", "organization" = "of.id", "account_id" = "$7")
                }
                Index::OrganizationAccountType => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id) CROSS JOIN UNNEST($10::text[]) AS kind (name)",
                          "NOT bulk AND organization IS NOT NULL AND account_id IS NOT NULL", "organization" = "of.id", "account_id" = "$7", "type" = "kind.name")
                }
                Index::OrganizationActor => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id)",
                          "NOT bulk AND organization IS NOT NULL", "organization" = "of.id", "actor" = "$8")
                }
                Index::App => {
                    page!(conn, plan, scan, $order, "(SELECT) AS once",
                          "NOT bulk AND app_id IS NOT NULL", "app_id" = "$6")
                }
                Index::AppType => {
                    page!(conn, plan, scan, $order, "UNNEST($10::text[]) AS kind (name)",
                          "NOT bulk AND app_id IS NOT NULL", "app_id" = "$6", "type" = "kind.name")
                }
                Index::Account => {
                    page!(conn, plan, scan, $order, "(SELECT) AS once",
                          "NOT bulk AND account_id IS NOT NULL", "account_id" = "$7")
                }
                Index::AccountType => {
                    page!(conn, plan, scan, $order, "UNNEST($10::text[]) AS kind (name)",
                          "NOT bulk AND account_id IS NOT NULL", "account_id" = "$7", "type" = "kind.name")
                }
                Index::Actor => {
                    page!(conn, plan, scan, $order, "(SELECT) AS once",
                          "NOT bulk", "actor" = "$8")
                }
                Index::BulkType => {
                    page!(conn, plan, scan, $order, "UNNEST($10::text[]) AS kind (name)",
                          "bulk", "type" = "kind.name")
                }
                Index::BulkOrganization => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id) CROSS JOIN UNNEST($10::text[]) AS kind (name)",
                          "bulk", "organization" = "of.id", "type" = "kind.name")
                }
                Index::BulkAppOrganization => {
                    page!(conn, plan, scan, $order, "UNNEST($5::uuid[]) AS of (id) CROSS JOIN UNNEST($10::text[]) AS kind (name)",
                          "bulk", "app_id" = "$6", "organization" = "of.id", "type" = "kind.name")
                }
                // Its organizations are looked up one after the other: nearly always there is one.
                Index::BulkApp => page!(
                    conn,
                    plan,
                    scan,
                    $order,
                    "(WITH RECURSIVE organizations (id) AS (
                          SELECT organization FROM (
                              SELECT app_id, organization FROM audit.entries
                              WHERE bulk AND (app_id, organization) >= ($6, '00000000-0000-0000-0000-000000000000')
                              ORDER BY app_id, organization LIMIT 1
                          ) AS first WHERE app_id = $6
                          UNION ALL
                          SELECT next.organization FROM organizations CROSS JOIN LATERAL (
                              SELECT app_id, organization FROM audit.entries
                              WHERE bulk AND (app_id, organization) > ($6, organizations.id)
                              ORDER BY app_id, organization LIMIT 1
                          ) AS next WHERE next.app_id = $6
                      ) SELECT id FROM organizations) AS of (id) CROSS JOIN UNNEST($10::text[]) AS kind (name)",
                    "bulk",
                    "app_id" = "$6",
                    "organization" = "of.id",
                    "type" = "kind.name"
                ),
            }
        }
    };
}

read!(ascending, ("ASC", ">", "$1", "<", "$2"));
read!(descending, ("DESC", "<", "$2", ">", "$1"));

#[cfg(test)]
mod tests;
