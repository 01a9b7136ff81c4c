//! Those who call, and what they do with a link.

use std::ops::Deref;

use axum::Router;
use axum::http::Method;
use contract::{AccountId, PersonId};
use serde_json::{Value, json};
use stage::{Answer, Client};

/// Someone who calls.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    client: Client,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Person {
    /// The person at a replica.
    pub(crate) fn new(person: &stage::Person, router: &Router) -> Self {
        Self { id: person.id, client: person.at(router) }
    }

    /// The same person at another replica.
    pub(crate) fn at(&self, router: &Router) -> Self {
        Self { client: self.client.at(router), ..self.clone() }
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("idempotency-key", key);
        request.json(body).send().await
    }

    pub(crate) async fn open(&self, token: &str) -> Answer {
        self.get(&format!("/v1/consent-requests/{token}")).await
    }

    pub(crate) async fn approve(&self, token: &str, accounts: &[AccountId]) -> Answer {
        let path = format!("/v1/consent-requests/{token}/approve");
        self.post(&path, json!({ "accounts": accounts })).await
    }

    /// Approves all that a search finds, but for these.
    pub(crate) async fn approve_all(
        &self,
        token: &str,
        q: Option<&str>,
        except: &[AccountId],
    ) -> Answer {
        let path = format!("/v1/consent-requests/{token}/approve");
        self.post(&path, json!({ "all": { "q": q }, "except": except })).await
    }

    /// Passes the request on to this person, because of this account.
    pub(crate) async fn pass_on(&self, token: &str, account: AccountId, to: PersonId) -> Answer {
        let path = format!("/v1/consent-requests/{token}/pass-on");
        self.post(&path, json!({ "account_id": account, "person_id": to })).await
    }

    pub(crate) async fn deny(&self, token: &str) -> Answer {
        self.act(&format!("/v1/consent-requests/{token}/deny")).await
    }
}
