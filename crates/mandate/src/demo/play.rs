//! The demo's steps, one function each, in the order of the job.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use contract::Environment;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::file::{Demo, DemoAccount, DemoApp, DemoPerson};
use crate::output::note;

/// How long the audit log may take to have every step.
const AUDITED: Duration = Duration::from_secs(20);

/// How long a mail may take to be there.
const MAILED: Duration = Duration::from_secs(20);

/// The organization's contact address.
const CONTACT: &str = "contact@example.com";

/// The service that the demo's app is for.
const SERVICE: &str = "retail_media";

/// A random password for a person of the demo.
pub(crate) fn new_password(environment: &Environment) -> String {
    hex::encode(environment.bytes::<10>())
}

/// Someone who plays it, on one system.
pub(super) struct Play<'a> {
    pub(super) http: reqwest::Client,
    pub(super) base_url: &'a str,
    pub(super) environment: Environment,
    pub(super) operator: DemoPerson,
}

fn step(text: &str) {
    note(&format!("  ✓ {text}"));
}

impl Play<'_> {
    pub(super) async fn all(self) -> anyhow::Result<Demo> {
        note(&format!("Playing the main job through {}", self.base_url));
        let operator = &self.operator;
        let owner = self.person("owner@example.com", "Owner", &["owner"]).await?;
        let developer = self.person("developer@example.com", "Developer", &["developer"]).await?;
        let auditor = self.person("auditor@example.com", "Auditor", &["auditor"]).await?;
        let admin = self.person("admin@example.com", "Account admin", &["account:admin"]).await?;
        let business = self
            .person("business@example.com", "Business manager", &["account:business_manager"])
            .await?;
        let technical = self
            .person("technical@example.com", "Technical manager", &["account:technical_manager"])
            .await?;
        let analyst = self.person("analyst@example.com", "Analyst", &["account:analyst"]).await?;
        step("eight people can sign in");

        let organization =
            self.organization(&owner, &[(&developer, "developer"), (&auditor, "auditor")]).await?;
        step(
            "an organization, its contact confirmed by a mailed link; a developer and an auditor, invited by mail",
        );

        let holders = [
            (&admin, "admin"),
            (&business, "business_manager"),
            (&technical, "technical_manager"),
            (&analyst, "analyst"),
        ];
        let accounts = vec![
            self.account("Northwind Store", "advertiser", SERVICE, &holders).await?,
            self.account("Southridge Market", "publisher", SERVICE, &holders[..1]).await?,
            self.account("Westwood Shop", "advertiser", "marketing_solutions", &holders[..2])
                .await?,
        ];
        step(
            "three accounts, with an admin, a business manager, a technical manager and an analyst",
        );

        let app = self.app(&developer, &organization).await?;
        let scope = self.access_token(&app).await?;
        step(&format!("an active app with a key, and an access token for it ({scope})"));

        self.consent(&developer, &admin, &app, &accounts[0]).await?;
        step("a consent link for 30 days, redeemed once; the second try was refused; renewed");

        let people =
            vec![operator.clone(), owner, developer, auditor, admin, business, technical, analyst];
        let seen = self.audited(&people[3], &app.id).await?;
        step(&format!("{seen} events about the app in the audit log, complete and in order"));
        Ok(Demo {
            base_url: self.base_url.to_owned(),
            organization_id: organization,
            people,
            accounts,
            app,
        })
    }

    async fn person(&self, email: &str, name: &str, roles: &[&str]) -> anyhow::Result<DemoPerson> {
        let password = new_password(&self.environment);
        let new = json!({ "email": email, "name": name, "password": password });
        self.post(&self.operator, "/v1/people", &new).await?;
        // As the person: an email and a password give an API token.
        let request = self
            .http
            .post(format!("{}/v1/api-tokens", self.base_url))
            .basic_auth(email, Some(&password))
            .json(&json!({ "name": "demo" }));
        let token = text(&answer(request).await?, "token")?;
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        Ok(DemoPerson { email: email.to_owned(), password, roles, api_token: token })
    }

    async fn organization(
        &self,
        owner: &DemoPerson,
        members: &[(&DemoPerson, &str)],
    ) -> anyhow::Result<String> {
        let new = json!({
            "name": "Example Apps", "kind": "technology_company", "country": "DE",
            "contact_email": CONTACT, "website": "https://apps.example.com/",
        });
        let id = text(&self.post(owner, "/v1/organizations", &new).await?, "id")?;
        self.confirm_contact(&id, CONTACT).await?;
        for (person, role) in members {
            self.invite(owner, &id, person, role).await?;
        }
        Ok(id)
    }

    /// Confirms the organization's contact address by the link that is mailed there; where nobody can read the mail
    /// here, the operator confirms it.
    async fn confirm_contact(&self, organization: &str, address: &str) -> anyhow::Result<()> {
        if let Some(token) = self.mailed_token(address, "confirm_contact").await? {
            let url = format!("{}/v1/contact-confirmations/complete", self.base_url);
            answer(self.http.post(url).json(&json!({ "token": token }))).await?;
        } else {
            let path = format!("/v1/organizations/{organization}/confirm-contact");
            self.post(&self.operator, &path, &json!({})).await?;
        }
        Ok(())
    }

    /// Invites somebody, who accepts by the link that they are mailed; where nobody can read the mail here, the
    /// operator makes them a member.
    async fn invite(
        &self,
        owner: &DemoPerson,
        organization: &str,
        person: &DemoPerson,
        role: &str,
    ) -> anyhow::Result<()> {
        let path = format!("/v1/organizations/{organization}");
        let member = json!({ "email": person.email, "role": role });
        let invitation = self.post(owner, &format!("{path}/invitations"), &member).await?;
        if let Some(token) = self.mailed_token(&person.email, "invite_member").await? {
            self.post(person, "/v1/invitations/accept", &json!({ "token": token })).await?;
        } else {
            let invitation = format!("/v1/invitations/{}", text(&invitation, "id")?);
            self.call(owner, Method::DELETE, &invitation, None).await?;
            self.post(&self.operator, &format!("{path}/members"), &member).await?;
        }
        Ok(())
    }

    /// The token of the link that was mailed to this address; none where a mail server takes the mails, so that
    /// nobody reads them here.
    async fn mailed_token(&self, address: &str, template: &str) -> anyhow::Result<Option<String>> {
        let deadline = tokio::time::Instant::now() + MAILED;
        loop {
            let page = self.call(&self.operator, Method::GET, "/v1/mails", None).await?;
            let mails = page["items"].as_array().cloned().unwrap_or_default();
            let mail = mails
                .into_iter()
                .find(|mail| mail["recipient"] == address && mail["template"] == template);
            let mail = mail.with_context(|| format!("there is no mail `{template}`"))?;
            if let Some(mail) = mail["content"]["text"].as_str() {
                // The last part of the link's path.
                let token = mail.split_whitespace().find_map(|word| {
                    word.rsplit_once('/')
                        .map(|(_, token)| token)
                        .filter(|token| token.starts_with("mandate_ml_"))
                });
                return Ok(Some(token.context("the mail has no link")?.to_owned()));
            }
            if mail["attempts"] != 0 || tokio::time::Instant::now() > deadline {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn account(
        &self,
        name: &str,
        kind: &str,
        service: &str,
        holders: &[(&DemoPerson, &str)],
    ) -> anyhow::Result<DemoAccount> {
        let new = json!({ "name": name, "kind": kind, "service": service });
        let id = text(&self.post(&self.operator, "/v1/accounts", &new).await?, "id")?;
        let mut roles = BTreeMap::new();
        for (person, role) in holders {
            let me = self.call(person, Method::GET, "/v1/people/me", None).await?;
            let path = format!("/v1/accounts/{id}/roles/{}", text(&me, "id")?);
            self.call(&self.operator, Method::PUT, &path, Some(&json!({ "role": role }))).await?;
            roles.insert(person.email.clone(), (*role).to_owned());
        }
        Ok(DemoAccount {
            id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            service: service.to_owned(),
            roles,
        })
    }

    async fn app(&self, developer: &DemoPerson, organization: &str) -> anyhow::Result<DemoApp> {
        let new = json!({
            "organization_id": organization,
            "name": "Campaign Pilot",
            "description": "Plans and steers retail media campaigns.",
            "authentication_method": "client_credentials",
            "service": SERVICE,
            "domains": [{ "domain": "campaigns", "level": "manage" }, { "domain": "analytics", "level": "read" }],
        });
        let id = text(&self.post(developer, "/v1/apps", &new).await?, "id")?;
        self.post(developer, &format!("/v1/apps/{id}/activate"), &json!({})).await?;
        let key = self
            .post(developer, &format!("/v1/apps/{id}/keys"), &json!({ "name": "demo" }))
            .await?;
        Ok(DemoApp {
            id,
            client_id: text(&key, "client_id")?,
            client_secret: text(&key, "client_secret")?,
        })
    }

    async fn access_token(&self, app: &DemoApp) -> anyhow::Result<String> {
        let request = self
            .http
            .post(format!("{}/oauth2/token", self.base_url))
            .basic_auth(&app.client_id, Some(&app.client_secret))
            .form(&[("grant_type", "client_credentials")]);
        text(&answer(request).await?, "scope")
    }

    async fn consent(
        &self,
        developer: &DemoPerson,
        admin: &DemoPerson,
        app: &DemoApp,
        account: &DemoAccount,
    ) -> anyhow::Result<()> {
        let month = json!({ "grant_lifetime_days": 30 });
        let link =
            self.post(developer, &format!("/v1/apps/{}/consent-links", app.id), &month).await?;
        let path = format!("/v1/consent-requests/{}", text(&link, "token")?);
        self.call(admin, Method::GET, &path, None).await?;
        let choice = json!({ "accounts": [account.id] });
        let approved = self.post(admin, &format!("{path}/approve"), &choice).await?;
        let again = self
            .request(admin, Method::POST, &format!("{path}/approve"))
            .json(&choice)
            .send()
            .await?;
        if again.status().as_u16() != 409 {
            bail!("a used consent link answered {} to its second use", again.status());
        }
        let grant = text(&approved["granted"][0], "grant_id")?;
        self.post(admin, &format!("/v1/grants/{grant}/renew"), &json!({})).await?;
        Ok(())
    }

    /// Waits until the auditor finds every step about the app, and counts them.
    async fn audited(&self, auditor: &DemoPerson, app: &str) -> anyhow::Result<usize> {
        let wanted = [
            "app.created",
            "app.activated",
            "key.created",
            "token.issued",
            "consent-link.created",
            "consent-link.opened",
            "consent-link.redeemed",
            "consent.granted",
            "consent.renewed",
        ];
        let deadline = tokio::time::Instant::now() + AUDITED;
        loop {
            let path = format!("/v1/events?app_id={app}&limit=200");
            let page = self.call(auditor, Method::GET, &path, None).await?;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            let types: Vec<&str> =
                items.iter().filter_map(|item| item["event"]["type"].as_str()).collect();
            let missing: Vec<&&str> = wanted
                .iter()
                .filter(|name| !types.contains(&format!("mandate.{name}.v1").as_str()))
                .collect();
            if missing.is_empty() {
                return Ok(types.len());
            }
            if tokio::time::Instant::now() > deadline {
                bail!("the audit log misses {missing:?} after {} s", AUDITED.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn request(&self, person: &DemoPerson, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(&person.api_token)
    }

    async fn post(&self, person: &DemoPerson, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(person, Method::POST, path, Some(body)).await
    }

    async fn call(
        &self,
        person: &DemoPerson,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut request = self.request(person, method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }
}

async fn answer(request: RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await?;
    let (status, path) = (response.status(), response.url().path().to_owned());
    let body = response.text().await?;
    if !status.is_success() {
        bail!("{path} answered {status}: {body}");
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).with_context(|| format!("{path} answered no JSON"))
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    answer[field]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the answer has no `{field}`"))
}
