//! The logins of services.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

use contract::Service;
use local_servers::testing;
use schema::Login;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

const SERVICE: Service = Service::KeyIssuer;

#[tokio::test]
async fn a_role_logs_in_with_its_password_which_the_server_is_never_sent() {
    let database = testing::postgres().await.database_from(None).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    // What a password in plain would become, a verifier stays as it is.
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    let setting = format!("ALTER DATABASE \"{name}\" SET password_encryption = 'md5'");
    connection.execute(AssertSqlSafe(setting)).await.unwrap();
    let password = "it's a password".to_owned();
    let login = Login { service: SERVICE, password: Some(password) };
    schema::migrate(&database.url, &[login]).await.unwrap();
    let kept = "SELECT rolpassword FROM pg_authid WHERE rolname = $1";
    let kept: String =
        sqlx::query_scalar(kept).bind(SERVICE.role()).fetch_one(&mut connection).await.unwrap();
    assert!(kept.starts_with("SCRAM-SHA-256$4096:"), "not a verifier of ours");

    let (_, place) = database.url.rsplit_once('@').unwrap();
    let url = |password| format!("postgres://{}:{password}@{place}", SERVICE.role());
    let mut own = PgConnection::connect(&url("it%27s%20a%20password")).await.unwrap();
    own.execute("SELECT FROM key_issuer.events").await.unwrap();
    assert!(PgConnection::connect(&url("another")).await.is_err());
}

#[tokio::test]
async fn several_databases_of_one_server_come_up_at_the_same_time() {
    let cluster = testing::postgres().await;
    let mut coming = Vec::new();
    for _ in 0..6 {
        let database = cluster.database_from(None).await;
        coming.push(async move {
            let password = Some("the same everywhere".to_owned());
            let logins = Service::ALL.map(|service| Login { service, password: password.clone() });
            schema::migrate(&database.url, &logins).await
        });
    }
    for migrated in futures::future::join_all(coming).await {
        migrated.unwrap();
    }
}
