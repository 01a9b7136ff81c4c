//! Pages: which entries answer a query, as the plan says to read them.
//!
//! Each way to drive is a query of its own, made from one text by `page!`, so that the database
//! never chooses between indices by guesswork.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::plan::{Driver, Plan, Positions, Scanned};
use crate::query::Order;

/// The positions of a page.
pub(crate) async fn positions(conn: &mut PgConnection, mut plan: Plan) -> sqlx::Result<Positions> {
    let (from, to) = (plan.filter.from, plan.filter.to);
    if from.is_some() || to.is_some() {
        let Some((first, last)) = spans(conn, from, to).await? else {
            return Ok(Positions::default());
        };
        plan.narrow_to(first, last);
    }
    let scanned = match plan.order {
        Order::Ascending => ascending(conn, &plan).await?,
        Order::Descending => descending(conn, &plan).await?,
    };
    Ok(plan.page(&scanned))
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

macro_rules! page {
    ($plan:ident, $conn:ident, $order:literal, $keys:literal, $driving:literal $(, $key:expr)*) => {
        sqlx::query_as!(
            Scanned,
            "WITH scanned AS MATERIALIZED (
                 SELECT looked.position, looked.matched FROM " + $keys + " CROSS JOIN LATERAL (
                     SELECT position,
                         ($5::uuid[] IS NULL OR organization = ANY($5))
                         AND ($6::uuid IS NULL OR app_id = $6)
                         AND ($7::uuid IS NULL OR account_id = $7)
                         AND ($8::text IS NULL OR actor = $8)
                         AND ($9::uuid IS NULL OR stream_id = $9)
                         AND ($10::text[] IS NULL OR type = ANY($10))
                         AND ($11::timestamptz IS NULL OR occurred_at >= $11)
                         AND ($12::timestamptz IS NULL OR occurred_at < $12) AS matched
                     FROM audit.entries
                     WHERE " + $driving + " AND position > $1 AND position < $2
                     ORDER BY position " + $order + " LIMIT $3
                 ) AS looked
                 ORDER BY position " + $order + " LIMIT $3
             )
             (SELECT position AS \"position!\", true AS \"matched!\" FROM scanned WHERE matched
              ORDER BY position " + $order + " LIMIT $4)
             UNION ALL
             (SELECT position, false FROM scanned ORDER BY position " + $order + " OFFSET $3 - 1 LIMIT 1)",
            $plan.above,
            $plan.below,
            $plan.scan,
            $plan.limit + 1,
            $plan.organizations.as_deref(),
            $plan.filter.app.map(contract::AppId::uuid),
            $plan.filter.account.map(contract::AccountId::uuid),
            $plan.actor.as_deref(),
            $plan.filter.stream,
            $plan.filter.types.as_deref(),
            $plan.filter.from,
            $plan.filter.to
            $(, $key)*
        )
        .fetch_all($conn)
        .await
    };
}

macro_rules! read {
    ($name:ident, $order:literal) => {
        async fn $name(conn: &mut PgConnection, plan: &Plan) -> sqlx::Result<Vec<Scanned>> {
            let of = plan.organizations.as_deref().unwrap_or_default();
            let types = plan.filter.types.as_deref().unwrap_or_default();
            match plan.driver() {
                Driver::Stream => page!(plan, conn, $order, "(SELECT) AS once", "stream_id = $9"),
                Driver::Account => page!(plan, conn, $order, "(SELECT) AS once", "account_id = $7"),
                Driver::App => page!(plan, conn, $order, "(SELECT) AS once", "app_id = $6"),
                Driver::Actor => page!(plan, conn, $order, "(SELECT) AS once", "actor = $8"),
                Driver::Positions => page!(plan, conn, $order, "(SELECT) AS once", "true"),
                Driver::Organizations => {
                    page!(
                        plan,
                        conn,
                        $order,
                        "UNNEST($13::uuid[]) AS of (id)",
                        "organization = of.id",
                        of
                    )
                }
                Driver::Types => {
                    page!(
                        plan,
                        conn,
                        $order,
                        "UNNEST($13::text[]) AS of (name)",
                        "type = of.name",
                        types
                    )
                }
                Driver::OrganizationsAndTypes => page!(
                    plan,
                    conn,
                    $order,
                    "UNNEST($13::uuid[]) AS of (id) CROSS JOIN UNNEST($14::text[]) AS kind (name)",
                    "organization = of.id AND type = kind.name",
                    of,
                    types
                ),
            }
        }
    };
}

read!(ascending, "ASC");
read!(descending, "DESC");
