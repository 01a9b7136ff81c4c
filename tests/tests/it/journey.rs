//! The main job from the draft of an app to a consent that ended, and what the audit log says of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use journeys::jwt;
use journeys::people::{Account, App, Key, Organization, PNG, Person, RETAIL_MEDIA};
use journeys::system::{BASE_URL, Servers, System};
use serde_json::{Value, json};
use stage::Method;

use crate::recorded;

const SCOPE: &str = "RetailMedia_Analytics_Read RetailMedia_Campaign_Manage";

/// Who and what the journey was about.
pub(crate) struct Journey {
    pub(crate) organization: Organization,
    pub(crate) account: Account,
    pub(crate) app: App,
    pub(crate) secrets: Vec<String>,
}

/// Every step of an organization's own, as often as it comes in the journey.
pub(crate) const STEPS: [&str; 26] = [
    "organization.created",
    "membership.granted",
    "membership.granted",
    "membership.granted",
    "contact-confirmation.requested",
    "organization.contact-confirmed",
    "app.created",
    "app.edited",
    "app.image-set",
    "app.activated",
    "key.created",
    "key.created",
    "token.issued",
    "token.issued",
    "token.issued",
    "consent-link.created",
    "consent-link.opened",
    "consent-link.redeemed",
    "consent.granted",
    "access.refused",
    "consent.revoked",
    "key.renamed",
    "key.deleted",
    "token.refused",
    "app.suspended",
    "app.resumed",
];

#[tokio::test]
async fn an_app_gets_consent_and_every_step_is_found_in_the_audit_log() {
    let system = System::start().await;
    let journey = play(&system).await;
    recorded::check(&system, &journey).await;
    system.stop().await;
}

#[tokio::test]
async fn the_journey_is_the_same_with_each_service_in_its_own_process_under_its_own_logins() {
    let servers = Servers::separate_logins("").await;
    let system = System::apart(servers).await;
    let journey = play(&system).await;
    recorded::check(&system, &journey).await;
    system.stop().await;
}

pub(crate) async fn play(system: &System) -> Journey {
    let operator = system.operator();
    let organization = operator.organization().await;
    let roles = ["admin", "business_manager", "technical_manager", "analyst"];
    let account = operator.account(RETAIL_MEDIA, &roles).await;
    let developer = &organization.developer;

    let app = drafted_edited_and_activated(developer, &organization).await;
    let keys = [json_key(developer, &app).await, text_key(developer, &app).await];
    let mut secrets: Vec<String> = keys.iter().map(|key| key.client_secret.clone()).collect();
    let tokens = verified_tokens(system, &keys).await;

    let link = developer.link(&app).await;
    secrets.push(link.token.clone());
    let page = account.admin().open(&link).await.expect(200).json;
    assert_eq!(page["app"]["name"], "Aisle Optimizer");
    assert_eq!(page["organization"]["name"], "Example Apps");
    assert_eq!(page["accounts"][0]["selectable"], true);
    let approved = account.admin().approve(&link, &[&account.id]).await;
    let grant = approved.expect(200).json["granted"][0]["grant_id"].clone();
    let again = account.admin().approve(&link, &[&account.id]).await;
    let when = again.problem(409, "link-already-used");
    assert!(when.starts_with("The link was used at 20"), "{when}");
    // Whoever lost the answer is told that it is done.
    assert_eq!(again.json["granted"], json!([{ "grant_id": grant, "account_id": account.id }]));

    let reaches = async || {
        let itself = organization.owner.with_token(&tokens[0]);
        let page = itself.get("/v1/me/accounts").await.expect(200).json;
        page["items"].as_array().unwrap().clone()
    };
    assert_eq!(reaches().await[0]["id"], account.id.as_str());
    let mine = account.admin().get("/v1/grants").await.expect(200).json;
    assert_eq!((&mine["items"][0]["id"], &mine["items"][0]["state"]), (&grant, &"live".into()));
    let revoke = format!("/v1/grants/{}", grant.as_str().unwrap());
    // In a session, as people do it at a page.
    let (_, in_session) = account.admin().session().await;
    in_session.delete(&revoke).await.expect(204);
    let authorization = in_session.authorization().unwrap();
    secrets.push(authorization.trim_start_matches("Bearer ").to_owned());
    // At once: not eventually.
    assert_eq!(reaches().await, Vec::<Value>::new());

    end_a_key(developer, &keys[1]).await;
    let app_path = format!("/v1/apps/{}", app.id);
    for step in ["suspend", "resume"] {
        operator.act(&format!("{app_path}/{step}")).await.expect(200);
    }
    secrets.extend(tokens);
    Journey { organization, account, app, secrets }
}

