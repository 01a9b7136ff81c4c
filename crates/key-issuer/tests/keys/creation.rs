//! Making keys, and reading them (rules 13 and 14).

use axum::http::{Method, StatusCode};
use chrono::Duration;
use contract::facts::KeyCreated;
use contract::rpc::{AppState, AuthenticationMethod, MemberRole};
use contract::{AppId, Version};
use serde_json::{Value, json};

use crate::stage::{Stage, keys_of};

fn named(name: &str) -> Value {
    json!({ "name": name })
}

#[tokio::test]
async fn a_key_is_answered_once_with_its_secret_and_leaves_an_event() {
    let (stage, replica, app) = Stage::with_app().await;
    let answer = replica.ask("developer", Method::POST, &keys_of(app), named("production")).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let key = &answer.json;
    let (client_id, secret) =
        (key["client_id"].as_str().unwrap(), key["client_secret"].as_str().unwrap());
    assert_eq!(client_id.len(), 32);
    assert!(secret.starts_with("mandate_cs_") && secret.len() >= 11 + 43);
    assert!(secret.ends_with(key["hint"].as_str().unwrap()));
    assert_eq!(answer.header("location"), format!("/v1/keys/{client_id}"));

    let [event] = &stage.events("key.created").await[..] else { panic!("one event") };
    let fact: KeyCreated = event.fact().unwrap();
    assert_eq!((fact.client_id.to_string(), fact.app_id), (client_id.to_owned(), app));
    assert_eq!(event.data.get("name"), None);
    assert_eq!(stage.details(event).await, json!({"name": "production"}));
    assert_eq!(event.organization, Some(stage.organization));
    assert_eq!(event.actor.to_string(), stage.cast.developer.actor());
    assert_eq!(event.authority.as_str(), "developer");
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    let (stage, replica, app) = Stage::with_app().await;
    let headers = [("idempotency-key", "k1")];
    let answer = replica.ask_with("owner", Method::POST, &keys_of(app), named("a"), &headers).await;
    let secret = answer.json["client_secret"].as_str().unwrap().to_owned();
    let stored: Vec<String> = sqlx::query_scalar(
        "SELECT k::text FROM key_issuer.keys k
         UNION ALL SELECT convert_from(envelope, 'UTF8') FROM key_issuer.events
         UNION ALL SELECT convert_from(context, 'UTF8') FROM key_issuer.contexts
         UNION ALL SELECT i::text FROM key_issuer.idempotency_keys i",
    )
    .fetch_all(&stage.sql)
    .await
    .unwrap();
    assert!(stored.len() >= 4, "{stored:?}");
    let random = secret.strip_prefix("mandate_cs_").unwrap();
    assert!(stored.iter().all(|row| !row.contains(random)));
}

