//! The load: whole journeys.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::{Account, Cast, Developer};
use crate::client::{As, Body, Client, Command, End, shown_once};

impl Client {
    /// Plays journeys until the round is over.
    pub async fn play(mut self, cast: Arc<Cast>) {
        while !self.stop.is_cancelled() {
            let ended = if self.random.once_in(3) {
                self.people(&cast).await
            } else {
                let developer = self.random.pick(&cast.developers).cloned();
                let account = self.random.pick(&cast.accounts).cloned();
                let (Some(developer), Some(account)) = (developer, account) else { return };
                self.journey(&developer, &account).await
            };
            self.history.write(&self.who, "journey", &json!(format!("{ended:?}")));
        }
    }

    /// The main job: an app, a key, tokens, a link, and what its receiver makes of it.
    async fn journey(&mut self, developer: &Developer, account: &Account) -> Result<(), End> {
        if self.random.once_in(3) {
            self.mail(developer).await?;
        }
        if self.random.once_in(4) {
            self.redirect_uris(developer).await?;
        }
        let by = As::Token(&developer.token);
        let app = self.app(developer, "client_credentials").await?;
        let path = format!("/v1/apps/{app}/activate");
        self.act("app.activated", by, Method::POST, &path, &[409], &app).await?;
        let (mut client_id, mut secret) = self.key(by, &app).await?;
        for _ in 0..=self.random.below(3) {
            self.token(&client_id, &secret).await?;
        }
        if self.random.once_in(3) {
            (client_id, secret) = self.replace(by, &client_id).await?;
            self.token(&client_id, &secret).await?;
        }
        if self.random.once_in(5) {
            self.report(by, &client_id, &secret).await?;
        }
        for _ in 0..=self.random.below(2) {
            let (link, token) = self.link(by, &app).await?;
            let path = format!("/v1/consent-requests/{token}");
            let admin = As::Token(&account.token);
            self.act("consent-link.opened", admin, Method::GET, &path, &[], &link).await?;
            self.answer(by, account, &link, &token).await?;
        }
        if self.random.once_in(3) {
            let path = format!("/v1/apps/{app}/archive");
            self.act("app.archived", by, Method::POST, &path, &[409], &app).await?;
        }
        Ok(())
    }

    /// Asks for a mail to a contact address.
    async fn mail(&mut self, developer: &Developer) -> Result<(), End> {
        let path = format!("/v1/organizations/{}/contact-confirmations", developer.unconfirmed);
        let command = Command {
            name: "contact-confirmation.requested",
            by: As::Token(&developer.owner),
            method: Method::POST,
            path: &path,
            body: Body::Nothing,
            done_before: &[],
        };
        let answer = self.run(command, None).await?.unwrap_or_default();
        self.claim_field("contact-confirmation.requested", &answer, "id")?;
        Ok(())
    }

    /// What becomes of a link.
    async fn answer(
        &mut self,
        by: As<'_>,
        account: &Account,
        link: &str,
        token: &str,
    ) -> Result<(), End> {
        let admin = As::Token(&account.token);
        match self.random.below(6) {
            0 => {
                let path = format!("/v1/consent-requests/{token}/deny");
                let done = &[409];
                self.act("consent-link.denied", admin, Method::POST, &path, done, link).await
            }
            1 => {
                let path = format!("/v1/consent-links/{link}");
                self.act("consent-link.revoked", by, Method::DELETE, &path, &[], link).await
            }
            2 => self.approve_twice(account, link, token).await,
            kind => {
                let granted = self.approve(account, link, token).await?;
                for grant in granted.iter().filter(|_| kind != 5) {
                    self.renew(admin, grant).await?;
                }
                for grant in granted.iter().filter(|_| kind > 3) {
                    let path = format!("/v1/grants/{grant}");
                    self.act("consent.revoked", admin, Method::DELETE, &path, &[], grant).await?;
                }
                Ok(())
            }
        }
    }

    pub(crate) async fn app(
        &mut self,
        developer: &Developer,
        authentication_method: &str,
    ) -> Result<String, End> {
        let name = self.new_name("app");
        let body = json!({
            "organization_id": developer.organization,
            "name": name,
            "authentication_method": authentication_method,
            "service": "retail_media",
            "domains": [
                { "domain": "campaigns", "level": "manage" },
                { "domain": "analytics", "level": "read" },
            ],
        });
        let by = As::Token(&developer.token);
        let answer = self.make("app.created", by, "/v1/apps", body, &name).await?;
        self.claim_field("app.created", &answer, "id")
    }

