//! Signing in at an organization's identity provider: npm oidc-provider, in a process of its own.

mod hostile;
mod joining;
mod provider;
mod refusals;
mod required;
mod setup;
mod simultaneous;

use contract::Environment;
use contract::facts::{SignInRefusal, SignInRefused};
use serde_json::{Value, json};
use stage::{Answer, Client, IdentityProvider, Returned, Somebody, eventually};

use crate::stage::{Person, RETURN_URL, Stage};

/// The domain that is confirmed.
const DOMAIN: &str = "corp.example";

/// An organization whose members sign in at a provider.
struct SingleSignOn {
    stage: Stage,
    idp: IdentityProvider,
    owner: Person,
    /// The organization's id, and its path.
    id: String,
    path: String,
}

impl SingleSignOn {
    /// A provider that is in effect.
    async fn set() -> Self {
        Self::with(false).await
    }

    /// The same, which tells emails in ID tokens or not.
    async fn with(in_the_id_token: bool) -> Self {
        let idp = IdentityProvider::start(RETURN_URL, in_the_id_token).await;
        let stage = Box::pin(Stage::set()).await;
        let owner = stage.person("owner").await;
        let path = owner.organization().await;
        let id = path.rsplit('/').next().unwrap().to_owned();
        let sso = Self { stage, idp, owner, id, path };
        sso.owner.put(&sso.provider(), sso.setup()).await.expect(200);
        sso.confirm(&[DOMAIN]).await.expect(200);
        sso
    }

    fn provider(&self) -> String {
        format!("{}/identity-provider", self.path)
    }

    fn setup(&self) -> Value {
        setup(self.idp.issuer())
    }

    /// The setup with some of its fields changed.
    async fn change(&self, changes: &Value) -> Answer {
        let mut setup = self.setup();
        for (field, value) in changes.as_object().unwrap() {
            setup[field] = value.clone();
        }
        self.owner.put(&self.provider(), setup).await
    }

    async fn confirm(&self, domains: &[&str]) -> Answer {
        let path = format!("{}/confirm-domains", self.provider());
        self.stage.operator.post(&path, json!({ "domains": domains })).await
    }

    async fn begin(&self) -> Value {
        let begun = json!({ "organization_id": self.id });
        self.stage.anonymous().post("/v1/sign-ins", begun).await.expect(201).json
    }

    /// A sign-in at the provider as somebody, up to their return.
    async fn returned(&self, whoever: Somebody<'_>) -> (Value, Returned) {
        let begun = self.begin().await;
        let url = begun["authorization_url"].as_str().unwrap();
        let returned = self.idp.sign_in(url, whoever).await;
        (begun, returned)
    }

    async fn complete(&self, begun: &Value, body: &Value) -> Answer {
        self.keep_time();
        let id = begun["sign_in_id"].as_str().unwrap();
        self.stage.anonymous().post(&format!("/v1/sign-ins/{id}/complete"), body).await
    }

    /// A whole sign-in as somebody.
    async fn sign_in(&self, whoever: Somebody<'_>) -> Answer {
        let (begun, returned) = self.returned(whoever).await;
        self.complete(&begun, &completion(&begun, &returned)).await
    }

    /// The refusal for this reason, once it is recorded. Others can be recorded meanwhile: a kind of refusal that comes
    /// again after its minute has an event again.
    async fn refused(&self, reason: SignInRefusal) -> SignInRefused {
        eventually("the refused sign-in", async || {
            let all = self.stage.refused_sign_ins(0).await;
            let reasons: Vec<_> = all.iter().map(|refused| refused.reason).collect();
            let found = all.into_iter().find(|refused| refused.reason == reason);
            found.ok_or_else(|| format!("{reason:?} is not among {reasons:?}"))
        })
        .await
    }

    /// Whoever has the token of this session.
    fn session(&self, signed_in: &Answer) -> Client {
        self.stage.anonymous().with_token(&signed_in.field("token"))
    }

    /// The provider has a clock of its own: the stage's keeps up with it.
    fn keep_time(&self) {
        let behind = Environment::system().now() - self.stage.resources.env.now();
        if behind.num_milliseconds() > 0 {
            self.stage.clock.advance(behind);
        }
    }
}

fn setup(issuer: &str) -> Value {
    let [client_id, client_secret] = IdentityProvider::client();
    json!({
        "issuer": issuer, "client_id": client_id, "client_secret": client_secret,
        "domains": [DOMAIN], "default_role": "developer",
    })
}

fn completion(begun: &Value, returned: &Returned) -> Value {
    json!({
        "state": returned.state, "code": returned.code, "iss": returned.iss,
        "binding": begun["binding"],
    })
}

/// The same with one field changed; `null` takes it away.
fn changed(completion: &Value, field: &str, value: Value) -> Value {
    let mut changed = completion.clone();
    changed[field] = value;
    changed.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    changed
}
