//! Pages: which entries answer a query.
//!
//! A page costs the same however long the log is. One condition, the narrowest that an index
//! serves, *drives*: entries are read through its index in the order of positions, and at most
//! `scan` of them are looked at; the other conditions are residual: they only filter what the index
//! gives. When the scan ends before the page is full, the page is shorter than asked for, and its
//! cursor goes on from there.
//!
//! Each way to drive is a query of its own, made from one text by `page!`, so that the database
//! never chooses between indices by guesswork.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::policy::Scope;
use crate::query::{Filter, Order};

/// What a page looks for and where.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    organizations: Option<Vec<Uuid>>,
    filter: Filter,
    actor: Option<String>,
    order: Order,
    /// Positions after this one.
    pub(crate) above: i64,
    /// Positions before this one.
    pub(crate) below: i64,
    limit: i64,
    scan: i64,
}

/// The condition whose index is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    Stream,
    Account,
    App,
    Actor,
    OrganizationsAndTypes,
    Organizations,
    Types,
    Positions,
}

/// The positions of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Positions {
    /// In the order asked for.
    pub(crate) found: Vec<i64>,
    /// Where the next page goes on, if there may be one.
    pub(crate) next: Option<i64>,
}

/// How many entries a page looks at when there are residual conditions.
const RESIDUAL_SCAN: i64 = 4_000;

impl Search {
    /// A search of everything in scope below `size`.
    pub(crate) fn new(filter: Filter, scope: &Scope, order: Order, limit: u16, size: i64) -> Self {
        let named = filter.organization.map(|of| vec![of.uuid()]);
        let organizations = match scope {
            Scope::Everything | Scope::Account => named,
            Scope::Organizations(seen) => Some(seen.iter().map(|of| of.uuid()).collect()),
        };
        let actor = filter.actor.map(|actor| actor.to_string());
        let limit = i64::from(limit);
        let mut search = Self {
            organizations,
            filter,
            actor,
            order,
            above: 0,
            below: size + 1,
            limit,
            scan: limit + 1,
        };
        if search.has_residual_conditions() {
            // Each of the keys is scanned that far.
            search.scan = search.scan.max(RESIDUAL_SCAN / search.keys());
        }
        search
    }

    /// Goes on after a page that ended at this position.
    pub(crate) fn go_on_after(&mut self, position: i64) {
        match self.order {
            Order::Ascending => self.above = self.above.max(position),
            Order::Descending => self.below = self.below.min(position),
        }
    }

    fn driver(&self) -> Driver {
        match &self.filter {
            Filter { stream: Some(_), .. } => Driver::Stream,
            Filter { account: Some(_), .. } => Driver::Account,
            Filter { app: Some(_), .. } => Driver::App,
            // A service of ours or nobody does much; a person or an app does little.
            Filter {
                actor: Some(contract::Actor::Person(_) | contract::Actor::App(_)), ..
            } => Driver::Actor,
            Filter { types: Some(_), .. } if self.organizations.is_some() => {
                Driver::OrganizationsAndTypes
            }
            _ if self.organizations.is_some() => Driver::Organizations,
            Filter { types: Some(_), .. } => Driver::Types,
            Filter { actor: Some(_), .. } => Driver::Actor,
            _ => Driver::Positions,
        }
    }

    /// How many keys the driver looks up.
    fn keys(&self) -> i64 {
        let of = self.organizations.as_ref().map_or(1, Vec::len);
        let types = self.filter.types.as_ref().map_or(1, Vec::len);
        let keys = match self.driver() {
            Driver::OrganizationsAndTypes => of * types,
            Driver::Organizations => of,
            Driver::Types => types,
            Driver::Stream | Driver::Account | Driver::App | Driver::Actor | Driver::Positions => 1,
        };
        i64::try_from(keys.max(1)).unwrap_or(i64::MAX)
    }

