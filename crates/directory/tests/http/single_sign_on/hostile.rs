//! A provider that an attacker runs: whoever owns an organization chooses its issuer.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::*;

/// What it says: its description, and its answer to a code.
#[derive(Clone, Default)]
struct Says(Arc<Mutex<[Value; 2]>>);

/// A provider that says whatever it is told to.
struct Hostile {
    issuer: String,
    says: Says,
}

impl Hostile {
    async fn start() -> Self {
        let says = Says::default();
        let description = get(|State(Says(says)): State<Says>| async move {
            let described = says.lock().unwrap()[0].clone();
            axum::Json(described)
        });
        let token = post(|State(Says(says)): State<Says>| async move {
            let answered = says.lock().unwrap()[1].clone();
            axum::Json(answered)
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", description)
            .route("/jwks", get(|| async { axum::Json(json!({ "keys": [] })) }))
            .route("/token", token)
            .with_state(says.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let hostile = Self { issuer, says };
        hostile.describes(&json!({}));
        hostile
    }

    /// It describes itself as it should, but for this.
    fn describes(&self, changes: &Value) {
        let mut described = json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}/authorize", self.issuer),
            "token_endpoint": format!("{}/token", self.issuer),
            "jwks_uri": format!("{}/jwks", self.issuer),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        });
        for (field, value) in changes.as_object().unwrap() {
            described[field] = value.clone();
        }
        self.says.0.lock().unwrap()[0] = described;
    }

    /// It answers the next code with this ID token.
    fn answers(&self, id_token: &str) {
        self.says.0.lock().unwrap()[1] =
            json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token });
    }
}

/// A token of these claims that whoever knows the client's secret can make; or anybody, without a secret.
fn id_token(claims: &Value, secret: Option<&str>) -> String {
    let algorithm = if secret.is_some() { "HS256" } else { "none" };
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(&json!({ "alg": algorithm })), encoded(claims));
    let signature = secret.map_or_else(String::new, |secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    });
    format!("{signed}.{signature}")
}

/// An organization whose provider it is.
async fn set() -> (Hostile, Stage, String, String) {
    let hostile = Hostile::start().await;
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let path = format!("{organization}/identity-provider");
    owner.put(&path, setup(&hostile.issuer)).await.expect(200);
    let confirm = json!({ "domains": [DOMAIN] });
    stage.operator.post(&format!("{path}/confirm-domains"), confirm).await.expect(200);
    let id = organization.rsplit('/').next().unwrap().to_owned();
    (hostile, stage, id, path)
}

#[tokio::test]
async fn what_it_says_of_itself_leads_nowhere_inside() {
    let (hostile, stage, id, _) = set().await;
    for described in [
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "authorization_endpoint": "http://idp.example.com/authorize" }),
        json!({ "jwks_uri": "http://169.254.169.254/latest/meta-data" }),
        json!({ "jwks_uri": "https://10.0.0.1/jwks" }),
        json!({ "issuer": "https://login.example.com" }),
        json!({ "token_endpoint": null }),
        json!({ "service_documentation": "x".repeat(300_000) }),
    ] {
        hostile.describes(&described);
        let begun = stage.anonymous().post("/v1/sign-ins", json!({ "organization_id": id })).await;
        begun.problem(503, "identity-provider-unavailable");
        // It is asked again after a while only.
        stage.clock.advance(chrono::TimeDelta::seconds(6));
    }
    stage.close().await;
}

#[tokio::test]
async fn a_token_endpoint_inside_is_not_asked_with_the_secret() {
    let (hostile, stage, id, _) = set().await;
    hostile.describes(&json!({ "token_endpoint": "http://192.168.0.1/token" }));
    let begun = stage.anonymous().post("/v1/sign-ins", json!({ "organization_id": id })).await;
    let begun = begun.expect(201).json;
    complete(&stage, &begun).await.problem(503, "identity-provider-unavailable");
    stage.close().await;
}

#[tokio::test]
async fn nobody_is_signed_in_by_a_token_that_others_could_have_made() {
    let (hostile, stage, id, _) = set().await;
    let [client_id, client_secret] = IdentityProvider::client();
    for secret in [None, Some(client_secret)] {
        let wanted = json!({ "organization_id": id });
        let begun = stage.anonymous().post("/v1/sign-ins", wanted).await.expect(201).json;
        let now = stage.resources.env.now().timestamp();
        let url = begun["authorization_url"].as_str().unwrap();
        let nonce = url.split("nonce=").nth(1).unwrap().split('&').next().unwrap();
        let claims = json!({
            "iss": hostile.issuer, "aud": client_id, "sub": "ada", "nonce": nonce, "iat": now,
            "exp": now + 300, "email": format!("ada@{DOMAIN}"), "email_verified": true,
        });
        hostile.answers(&id_token(&claims, secret));
        complete(&stage, &begun).await.problem(403, "single-sign-on-refused");
        let refused = stage.refused_sign_ins(1).await;
        assert_eq!(refused[0].reason, SignInRefusal::InvalidIdToken);
    }
    assert!(!stage.events().await.contains(&"person.identity-linked".to_owned()));
    stage.close().await;
}

/// Completes a sign-in without having been anywhere: whoever runs the provider knows the state.
async fn complete(stage: &Stage, begun: &Value) -> Answer {
    let url = begun["authorization_url"].as_str().unwrap();
    let came = url.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let body = json!({ "state": came, "code": "any", "binding": begun["binding"] });
    let path = format!("/v1/sign-ins/{}/complete", begun["sign_in_id"].as_str().unwrap());
    stage.anonymous().post(&path, body).await
}
