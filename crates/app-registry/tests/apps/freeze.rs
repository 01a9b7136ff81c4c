//! Rule 10 and the others that the database holds by itself, against the service's role and against
//! the owner of the tables.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::images::{png, put_image};
use crate::stage::{Stage, by_code, complete};

/// The service's connection, and the owner's.
async fn both(stage: &Stage) -> [(&'static str, PgConnection); 2] {
    let service = stage.resources.pool.acquire().await.unwrap().detach();
    let owner = PgConnection::connect(&stage.servers.database.url).await.unwrap();
    [("service", service), ("owner", owner)]
}

/// The name of what refused the statement.
async fn refused_by(connection: &mut PgConnection, statement: &str) -> String {
    let mut transaction = connection.begin().await.unwrap();
    let refused = match transaction.execute(AssertSqlSafe(statement.to_owned())).await {
        Err(error) => error,
        // Some constraints speak at the end only.
        Ok(_) => match transaction.execute("SET CONSTRAINTS ALL IMMEDIATE").await {
            Err(error) => error,
            Ok(_) => panic!("accepted: {statement}"),
        },
    };
    let refused = refused.as_database_error().unwrap_or_else(|| panic!("{statement}"));
    refused.constraint().map_or_else(|| refused.message().to_owned(), ToOwned::to_owned)
}

#[tokio::test]
async fn the_database_freezes_an_activated_app_for_the_service_and_for_its_owner() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", complete()).await.field("id");
    let path = format!("/v1/apps/{id}");
    put_image(&developer, &path, png(8, 8)).await;
    let answer = developer.act(&format!("{path}/activate")).await;
    assert_eq!(answer.json["state"], "active", "{answer:?}");
    let before = developer.get(&path).await.json;
    for (who, mut connection) in both(&stage).await {
        for change in [
            "name = 'Other'",
            "description = 'Other'",
            "description = NULL",
            "domains = '{catalog:read}'",
            "scopes = '{RetailMedia_Catalog_Read}'",
            "image_sha256 = NULL",
            "activated_at = now()",
            "state = 'archived', name = 'Other'",
        ] {
            let statement = format!(
                "UPDATE app_registry.apps SET version = version + 1, {change} WHERE id = '{id}'"
            );
            assert_eq!(
                refused_by(&mut connection, &statement).await,
                "app_frozen",
                "{who}: {change}"
            );
        }
        for (change, guard) in [
            ("service = 'marketing_solutions'", "app_service_fixed"),
            ("authentication_method = 'authorization_code'", "app_fixed_at_creation"),
            ("organization_id = id", "app_fixed_at_creation"),
            ("state = 'draft', activated_at = NULL, scopes = '{}'", "app_frozen"),
        ] {
            let statement = format!(
                "UPDATE app_registry.apps SET version = version + 1, {change} WHERE id = '{id}'"
            );
            assert_eq!(refused_by(&mut connection, &statement).await, guard, "{who}: {change}");
        }
        let image = format!(
            "UPDATE app_registry.images SET media_type = 'image/jpeg' WHERE app_id = '{id}'"
        );
        assert_eq!(refused_by(&mut connection, &image).await, "app_frozen", "{who}");
        let image = format!(
            "UPDATE app_registry.images SET bytes = 'x', sha256 = sha256('x') WHERE app_id = '{id}'"
        );
        assert_eq!(refused_by(&mut connection, &image).await, "app_frozen", "{who}");
    }
    assert_eq!(developer.get(&path).await.json, before);
}

#[tokio::test]
async fn an_activated_app_without_an_image_gets_none_by_sql() {
    let stage = Stage::set().await;
    let id = stage.active_app().await;
    for (who, mut connection) in both(&stage).await {
        let statement = format!(
            "INSERT INTO app_registry.images (app_id, media_type, sha256, bytes, set_at)
             VALUES ('{id}', 'image/png', sha256('x'), 'x', now())"
        );
        assert_eq!(refused_by(&mut connection, &statement).await, "app_frozen", "{who}");
    }
}

#[tokio::test]
async fn nothing_is_deleted() {
    let stage = Stage::set().await;
    let id = stage.active_app().await;
    let [(_, mut service), (_, mut owner)] = both(&stage).await;
    for statement in [
        format!("DELETE FROM app_registry.apps WHERE id = '{id}'"),
        "TRUNCATE app_registry.apps CASCADE".to_owned(),
        "TRUNCATE app_registry.images CASCADE".to_owned(),
    ] {
        let denied = refused_by(&mut service, &statement).await;
        assert!(denied.starts_with("permission denied"), "{statement}: {denied}");
        assert_eq!(refused_by(&mut owner, &statement).await, "app_never_deleted", "{statement}");
    }
}