async fn drafted_edited_and_activated(developer: &Person, organization: &Organization) -> App {
    let app = developer.draft(organization, RETAIL_MEDIA).await;
    let path = format!("/v1/apps/{}", app.id);
    let edit = json!({ "name": "Aisle Optimizer" });
    let edited = developer.patch(&path, edit).await.expect(200);
    assert_eq!(edited.json["state"], "draft");
    let image = STANDARD.decode(PNG).unwrap();
    let imaged = developer.put_bytes(&format!("{path}/image"), "image/png", image.clone()).await;
    assert_eq!(imaged.expect(200).json["has_image"], true);
    let shown = organization.auditor.get(&format!("{path}/image")).await.expect(200);
    assert_eq!(shown.header("content-type"), "image/png");
    assert_eq!(shown.body, image);
    let active = developer.act(&format!("{path}/activate")).await.expect(200).json;
    assert_eq!((&active["state"], &active["version"]), (&"active".into(), &4.into()));
    let mut scopes: Vec<&str> =
        active["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    scopes.retain(|scope| SCOPE.contains(scope));
    assert_eq!(scopes.len(), 2, "{active}");
    app
}

async fn json_key(developer: &Person, app: &App) -> Key {
    let key = developer.key(app).await;
    assert!(
        key.client_id.len() == 32 && key.client_id.bytes().all(|byte| byte.is_ascii_hexdigit())
    );
    key
}

/// The key as the .txt file that people download.
async fn text_key(developer: &Person, app: &App) -> Key {
    let request = developer
        .request(Method::POST, &format!("/v1/apps/{}/keys", app.id))
        .header("accept", "text/plain")
        .json(json!({ "name": "for the file" }));
    let file = request.send().await.expect(201);
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(file.header("cache-control"), "no-store");
    assert!(file.header("content-disposition").ends_with(".txt\""));
    let text = file.text();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().to_owned()
    };
    Key { client_id: value("client_id:"), client_secret: value("client_secret:") }
}

/// Three tokens: credentials in the body, by Basic, and of the file's key; all verified.
async fn verified_tokens(system: &System, keys: &[Key; 2]) -> Vec<String> {
    let anyone = system.anonymous();
    let body = anyone
        .form(
            "/oauth2/token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &keys[0].client_id),
                ("client_secret", &keys[0].client_secret),
                ("scope", "RetailMedia_Analytics_Read"),
            ],
        )
        .await
        .expect(200);
    assert_eq!(body.field("scope"), "RetailMedia_Analytics_Read");
    let basic = keys[0].ask(&anyone).await.expect(200);
    let file = keys[1].ask(&anyone).await.expect(200);
    let key_set = anyone.get("/oauth2/jwks").await.expect(200).json;
    let mut tokens = Vec::new();
    for (answer, key) in [(body, &keys[0]), (basic, &keys[0]), (file, &keys[1])] {
        let token = answer.field("access_token");
        let verified = jwt::verify(&token, &key_set);
        assert_eq!(verified.header["typ"], "at+jwt");
        let claims = verified.claims;
        assert_eq!((&claims["iss"], &claims["aud"]), (&BASE_URL.into(), &BASE_URL.into()));
        assert_eq!(
            (&claims["client_id"], &claims["sub"]),
            (&json!(key.client_id), &json!(key.client_id))
        );
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
        assert_eq!(claims["scope"], answer.field("scope").as_str());
        assert_eq!(
            (answer.field("token_type").as_str(), &answer.json["expires_in"]),
            ("Bearer", &900.into())
        );
        assert!(answer.json.get("refresh_token").is_none());
        assert_eq!(answer.header("cache-control"), "no-store");
        tokens.push(token);
    }
    tokens
}

async fn end_a_key(developer: &Person, key: &Key) {
    let path = format!("/v1/keys/{}", key.client_id);
    developer.patch(&path, json!({ "name": "leaked" })).await.expect(200);
    let ended = developer.delete(&format!("{path}?now=true")).await.expect(200);
    assert_eq!(ended.field("state"), "deleted");
    let refused = key.ask(developer).await.expect(401);
    assert_eq!(refused.field("error"), "invalid_client");
}
