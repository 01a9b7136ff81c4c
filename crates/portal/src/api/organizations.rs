//! `/v1/organizations`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::OrganizationId;
use contract::rpc::OrganizationKind;
use contract::secret::SessionToken;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An organization, as its members see it.
#[derive(Debug, Deserialize)]
pub(crate) struct Organization {
    pub(crate) id: OrganizationId,
    pub(crate) name: String,
    pub(crate) kind: OrganizationKind,
    pub(crate) contact_email: String,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
    pub(crate) website: Option<String>,
    pub(crate) description: Option<String>,
    /// Whether its contact address is confirmed.
    pub(crate) confirmed: bool,
    /// The domains on request that it may ask for, as `<service>/<domain>:<level>`.
    pub(crate) enabled_domains: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// What an organization tells of itself, as it is typed.
#[derive(Debug, Serialize)]
pub(crate) struct Profile<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) contact_email: &'a str,
    pub(crate) country: &'a str,
    /// None removes it.
    pub(crate) website: Option<&'a str>,
    /// None removes it.
    pub(crate) description: Option<&'a str>,
    /// In which language it writes to people; as it is, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<&'static str>,
}

/// Makes an organization, once for each form.
pub(crate) async fn create(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    profile: &Profile<'_>,
) -> Result<Organization, ApiError> {
    let question = Question::new(Method::POST, "/v1/organizations").of(token);
    api.ask(browser, question.with(json!(profile)).once(form)).await.map_err(ApiError::of_session)
}

/// Changes what an organization tells of itself.
pub(crate) async fn edit(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: OrganizationId,
    profile: &Profile<'_>,
) -> Result<(), ApiError> {
    let question = Question::new(Method::PATCH, format!("/v1/organizations/{id}")).of(token);
    api.tell(browser, question.with(json!(profile))).await.map_err(ApiError::of_session)
}

/// An organization.
pub(crate) async fn get(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: OrganizationId,
) -> Result<Organization, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/organizations/{id}")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Sends the mail that confirms its contact address again.
pub(crate) async fn send_confirmation(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: OrganizationId,
) -> Result<(), ApiError> {
    let path = format!("/v1/organizations/{id}/contact-confirmations");
    let question = Question::new(Method::POST, path).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Organization>("Organization");
    }
}
