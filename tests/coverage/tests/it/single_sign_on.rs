//! An organization whose members sign in at a provider that is asked (npm oidc-provider).

use serde_json::{Value, json};
use stage::{IdentityProvider, Somebody};

use crate::cast::{Cast, Who};

/// The settings under which such a provider is reached, and secrets of it are sealed.
pub(crate) const SETTINGS: &str = "master_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"
outgoing.reachable = [\"127.0.0.1\"]
";

/// The organization, and its provider.
pub(crate) struct SingleSignOn {
    /// The organization's id.
    pub(crate) organization: String,
    /// The domain that is confirmed.
    pub(crate) domain: String,
    idp: IdentityProvider,
}

impl SingleSignOn {
    /// Sets it up.
    pub(crate) async fn set_up(cast: &Cast) -> Self {
        let return_url = format!("{}/sign-in/return", journeys::system::BASE_URL);
        let idp = IdentityProvider::start(&return_url, false).await;
        let organization = cast.another_organization().await;
        let domain = format!("corp{}.example", Cast::number());
        let path = format!("/v1/organizations/{organization}/identity-provider");
        let [client_id, client_secret] = IdentityProvider::client();
        let setup = json!({
            "issuer": idp.issuer(), "client_id": client_id, "client_secret": client_secret,
            "domains": [domain], "default_role": "developer",
        });
        cast.client(Who::Owner).put(&path, setup).await.expect(200);
        let domains = json!({ "domains": [domain] });
        cast.operator.post(&format!("{path}/confirm-domains"), domains).await.expect(200);
        Self { organization, domain, idp }
    }

    /// A sign-in of somebody who is back from the provider: its id, and what completes it.
    pub(crate) async fn returned(&self, cast: &Cast, email: &str) -> (String, Value) {
        let wanted = json!({ "organization_id": self.organization });
        let begun = cast.anonymous.post("/v1/sign-ins", wanted).await.expect(201);
        let url = begun.field("authorization_url");
        let returned = self.idp.sign_in(&url, Somebody::with_email(email)).await;
        let body = json!({
            "state": returned.state, "code": returned.code, "iss": returned.iss,
            "binding": begun.field("binding"),
        });
        (begun.field("sign_in_id"), body)
    }

    /// Signs somebody in: the token of their session.
    pub(crate) async fn sign_in(&self, cast: &Cast, email: &str) -> String {
        let (id, body) = self.returned(cast, email).await;
        let path = format!("/v1/sign-ins/{id}/complete");
        cast.anonymous.post(&path, body).await.expect(201).field("token")
    }
}
