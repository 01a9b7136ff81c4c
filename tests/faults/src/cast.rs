//! Who takes part: made before anything breaks.

use reqwest::Method;
use serde_json::json;

use crate::client::{As, Body, Client, Command, End, shown_once};

/// Everybody's password.
const PASSWORD: &str = "correct horse battery staple";

/// A developer and the organization that they develop for.
#[derive(Debug, Clone)]
pub struct Developer {
    pub(crate) organization: String,
    pub(crate) token: String,
    /// The owner's API token.
    pub(crate) owner: String,
    /// Another organization of the owner's, whose contact nobody confirms.
    pub(crate) unconfirmed: String,
}

/// An account and the API token of its admin.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// Somebody who was registered.
struct Person {
    id: String,
    email: String,
    token: String,
}

/// Who takes part.
#[derive(Debug, Clone)]
pub struct Cast {
    pub(crate) developers: Vec<Developer>,
    pub(crate) accounts: Vec<Account>,
}

impl Cast {
    /// Makes everybody, before anything breaks.
    ///
    /// # Errors
    /// When the API refuses a step.
    pub async fn make(director: &mut Client, operator: &str) -> anyhow::Result<Self> {
        let cast = director.cast(operator).await;
        cast.map_err(|end| anyhow::anyhow!("the cast is not complete: {end:?}"))
    }
}

impl Client {
    async fn cast(&mut self, operator: &str) -> Result<Cast, End> {
        let (mut developers, mut accounts) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            developers.push(self.developer(operator).await?);
        }
        for _ in 0..3 {
            accounts.push(self.account(operator).await?);
        }
        Ok(Cast { developers, accounts })
    }

    async fn developer(&mut self, operator: &str) -> Result<Developer, End> {
        let Person { token: owner, .. } = self.person(operator).await?;
        let Person { email, token, .. } = self.person(operator).await?;
        let by = As::Token(&owner);
        let id = self.organization(by).await?;
        let unconfirmed = self.organization(by).await?;
        let path = format!("/v1/organizations/{id}/confirm-contact");
        let event = "organization.contact-confirmed";
        self.act(event, As::Token(operator), Method::POST, &path, &[], &id).await?;
        let path = format!("/v1/organizations/{id}/members");
        let command = Command {
            name: "membership.granted",
            by: As::Token(operator),
            method: Method::POST,
            path: &path,
            body: Body::Json(json!({ "email": email, "role": "developer" })),
            done_before: &[],
        };
        self.run(command, None).await?;
        Ok(Developer { organization: id, token, owner, unconfirmed })
    }

    async fn organization(&mut self, by: As<'_>) -> Result<String, End> {
        let name = self.new_name("organization");
        let body = json!({
            "name": name, "kind": "technology_company", "country": "FR",
            "contact_email": "contact@example.com",
        });
        let answer =
            self.make("organization.created", by, "/v1/organizations", body, &name).await?;
        self.claim_field("organization.created", &answer, "id")
    }

    async fn account(&mut self, operator: &str) -> Result<Account, End> {
        let Person { id: admin, token, .. } = self.person(operator).await?;
        let name = self.new_name("account");
        let body = json!({ "name": name, "kind": "advertiser", "service": "retail_media" });
        let by = As::Token(operator);
        let answer = self.make("account.created", by, "/v1/accounts", body, &name).await?;
        let id = self.claim_field("account.created", &answer, "id")?;
        let path = format!("/v1/accounts/{id}/roles/{admin}");
        let command = Command {
            name: "account-role.granted",
            by,
            method: Method::PUT,
            path: &path,
            body: Body::Json(json!({ "role": "admin" })),
            done_before: &[],
        };
        self.run(command, None).await?;
        Ok(Account { id, token })
    }

    /// Registers a person, who signs in; gives their id and API token.
    async fn person(&mut self, operator: &str) -> Result<Person, End> {
        let name = self.new_name("person");
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "name": name, "password": PASSWORD });
        let by = As::Token(operator);
        let answer = self.make("person.registered", by, "/v1/people", body, &name).await?;
        let id = self.claim_field("person.registered", &answer, "id")?;
        let command = Command {
            name: "api-token.created",
            by: As::Password(&email, PASSWORD),
            method: Method::POST,
            path: "/v1/api-tokens",
            body: Body::Json(json!({ "name": "faults" })),
            done_before: &[],
        };
        let answer = self.run(command, None).await?.unwrap_or_default();
        self.claim_field("api-token.created", &answer, "id")?;
        Ok(Person { id, token: shown_once(&answer, "token")?, email })
    }
}
