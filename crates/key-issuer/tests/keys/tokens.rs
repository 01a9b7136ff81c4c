//! The token endpoint (rules 27 to 29) and what it leaves.

use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use contract::facts::{TokenIssued, TokenRefusalReason, TokenRefused};
use contract::rpc::AuthenticationMethod;
use serde_json::{Value, json};
use stage::{Answer, eventually};

use crate::registry::SCOPE;
use crate::stage::{Stage, keys_of, oauth, settings};

const GRANT: &str = "grant_type=client_credentials";

fn basic((id, secret): &(String, String)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// All that a caller sees of an answer, but for what names the request.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| name.as_str() != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    (answer.status.as_u16(), headers, String::from_utf8(answer.body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_key_is_traded_for_a_token_by_body_and_by_basic() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let by_body = format!("{GRANT}&client_id={}&client_secret={}", key.0, key.1);
    let basic = basic(&key);
    for (form, headers) in
        [(by_body.as_str(), vec![]), (GRANT, vec![("authorization", basic.as_str())])]
    {
        let answer = replica.form(form, &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let body = &answer.json;
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(body["scope"], SCOPE);
        assert!(body.get("refresh_token").is_none());
        assert_eq!(
            (answer.header("cache-control"), answer.header("pragma")),
            ("no-store", "no-cache")
        );

        let jwt = body["access_token"].as_str().unwrap();
        let header = jsonwebtoken::decode_header(jwt).unwrap();
        assert_eq!(
            (header.typ.as_deref(), header.alg),
            (Some("at+jwt"), jsonwebtoken::Algorithm::ES256)
        );
        let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(jwt).unwrap().claims;
        let now = stage.env.now().timestamp();
        assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(now), Some(now + 900)));
        assert_eq!(claims["iss"], "https://mandate.example.com");
        assert_eq!(claims["aud"], "https://api.example.com");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(key.0), &json!(key.0)));
        assert_eq!(claims["scope"], SCOPE);

        // Durable before the answer left: there is nothing to wait for.
        let event = stage.events("token.issued").await.pop().unwrap();
        let fact: TokenIssued = event.fact().unwrap();
        assert_eq!(fact.token_id.to_string(), claims["jti"].as_str().unwrap());
        assert_eq!((fact.app_id, fact.client_id.to_string()), (app, key.0.clone()));
        assert_eq!(fact.expires_at, stage.env.now() + Duration::seconds(900));
        assert_eq!(event.organization, Some(stage.organization));
        assert_eq!(event.actor.to_string(), format!("app/{app}"));
        assert_eq!((event.authority.as_str(), event.streamversion.number()), ("client_secret", 1));
        assert!(event.contexthash.is_some());
    }
    assert_eq!(stage.events("token.issued").await.len(), 2);
}

#[tokio::test]
async fn unknown_clients_wrong_secrets_and_all_else_that_may_not_are_answered_alike() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let ended = replica.key(app).await;
    replica
        .ask("owner", Method::DELETE, &format!("/v1/keys/{}?now=true", ended.0), Value::Null)
        .await;
    let wrong = (key.0.clone(), ended.1.clone());
    let unknown = ("0192aaaabbbb7ccc8dddeeeeffff0001".to_owned(), key.1.clone());
    let no_form = ("shelf-optimizer".to_owned(), key.1.clone());
    let suspended = {
        let app = stage.registry.active_app().await;
        let key = replica.key(app).await;
        stage.registry.suspend(app).await;
        stage.until_known(app, "suspended").await;
        key
    };
    let expected = seen(&replica.token(&unknown).await);
    assert_eq!(expected.0, 401);
    assert!(
        expected
            .1
            .iter()
            .any(|(name, value)| name == "www-authenticate" && value.starts_with("Basic "))
    );
    for refused in [&wrong, &ended, &no_form, &suspended] {
        assert_eq!(seen(&replica.token(refused).await), expected);
        assert_eq!(
            seen(&replica.form(GRANT, &[("authorization", &basic(refused))]).await),
            expected
        );
    }
    let events = stage.refused_tokens(9).await;
    let reasons: Vec<_> =
        events.iter().map(|event| event.fact::<TokenRefused>().unwrap().reason).collect();
    let pairs = [
        TokenRefusalReason::WrongSecret,
        TokenRefusalReason::KeyEnded,
        TokenRefusalReason::UnknownClient,
        TokenRefusalReason::AppSuspended,
    ];
    assert_eq!(reasons[0], TokenRefusalReason::UnknownClient);
    assert_eq!(
        reasons[1..],
        pairs.iter().flat_map(|reason| [*reason, *reason]).collect::<Vec<_>>()[..]
    );
    // Whose key was tried is told to whom it belongs; a client that nobody knows belongs to nobody.
    let organizations: Vec<_> = events.iter().map(|event| event.organization.is_some()).collect();
    assert_eq!(organizations, [false, true, true, true, true, false, false, true, true]);
    assert!(events.iter().all(|event| event.actor.to_string() == "anonymous"));
    assert!(stage.events("token.issued").await.is_empty());
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_refused_as_rfc_6749_says() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let (id, secret) = &key;
    let good = format!("{GRANT}&client_id={id}&client_secret={secret}");
    let basic = basic(&key);
    let none: &[(&str, &str)] = &[];
    let by_basic: &[(&str, &str)] = &[("authorization", &basic)];
    for (form, headers, status, error) in [
        (good.clone(), by_basic, 400, "invalid_request"),
        (format!("{good}&{GRANT}"), none, 400, "invalid_request"),
        (format!("{good}&x=1&x=2"), none, 400, "invalid_request"),
        (format!("client_id={id}&client_secret={secret}"), none, 400, "invalid_request"),
        (GRANT.to_owned(), none, 401, "invalid_client"),
        (format!("{GRANT}&client_id={id}"), none, 401, "invalid_client"),
        (GRANT.to_owned(), &[("authorization", "Bearer x")], 401, "invalid_client"),
        (good.replace("client_credentials", "password"), none, 400, "unsupported_grant_type"),
        (
            format!("{good}&scope=RetailMedia_Campaign_Read+RetailMedia_Balance_Read"),
            none,
            400,
            "invalid_scope",
        ),
    ] {
        let answer = replica.form(&form, headers).await;
        oauth(&answer, status, error);
        assert_eq!(
            (answer.header("cache-control"), answer.header("pragma")),
            ("no-store", "no-cache")
        );
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
        assert!(answer.header("content-type").starts_with("application/json"));
    }
    let events = stage.refused_tokens(7).await;
    let reasons: Vec<_> =
        events.iter().map(|event| event.data["reason"].as_str().unwrap().to_owned()).collect();
    let invalid = ["invalid_request"; 4];
    let rest = ["no_authentication", "unsupported_grant_type", "invalid_scope"];
    assert_eq!(
        reasons,
        [&invalid[..], &rest[..]].concat(),
        "whoever claimed nothing leaves nothing"
    );
    assert_eq!(events[6].actor.to_string(), format!("app/{app}"), "it proved to be the app before");
    let ignored = replica.form(&format!("{good}&audience=x&resource=y"), &[]).await;
    assert_eq!(ignored.status, StatusCode::OK);
}