#[tokio::test]
async fn as_text_it_is_a_file_to_keep() {
    let (_stage, replica, app) = Stage::with_app().await;
    let headers = [("accept", "text/plain")];
    let answer =
        replica.ask_with("owner", Method::POST, &keys_of(app), named("CI"), &headers).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(answer.header("content-type").starts_with("text/plain"));
    let client_id = answer.header("location").trim_start_matches("/v1/keys/").to_owned();
    let expected = format!("attachment; filename=\"mandate-{client_id}.txt\"");
    assert_eq!(answer.header("content-disposition"), expected);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let secret =
        text.split_whitespace().find(|word| word.starts_with("mandate_cs_")).unwrap().to_owned();
    assert!(text.contains(&format!("client_id:     {client_id}\n")), "{text}");
    assert!(text.contains("https://mandate.example.com/oauth2/token"), "{text}");
    assert_eq!(replica.token(&(client_id, secret)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn repeated_under_its_idempotency_key_it_is_one_key_and_no_secret() {
    let (stage, replica, app) = Stage::with_app().await;
    let headers = [("idempotency-key", "first")];
    let first = replica.ask_with("owner", Method::POST, &keys_of(app), named("a"), &headers).await;
    let again = replica.ask_with("owner", Method::POST, &keys_of(app), named("a"), &headers).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.json["client_id"], first.json["client_id"]);
    assert_eq!(again.json["client_secret"], Value::Null);
    assert_eq!(stage.events("key.created").await.len(), 1);
    let other = replica.ask_with("owner", Method::POST, &keys_of(app), named("b"), &headers).await;
    other.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn repeated_as_text_it_is_the_same_file_without_the_secret() {
    let (stage, replica, app) = Stage::with_app().await;
    let headers = [("idempotency-key", "first"), ("accept", "text/plain")];
    let create = async || {
        replica.ask_with("owner", Method::POST, &keys_of(app), named("CI"), &headers).await
    };
    let (first, again) = (create().await, create().await);
    assert_eq!(again.header("idempotent-replayed"), "true");
    for header in ["location", "etag", "content-type", "content-disposition"] {
        assert!(!first.header(header).is_empty(), "{header}");
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    let (first, again) = (first.text(), again.text());
    assert!(first.contains("mandate_cs_") && !again.contains("mandate_cs_"), "{again}");
    let head = first.split("client_secret:").next().unwrap();
    assert!(again.starts_with(head), "{again}");
    assert_eq!(stage.events("key.created").await.len(), 1);
}

#[tokio::test]
async fn a_member_whose_role_was_taken_away_does_not_get_yesterdays_answer() {
    let (stage, replica, app) = Stage::with_app().await;
    let headers = [("idempotency-key", "first")];
    let create =
        async || replica.ask_with("owner", Method::POST, &keys_of(app), named("a"), &headers).await;
    assert_eq!(create().await.status, StatusCode::CREATED);
    stage.change_roles(&stage.cast.owner, &[(stage.organization, MemberRole::Auditor)]);
    create().await.problem(403, "role-not-allowed");
    stage.change_roles(&stage.cast.owner, &[]);
    create().await.problem(404, "app-not-found");
    stage.change_roles(&stage.cast.owner, &[(stage.organization, MemberRole::Owner)]);
    assert_eq!(create().await.header("idempotent-replayed"), "true");
    assert_eq!(stage.events("key.created").await.len(), 1);
}

#[tokio::test]
async fn who_may_not_is_refused() {
    let (stage, replica, app) = Stage::with_app().await;
    let post = async |person| replica.ask(person, Method::POST, &keys_of(app), named("a")).await;
    assert_eq!(post("nobody").await.status, StatusCode::UNAUTHORIZED);
    post("stranger").await.problem(404, "app-not-found");
    post("auditor").await.problem(403, "role-not-allowed");
    post("operator").await.problem(403, "role-not-allowed");
    let get = async |person| replica.ask(person, Method::GET, &keys_of(app), Value::Null).await;
    assert_eq!(get("nobody").await.status, StatusCode::UNAUTHORIZED);
    get("stranger").await.problem(404, "app-not-found");
    assert_eq!(get("operator").await.status, StatusCode::OK);
    let unknown = keys_of(stage.env.new_id::<AppId>());
    replica.ask("owner", Method::GET, &unknown, Value::Null).await.problem(404, "app-not-found");
    replica.ask("owner", Method::POST, &unknown, named("a")).await.problem(404, "app-not-found");

    let refused = stage.events("access.refused").await;
    assert_eq!(refused.len(), 2, "those who were told that they may not");
    assert_eq!(refused[0].actor.to_string(), stage.cast.auditor.actor());
    assert_eq!(refused[0].data["operation"], "key.create");
    assert_eq!(refused[0].data["target"], format!("app/{app}"));
    assert!(stage.events("key.created").await.is_empty());
}

#[tokio::test]
async fn only_an_active_app_has_keys() {
    let stage = Stage::set().await;
    let replica = stage.replica().await;
    let draft = stage.registry.draft(AuthenticationMethod::ClientCredentials).await;
    let post = async |app| replica.ask("owner", Method::POST, &keys_of(app), named("a")).await;
    post(draft).await.problem(409, "app-not-active");
    assert_eq!(
        replica.ask("owner", Method::GET, &keys_of(draft), Value::Null).await.json["items"],
        json!([])
    );
    stage.registry.activate(draft).await;
    assert_eq!(post(draft).await.status, StatusCode::CREATED);
    stage.registry.suspend(draft).await;
    post(draft).await.problem(409, "app-not-active");
    // The registry's answer may be older than its events: what is known here to be newer counts.
    stage.until_known(draft, "suspended").await;
    stage.registry.pretend(draft, AppState::Active, Version::FIRST.next());
    post(draft).await.problem(409, "app-not-active");
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let (stage, replica, app) = Stage::with_app().await;
    let now = stage.env.now();
    for (body, field) in [
        (json!({}), "name"),
        (named(""), "name"),
        (named(&"x".repeat(101)), "name"),
        (named("a\u{7}b"), "name"),
        (json!({"name": "a", "expires_at": now}), "expires_at"),
        (json!({"name": "a", "expires_at": "tomorrow"}), "expires_at"),
        (json!({"name": "a", "secret": "mine"}), "secret"),
    ] {
        let answer = replica.ask("owner", Method::POST, &keys_of(app), body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer:?}");
        assert_eq!(answer.json["errors"][0]["field"], field, "{body}");
    }
    assert!(stage.events("key.created").await.is_empty());
}

#[tokio::test]
async fn of_twenty_keys_at_once_an_app_gets_five() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let creations = (0..20).map(|number| {
        let owner = [&replica, &other][number % 2].client("owner");
        async move { owner.post(&keys_of(app), named(&format!("key {number}"))).await.status }
    });
    let statuses = futures::future::join_all(creations).await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::CONFLICT)), (5, 15), "{statuses:?}");
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM key_issuer.keys")
        .fetch_one(&stage.sql)
        .await
        .unwrap();
    assert_eq!((stored, stage.events("key.created").await.len()), (5, 5));
}

