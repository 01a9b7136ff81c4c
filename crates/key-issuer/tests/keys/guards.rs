//! What the database refuses, whatever the service does: the same rules once more.

use axum::http::Method;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::stage::Stage;

async fn refused(stage: &Stage, as_role: bool, statement: &str) -> String {
    let mut connection = sqlx::PgConnection::connect(&stage.servers.database.url).await.unwrap();
    if as_role {
        connection.execute("SET ROLE mandate_key_issuer").await.unwrap();
    }
    let done = connection.execute(AssertSqlSafe(statement.to_owned())).await;
    done.map(drop).expect_err(statement).to_string()
}

#[tokio::test]
async fn the_services_role_cannot_delete_or_rewrite_keys() {
    let (stage, replica, app) = Stage::with_app().await;
    replica.key(app).await;
    for statement in [
        "DELETE FROM key_issuer.keys",
        "TRUNCATE key_issuer.keys",
        "DELETE FROM key_issuer.apps",
        "UPDATE key_issuer.keys SET secret_hash = sha256('x')",
        "UPDATE key_issuer.keys SET expires_at = now() + interval '1 year'",
        "UPDATE key_issuer.keys SET replaces = key_id",
        "UPDATE key_issuer.key_notices SET days = 5",
        "DELETE FROM key_issuer.key_notices",
        "UPDATE key_issuer.signing_keys SET sealed_private = ''",
        "DELETE FROM key_issuer.signing_keys",
        "UPDATE key_issuer.events SET version = 7",
        "DELETE FROM key_issuer.events",
    ] {
        let error = refused(&stage, true, statement).await;
        assert!(error.contains("permission denied"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn not_even_the_owner_brings_a_key_or_an_app_back() {
    let (stage, replica, app) = Stage::with_app().await;
    let (client_id, _) = replica.key(app).await;
    replica
        .ask(
            "owner",
            Method::DELETE,
            &format!("/v1/keys/{client_id}?now=true"),
            serde_json::Value::Null,
        )
        .await;
    let (_, secret) = replica.key(app).await;
    let report = serde_json::json!([{ "token": secret }]);
    replica.ask("nobody", Method::POST, "/v1/leak-reports", report).await.expect(202);
    stage.registry.archive(app).await;
    stage.until_known(app, "archived").await;
    for statement in [
        "UPDATE key_issuer.keys SET leaked_at = NULL WHERE leaked_at IS NOT NULL",
        "INSERT INTO key_issuer.key_notices SELECT key_id, days, now() FROM key_issuer.keys, unnest(ARRAY[7, 7]) AS days",
        "INSERT INTO key_issuer.notice_days VALUES (true, '{}')",
        "UPDATE key_issuer.keys SET deleted_at = NULL, ends_at = NULL",
        "UPDATE key_issuer.keys SET ends_at = ends_at + interval '1 minute'",
        "UPDATE key_issuer.keys SET secret_hash = sha256('x')",
        "UPDATE key_issuer.keys SET version = version + 2",
        "UPDATE key_issuer.apps SET state = 'active'",
        "UPDATE key_issuer.apps SET scope = scope || ' RetailMedia_Balance_Manage'",
        "UPDATE key_issuer.apps SET version = version - 1",
        "INSERT INTO key_issuer.signing_keys SELECT gen_random_uuid(), algorithm, public_key, sealed_private,
             sha256('x')::bytea, created_at, version FROM key_issuer.signing_keys",
    ] {
        let error = refused(&stage, false, statement).await;
        assert!(!error.contains("syntax"), "{statement}: {error}");
    }
}