    async fn key(&mut self, by: As<'_>, app: &str) -> Result<(String, String), End> {
        let (name, path) = (self.new_name("key"), format!("/v1/apps/{app}/keys"));
        let body = json!({ "name": name });
        let answer = self.make("key.created", by, &path, body, &name).await?;
        let client_id = self.claim_field("key.created", &answer, "client_id")?;
        Ok((client_id, shown_once(&answer, "client_secret")?))
    }

    /// Another key in place of this one, which ends at once: an app that is archived ends it no more.
    async fn replace(&mut self, by: As<'_>, old: &str) -> Result<(String, String), End> {
        let (name, path) = (self.new_name("replacement"), format!("/v1/keys/{old}/replace"));
        let command = Command {
            name: "key.created",
            by,
            method: Method::POST,
            path: &path,
            body: Body::Json(json!({ "old_ends": "now" })),
            done_before: &[],
        };
        let answer = self.run(command, Some(&name)).await?.unwrap_or_default();
        self.claim("key.deleted", old)?;
        let client_id = self.claim_field("key.created", &answer, "client_id")?;
        Ok((client_id, shown_once(&answer, "client_secret")?))
    }

    /// Reports the secret of a key. However often it is repeated, the key leaks and ends once.
    async fn report(&mut self, by: As<'_>, client_id: &str, secret: &str) -> Result<(), End> {
        let command = Command {
            name: "key.leaked",
            by,
            method: Method::POST,
            path: "/v1/leak-reports",
            body: Body::Json(json!([{ "token": secret, "url": "https://code.example" }])),
            done_before: &[],
        };
        self.run(command, None).await?;
        self.claim("key.leaked", client_id)?;
        self.claim("key.deleted", client_id)
    }

    async fn link(&mut self, by: As<'_>, app: &str) -> Result<(String, String), End> {
        let (name, path) = (self.new_name("link"), format!("/v1/apps/{app}/consent-links"));
        let body = json!({ "label": name });
        let answer = self.make("consent-link.created", by, &path, body, &name).await?;
        let link = self.claim_field("consent-link.created", &answer, "id")?;
        Ok((link, shown_once(&answer, "token")?))
    }

    async fn token(&mut self, client_id: &str, secret: &str) -> Result<(), End> {
        let command = Command {
            name: "token.issued",
            by: As::Password(client_id, secret),
            method: Method::POST,
            path: "/oauth2/token",
            body: Body::Form(&[("grant_type", "client_credentials")]),
            done_before: &[],
        };
        let answer = self.run(command, None).await?.unwrap_or_default();
        let token = shown_once(&answer, "access_token")?;
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Option<Value> = claims.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        self.claim_field("token.issued", &claims.unwrap_or_default(), "jti")?;
        Ok(())
    }

    /// Approves a link, and gives the grants that follow.
    async fn approve(
        &mut self,
        account: &Account,
        link: &str,
        token: &str,
    ) -> Result<Vec<String>, End> {
        let path = format!("/v1/consent-requests/{token}/approve");
        let command = Command {
            name: "consent-link.redeemed",
            by: As::Token(&account.token),
            method: Method::POST,
            path: &path,
            body: Body::Json(json!({ "accounts": [account.id] })),
            done_before: &[409],
        };
        let answer = self.run(command, None).await?;
        self.claim("consent-link.redeemed", link)?;
        let mut granted = Vec::new();
        for grant in answer.iter().filter_map(|answer| answer["granted"].as_array()).flatten() {
            granted.push(self.claim_field("consent.granted", grant, "grant_id")?);
        }
        Ok(granted)
    }

    /// Renews a grant. No event is claimed: asked again after an answer that was lost, it is renewed again.
    async fn renew(&mut self, by: As<'_>, grant: &str) -> Result<(), End> {
        let path = format!("/v1/grants/{grant}/renew");
        let (method, body) = (Method::POST, Body::Nothing);
        let command =
            Command { name: "consent.renewed", by, method, path: &path, body, done_before: &[] };
        self.run(command, None).await.map(|_| ())
    }

    /// Approves a link twice at the same time: at most one of them may be told that it was first.
    async fn approve_twice(
        &mut self,
        account: &Account,
        link: &str,
        token: &str,
    ) -> Result<(), End> {
        let path = format!("/v1/consent-requests/{token}/approve");
        let body = json!({ "accounts": [account.id] });
        let both = [body.clone(), body];
        match self.race(&format!("the link {link}"), &path, Some(&account.token), both).await {
            Ok(_) => self.claim("consent-link.redeemed", link),
            Err(End::Lost) => Ok(()),
            Err(end) => Err(end),
        }
    }
}
