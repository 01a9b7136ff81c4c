//! One's own record, password and API tokens.

use axum::http::{HeaderValue, Method};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::ids::ApiTokenId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question, with_query};
use crate::browser::Browser;

/// An API token, without its secret.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ApiToken {
    pub(crate) id: ApiTokenId,
    pub(crate) name: String,
    /// Its last characters.
    pub(crate) hint: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

/// A page of them.
#[derive(Debug, Deserialize)]
pub(crate) struct ApiTokens {
    pub(crate) items: Vec<ApiToken>,
    pub(crate) next_cursor: Option<String>,
}

/// A new one: its secret, this once.
#[derive(Deserialize)]
pub(crate) struct NewApiToken {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// Changes one's name and the language in which one is written to.
pub(crate) async fn edit(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    name: &str,
    language: &str,
) -> Result<(), ApiError> {
    let body = json!({ "name": name, "language": language });
    let question = Question::new(Method::PATCH, "/v1/people/me").of(token).with(body);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Changes the password. All other sessions end.
pub(crate) async fn change_password(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    current: &str,
    new: &str,
) -> Result<(), ApiError> {
    let body = json!({ "current_password": current, "new_password": new });
    let question = Question::new(Method::PUT, "/v1/people/me/password").of(token).with(body);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// All that is kept of oneself, for a file.
pub(crate) async fn export(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
) -> Result<(HeaderValue, Bytes), ApiError> {
    let question = Question::new(Method::GET, "/v1/people/me/export").of(token);
    api.bytes(browser, question).await.map_err(ApiError::of_session)
}

/// A page of one's API tokens, the oldest first.
pub(crate) async fn tokens(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    cursor: Option<&str>,
) -> Result<ApiTokens, ApiError> {
    let query: Vec<_> = cursor.map(|cursor| ("cursor", cursor)).into_iter().collect();
    let question = Question::new(Method::GET, with_query("/v1/api-tokens", &query)).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Makes one.
pub(crate) async fn create_token(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    name: &str,
) -> Result<NewApiToken, ApiError> {
    let question = Question::new(Method::POST, "/v1/api-tokens").of(token);
    let question = question.with(json!({ "name": name }));
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Ends one.
pub(crate) async fn end_token(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: ApiTokenId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/api-tokens/{id}")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<ApiToken>("ApiToken");
        answer::<ApiTokens>("Page_ApiToken");
        answer::<NewApiToken>("NewTokenAnswer");
    }
}
