//! What a page costs in a long log: every row of the table in docs/http.md is a full page for which hardly more
//! is read than it shows, whichever way it is read. The plans are those of a service, with the statistics of a
//! log of which nearly all are tokens.

use contract::{Actor, AppId, OrganizationId, PersonId, Service};
use service::settings::DatabaseSettings;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::*;
use crate::index_scan::RESIDUAL_SCAN;
use crate::policy::Scope;
use crate::query::Query;

const LIMIT: u16 = 50;
const SIZE: i64 = 30_000;
/// Beside what is shown: one more of each key, to know whether more follows, and the bisections of a range of
/// times.
const READ_BESIDE: i64 = 200;

/// The log of `tests/support/filled.sql`, asked as the service asks it.
struct Filled {
    pool: PgPool,
    _database: local_servers::testing::TestDatabase,
}

/// What a page cost.
struct Read {
    page: Positions,
    /// Entries of indexes, and how often the table was read from end to end.
    entries: i64,
    whole: i64,
}

impl Filled {
    async fn new() -> Self {
        let database = stage::database().await;
        let owner = PgPool::connect(&database.url).await.unwrap();
        let script = include_str!("../../../tests/support/filled.sql");
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&owner).await.unwrap();
        owner.close().await;
        let settings =
            DatabaseSettings { url: database.url.as_str().into(), ..DatabaseSettings::default() };
        let pool = service::connect::database(Service::Audit, &settings).unwrap();
        Self { pool, _database: database }
    }

    async fn read(&self, query: &Query, scope: &Scope, after: Option<i64>) -> Read {
        let mut transaction = self.pool.begin().await.unwrap();
        let (entries, whole) = counted(&mut transaction).await;
        let mut plan = Plan::new(query.filter.clone(), scope, query.order, LIMIT, SIZE);
        if let Some(position) = after {
            plan.go_on_after(position);
        }
        let page = positions(&mut transaction, plan).await.unwrap();
        let now = counted(&mut transaction).await;
        Read { page, entries: now.0 - entries, whole: now.1 - whole }
    }

    /// The same, as SQL says it, without any index.
    async fn expected(&self, condition: &str, order: Order) -> Vec<i64> {
        let order = match order {
            Order::Ascending => "ASC",
            Order::Descending => "DESC",
        };
        let query = format!(
            "SELECT position FROM audit.entries WHERE {condition} ORDER BY position {order}"
        );
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&self.pool).await.unwrap()
    }
}

/// How many entries of the log's indexes this connection has read, and how often the whole table, since it last
/// told the server's statistics; it does that between transactions only.
async fn counted(conn: &mut PgConnection) -> (i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint FROM pg_index
                 WHERE indrelid = 'audit.entries'::regclass),
                pg_stat_get_xact_numscans('audit.entries'::regclass)",
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

/// An id of the filled log.
fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 | kind << 48 | number)
}

fn organization(number: u128) -> OrganizationId {
    OrganizationId::from_uuid(id(1, number))
}

/// Each row of the table: the query, the same in SQL.
fn table() -> Vec<(String, String)> {
    let organization =
        (format!("organization_id={}", id(1, 1)), format!("organization = '{}'", id(1, 1)));
    let app = (format!("app_id={}", id(2, 1)), format!("app_id = '{}'", id(2, 1)));
    let account = (format!("account_id={}", id(3, 1)), format!("account_id = '{}'", id(3, 1)));
    let actor = |actor: Actor| (format!("actor={actor}"), format!("actor = '{actor}'"));
    let person = actor(Actor::Person(PersonId::from_uuid(id(4, 1))));
    let itself = actor(Actor::App(AppId::from_uuid(id(2, 1))));
    let types = |asked: &str, found: &[&str]| {
        (format!("type={asked}"), format!("type IN ('{}')", found.join("', '")))
    };
    let edited = types("mandate.app.edited.v1", &["mandate.app.edited.v1"]);
    let facts = types("mandate.app.*", &["mandate.app.edited.v1"]);
    let issued = types("mandate.token.issued.v1", &["mandate.token.issued.v1"]);
    let revoked = types("mandate.consent.*", &["mandate.consent.revoked.v1"]);
    let tokens = types("mandate.token.*", &["mandate.token.issued.v1", "mandate.token.refused.v1"]);
    let stream = (format!("stream=app/{}", id(2, 1)), format!("stream_id = '{}'", id(2, 1)));
    let all = || (String::new(), "true".to_owned());
    let both = |one: &(String, String), other: &(String, String)| {
        (format!("{}&{}", one.0, other.0), format!("{} AND {}", one.1, other.1))
    };
    let mut table = vec![all(), stream];
    let kinds = [&edited, &facts, &issued, &revoked, &tokens];
    let actors = [&person, &itself, &actor(Actor::Anonymous)];
    table.extend(kinds.into_iter().chain(actors).cloned());
    for thing in [&organization, &app, &account] {
        table.push(thing.clone());
        table.extend(kinds.map(|kind| both(thing, kind)));
    }
    for thing in [&app, &account] {
        let thing = both(&organization, thing);
        table.extend(kinds.map(|kind| both(&thing, kind)));
        table.push(thing);
    }
    table.extend(actors.map(|actor| both(&organization, actor)));
    // Each with a range of times of recording.
    let (from, to) = ("2026-01-01T01:00:00Z", "2026-01-01T07:00:00Z");
    let range = (
        format!("from={from}&to={to}"),
        format!("recorded_at >= '{from}' AND recorded_at < '{to}'"),
    );
    let timed: Vec<_> = table.iter().map(|row| both(row, &range)).collect();
    [table, timed].concat()
}

