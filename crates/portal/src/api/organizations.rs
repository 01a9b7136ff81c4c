//! `/v1/organizations`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::OrganizationId;
use contract::rpc::OrganizationKind;
use contract::secret::SessionToken;
use serde::Deserialize;

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
    /// Whether its contact address is confirmed.
    pub(crate) confirmed: bool,
    /// The domains on request that it may ask for, as `<service>/<domain>:<level>`.
    pub(crate) enabled_domains: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
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
