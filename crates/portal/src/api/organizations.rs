//! `/v1/organizations`

use axum::http::Method;
use contract::ids::OrganizationId;
use contract::secret::SessionToken;
use serde::Deserialize;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An organization, as its members see it.
#[derive(Debug, Deserialize)]
pub(crate) struct Organization {
    /// The domains on request that it may ask for, as `<service>/<domain>:<level>`.
    pub(crate) enabled_domains: Vec<String>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Organization>("Organization");
    }
}
