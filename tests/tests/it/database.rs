//! What PostgreSQL refuses by itself, whatever a service does: the freeze (rule 10), single use
//! (rule 21), append-only events, and each role's own schema.

use contract::Service;
use journeys::people::RETAIL_MEDIA;
use journeys::system::{System, shared};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// Who tries.
#[derive(Clone, Copy, PartialEq)]
enum As {
    /// The database's owner, a superuser even.
    Owner,
    /// The service's own role.
    Role(Service),
}

/// Why a statement is refused.
async fn refused(system: &System, who: As, statement: &str) -> String {
    let mut connection = PgConnection::connect(&system.servers.database.url).await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    if let As::Role(service) = who {
        connection
            .execute(AssertSqlSafe(format!("SET LOCAL ROLE {}", service.role())))
            .await
            .unwrap();
    }
    let outcome = connection.execute(AssertSqlSafe(statement.to_owned())).await;
    let error = match outcome {
        Ok(done) => panic!("{statement}: not refused, {} rows", done.rows_affected()),
        Err(error) => error,
    };
    connection.close().await.unwrap();
    error.as_database_error().unwrap_or_else(|| panic!("{statement}: {error}")).message().to_owned()
}

#[tokio::test]
async fn events_are_only_ever_inserted() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    organization.developer.key(&app).await;
    organization.developer.link(&app).await;
    for service in
        [Service::Directory, Service::AppRegistry, Service::KeyIssuer, Service::ConsentBroker]
    {
        let events = format!("{}.events", service.schema());
        for statement in [
            format!("UPDATE {events} SET type = type"),
            format!("UPDATE {events} SET envelope = '{{}}' WHERE version = 1"),
            format!("DELETE FROM {events}"),
            format!("TRUNCATE {events} CASCADE"),
        ] {
            let role = refused(system, As::Role(service), &statement).await;
            assert!(role.contains("permission denied"), "{statement}: {role}");
            let owner = refused(system, As::Owner, &statement).await;
            assert!(
                owner.contains("append-only") || owner.contains("only ever inserted"),
                "{statement}: {owner}"
            );
        }
    }
    for statement in [
        "UPDATE audit.entries SET type = type",
        "DELETE FROM audit.entries",
        "TRUNCATE audit.entries",
    ] {
        assert!(
            refused(system, As::Role(Service::Audit), statement)
                .await
                .contains("permission denied")
        );
        assert!(refused(system, As::Owner, statement).await.contains("append-only"));
    }
}

#[tokio::test]
async fn an_active_app_is_frozen_whoever_tries() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let row = format!("WHERE id = '{}'", app.id);
    for change in [
        "name = 'Other'",
        "description = NULL",
        "service = 'marketing_solutions'",
        "domains = '{billing:read}'",
        "scopes = '{RetailMedia_Billing_Read}'",
        "authentication_method = 'authorization_code'",
        "organization_id = id",
        "activated_at = now()",
        "state = 'draft', activated_at = NULL, scopes = '{}'",
    ] {
        let statement =
            format!("UPDATE app_registry.apps SET {change}, version = version + 1 {row}");
        for who in [As::Role(Service::AppRegistry), As::Owner] {
            let why = refused(system, who, &statement).await;
            assert!(why.starts_with(&format!("app {}: ", app.id)), "{change}: {why}");
        }
    }
    let quietly = format!("UPDATE app_registry.apps SET state = 'suspended' {row}");
    assert!(
        refused(system, As::Role(Service::AppRegistry), &quietly)
            .await
            .contains("no change without its event")
    );
    let image = format!(
        "INSERT INTO app_registry.images VALUES ('{}', 'image/png', sha256('x'), 'x', now())",
        app.id
    );
    for statement in [image, format!("DELETE FROM app_registry.apps {row}")] {
        assert!(refused(system, As::Owner, &statement).await.contains("never"));
    }
}

#[tokio::test]
async fn a_link_is_used_once_whoever_tries() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let link = organization.developer.link(&app).await;
    account.admin().approve(&link, &[&account.id]).await.expect(200);
    for change in [
        "state = 'pending', opened_at = NULL, opened_by = NULL, ended_at = NULL, ended_by = NULL, granted_accounts = '{}'",
        "state = 'denied', granted_accounts = '{}'",
        "ended_at = ended_at + interval '1 second'",
        "granted_accounts = granted_accounts || id",
    ] {
        let statement = format!(
            "UPDATE consent_broker.links SET {change}, version = version + 1 WHERE id = '{}'",
            link.id
        );
        for who in [As::Role(Service::ConsentBroker), As::Owner] {
            assert_eq!(
                refused(system, who, &statement).await,
                format!("the link {} is granted and stays so", link.id)
            );
        }
    }
    let twice = format!(
        "INSERT INTO consent_broker.grants SELECT gen_random_uuid(), app_id, organization_id, account_id, link_id, \
         service, domains, granted_by, role, granted_at, NULL, NULL, NULL, 1 \
         FROM consent_broker.grants WHERE link_id = '{}'",
        link.id
    );
    assert!(
        refused(system, As::Role(Service::ConsentBroker), &twice).await.contains("grants_live")
    );
    for table in ["links", "grants"] {
        let statement = format!("DELETE FROM consent_broker.{table}");
        assert!(
            refused(system, As::Role(Service::ConsentBroker), &statement)
                .await
                .contains("permission denied")
        );
        assert!(refused(system, As::Owner, &statement).await.contains("nothing is removed"));
    }
}

#[tokio::test]
async fn a_service_reaches_no_schema_but_its_own() {
    let system = shared().await;
    let table = |service| match service {
        Service::Directory => "people",
        Service::AppRegistry => "apps",
        Service::KeyIssuer => "keys",
        Service::ConsentBroker => "grants",
        Service::Audit => "entries",
        Service::Notifier => "subscribers",
    };
    for service in Service::ALL {
        for other in Service::ALL.into_iter().filter(|other| *other != service) {
            for statement in [
                format!("SELECT FROM {}.{}", other.schema(), table(other)),
                format!("SELECT FROM {}._migrations", other.schema()),
            ] {
                let why = refused(system, As::Role(service), &statement).await;
                assert_eq!(
                    why,
                    format!("permission denied for schema {}", other.schema()),
                    "{service}"
                );
            }
        }
        for statement in [
            format!("CREATE TABLE {}.mine ()", service.schema()),
            format!("ALTER TABLE {}.{} DISABLE TRIGGER ALL", service.schema(), table(service)),
            format!("DROP TABLE {}.{}", service.schema(), table(service)),
            "SET session_replication_role = replica".to_owned(),
        ] {
            let why = refused(system, As::Role(service), &statement).await;
            assert!(
                why.contains("permission denied") || why.contains("must be owner"),
                "{service}: {why}"
            );
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_any_table() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let link = organization.developer.link(&app).await;
    let mut connection = PgConnection::connect(&system.servers.database.url).await.unwrap();
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns \
         WHERE table_schema IN ('directory', 'app_registry', 'key_issuer', 'consent_broker', 'audit', \
         'notifier')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(columns.len() > 100, "only {} columns are looked at", columns.len());
    for (schema, table, column) in columns {
        for secret in [&key.client_secret, &link.token] {
            // As text, and as the bytes of text.
            let statement = format!(
                "SELECT count(*) FROM {schema}.{table} WHERE position($1 IN {column}::text) > 0 \
                 OR position(encode($1::bytea, 'hex') IN {column}::text) > 0"
            );
            let found: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
                .bind(secret)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            assert_eq!(found, 0, "a secret is in {schema}.{table}.{column}");
        }
    }
    connection.close().await.unwrap();
}