#[tokio::test]
async fn other_media_types_methods_and_sizes_are_refused() {
    let (_stage, replica, app) = Stage::with_app().await;
    let (id, secret) = replica.key(app).await;
    let body =
        json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let answer = replica.ask("nobody", Method::POST, "/oauth2/token", body).await;
    oauth(&answer, 400, "invalid_request");
    let path = format!("/oauth2/token?{GRANT}&client_id={id}&client_secret={secret}");
    let answer = replica.client("nobody").get(&path).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    let answer = replica.form(&"x".repeat(100_000), &[]).await;
    oauth(&answer, 413, "invalid_request");
}

#[tokio::test]
async fn a_client_may_ask_for_less_than_it_has() {
    let (_stage, replica, app) = Stage::with_app().await;
    let (id, secret) = replica.key(app).await;
    let form =
        format!("{GRANT}&client_id={id}&client_secret={secret}&scope=RetailMedia_Campaign_Read");
    assert_eq!(replica.form(&form, &[]).await.json["scope"], "RetailMedia_Campaign_Read");
}

#[tokio::test]
async fn an_app_for_another_grant_gets_no_token_by_this_one() {
    let stage = Stage::set().await;
    let replica = stage.replica().await;
    let app = stage.registry.draft(AuthenticationMethod::AuthorizationCode).await;
    stage.registry.activate(app).await;
    let key = replica.key(app).await;
    oauth(&replica.token(&key).await, 400, "unauthorized_client");
}

#[tokio::test]
async fn a_switch_adds_a_refresh_token_that_is_null() {
    let stage = Stage::set().await;
    let settings = key_issuer::Settings { null_refresh_token: true, ..settings() };
    let replica = stage.replica_with(settings).await.unwrap();
    let key = replica.key(stage.registry.active_app().await).await;
    assert_eq!(replica.token(&key).await.json.get("refresh_token"), Some(&Value::Null));
}

#[tokio::test]
async fn the_last_use_is_shown_to_the_minute() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let shown = async || {
        let list = replica.ask("owner", Method::GET, &keys_of(app), Value::Null).await.json;
        list["items"][0]["last_used_at"].clone()
    };
    assert_eq!(shown().await, Value::Null);
    replica.token(&key).await;
    eventually("the first use is shown", async || !shown().await.is_null()).await;
    let first = shown().await;
    stage.clock.advance(Duration::seconds(61));
    replica.token(&key).await;
    eventually("a later use is shown", async || shown().await != first).await;
}

#[tokio::test]
async fn many_tokens_at_once_are_all_recorded() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let answers = futures::future::join_all((0..200).map(|_| replica.token(&key))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    let issued = stage.events("token.issued").await;
    let recorded: std::collections::HashSet<_> =
        issued.iter().map(|event| event.data["token_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((issued.len(), recorded.len()), (200, 200));
    for answer in answers {
        let jwt = answer.json["access_token"].as_str().unwrap().to_owned();
        let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(jwt).unwrap().claims;
        assert!(recorded.contains(claims["jti"].as_str().unwrap()));
    }
}
