//! No query reads more of a table the longer its history is.
//!
//! A service prepares a statement when it starts, perhaps on empty tables, and keeps the plan. So
//! every query of the code (`.sqlx`, which `.ci/run` holds to the code) is planned here as it is
//! there: in an empty database, for any parameters, under the settings of a service's connection.
//! A plan that walks through a whole table, and does not stop after a LIMIT, is refused; so is one that follows
//! a primary key and sifts what comes: nothing bounds it but the position; and so is one that compares rows at
//! both ends, since it goes on beyond the other end. The queries of the
//! log are planned once more with the statistics of a long one, of which nearly all are tokens.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contract::Service;
use local_servers::testing::{self, TestDatabase};
use schema::Login;
use serde_json::Value;
use service::settings::DatabaseSettings;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

/// Tables and partial indexes that do not grow with the history, or hardly.
const SMALL: [&str; 9] = [
    // One row.
    "head",
    "sign_in_hash_key",
    // A row for each key that the log ever had.
    "log_keys",
    "log_key_events",
    // What is missing at the moment.
    "gaps",
    // What operators have entered one by one.
    "people_operators",
    "subscriber_progress",
    "subscribers_live",
    // A row for 4096 entries.
    "spans",
];

/// The log of the tests of audit: 30,000 entries, and statistics.
const FILLED: &str = "../crates/audit/tests/support/filled.sql";

/// A database with all tables.
struct Planned {
    connections: BTreeMap<Service, PgConnection>,
    _database: TestDatabase,
}

impl Planned {
    /// An empty one.
    async fn empty() -> Self {
        Self::with("").await
    }

    async fn with(script: &str) -> Self {
        let database = testing::postgres().await.database_from(None).await;
        let logins = Service::ALL.map(|service| Login { service, password: None });
        schema::migrate(&database.url, &logins).await.unwrap();
        let mut owner = PgConnection::connect(&database.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        let mut connections = BTreeMap::new();
        for service in Service::ALL {
            let settings = DatabaseSettings {
                url: database.url.as_str().into(),
                ..DatabaseSettings::default()
            };
            let pool = service::connect::database(service, &settings).unwrap();
            let connection = pool.acquire().await.unwrap().detach();
            connections.insert(service, connection);
        }
        Self { connections, _database: database }
    }

    /// What the query reads from end to end, when this service asks it.
    async fn whole_tables(&mut self, service: Service, query: &str) -> Vec<String> {
        let connection = self.connections.get_mut(&service).unwrap();
        match plan(connection, query).await {
            Ok(plan) => whole_tables(&plan, false),
            Err(error) => panic!("{service}: {error}: {query}"),
        }
    }
}

#[tokio::test]
async fn no_query_reads_a_growing_table_from_end_to_end() {
    let planned = all_are_bounded(Planned::empty().await, queries()).await;
    assert!(planned > 100, "{planned}");
}

#[tokio::test]
async fn nor_does_a_query_of_the_log_when_it_is_long_and_nearly_all_tokens() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILLED);
    let filled = Planned::with(&fs::read_to_string(script).unwrap()).await;
    let of_the_log = queries().into_iter().filter(|query| query.contains("audit.entries"));
    let planned = all_are_bounded(filled, of_the_log.collect()).await;
    assert!(planned > 40, "{planned}");
}

