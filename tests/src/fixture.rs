//! Databases of earlier versions, in `tests/fixtures`: what each folder holds, and what must be true
//! of the database in it whatever version runs on it. `cargo xtask fixture` makes one.
//!
//! ```text
//! <name>/roles.sql      the services' roles
//!        database.sql   everything else, as plain statements
//!        master-key     what the key issuer's signing keys are sealed with
//!        expected.json  rows, apps, credentials: see `examples/fixture.rs`
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use contract::Service;
use sqlx::{AssertSqlSafe, PgConnection};

/// The services' roles.
pub const ROLES: &str = "roles.sql";
/// Everything else of the database.
pub const DATABASE: &str = "database.sql";
/// The master key.
pub const MASTER_KEY: &str = "master-key";
/// What is known of it.
pub const EXPECTED: &str = "expected.json";

/// Tables of which no row may be lost, in whichever schemas they are.
const KEPT: [&str; 19] = [
    "account_roles",
    "accounts",
    "api_tokens",
    "apps",
    "contexts",
    "details",
    "entries",
    "entry_contexts",
    "entry_details",
    "events",
    "grants",
    "images",
    "keys",
    "links",
    "memberships",
    "organizations",
    "people",
    "signing_keys",
    "subscribers",
];

/// The folder of all fixtures.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// How many rows the tables have of which none may be lost.
pub async fn rows(database: &mut PgConnection) -> BTreeMap<String, i64> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
         WHERE table_schema = ANY($1) AND table_name = ANY($2)",
    )
    .bind(Service::ALL.map(|service| service.schema().to_owned()).to_vec())
    .bind(KEPT.map(str::to_owned).to_vec())
    .fetch_all(&mut *database)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let count = number(database, format!("SELECT count(*) FROM {table}")).await;
        rows.insert(table, count);
    }
    rows
}

/// What the log lacks of what the services have written: events, the heads of streams, contexts and
/// details, byte for byte. The log is complete when this is empty.
pub async fn unrecorded(database: &mut PgConnection) -> Vec<String> {
    let mut lacking = Vec::new();
    for schema in Service::ALL.map(Service::schema) {
        let has_events = format!("SELECT count(to_regclass('{schema}.events'))");
        if number(database, has_events).await == 0 {
            continue;
        }
        for (what, question) in [
            (
                "events",
                format!(
                    "SELECT count(*) FROM {schema}.events e WHERE NOT EXISTS (SELECT FROM \
                     audit.entries l WHERE l.event_id = e.id AND l.envelope = e.envelope)"
                ),
            ),
            (
                "heads of streams",
                format!(
                    "SELECT count(*) FROM (SELECT stream_id, max(version) FROM {schema}.events \
                     GROUP BY 1 EXCEPT SELECT stream_id, max(version) FROM audit.entries \
                     GROUP BY 1) behind"
                ),
            ),
            (
                "contexts",
                format!(
                    "SELECT count(*) FROM {schema}.contexts c WHERE NOT EXISTS (SELECT FROM \
                     audit.entry_contexts l WHERE (l.event_id, l.salt, l.context) = \
                     (c.event_id, c.salt, c.context))"
                ),
            ),
            (
                "details",
                format!(
                    "SELECT count(*) FROM {schema}.details d WHERE NOT EXISTS (SELECT FROM \
                     audit.entry_details l WHERE (l.event_id, l.salt, l.details) = \
                     (d.event_id, d.salt, d.details))"
                ),
            ),
        ] {
            match number(database, question).await {
                0 => {}
                missing => lacking.push(format!("{missing} {what} of {schema}")),
            }
        }
    }
    lacking
}

async fn number(database: &mut PgConnection, question: String) -> i64 {
    // Every name in it is ours.
    sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(database).await.unwrap()
}
