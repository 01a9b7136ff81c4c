//! Signing in at an organization's own provider (npm oidc-provider), which is another site: browsers hold the policy
//! for forms against the way there.

use browser::Options;
use journeys::system::{BASE_URL, System};
use serde_json::json;
use stage::IdentityProvider;

use crate::product::open_of;

const DOMAIN: &str = "corp.example";

/// The provider is on this machine and is reached; there is a key for its secret.
const SETTINGS: &str = "[directory]
master_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"
outgoing.reachable = [\"127.0.0.1\"]
";

#[tokio::test(flavor = "multi_thread")]
async fn one_gets_to_the_provider_and_back_to_where_one_wanted() {
    let idp = IdentityProvider::start(&format!("{BASE_URL}/sign-in/return"), false).await;
    let system = System::configured(SETTINGS).await;
    let organization = system.operator().organization().await;
    let [client_id, client_secret] = IdentityProvider::client();
    let setup = json!({
        "issuer": idp.issuer(), "client_id": client_id, "client_secret": client_secret,
        "domains": [DOMAIN], "default_role": "developer", "required": false,
    });
    let path = format!("/v1/organizations/{}/identity-provider", organization.id);
    organization.owner.put(&path, setup).await.expect(200);
    let confirm = format!("{path}/confirm-domains");
    system.operator().post(&confirm, json!({ "domains": [DOMAIN] })).await.expect(200);

    let browser = open_of(&system, "/sessions", Options::default()).await;
    browser.follow("Sign in with your organization").await;
    browser.fill("Email", "nobody@elsewhere.example").await;
    browser.click_button("Go on").await;
    browser.says("No organization signs people in by this address.").await;
    browser.forget_errors().await;

    browser.fill("Email", "ada@corp.example").await;
    browser.click_button("Go on").await;
    // The page on the way goes on by itself, and so does this provider.
    browser.heading("Your sessions").await;
    assert_eq!(browser.path().await, "/sessions");
    browser.assert_quiet().await;
    drop(browser);
    system.stop().await;
}