/// How many were planned, all of them well.
async fn all_are_bounded(mut database: Planned, queries: Vec<String>) -> usize {
    let mut planned = 0;
    let mut refused = Vec::new();
    for query in queries {
        for service in asked_by(&query) {
            planned += 1;
            for reason in database.whole_tables(service, &query).await {
                refused.push(format!("{service}: {reason}: {query}"));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    planned
}

#[tokio::test]
async fn what_reads_a_growing_table_is_noticed() {
    let mut empty = Planned::empty().await;
    for (query, whole) in [
        ("SELECT envelope FROM events WHERE stream_id = $1", 0),
        ("SELECT envelope FROM events ORDER BY seq LIMIT $1", 0),
        ("SELECT envelope FROM events ORDER BY seq", 1),
        // Sorted before anything is left out.
        ("SELECT envelope FROM events ORDER BY version LIMIT $1", 1),
        ("SELECT count(*) FROM events", 1),
        ("SELECT max(seq) FROM events WHERE recorded_at < $1", 1),
        // What the planner makes a join of, on empty tables.
        (
            "UPDATE consumer_positions AS p SET version = 0 WHERE EXISTS (
                 SELECT FROM events WHERE stream_id = p.stream_id AND version = p.version)",
            1,
        ),
    ] {
        let found = empty.whole_tables(Service::KeyIssuer, query).await;
        assert_eq!(found.len(), whole, "{query}: {found:?}");
    }
    // A LIMIT, and an index in its order; but what is looked for may be far.
    let sifting = "SELECT position FROM audit.entries WHERE position > $1 AND correlation_id = $2
                   ORDER BY position LIMIT $3";
    let found = empty.whole_tables(Service::Audit, sifting).await;
    assert_eq!(found.len(), 1, "{found:?}");
}

/// A list can be long and so can what it is looked for in: comparing each with each is neither's size but both.
#[tokio::test]
async fn what_is_asked_for_in_a_list_is_found_by_its_key_and_nothing_else_is_read() {
    let mut empty = Planned::empty().await;
    for (service, text, keys) in [
        (
            Service::KeyIssuer,
            "coalesce(least(expires_at, ends_at), 'infinity') >",
            &["keys_working", "apps_pkey", "app_activity_pkey"][..],
        ),
        (Service::ConsentBroker, "AS chosen (account_id)", &["grants_live", "grants_pkey"][..]),
        (
            Service::Directory,
            "AS asked (account_id)",
            &["account_roles_account_id_person_id_key", "account_roles_person", "accounts_pkey"][..],
        ),
        (
            Service::Directory,
            "AS asked (organization_id)",
            &[
                "memberships_organization_id_person_id_key",
                "memberships_person",
                "identity_providers_enforced",
            ][..],
        ),
        (Service::Directory, "OFFSET 0) AS near", &["accounts_by_parts"][..]),
        (
            Service::Directory,
            "AS wanting (account_id)",
            &["account_roles_of_role", "people_pkey"][..],
        ),
        (
            Service::Directory,
            "SELECT r.id, r.person_id, r.role",
            &["account_roles_of_account", "people_pkey"][..],
        ),
        (
            Service::Directory,
            "SELECT m.id, m.person_id",
            &["memberships_of_organization", "people_pkey"][..],
        ),
        (
            Service::Directory,
            "WHERE person_id = $1 AND id >",
            &["api_tokens_person", "sessions_person"][..],
        ),
        (Service::KeyIssuer, "WHERE app_id = $1 AND key_id <", &["keys_of_app"][..]),
        (
            Service::ConsentBroker,
            "WHERE app_id = $1 AND consent_broker.grant_state(end_reason) = 'live' AND id >",
            &["grants_of_app_by_state"][..],
        ),
        (
            Service::ConsentBroker,
            "WHERE consent_broker.grant_state(end_reason) = $1 AND id <",
            &["grants_by_state"][..],
        ),
    ] {
        let of_this = |query: &String| query.contains(text) && !query.contains("INSERT");
        let queries: Vec<String> = queries().into_iter().filter(of_this).collect();
        assert!(!queries.is_empty(), "{text}");
        for query in queries {
            let connection = empty.connections.get_mut(&service).unwrap();
            let plan = plan(connection, &query).await.unwrap();
            let scans = scans(&plan);
            let by_key = |scan: &&Value| {
                let index = scan["Index Name"].as_str().unwrap_or_default();
                // What a bitmap leads to is found by the index of the scan below it.
                let led = scan["Node Type"] == "Bitmap Heap Scan";
                // What time has ended is sifted out, until it is recorded: the sweeper leaves few of it. And of an app's
                // keys, of which few can work, those that ended at once by a clock that is ahead.
                let few = ["awaits_expiry_since", "((ends_at > deleted_at) IS NOT FALSE)"];
                let filter = scan["Filter"].as_str();
                let sifts =
                    filter.is_some_and(|filter| !few.iter().any(|few| filter.contains(few)));
                (led || keys.contains(&index)) && !sifts
            };
            assert!(!scans.is_empty() && scans.iter().all(by_key), "{query}: {plan}");
        }
    }
}

#[tokio::test]
async fn no_page_is_found_by_reading_all_that_are_before_it() {
    let mut empty = Planned::empty().await;
    for query in queries() {
        for service in asked_by(&query) {
            let connection = empty.connections.get_mut(&service).unwrap();
            let plan = plan(connection, &query).await.unwrap();
            for scan in scans(&plan) {
                let filter = scan["Filter"].as_str().unwrap_or_default();
                // "From here, or from the beginning": an index leads to neither.
                let leaves_out = filter.contains("IS NULL) OR (")
                    && ["id > $", "id < $"].iter().any(|place| filter.contains(place));
                assert!(!leaves_out, "{service}: {filter}: {query}");
            }
        }
    }
}

/// Whatever reads a table or an index in a plan.
fn scans(node: &Value) -> Vec<&Value> {
    let mut found: Vec<&Value> =
        node["Plans"].as_array().into_iter().flatten().flat_map(scans).collect();
    let reads = !node["Relation Name"].is_null() || !node["Index Name"].is_null();
    if reads && node["Node Type"] != "ModifyTable" {
        found.push(node);
    }
    found
}

/// The queries of the code, without those that are no queries (`LISTEN` and the like).
fn queries() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let files = fs::read_dir(folder).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let queries = texts.map(|text| {
        let file: Value = serde_json::from_str(&text).unwrap();
        file["query"].as_str().unwrap().to_owned()
    });
    queries.collect()
}

/// Whose query it is: the one whose schema it names, or everybody's; of mails to be asked for, whoever asks.
fn asked_by(query: &str) -> Vec<Service> {
    let named: Vec<Service> = Service::ALL
        .into_iter()
        .filter(|service| query.contains(&format!("{}.", service.schema())))
        .collect();
    match named {
        named if !named.is_empty() => named,
        _ if query.contains("mail_requests") => vec![Service::KeyIssuer, Service::ConsentBroker],
        _ => Service::ALL.to_vec(),
    }
}

/// The plan that a prepared statement gets, for any parameters.
async fn plan(connection: &mut PgConnection, query: &str) -> sqlx::Result<Value> {
    for statement in [
        "DEALLOCATE ALL",
        "SET plan_cache_mode = force_generic_plan",
        &format!("PREPARE asked AS {query}"),
    ] {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        statement.execute(&mut *connection).await?;
    }
    let parameters = sqlx::raw_sql(
        "SELECT cardinality(parameter_types)::text FROM pg_prepared_statements WHERE name = 'asked'",
    );
    let parameters: String = parameters.fetch_one(&mut *connection).await?.try_get(0)?;
    let nulls = vec!["NULL"; parameters.parse().unwrap()].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE asked{arguments}");
    let row = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_one(connection).await?;
    let plans: Value = row.try_get(0)?;
    Ok(plans[0]["Plan"].clone())
}

/// What a plan reads from end to end. `stops`: what it produces is asked for only until there is
/// enough of it.
fn whole_tables(node: &Value, stops: bool) -> Vec<String> {
    let kind = node["Node Type"].as_str().unwrap();
    let passes_on = match kind {
        "Limit" => true,
        // One row in, at most one row out: who reads from them stops them.
        "Result" | "Subquery Scan" | "LockRows" | "ModifyTable" | "ProjectSet"
        | "Incremental Sort" | "Merge Append" | "Append" => stops,
        _ => false,
    };
    let mut found = Vec::new();

    let named = ["Relation Name", "Index Name"].map(|name| node[name].as_str().unwrap_or_default());
    let whole = match kind {
        "Seq Scan" => true,
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
            let condition = node["Index Cond"].as_str();
            // The planner writes the latter for max() and min().
            condition.is_none_or(|condition| condition.ends_with(" IS NOT NULL)"))
        }
        _ => false,
    };
    // A scan that leaves rows out may have to read them all before there is enough.
    let sifts = !node["Filter"].is_null();
    let stops = stops && !sifts;
    // Along the primary key, which is in the order of the whole history.
    let follows_all = named[1].ends_with("_pkey")
        && node["Index Cond"]
            .as_str()
            .is_some_and(|condition| !condition.contains(" = ") && !condition.contains("ROW("));
    let sifts_all = follows_all && sifts;
    // Rows that are compared at both ends: only where the first column differs does a scan stop at the other one.
    let goes_on =
        node["Index Cond"].as_str().is_some_and(|condition| condition.matches("(ROW(").count() > 1);
    if ((whole && !stops) || sifts_all || goes_on) && !named.iter().any(|name| SMALL.contains(name))
    {
        found.push(format!("{kind} of {}", named.join(" ")));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        found.extend(whole_tables(child, passes_on));
    }
    found
}
