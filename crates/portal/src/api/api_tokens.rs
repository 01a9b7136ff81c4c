//! `/v1/api-tokens`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::ApiTokenId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A token for a program of one's own: the record, not the secret.
#[derive(Debug, Deserialize)]
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

impl ApiToken {
    /// When it ended, if it did.
    pub(crate) fn ended_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.revoked_at.or_else(|| self.expires_at.filter(|end| *end <= now))
    }
}

/// A page of a person's tokens, oldest first, those that ended included.
#[derive(Debug, Deserialize)]
pub(crate) struct ApiTokens {
    pub(crate) items: Vec<ApiToken>,
    pub(crate) next_cursor: Option<String>,
}

/// A token that was just made, with its secret.
#[derive(Deserialize)]
pub(crate) struct NewApiToken {
    #[serde(flatten)]
    pub(crate) record: ApiToken,
    pub(crate) token: String,
}

/// A page of them.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    cursor: Option<&str>,
) -> Result<ApiTokens, ApiError> {
    let mut query = vec![("limit", "200")];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let path = super::with_query("/v1/api-tokens", &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// One of them. Only whoever has made hundreds needs more than one page.
pub(crate) async fn find(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: ApiTokenId,
) -> Result<ApiToken, ApiError> {
    let mut cursor: Option<String> = None;
    loop {
        let page = list(api, browser, token, cursor.as_deref()).await?;
        if let Some(found) = page.items.into_iter().find(|one| one.id == id) {
            return Ok(found);
        }
        cursor = Some(page.next_cursor.ok_or_else(ApiError::not_found)?);
    }
}

/// Makes one. The API keeps no answer that has a secret, so it takes no Idempotency-Key.
pub(crate) async fn create(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    name: &str,
    expires_at: Option<DateTime<Utc>>,
) -> Result<NewApiToken, ApiError> {
    let body = json!({ "name": name, "expires_at": expires_at });
    let question = Question::new(Method::POST, "/v1/api-tokens").of(token).with(body);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Ends one, and all that were made by it.
pub(crate) async fn end(
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