#[tokio::test]
async fn every_row_of_the_table_is_a_full_page_for_which_hardly_more_is_read_than_it_shows() {
    let log = Filled::new().await;
    for (asked, condition) in table() {
        for order in [Order::Ascending, Order::Descending] {
            let query = Query { order, ..Query::parse(&asked).unwrap() };
            let read = log.read(&query, &Scope::Everything, None).await;
            let expected = log.expected(&condition, order).await;
            let shown = expected.len().min(LIMIT.into());
            assert_eq!(read.page.found, expected[..shown], "{asked} {order:?}");
            let next = (expected.len() > shown).then(|| expected[shown - 1]);
            assert_eq!((read.page.next, read.page.searched_to), (next, None), "{asked} {order:?}");
            let bound = i64::try_from(shown).unwrap() + READ_BESIDE;
            assert!(read.entries <= bound, "{asked} {order:?}: {} were read", read.entries);
            assert_eq!(read.whole, 0, "{asked} {order:?}");
        }
    }
}

#[tokio::test]
async fn any_other_question_reads_a_bounded_number_of_entries_and_says_up_to_where() {
    let log = Filled::new().await;
    let person = Actor::Person(PersonId::from_uuid(id(4, 1)));
    let app = AppId::from_uuid(id(2, 1));
    let (one, two) = (organization(1), organization(2));
    let all = [one, two];
    for (asked, scope, condition) in [
        (
            format!("app_id={app}&actor={person}"),
            Scope::Everything,
            format!("app_id = '{app}' AND actor = '{person}'"),
        ),
        (
            format!("app_id={app}&organization_id={two}&actor=anonymous"),
            Scope::Everything,
            "false".to_owned(),
        ),
        (
            "occurred_from=2026-01-01T01:00:00Z&occurred_to=2026-01-01T01:00:10Z".to_owned(),
            Scope::Everything,
            "occurred_at >= '2026-01-01T01:00:00Z' AND occurred_at < '2026-01-01T01:00:10Z'"
                .to_owned(),
        ),
        (
            "type=mandate.app.*,mandate.token.*&occurred_from=2026-01-01T07:00:00Z".to_owned(),
            Scope::Organizations(all.to_vec()),
            "organization IS NOT NULL AND type <> 'mandate.consent.revoked.v1'
             AND occurred_at >= '2026-01-01T07:00:00Z'"
                .to_owned(),
        ),
    ] {
        for order in [Order::Ascending, Order::Descending] {
            let query = Query { order, ..Query::parse(&asked).unwrap() };
            let expected = log.expected(&condition, order).await;
            let (mut found, mut pages, mut after) = (Vec::new(), 0, None);
            loop {
                let read = log.read(&query, &scope, after).await;
                assert!(
                    read.entries <= 2 * RESIDUAL_SCAN + READ_BESIDE,
                    "{asked}: {}",
                    read.entries
                );
                assert_eq!(read.whole, 0, "{asked}");
                let full = read.page.found.len() == usize::from(LIMIT);
                let ended_early = read.page.next.filter(|_| !full);
                assert_eq!(read.page.searched_to, ended_early, "{asked} {order:?}");
                found.extend(read.page.found);
                pages += 1;
                after = read.page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{asked} {order:?}");
            let full = i64::try_from(found.len()).unwrap() / i64::from(LIMIT);
            assert!(
                pages <= full + 2 * SIZE / RESIDUAL_SCAN + 2,
                "{asked} {order:?}: {pages} pages"
            );
        }
    }
}
