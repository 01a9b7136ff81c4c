//! `/v1/sign-ins`: signing in at an organization's provider of identities.

use axum::http::Method;
use contract::ids::SignInId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A sign-in that was begun.
#[derive(Debug, Deserialize)]
pub(crate) struct Begun {
    pub(crate) sign_in_id: SignInId,
    /// Where the browser goes.
    pub(crate) authorization_url: String,
    /// What it is completed with: only whoever began it has it.
    pub(crate) binding: String,
}

/// What came back from the provider (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Returned<'a> {
    pub(crate) code: &'a str,
    pub(crate) state: &'a str,
    pub(crate) iss: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
struct Opened {
    token: String,
}

/// Begins it at the provider of the email's domain.
pub(crate) async fn begin(api: &Api, browser: &Browser, email: &str) -> Result<Begun, ApiError> {
    let question = Question::new(Method::POST, "/v1/sign-ins").with(json!({ "email": email }));
    api.ask(browser, question).await
}

/// Completes it: the session's token.
pub(crate) async fn complete(
    api: &Api,
    browser: &Browser,
    id: SignInId,
    binding: &str,
    Returned { code, state, iss }: Returned<'_>,
) -> Result<SessionToken, ApiError> {
    let mut body = json!({ "code": code, "state": state, "binding": binding });
    if let Some(iss) = iss {
        body["iss"] = iss.into();
    }
    let question = Question::new(Method::POST, format!("/v1/sign-ins/{id}/complete")).with(body);
    let opened: Opened = api.ask(browser, question).await?;
    SessionToken::parse(&opened.token).map_err(ApiError::ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Begun>("BegunSignIn");
        answer::<Opened>("NewSession");
    }
}
