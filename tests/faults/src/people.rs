//! The load of people: they are invited and become members, sign in and out, choose other passwords, and their
//! organizations ask for domains.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::cast::{Cast, PASSWORD};
use crate::client::{As, Body, Client, Command, End, shown_once};

/// The pages to which links in mails lead.
const INVITATION: &str = "/accept-invitation";
const RESET: &str = "/reset-password";
const CONTACT: &str = "/confirm-contact";

/// A mail that was only promised may never come: whoever promised it died meanwhile. Whoever waits gives up then.
const PATIENCE: Duration = Duration::from_secs(10);

/// The path under which every invitation is accepted.
const ACCEPT: &str = "/v1/invitations/accept";

/// A session of somebody's.
struct Session {
    id: String,
    token: String,
}

/// Somebody who was invited.
struct Invited {
    id: String,
    email: String,
}

impl Client {
    /// One of the journeys of people.
    pub(crate) async fn people(&mut self, cast: &Cast) -> Result<(), End> {
        match self.random.below(6) {
            0..3 => self.invitation(cast).await,
            3..5 => crate::sign_in::journey(self, cast).await,
            _ => self.domain(cast).await,
        }
    }

    /// Each of them once, with all there is to them: so that whatever is checked is there.
    ///
    /// # Errors
    /// When one ends early.
    pub(crate) async fn all_of_people(&mut self, cast: &Cast) -> Result<(), End> {
        let developer = cast.developers.first().cloned().ok_or(End::Lost)?;
        let path = format!("/v1/organizations/{}/invitations", developer.organization);
        let owner = As::Token(&developer.owner);
        let revoked = self.invite(owner, &path, "auditor").await?;
        self.revoke(cast, owner, &revoked).await?;
        let invited = self.invite(owner, &path, "auditor").await?;
        self.send_again(owner, &invited).await?;
        let token = self.mailed(cast, &invited.email, INVITATION).await?;
        let session = self.join(&invited, &token).await?;
        self.becomes(cast, &session).await?;
        self.passwords(cast, &invited.email, &session).await?;
        crate::sign_in::journey(self, cast).await?;
        self.ask_for_domain(cast, true).await?;
        self.ask_for_domain(cast, false).await
    }

    /// Somebody new is invited to an organization, and becomes a member; and more.
    async fn invitation(&mut self, cast: &Cast) -> Result<(), End> {
        let Some(developer) = self.random.pick(&cast.developers).cloned() else { return Ok(()) };
        let path = format!("/v1/organizations/{}/invitations", developer.organization);
        let owner = As::Token(&developer.owner);
        let invited = self.invite(owner, &path, "auditor").await?;
        if self.random.once_in(3) {
            self.send_again(owner, &invited).await?;
        }
        if self.random.once_in(4) {
            return self.revoke(cast, owner, &invited).await;
        }
        let token = self.mailed(cast, &invited.email, INVITATION).await?;
        let session = if self.random.once_in(3) {
            self.race_to_join(&invited, &token).await?
        } else {
            self.join(&invited, &token).await?
        };
        if self.random.once_in(2) {
            self.becomes(cast, &session).await?;
        }
        match self.random.below(3) {
            0 => self.passwords(cast, &invited.email, &session).await,
            1 => self.sign_out(&session).await,
            _ => Ok(()),
        }
    }