#[tokio::test]
async fn deleted_and_expired_keys_make_room_for_others() {
    let (stage, replica, app) = Stage::with_app().await;
    let soon = json!({"name": "soon", "expires_at": stage.env.now() + Duration::minutes(1)});
    assert_eq!(
        replica.ask("owner", Method::POST, &keys_of(app), soon).await.status,
        StatusCode::CREATED
    );
    let mut last = String::new();
    for _ in 0..4 {
        last = replica.key(app).await.0;
    }
    let sixth = async || replica.ask("owner", Method::POST, &keys_of(app), named("sixth")).await;
    sixth().await.problem(409, "too-many-keys");
    // A key in its grace works on, and counts no more.
    replica.ask("owner", Method::DELETE, &format!("/v1/keys/{last}"), Value::Null).await;
    assert_eq!(sixth().await.status, StatusCode::CREATED);
    sixth().await.problem(409, "too-many-keys");
    stage.clock.advance(Duration::minutes(1));
    assert_eq!(sixth().await.status, StatusCode::CREATED);
    sixth().await.problem(409, "too-many-keys");
}

#[tokio::test]
async fn whoever_makes_and_deletes_keys_in_a_loop_has_ten_that_work() {
    let (stage, replica, app) = Stage::with_app().await;
    let other = stage.replica().await;
    let churn = (0..40).map(|number| {
        let owner = [&replica, &other][number % 2].client("owner");
        async move {
            let made = owner.post(&keys_of(app), named(&format!("key {number}"))).await;
            if made.status == StatusCode::CREATED {
                owner.delete(&format!("/v1/keys/{}", made.field("client_id"))).await.expect(200);
            }
            made
        }
    });
    let answers = futures::future::join_all(churn).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 10, "{answers:?}");
    let full = replica.client("owner").post(&keys_of(app), named("one more")).await;
    assert_eq!(full.header("retry-after"), "900");
    let detail = full.problem(409, "too-many-keys");
    assert!(detail.contains("2027-01-15 08:15:00 UTC"), "{detail}");

    // One that ends at once makes room at once.
    let first = format!("/v1/keys/{}?now=true", made[0].field("client_id"));
    replica.ask("owner", Method::DELETE, &first, Value::Null).await.expect(200);
    let again = replica.key(app).await;
    replica
        .ask("owner", Method::POST, &keys_of(app), named("b"))
        .await
        .problem(409, "too-many-keys");
    stage.clock.advance(Duration::minutes(15));
    assert_eq!(replica.token(&again).await.status, StatusCode::OK);
    for _ in 0..4 {
        replica.key(app).await;
    }
    let full = replica.client("owner").post(&keys_of(app), named("one more")).await;
    assert!(!full.headers.contains_key("retry-after"), "nothing ends by itself: {full:?}");
}

#[tokio::test]
async fn lists_come_in_pages_the_newest_first() {
    let (stage, replica, app) = Stage::with_app().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        stage.clock.advance(Duration::seconds(1));
        made.insert(0, replica.key(app).await.0);
    }
    let page =
        replica.ask("owner", Method::GET, &format!("{}?limit=2", keys_of(app)), Value::Null).await;
    let body = &page.json;
    let (next, link) = (body["next_cursor"].as_str().unwrap(), page.header("link"));
    assert!(link.contains(next) && link.contains("rel=\"next\""), "{link}");
    let ids = |body: &Value| -> Vec<String> {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["client_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(body), made[..2]);
    let rest = replica
        .ask("owner", Method::GET, &format!("{}?limit=2&cursor={next}", keys_of(app)), Value::Null)
        .await;
    assert_eq!(ids(&rest.json), made[2..]);
    assert_eq!(rest.json["next_cursor"], Value::Null);
}
