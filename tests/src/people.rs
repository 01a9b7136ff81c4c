//! The cast: the operator, an organization with its members, an account with its people.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use stage::{Addresses, Answer, Client};

/// The catalogue's services.
pub const RETAIL_MEDIA: &str = "retail_media";
/// See [`RETAIL_MEDIA`].
pub const MARKETING_SOLUTIONS: &str = "marketing_solutions";

/// An image of an app: one red pixel.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// Someone who signed in. Calls are made as this person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their email.
    pub email: String,
    /// Their name.
    pub name: String,
    client: Client,
}

/// The operator.
#[derive(Debug, Clone)]
pub struct Operator(Client);

/// An organization with an owner, a developer and an auditor, and a confirmed contact.
#[derive(Debug)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// A member.
    pub owner: Person,
    /// A member.
    pub developer: Person,
    /// A member.
    pub auditor: Person,
}

/// An account, and a person in each role on it.
#[derive(Debug)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its service.
    pub service: String,
    /// Who holds which role.
    pub people: BTreeMap<&'static str, Person>,
}

/// An active app.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id.
    pub id: String,
}

/// A key, when it is new.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its client id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// A consent link, when it is new.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// Its token.
    pub token: String,
}

/// Every role on an account.
pub const ACCOUNT_ROLES: [&str; 5] =
    ["admin", "business_manager", "technical_manager", "analyst", "viewer"];

impl Deref for Person {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Deref for Operator {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Person {
    /// How the person is named in events.
    pub fn actor(&self) -> String {
        format!("user/{}", self.id)
    }

    /// The same person, at another replica.
    #[must_use]
    pub fn at(&self, addresses: Addresses) -> Self {
        Self { client: self.client.at(addresses), ..self.clone() }
    }

    /// Signs in: the session's id, and the same person with it.
    pub async fn session(&self) -> (String, Self) {
        let signing_in = self.without_credentials().with_password(&self.email, PASSWORD);
        let opened = signing_in.act("/v1/sessions").await.expect(201);
        let client = self.with_token(&opened.field("token"));
        (opened.field("id"), Self { client, ..self.clone() })
    }

    /// Makes a draft of an app.
    pub async fn draft(&self, organization: &Organization, service: &str) -> App {
        let app = self.post("/v1/apps", draft(organization, service)).await;
        App { id: app.expect(201).field("id") }
    }

    /// Makes an app and activates it.
    pub async fn active_app(&self, organization: &Organization, service: &str) -> App {
        let app = self.draft(organization, service).await;
        let path = format!("/v1/apps/{}/activate", app.id);
        self.act(&path).await.expect(200);
        app
    }

    /// Makes a key.
    pub async fn key(&self, app: &App) -> Key {
        let path = format!("/v1/apps/{}/keys", app.id);
        let key = self.post(&path, json!({ "name": "a key" })).await.expect(201);
        Key { client_id: key.field("client_id"), client_secret: key.field("client_secret") }
    }

    /// Makes a consent link.
    pub async fn link(&self, app: &App) -> Link {
        let path = format!("/v1/apps/{}/consent-links", app.id);
        let link = self.post(&path, json!({ "label": "Spring campaign" })).await.expect(201);
        Link { id: link.field("id"), token: link.field("token") }
    }

    /// Opens a consent link.
    pub async fn open(&self, link: &Link) -> Answer {
        self.get(&format!("/v1/consent-requests/{}", link.token)).await
    }

    /// Approves it for these accounts.
    pub async fn approve(&self, link: &Link, accounts: &[&str]) -> Answer {
        let path = format!("/v1/consent-requests/{}/approve", link.token);
        self.post(&path, json!({ "accounts": accounts })).await
    }