#[tokio::test]
async fn states_follow_each_other_only_as_they_may_and_with_an_event() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let draft = developer.post("/v1/apps", complete()).await.field("id");
    let active = stage.active_app().await;
    let archived = stage.active_app().await;
    developer.act(&format!("/v1/apps/{archived}/archive")).await;
    let set = |id: &str, change: &str| {
        format!("UPDATE app_registry.apps SET version = version + 1, {change} WHERE id = '{id}'")
    };
    for (who, mut connection) in both(&stage).await {
        for (statement, guard) in [
            (set(&draft, "state = 'active'"), "apps_state_and_activation"),
            (set(&draft, "state = 'active', activated_at = now()"), "apps_activated_completely"),
            (
                set(
                    &draft,
                    "state = 'active', activated_at = now(), scopes = '{x}', domains = '{}'",
                ),
                "apps_activated_completely",
            ),
            (
                set(&draft, "state = 'suspended', activated_at = now(), scopes = '{x}'"),
                "app_states",
            ),
            (set(&draft, "state = 'archived', activated_at = now(), scopes = '{x}'"), "app_frozen"),
            (set(&draft, "name = ''"), "apps_name"),
            (set(&draft, "description = repeat('x', 256)"), "apps_description"),
            (set(&draft, "domains = '{campaigns:write}'"), "apps_domains"),
            (set(&draft, "domains = '{NULL}'"), "apps_domains"),
            (set(&draft, "image_sha256 = sha256('x')"), "apps_image"),
            (set(&draft, "service = NULL, domains = '{}'"), "app_service_fixed"),
            (set(&active, "state = 'draft'"), "app_states"),
            (set(&archived, "state = 'active'"), "app_states"),
            (set(&archived, "state = 'suspended'"), "app_states"),
            (
                format!("UPDATE app_registry.apps SET name = 'Other' WHERE id = '{draft}'"),
                "app_change_has_event",
            ),
        ] {
            assert_eq!(refused_by(&mut connection, &statement).await, guard, "{who}: {statement}");
        }
    }
}

#[tokio::test]
async fn an_app_begins_as_a_draft() {
    let stage = Stage::set().await;
    let organization = json!(stage.organization).as_str().unwrap().to_owned();
    for (who, mut connection) in both(&stage).await {
        let statement = format!(
            "INSERT INTO app_registry.apps (id, organization_id, name, authentication_method, service, domains,
                 scopes, state, created_at, updated_at, activated_at, version)
             VALUES ('{organization}', '{organization}', 'x', 'client_credentials', 'retail_media',
                 '{{campaigns:read}}', '{{x}}', 'active', now(), now(), now(), 1)"
        );
        assert_eq!(refused_by(&mut connection, &statement).await, "app_begins_as_draft", "{who}");
    }
}

#[tokio::test]
async fn only_a_drafts_image_is_deleted_and_the_app_is_kept_without_it() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let new = async || {
        let id = developer.post("/v1/apps", complete()).await.field("id");
        put_image(&developer, &format!("/v1/apps/{id}"), png(8, 8)).await.expect(200);
        id
    };
    let (draft, active) = (new().await, new().await);
    developer.act(&format!("/v1/apps/{active}/activate")).await.expect(200);
    for (who, mut connection) in both(&stage).await {
        for (id, guard) in [(&draft, "apps_image"), (&active, "app_frozen")] {
            let statement = format!("DELETE FROM app_registry.images WHERE app_id = '{id}'");
            assert_eq!(refused_by(&mut connection, &statement).await, guard, "{who}");
        }
    }
}

#[tokio::test]
async fn the_database_takes_only_what_can_be_a_redirect_uri_of_an_app_that_has_such() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let mut ids = Vec::new();
    for body in [by_code(), by_code(), complete()] {
        ids.push(developer.post("/v1/apps", body).await.field("id"));
    }
    let [app, archived, other] = <[String; 3]>::try_from(ids).unwrap();
    let path = format!("/v1/apps/{archived}");
    let uris = |id: &str| format!("/v1/apps/{id}/redirect-uris");
    let new = json!({ "uri": "https://example.com/cb" });
    for id in [&app, &archived] {
        developer.post(&uris(id), &new).await.expect(201);
    }
    developer.act(&format!("{path}/archive")).await.expect(200);
    let add = |id: &str, uri: &str| {
        format!(
            "INSERT INTO app_registry.redirect_uris (id, app_id, uri, added_at)
             VALUES (gen_random_uuid(), '{id}', '{uri}', now())"
        )
    };
    for (who, mut connection) in both(&stage).await {
        for (statement, guard) in [
            (add(&app, "https://example.com/cb"), "redirect_uris_once"),
            (add(&app, "http://example.com/cb"), "redirect_uris_origin"),
            (add(&app, "https://a:b@example.com/cb"), "redirect_uris_origin"),
            (add(&app, "javascript:alert(1)"), "redirect_uris_origin"),
            (add(&app, "https://example.com/cb#x"), "redirect_uris_characters"),
            (add(&app, "https://example.com/*"), "redirect_uris_characters"),
            (add(&app, "https://example.com/a b"), "redirect_uris_characters"),
            (add(&app, &format!("https://a/{}", "a".repeat(2048))), "redirect_uris_length"),
            (add(&other, "https://example.com/cb"), "app_without_redirect_uris"),
            (add(&archived, "https://example.com/other"), "app_archived"),
            (
                format!("DELETE FROM app_registry.redirect_uris WHERE app_id = '{archived}'"),
                "app_archived",
            ),
            (
                format!(
                    "UPDATE app_registry.apps SET version = version + 1, pkce_required = false
                     WHERE id = '{archived}'"
                ),
                "app_archived",
            ),
            (
                format!(
                    "UPDATE app_registry.apps SET version = version + 1, pkce_required = false
                     WHERE id = '{other}'"
                ),
                "apps_pkce",
            ),
        ] {
            assert_eq!(refused_by(&mut connection, &statement).await, guard, "{who}: {statement}");
        }
    }
    let [_, (_, mut owner)] = both(&stage).await;
    let change = "UPDATE app_registry.redirect_uris SET uri = 'https://example.com/other'";
    assert_eq!(refused_by(&mut owner, change).await, "redirect_uri_unchanged");
}
