//! Signing in at an organization's own identity provider (npm oidc-provider), and what requires it.

use futures::future::join_all;
use journeys::events::{self, count};
use journeys::people::{Organization, RETAIL_MEDIA};
use journeys::system::{BASE_URL, Servers, System};
use serde_json::{Value, json};
use stage::{Client, IdentityProvider, Returned, Somebody};

const DOMAIN: &str = "corp.example";
const ADA: Somebody<'static> = Somebody::with_email("ada@corp.example");

/// Providers on this machine are reached, and there is a key for their secrets.
const SETTINGS: &str = "[directory]
master_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"
outgoing.reachable = [\"127.0.0.1\"]
";

async fn provider() -> IdentityProvider {
    IdentityProvider::start(&format!("{BASE_URL}/sign-in/return"), false).await
}

fn path(organization: &Organization) -> String {
    format!("/v1/organizations/{}/identity-provider", organization.id)
}

/// Sets the provider up; the operator confirms its domain.
async fn set_up(
    system: &System,
    organization: &Organization,
    idp: &IdentityProvider,
    required: bool,
) {
    let [client_id, client_secret] = IdentityProvider::client();
    let setup = json!({
        "issuer": idp.issuer(), "client_id": client_id, "client_secret": client_secret,
        "domains": [DOMAIN], "default_role": "developer", "required": required,
    });
    organization.owner.put(&path(organization), setup).await.expect(200);
    let confirm = format!("{}/confirm-domains", path(organization));
    system.operator().post(&confirm, json!({ "domains": [DOMAIN] })).await.expect(200);
}

/// Somebody begins to sign in and comes back from the provider.
async fn returned(anyone: &Client, idp: &IdentityProvider) -> (Value, Returned) {
    let begun = anyone.post("/v1/sign-ins", json!({ "email": ADA.email })).await.expect(201);
    let returned = idp.sign_in(&begun.field("authorization_url"), ADA).await;
    (begun.json, returned)
}

fn completion(begun: &Value, returned: &Returned) -> (String, Value) {
    let path = format!("/v1/sign-ins/{}/complete", begun["sign_in_id"].as_str().unwrap());
    let body = json!({
        "state": returned.state, "code": returned.code, "iss": returned.iss,
        "binding": begun["binding"],
    });
    (path, body)
}

/// Somebody signs in: whoever has the token of their session.
async fn signed_in(anyone: &Client, idp: &IdentityProvider) -> Client {
    let (begun, returned) = returned(anyone, idp).await;
    let (path, body) = completion(&begun, &returned);
    let session = anyone.post(&path, body).await.expect(201);
    anyone.with_token(&session.field("token"))
}

#[tokio::test]
async fn what_does_not_stem_from_the_required_provider_acts_at_no_service() {
    let (idp, servers) = (provider().await, Servers::migrated(SETTINGS).await);
    let system = System::apart(servers).await;
    let organization = system.operator().organization().await;
    let (owner, developer) = (&organization.owner, &organization.developer);
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = developer.key(&app).await;
    set_up(&system, &organization, &idp, true).await;

    let ada = signed_in(&system.anonymous(), &idp).await;
    let made = ada.post("/v1/api-tokens", json!({ "name": "laptop" })).await.expect(201);
    let program = ada.with_token(&made.field("token"));
    let (id, app_id) = (&organization.id, &app.id);
    let paths = [
        format!("/v1/organizations/{id}/members"),
        format!("/v1/apps/{app_id}"),
        format!("/v1/apps/{app_id}/keys"),
        format!("/v1/apps/{app_id}/consent-links"),
    ];
    for path in &paths {
        ada.get(path).await.expect(200);
        program.get(path).await.expect(200);
        for member in [owner, developer] {
            member.get(path).await.problem(403, "single-sign-on-required");
        }
    }
    let links = format!("/v1/apps/{app_id}/consent-links");
    developer.post(&links, json!({})).await.problem(403, "single-sign-on-required");
    developer
        .act(&format!("/v1/apps/{app_id}/archive"))
        .await
        .problem(403, "single-sign-on-required");
    let log = format!("/v1/events?organization_id={id}");
    assert!(!owner.get(&log).await.status.is_success());
    program.get(&log).await.expect(200);
    assert!(owner.get("/v1/apps").await.expect(200).ids().is_empty());

    // What was made before is the organization's, and stays.
    key.ask(&system.anonymous()).await.expect(200);
    let left = events::all(&system.operator(), &format!("organization_id={id}")).await;
    let left = count(left.iter().map(|event| event.kind().to_owned()));
    for kind in ["identity-provider.configured", "membership.granted", "sign-in.accepted"] {
        assert!(left.contains_key(kind), "{kind}: {left:?}");
    }
    system.operator().delete(&path(&organization)).await.expect(204);
    for path in &paths {
        developer.get(path).await.expect(200);
    }
    system.stop().await;
}

#[tokio::test]
async fn of_200_simultaneous_completions_over_two_replicas_one_succeeds() {
    let idp = provider().await;
    let mut system = System::configured(SETTINGS).await;
    let second = system.replica().await;
    let organization = system.operator().organization().await;
    set_up(&system, &organization, &idp, false).await;
    let replicas = [system.anonymous(), system.anonymous().at(second)];
    let (begun, returned) = returned(&replicas[0], &idp).await;
    let (path, body) = completion(&begun, &returned);
    let attempts = (0..200).map(|turn| replicas[turn % 2].post(&path, &body));
    let answers = join_all(attempts).await;
    let statuses = count(answers.iter().map(|answer| answer.status.as_u16()));
    assert_eq!(statuses, [(201, 1), (403, 199)].into());
    let query = format!("organization_id={}", organization.id);
    let accepted = events::found(&system.operator(), &query, &["sign-in.accepted"]).await;
    let accepted = count(accepted.iter().map(|event| event.kind().to_owned()));
    assert_eq!(accepted["sign-in.accepted"], 1);
    system.stop().await;
}

#[tokio::test]
async fn nothing_of_a_sign_in_is_in_an_event_or_in_what_the_processes_say() {
    let idp = provider().await;
    let system = System::configured(SETTINGS).await;
    let organization = system.operator().organization().await;
    set_up(&system, &organization, &idp, false).await;
    let (begun, returned) = returned(&system.anonymous(), &idp).await;
    let (path, body) = completion(&begun, &returned);
    let session = system.anonymous().post(&path, body).await.expect(201).field("token");
    let query = format!("organization_id={}", organization.id);
    let left = events::found(&system.operator(), &query, &["sign-in.accepted"]).await;
    let told = format!("{left:?}") + &system.said();
    let [_, client_secret] = IdentityProvider::client();
    let binding = begun["binding"].as_str().unwrap();
    for secret in [client_secret, binding, &returned.state, &returned.code, &session, ADA.email] {
        assert!(!told.contains(secret), "{secret}");
    }
    system.stop().await;
}
