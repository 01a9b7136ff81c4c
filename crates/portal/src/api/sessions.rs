//! `/v1/sessions`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::SessionId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A session that was just opened.
#[derive(Debug, Deserialize)]
pub(crate) struct NewSession {
    token: String,
}

/// One of a person's sessions.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) current: bool,
    pub(crate) user_agent: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sessions {
    pub(crate) items: Vec<Session>,
}

/// Opens a session: its token.
pub(crate) async fn open(
    api: &Api,
    browser: &Browser,
    email: &str,
    password: &str,
) -> Result<SessionToken, ApiError> {
    let body = json!({ "email": email, "password": password });
    let question = Question::new(Method::POST, "/v1/sessions").with(body);
    let session: NewSession = api.ask(browser, question).await?;
    SessionToken::parse(&session.token).map_err(ApiError::ours)
}

/// All of them.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
) -> Result<Vec<Session>, ApiError> {
    let question = Question::new(Method::GET, "/v1/sessions").of(token);
    let sessions: Sessions = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    Ok(sessions.items)
}

/// Ends one.
pub(crate) async fn end(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: SessionId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/sessions/{id}")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Ends all but the one that asks.
pub(crate) async fn end_others(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, "/v1/sessions").of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<NewSession>("NewSession");
        answer::<Session>("Session");
        answer::<Sessions>("Page_Session");
    }
}
