//! Who takes part: made before anything breaks.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use stage::IdentityProvider;

use crate::client::{As, Body, Client, Command, End, shown_once};
use crate::mail::Mailbox;
use crate::settings::RETURN_URL;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A developer and the organization that they develop for.
#[derive(Debug, Clone)]
pub struct Developer {
    pub(crate) organization: String,
    pub(crate) token: String,
    /// The owner's API token.
    pub(crate) owner: String,
    /// Another organization of the owner's, whose contact nobody confirms.
    pub(crate) unconfirmed: String,
    /// The emails of its people who sign in at the identity provider are of this domain.
    pub(crate) domain: String,
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
    /// The operator's API token.
    pub(crate) operator: String,
    /// Everybody's mail.
    pub(crate) mailbox: Mailbox,
    /// Where people of the organizations sign in, which nothing happens to.
    pub(crate) provider: Arc<IdentityProvider>,
}

impl Cast {
    /// Makes everybody, before anything breaks, and plays the journeys of people once.
    ///
    /// # Errors
    /// When the API refuses a step.
    pub(crate) async fn make(
        director: &mut Client,
        operator: &str,
        mailbox: Mailbox,
    ) -> anyhow::Result<Self> {
        let provider = Arc::new(IdentityProvider::start(RETURN_URL, false).await);
        let made = async {
            let cast = director.cast(operator, mailbox, provider).await?;
            director.all_of_people(&cast).await?;
            Ok(cast)
        };
        made.await.map_err(|end: End| anyhow::anyhow!("the cast is not complete: {end:?}"))
    }
}

impl Client {
    async fn cast(
        &mut self,
        operator: &str,
        mailbox: Mailbox,
        provider: Arc<IdentityProvider>,
    ) -> Result<Cast, End> {
        let (mut developers, mut accounts) = (Vec::new(), Vec::new());
        for domain in ["one.example", "two.example"] {
            let developer = self.developer(operator, domain).await?;
            self.identity_provider(&developer, &provider, operator).await?;
            developers.push(developer);
        }
        for _ in 0..3 {
            accounts.push(self.account(operator).await?);
        }
        Ok(Cast { developers, accounts, operator: operator.to_owned(), mailbox, provider })
    }

    async fn developer(&mut self, operator: &str, domain: &str) -> Result<Developer, End> {
        let Person { token: owner, .. } = self.person(operator).await?;
        let Person { email, token, .. } = self.person(operator).await?;
        let by = As::Token(&owner);
        let (id, _) = self.organization(by).await?;
        let (unconfirmed, _) = self.organization(by).await?;
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
        let domain = domain.to_owned();
        Ok(Developer { organization: id, token, owner, unconfirmed, domain })
    }

    /// Sets up the provider of an organization, where people with an email of its domain sign in.
    async fn identity_provider(
        &mut self,
        developer: &Developer,
        provider: &IdentityProvider,
        operator: &str,
    ) -> Result<(), End> {
        let Developer { organization, owner, domain, .. } = developer;
        let [client_id, client_secret] = IdentityProvider::client();
        let path = format!("/v1/organizations/{organization}/identity-provider");
        let setup = json!({
            "issuer": provider.issuer(), "client_id": client_id, "client_secret": client_secret,
            "domains": [domain], "default_role": "auditor",
        });
        let command = Command {
            body: Body::Json(setup),
            ..Command::bare("identity-provider.configured", As::Token(owner), Method::PUT, &path)
        };
        self.run(command, None).await?;
        let path = format!("{path}/confirm-domains");
        let event = "identity-provider.domains-confirmed";
        let command = Command {
            body: Body::Json(json!({ "domains": [domain] })),
            ..Command::bare(event, As::Token(operator), Method::POST, &path)
        };
        self.run(command, None).await?;
        Ok(())
    }

    /// A new organization of this person, and its contact address.
    pub(crate) async fn organization(&mut self, by: As<'_>) -> Result<(String, String), End> {
        let name = self.new_name("organization");
        let contact = format!("{name}@example.com");
        let body = json!({
            "name": name, "kind": "technology_company", "country": "FR",
            "contact_email": contact,
        });
        let answer =
            self.make("organization.created", by, "/v1/organizations", body, &name).await?;
        Ok((self.claim_field("organization.created", &answer, "id")?, contact))
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
