//! What whoever has the token of a mailed link can do: confirm a contact, choose a new password, accept an invitation.
//! The token goes in the body, so that no log of the API has it.

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::rpc::{AccountRole, MemberRole};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An organization whose contact is confirmed.
#[derive(Debug, Deserialize)]
pub(crate) struct ConfirmedContact {
    pub(crate) organization_name: String,
}

/// An invitation, as whoever has its mail sees it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Invitation {
    #[serde(flatten)]
    pub(crate) to: InvitedTo,
    /// What the organization or the account is called.
    pub(crate) name: String,
    /// The address to which it was sent.
    pub(crate) email: Option<String>,
    pub(crate) invited_by: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
    /// Whether somebody has this email here already.
    pub(crate) registered: bool,
}

/// To what.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub(crate) enum InvitedTo {
    Organization { role: MemberRole },
    Account { role: AccountRole },
}

/// An invitation that was accepted.
#[derive(Debug, Deserialize)]
pub(crate) struct Accepted {
    session: Option<OpenedSession>,
}

#[derive(Debug, Deserialize)]
struct OpenedSession {
    token: String,
}

/// What somebody who is new says of themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPerson<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
    /// In which language they are written to.
    pub(crate) language: &'a str,
}

/// Confirms that mail to an organization's contact arrives.
pub(crate) async fn confirm_contact(
    api: &Api,
    browser: &Browser,
    link: &str,
) -> Result<ConfirmedContact, ApiError> {
    let question = Question::new(Method::POST, "/v1/contact-confirmations/complete");
    api.ask(browser, question.with(json!({ "token": link }))).await
}

/// Asks for a mail with a link. Whether somebody has this email is told to nobody.
pub(crate) async fn ask_for_reset(
    api: &Api,
    browser: &Browser,
    email: &str,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, "/v1/password-resets");
    api.tell(browser, question.with(json!({ "email": email }))).await
}

/// Chooses a new password.
pub(crate) async fn reset(
    api: &Api,
    browser: &Browser,
    link: &str,
    password: &str,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, "/v1/password-resets/complete");
    api.tell(browser, question.with(json!({ "token": link, "password": password }))).await
}

/// Looks at an invitation.
pub(crate) async fn invitation(
    api: &Api,
    browser: &Browser,
    link: &str,
) -> Result<Invitation, ApiError> {
    let question = Question::new(Method::POST, "/v1/invitations/lookup");
    api.ask(browser, question.with(json!({ "token": link }))).await
}

/// Accepts it, as who is signed in.
pub(crate) async fn accept(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, "/v1/invitations/accept").of(token);
    let accepted: Result<Accepted, _> =
        api.ask(browser, question.with(json!({ "token": link }))).await;
    accepted.map(drop).map_err(ApiError::of_session)
}

/// Accepts it as somebody new: their session.
pub(crate) async fn accept_as_new(
    api: &Api,
    browser: &Browser,
    link: &str,
    NewPerson { name, password, language }: NewPerson<'_>,
) -> Result<SessionToken, ApiError> {
    let person = json!({ "name": name, "password": password, "language": language });
    let question = Question::new(Method::POST, "/v1/invitations/accept");
    let question = question.with(json!({ "token": link, "person": person }));
    let accepted: Accepted = api.ask(browser, question).await?;
    let session = accepted.session.ok_or_else(|| ApiError::missing("a new person's session"))?;
    SessionToken::parse(&session.token).map_err(ApiError::ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<ConfirmedContact>("ConfirmedContact");
        answer::<Invitation>("ShownInvitation");
        answer::<Accepted>("AcceptedInvitation");
        answer::<OpenedSession>("OpenedSession");
    }
}
