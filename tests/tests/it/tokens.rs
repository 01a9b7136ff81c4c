//! The token endpoint: rules 27 to 29.

use std::collections::BTreeSet;

use journeys::events;
use journeys::people::{App, Key, Organization, RETAIL_MEDIA};
use journeys::system::{System, shared};
use serde_json::json;
use stage::{Answer, Method};

const TOKEN: &str = "/oauth2/token";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn app_with_key() -> (Organization, App, Key) {
    let organization = shared().await.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    (organization, app, key)
}

/// An RFC 6749 section 5.2 error.
#[track_caller]
fn oauth_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.field("error"), error);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_answered_alike() {
    let (organization, app, key) = app_with_key().await;
    let anyone = shared().await.anonymous();
    let wrong = Key { client_secret: format!("mandate_cs_{}", "A".repeat(43)), ..key.clone() };
    let unknown = Key { client_id: "0197d00000007000800000000000abcd".to_owned(), ..key.clone() };
    let formless = Key { client_id: "nobody".to_owned(), ..key };
    let mut answers = Vec::new();
    for attempt in [&wrong, &unknown, &formless] {
        let answer = attempt.ask(&anyone).await;
        oauth_error(&answer, 401, "invalid_client");
        let mut headers = answer.headers.clone();
        for own in ["date", "x-request-id"] {
            headers.remove(own);
        }
        answers.push((answer.body.clone(), headers));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);

    // The log knows the difference.
    let query = format!("organization_id={}", organization.id);
    let refused = events::one(&organization.auditor, &query, "token.refused", |_| true).await;
    assert_eq!(
        (refused.fact("reason"), refused.fact("app_id")),
        (&json!("wrong_secret"), &json!(app.id))
    );
    assert_eq!(refused.attribute("actor"), "anonymous");
    let operator = shared().await.operator();
    let id = uuid::Uuid::parse_str(&unknown.client_id).unwrap().simple().to_string();
    let refused =
        events::one(&operator, "", "token.refused", |event| event.fact("client_id") == id.as_str())
            .await;
    assert_eq!(refused.fact("reason"), "unknown_client");
}

#[tokio::test]
async fn a_request_for_a_token_is_read_to_the_letter() {
    let (_, _, key) = app_with_key().await;
    let anyone = shared().await.anonymous();
    let basic = anyone.with_password(&key.client_id, &key.client_secret);
    let bearer = anyone.with_token("mandate_pat_x");
    let id = ("client_id", key.client_id.as_str());
    let with = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![id, ("client_secret", key.client_secret.as_str())];
        fields.extend(more);
        fields
    };
    let foreign_scope = ("scope", "RetailMedia_Billing_Read");
    for (client, fields, status, error) in [
        // Never both ways of authentication, and no parameter twice.
        (&basic, with(&[GRANT]), 400, "invalid_request"),
        (&anyone, with(&[GRANT, GRANT]), 400, "invalid_request"),
        (&anyone, with(&[GRANT, ("x", "1"), ("x", "2")]), 400, "invalid_request"),
        (&anyone, with(&[]), 400, "invalid_request"),
        (&anyone, with(&[("grant_type", "password")]), 400, "unsupported_grant_type"),
        (&anyone, with(&[GRANT, foreign_scope]), 400, "invalid_scope"),
        (&anyone, vec![GRANT], 401, "invalid_client"),
        (&anyone, vec![GRANT, id], 401, "invalid_client"),
        (&bearer, vec![GRANT], 401, "invalid_client"),
    ] {
        oauth_error(&client.form(TOKEN, &fields).await, status, error);
    }
    let json = basic.post(TOKEN, json!({ "grant_type": "client_credentials" })).await;
    oauth_error(&json, 400, "invalid_request");
    assert_eq!(basic.get(TOKEN).await.status, 405);
    // Unknown extra parameters are ignored, and so is the client id beside Basic.
    let extras = [GRANT, ("audience", "https://api.example.com"), ("resource", "")];
    anyone.form(TOKEN, &with(&extras)).await.expect(200);
    basic.form(TOKEN, &[GRANT, id]).await.expect(200);
}

