//! `/v1/apps/{id}/keys` and `/v1/keys`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::{AppId, ClientId};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A key.
#[derive(Debug, Deserialize)]
pub(crate) struct Key {
    pub(crate) client_id: ClientId,
    pub(crate) name: String,
    /// The last characters of its secret.
    pub(crate) hint: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// The keys of an app that work.
#[derive(Debug, Deserialize)]
pub(crate) struct Keys {
    pub(crate) items: Vec<Key>,
}

/// A key that was just made, with its secret, unless it was told already.
#[derive(Deserialize)]
pub(crate) struct CreatedKey {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) client_secret: Option<String>,
}

/// The keys of an app.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
) -> Result<Keys, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/apps/{app}/keys")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Makes a key, once for each form.
pub(crate) async fn create(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    app: AppId,
    name: &str,
) -> Result<CreatedKey, ApiError> {
    let question = Question::new(Method::POST, format!("/v1/apps/{app}/keys")).of(token);
    let question = question.with(json!({ "name": name })).once(form);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Keys>("Page_Key");
        answer::<Key>("Key");
        answer::<CreatedKey>("CreatedKey");
    }
}