    /// Whether there are conditions that the driver's index does not serve.
    fn has_residual_conditions(&self) -> bool {
        let Filter { types, app, account, stream, from, to, .. } = &self.filter;
        let conditions = [
            stream.is_some(),
            account.is_some(),
            app.is_some(),
            self.actor.is_some(),
            self.organizations.is_some(),
            types.is_some(),
            from.is_some() || to.is_some(),
        ];
        let served = match self.driver() {
            Driver::Positions => 0,
            Driver::OrganizationsAndTypes => 2,
            _ => 1,
        };
        conditions.into_iter().filter(|given| *given).count() > served
    }

    /// The positions of the page.
    pub(crate) async fn positions(&self, conn: &mut PgConnection) -> sqlx::Result<Positions> {
        let mut search = self.clone();
        if self.filter.from.is_some() || self.filter.to.is_some() {
            let Some((first, last)) = spans(conn, self.filter.from, self.filter.to).await? else {
                return Ok(Positions { found: Vec::new(), next: None });
            };
            search.above = search.above.max(first - 1);
            search.below = search.below.min(last + 1);
        }
        let rows = match self.order {
            Order::Ascending => search.ascending(conn).await?,
            Order::Descending => search.descending(conn).await?,
        };
        Ok(search.page(&rows))
    }

    fn page(&self, rows: &[Row]) -> Positions {
        let mut found: Vec<i64> =
            rows.iter().filter(|row| row.matched).map(|row| row.position).collect();
        let scanned_to = rows.iter().find(|row| !row.matched).map(|row| row.position);
        let full = i64::try_from(found.len()).is_ok_and(|len| len > self.limit);
        let next = if full {
            found.pop();
            found.last().copied()
        } else {
            scanned_to
        };
        Positions { found, next }
    }
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

struct Row {
    position: i64,
    matched: bool,
}

macro_rules! page {
    ($search:ident, $conn:ident, $order:literal, $keys:literal, $driving:literal $(, $key:expr)*) => {
        sqlx::query_as!(
            Row,
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
            $search.above,
            $search.below,
            $search.scan,
            $search.limit + 1,
            $search.organizations.as_deref(),
            $search.filter.app.map(contract::AppId::uuid),
            $search.filter.account.map(contract::AccountId::uuid),
            $search.actor.as_deref(),
            $search.filter.stream,
            $search.filter.types.as_deref(),
            $search.filter.from,
            $search.filter.to
            $(, $key)*
        )
        .fetch_all($conn)
        .await
    };
}

macro_rules! read {
    ($name:ident, $order:literal) => {
        impl Search {
            async fn $name(&self, conn: &mut PgConnection) -> sqlx::Result<Vec<Row>> {
                let of = self.organizations.as_deref().unwrap_or_default();
                let types = self.filter.types.as_deref().unwrap_or_default();
                match self.driver() {
                    Driver::Stream => page!(self, conn, $order, "(SELECT) AS once", "stream_id = $9"),
                    Driver::Account => page!(self, conn, $order, "(SELECT) AS once", "account_id = $7"),
                    Driver::App => page!(self, conn, $order, "(SELECT) AS once", "app_id = $6"),
                    Driver::Actor => page!(self, conn, $order, "(SELECT) AS once", "actor = $8"),
                    Driver::Positions => page!(self, conn, $order, "(SELECT) AS once", "true"),
                    Driver::Organizations => {
                        page!(self, conn, $order, "UNNEST($13::uuid[]) AS of (id)", "organization = of.id", of)
                    }
                    Driver::Types => {
                        page!(self, conn, $order, "UNNEST($13::text[]) AS of (name)", "type = of.name", types)
                    }
                    Driver::OrganizationsAndTypes => page!(
                        self,
                        conn,
                        $order,
                        "UNNEST($13::uuid[]) AS of (id) CROSS JOIN UNNEST($14::text[]) AS kind (name)",
                        "organization = of.id AND type = kind.name",
                        of,
                        types
                    ),
                }
            }
        }
    };
}

read!(ascending, "ASC");
read!(descending, "DESC");