#[tokio::test]
async fn a_refused_request_for_a_token_is_an_event_with_its_true_reason() {
    let (organization, app, key) = app_with_key().await;
    let anyone = shared().await.anonymous();
    let basic = anyone.with_password(&key.client_id, &key.client_secret);
    basic.form(TOKEN, &[GRANT, GRANT]).await.expect(400);
    basic.form(TOKEN, &[("grant_type", "password")]).await.expect(400);
    basic.form(TOKEN, &[GRANT, ("scope", "nonsense")]).await.expect(400);
    anyone.form(TOKEN, &[GRANT, ("client_id", &key.client_id)]).await.expect(401);
    let query = format!("app_id={}", app.id);
    let found = events::found(&organization.auditor, &query, &["token.refused"; 4]).await;
    let refused = found.iter().filter(|event| event.kind() == "token.refused");
    let reasons: BTreeSet<&str> =
        refused.filter_map(|event| event.fact("reason").as_str()).collect();
    let expected =
        ["invalid_request", "unsupported_grant_type", "invalid_scope", "no_authentication"];
    assert_eq!(reasons, expected.into());
}

#[tokio::test]
async fn an_app_for_the_authorization_code_gets_no_token_by_its_credentials_alone() {
    let organization = shared().await.operator().organization().await;
    let developer = &organization.developer;
    let mut new = journeys::people::draft(&organization, RETAIL_MEDIA);
    new["authentication_method"] = json!("authorization_code");
    let app = App { id: developer.post("/v1/apps", new).await.expect(201).field("id") };
    developer.act(&format!("/v1/apps/{}/activate", app.id)).await.expect(200);
    let key = developer.key(&app).await;
    oauth_error(&key.ask(developer).await, 400, "unauthorized_client");
}

#[tokio::test]
async fn a_forged_token_opens_nothing() {
    let (_, _, key) = app_with_key().await;
    let anyone = shared().await.anonymous();
    let token = key.token(&anyone).await;
    anyone.with_token(&token).get("/v1/me/accounts").await.expect(200);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for forged in [
        format!("{signed}.{other}{}", &signature[1..]),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{claims}."),
        format!("{header}.{}.{signature}", &claims[1..]),
        signed.to_owned(),
        String::from("nonsense"),
    ] {
        anyone.with_token(&forged).get("/v1/me/accounts").await.problem(401, "invalid-token");
    }
    anyone.get("/v1/me/accounts").await.problem(401, "unauthenticated");
    // A person's token is no app's, and an app's no person's.
    let person = shared().await.operator().person("Guest").await;
    person.get("/v1/me/accounts").await.problem(401, "invalid-token");
    anyone.with_token(&token).get("/v1/apps").await.expect(401);
}

#[tokio::test]
async fn a_switch_adds_the_refresh_token_that_is_none_for_clients_that_need_the_field() {
    let system =
        System::configured("[key_issuer]\nnull_refresh_token = true\naccess_token_seconds = 60\n")
            .await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let answer = key.ask(&organization.developer).await.expect(200).json;
    assert_eq!(answer.get("refresh_token"), Some(&serde_json::Value::Null));
    assert_eq!(answer["expires_in"], 60);
    system.stop().await;
}

#[tokio::test]
async fn a_page_of_a_named_origin_may_ask_for_a_token_and_for_nothing_else() {
    let origin = "https://app.example.com";
    let system = System::configured(&format!("[http]\ncors_origins = [\"{origin}\"]\n")).await;
    let anyone = system.anonymous();
    let preflight = async |path: &str, origin: &str| {
        let asked = anyone.request(Method::OPTIONS, path).header("origin", origin);
        asked.header("access-control-request-method", "POST").send().await
    };
    let may = preflight(TOKEN, origin).await.expect(204);
    assert_eq!(may.header("access-control-allow-origin"), origin);
    let other = preflight(TOKEN, "https://evil.example").await.expect(204);
    assert!(!other.headers.contains_key("access-control-allow-origin"));
    preflight("/v1/apps", origin).await.problem(405, "method-not-allowed");

    // An error, too, is for the page to read.
    let asked = anyone.request(Method::POST, TOKEN).header("origin", origin).form(&[GRANT]);
    let refused = asked.send().await;
    oauth_error(&refused, 401, "invalid_client");
    assert_eq!(refused.header("access-control-allow-origin"), origin);
    let apps = anyone.request(Method::GET, "/v1/apps").header("origin", origin).send().await;
    assert!(!apps.headers.contains_key("access-control-allow-origin"));
    system.stop().await;
}
