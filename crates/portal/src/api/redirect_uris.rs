//! `/v1/apps/{id}/redirect-uris` and `/v1/apps/{id}/pkce`

use axum::http::Method;
use contract::ids::{AppId, RedirectUriId};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::apps::{App, RedirectUri};
use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// All of an app's, in the order in which they were added.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RedirectUris {
    pub(crate) items: Vec<RedirectUri>,
}

/// The redirect URIs of an app.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
) -> Result<RedirectUris, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/apps/{app}/redirect-uris")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Adds one, once for each form.
pub(crate) async fn add(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    app: AppId,
    uri: &str,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, format!("/v1/apps/{app}/redirect-uris")).of(token);
    let question = question.with(json!({ "uri": uri })).once(form);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Removes one.
pub(crate) async fn remove(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    uri: RedirectUriId,
) -> Result<(), ApiError> {
    let path = format!("/v1/apps/{app}/redirect-uris/{uri}");
    let question = Question::new(Method::DELETE, path).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Requires PKCE (RFC 7636) of whoever asks for an authorization code, or not.
pub(crate) async fn require_pkce(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    required: bool,
) -> Result<App, ApiError> {
    let question = Question::new(Method::PUT, format!("/v1/apps/{app}/pkce")).of(token);
    let question = question.with(json!({ "required": required }));
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<RedirectUris>("Page_RedirectUri");
        answer::<RedirectUri>("RedirectUri");
    }
}