    /// Denies it.
    pub async fn deny(&self, link: &Link) -> Answer {
        self.act(&format!("/v1/consent-requests/{}/deny", link.token)).await
    }
}

/// The request for a draft that could be activated.
pub fn draft(organization: &Organization, service: &str) -> Value {
    json!({
        "organization_id": organization.id,
        "name": "Shelf Optimizer",
        "description": "Keeps shelves in order.",
        "authentication_method": "client_credentials",
        "service": service,
        "domains": [
            { "domain": "campaigns", "level": "manage" },
            { "domain": "analytics", "level": "read" },
        ],
    })
}

impl Operator {
    /// The operator with these credentials.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Registers a person who then signs in.
    pub async fn person(&self, name: &str) -> Person {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name} Number{number}");
        let email = format!("{}@people.example", name.replace(' ', ".").to_lowercase());
        let new = json!({ "email": email, "name": name, "password": PASSWORD });
        let id = self.post("/v1/people", new).await.expect(201).field("id");
        let signing_in = self.without_credentials().with_password(&email, PASSWORD);
        let token = signing_in.post("/v1/api-tokens", json!({ "name": "journeys" })).await;
        let token = token.expect(201).field("token");
        Person { id, email, name, client: self.with_token(&token) }
    }

    /// An organization whose contact is not confirmed yet.
    pub async fn unconfirmed_organization(&self) -> Organization {
        let owner = self.person("Owner").await;
        let developer = self.person("Developer").await;
        let auditor = self.person("Auditor").await;
        let new = json!({
            "name": "Example Apps", "kind": "technology_company", "country": "FR",
            "contact_email": "contact@people.example", "website": "https://shelves.example/",
        });
        let id = owner.post("/v1/organizations", new).await.expect(201);
        let id = id.field("id");
        for (person, role) in [(&developer, "developer"), (&auditor, "auditor")] {
            let member = json!({ "email": person.email, "role": role });
            self.post(&format!("/v1/organizations/{id}/members"), member).await.expect(201);
        }
        Organization { id, owner, developer, auditor }
    }

    /// An organization that can activate apps.
    pub async fn organization(&self) -> Organization {
        let organization = self.unconfirmed_organization().await;
        let path = format!("/v1/organizations/{}/confirm-contact", organization.id);
        self.act(&path).await.expect(200);
        organization
    }

    /// An account, with a person in each of these roles.
    pub async fn account(&self, service: &str, roles: &[&'static str]) -> Account {
        let name = "Corner Shop".to_owned();
        let new = json!({ "name": name, "kind": "advertiser", "service": service });
        let id = self.post("/v1/accounts", new).await.expect(201).field("id");
        let mut account =
            Account { id, name, service: service.to_owned(), people: BTreeMap::new() };
        for role in roles {
            let person = self.person(&role.replace('_', " ")).await;
            self.assign(&account, &person, role).await;
            account.people.insert(role, person);
        }
        account
    }

    /// Gives a person a role on an account.
    pub async fn assign(&self, account: &Account, person: &Person, role: &str) {
        let path = format!("/v1/accounts/{}/roles/{}", account.id, person.id);
        self.put(&path, json!({ "role": role })).await.expect(200);
    }
}

impl Account {
    /// Who holds this role.
    ///
    /// # Panics
    /// When nobody does.
    pub fn person(&self, role: &str) -> &Person {
        &self.people[role]
    }

    /// The admin.
    pub fn admin(&self) -> &Person {
        self.person("admin")
    }
}

impl Key {
    /// Asks for an access token.
    pub async fn ask(&self, anyone: &Client) -> Answer {
        anyone
            .without_credentials()
            .with_password(&self.client_id, &self.client_secret)
            .form("/oauth2/token", &[("grant_type", "client_credentials")])
            .await
    }

    /// An access token.
    pub async fn token(&self, anyone: &Client) -> String {
        self.ask(anyone).await.expect(200).field("access_token")
    }

    /// The app itself, as a caller.
    pub async fn app(&self, anyone: &Client) -> Client {
        anyone.with_token(&self.token(anyone).await)
    }
}