    async fn invite(&mut self, by: As<'_>, path: &str, role: &str) -> Result<Invited, End> {
        let name = self.new_name("invited");
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "role": role });
        let answer = self.make("invitation.created", by, path, body, &name).await?;
        Ok(Invited { id: self.claim_field("invitation.created", &answer, "id")?, email })
    }

    /// How often it is sent in all is whatever its events say: a repeated command sends it again.
    async fn send_again(&mut self, by: As<'_>, invited: &Invited) -> Result<(), End> {
        let event = "invitation.sent-again";
        let path = format!("/v1/invitations/{}/send-again", invited.id);
        self.run(Command::bare(event, by, Method::POST, &path), None).await?;
        self.claim_some(event, &invited.id)
    }

    /// Nobody accepts it from then on.
    async fn revoke(&mut self, cast: &Cast, by: As<'_>, invited: &Invited) -> Result<(), End> {
        let path = format!("/v1/invitations/{}", invited.id);
        self.act("invitation.revoked", by, Method::DELETE, &path, &[], &invited.id).await?;
        // It may have been revoked before it was mailed.
        let Some(token) = cast.mailbox.token_there(&invited.email, INVITATION) else {
            return Ok(());
        };
        let name = self.new_name("intruder");
        self.refused(accepting(&token, &name), 410).await
    }

    /// Whoever has the token becomes a member, and is somebody from then on.
    async fn join(&mut self, invited: &Invited, token: &str) -> Result<Session, End> {
        let name = self.new_name("newcomer");
        self.history.named(&name, false);
        let command = Command { done_before: &[401, 409], ..accepting(token, &name) };
        let answer = self.run(command, None).await?;
        self.history.named(&name, true);
        self.claim("invitation.accepted", &invited.id)?;
        let Some(answer) = answer else { return self.sign_in(&invited.email, PASSWORD).await };
        self.claim_field("person.registered", &answer, "person_id")?;
        let session = &answer["session"];
        let id = self.claim_field("session.created", session, "id")?;
        Ok(Session { id, token: shown_once(session, "token")? })
    }

    /// Two who have the token say at the same time who they are: at most one of them may be told that they are it.
    async fn race_to_join(&mut self, invited: &Invited, token: &str) -> Result<Session, End> {
        let names = [self.new_name("newcomer"), self.new_name("newcomer")];
        for name in &names {
            self.history.named(name, false);
        }
        let [one, other] = names.each_ref().map(|name| joining(token, name));
        let what = format!("the invitation {}", invited.id);
        let won = self.race(&what, ACCEPT, None, [one, other]).await?;
        self.history.named(&names[won.which], true);
        self.claim("invitation.accepted", &invited.id)?;
        self.claim_field("person.registered", &won.answer, "person_id")?;
        self.sign_in(&invited.email, PASSWORD).await
    }

    /// Who is somebody already is invited to a role on an account, at another address.
    async fn becomes(&mut self, cast: &Cast, session: &Session) -> Result<(), End> {
        let Some(account) = self.random.pick(&cast.accounts).cloned() else { return Ok(()) };
        let path = format!("/v1/accounts/{}/invitations", account.id);
        let invited = self.invite(As::Token(&account.token), &path, "viewer").await?;
        let token = self.mailed(cast, &invited.email, INVITATION).await?;
        let command = Command {
            name: "invitation.accepted",
            by: As::Token(&session.token),
            method: Method::POST,
            path: ACCEPT,
            body: Body::Json(json!({ "token": token })),
            done_before: &[409],
        };
        self.run(command, None).await?;
        self.claim("invitation.accepted", &invited.id)
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Result<Session, End> {
        let by = As::Password(email, password);
        let command = Command::bare("session.created", by, Method::POST, "/v1/sessions");
        let answer = self.run(command, None).await?.unwrap_or_default();
        let id = self.claim_field("session.created", &answer, "id")?;
        Ok(Session { id, token: shown_once(&answer, "token")? })
    }

    /// Its token opens nothing from then on, at any replica.
    async fn sign_out(&mut self, session: &Session) -> Result<(), End> {
        let path = format!("/v1/sessions/{}", session.id);
        let by = As::Token(&session.token);
        self.act("session.ended", by, Method::DELETE, &path, &[401], &session.id).await?;
        self.refused(Command::bare("me", by, Method::GET, "/v1/people/me"), 401).await
    }

    /// They choose another password, forget it, and choose a third by a mailed link.
    async fn passwords(&mut self, cast: &Cast, email: &str, session: &Session) -> Result<(), End> {
        let by = As::Token(&session.token);
        let me = self.run(Command::bare("me", by, Method::GET, "/v1/people/me"), None).await?;
        let person = me.unwrap_or_default()["id"].as_str().unwrap_or_default().to_owned();
        let changed = "person.password-changed";
        let command = Command {
            name: changed,
            by,
            method: Method::PUT,
            path: "/v1/people/me/password",
            body: Body::Json(json!({ "current_password": PASSWORD, "new_password": SECOND })),
            // The current password is another one then.
            done_before: &[422],
        };
        self.run(command, None).await?;
        self.claim_some(changed, &person)?;

        let body = Body::Json(json!({ "email": email }));
        let path = "/v1/password-resets";
        let name = "password-reset.requested";
        let command = Command { body, ..Command::bare(name, As::Nobody, Method::POST, path) };
        self.run(command, None).await?;
        let token = self.mailed(cast, email, RESET).await?;
        let body = Body::Json(json!({ "token": token, "password": THIRD }));
        let command = Command {
            body,
            done_before: &[409],
            ..Command::bare(changed, As::Nobody, Method::POST, "/v1/password-resets/complete")
        };
        self.run(command, None).await?;
        self.claim_some(changed, &person)?;
        // All sessions ended with it, and the password is the last.
        self.refused(Command::bare("me", by, Method::GET, "/v1/people/me"), 401).await?;
        let session = self.sign_in(email, THIRD).await?;
        self.sign_out(&session).await
    }

    async fn domain(&mut self, cast: &Cast) -> Result<(), End> {
        let granted = self.random.once_in(2);
        self.ask_for_domain(cast, granted).await
    }

    /// A new organization confirms its contact by the mailed link, asks for a domain, and is answered.
    async fn ask_for_domain(&mut self, cast: &Cast, granted: bool) -> Result<(), End> {
        let Some(developer) = self.random.pick(&cast.developers).cloned() else { return Ok(()) };
        let by = As::Token(&developer.owner);
        let (id, contact) = self.organization(by).await?;
        let token = self.mailed(cast, &contact, CONTACT).await?;
        let confirmed = "organization.contact-confirmed";
        let path = "/v1/contact-confirmations/complete";
        let command = Command {
            body: Body::Json(json!({ "token": token })),
            done_before: &[409],
            ..Command::bare(confirmed, As::Nobody, Method::POST, path)
        };
        self.run(command, None).await?;
        self.claim(confirmed, &id)?;

        let reason = self.new_name("reason");
        let body = json!({ "domain": "retail_media/billing:read", "reason": reason });
        let path = format!("/v1/organizations/{id}/domain-requests");
        let answer = self.make("domain-request.created", by, &path, body, &reason).await?;
        let request = self.claim_field("domain-request.created", &answer, "id")?;
        let (event, verb) = if granted {
            ("domain-request.granted", "grant")
        } else {
            ("domain-request.declined", "decline")
        };
        let path = format!("/v1/domain-requests/{request}/{verb}");
        let command = Command {
            body: Body::Json(json!({})),
            done_before: &[409],
            ..Command::bare(event, As::Token(&cast.operator), Method::POST, &path)
        };
        self.run(command, None).await?;
        self.claim(event, &request)?;
        if granted { self.claim("organization.domains-enabled", &id) } else { Ok(()) }
    }

    /// The token that was mailed to this address, once it was.
    async fn mailed(&mut self, cast: &Cast, address: &str, page: &str) -> Result<String, End> {
        let coming = timeout(PATIENCE, cast.mailbox.token(address, page));
        match self.stop.run_until_cancelled(coming).await {
            None => Err(End::Stopped),
            Some(came) => came.ok().flatten().ok_or(End::Lost),
        }
    }
}

/// The passwords after the first.
const SECOND: &str = "second horse battery staple";
const THIRD: &str = "third horse battery staple";

/// What somebody new accepts with.
fn joining(token: &str, name: &str) -> Value {
    json!({ "token": token, "person": { "name": name, "password": PASSWORD } })
}

fn accepting<'a>(token: &str, name: &str) -> Command<'a> {
    let body = Body::Json(joining(token, name));
    Command { body, ..Command::bare("invitation.accepted", As::Nobody, Method::POST, ACCEPT) }
}
