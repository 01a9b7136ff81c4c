//! Databases that other versions of the program made.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

use contract::Service;
use local_servers::testing::{self, TestDatabase};
use schema::{Login, SchemaError};
use sqlx::{Connection, Executor, PgConnection};

const SERVICE: Service = Service::KeyIssuer;

fn logins() -> [Login; 1] {
    [Login { service: SERVICE, password: None }]
}

/// A database that is up to date but for what the statement changes.
async fn database_with(statement: &'static str) -> (TestDatabase, PgConnection) {
    let database = testing::postgres().await.database_from(None).await;
    schema::migrate(&database.url, &logins()).await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    connection.execute(statement).await.unwrap();
    (database, connection)
}

#[tokio::test]
async fn a_database_that_is_up_to_date_stays_as_it_is() {
    let (database, mut connection) = database_with("").await;
    schema::migrate(&database.url, &logins()).await.unwrap();
    assert!(schema::is_current(&mut connection, SERVICE).await.unwrap());
}

#[tokio::test]
async fn what_an_unreleased_version_made_is_refused_in_a_clear_sentence_and_stays_as_it_is() {
    // The event tables were made by five migrations, and the first was another one.
    let (database, mut connection) = database_with(
        "UPDATE key_issuer._eventstore_migrations SET checksum = '\\x01';
         INSERT INTO key_issuer._eventstore_migrations (version, description, success, checksum, execution_time)
         SELECT version, '', true, '\\x01', 0 FROM generate_series(2, 5) AS version
         ON CONFLICT (version) DO UPDATE SET checksum = excluded.checksum;
         DROP TABLE key_issuer.keys CASCADE;
         DELETE FROM key_issuer._migrations",
    )
    .await;
    let refused = schema::migrate(&database.url, &logins()).await.unwrap_err();
    assert!(matches!(refused, SchemaError::Unreleased));
    assert_eq!(
        refused.to_string(),
        "this data folder or database was made by an unreleased version of Mandate, and no release can \
         bring it up to date: begin with an empty one"
    );
    assert!(!schema::is_current(&mut connection, SERVICE).await.unwrap());
    let keys: bool = sqlx::query_scalar("SELECT to_regclass('key_issuer.keys') IS NOT NULL")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(!keys, "nothing was made");
}

#[tokio::test]
async fn what_a_newer_version_made_is_not_brought_back_but_serves() {
    let (database, mut connection) = database_with(
        "INSERT INTO key_issuer._migrations (version, description, success, checksum, execution_time)
         VALUES (99, '', true, '\\x01', 0)",
    )
    .await;
    let refused = schema::migrate(&database.url, &logins()).await.unwrap_err();
    assert!(matches!(refused, SchemaError::Newer { service: SERVICE, version: 99 }), "{refused}");
    assert!(schema::is_current(&mut connection, SERVICE).await.unwrap());
}
