//! `/v1/organizations/{id}/domain-requests`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::OrganizationId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A request for a domain on request.
#[derive(Debug, Deserialize)]
pub(crate) struct DomainRequest {
    /// For what, as `<service>/<domain>:<level>`.
    pub(crate) domain: String,
    /// What it is needed for.
    pub(crate) reason: String,
    pub(crate) state: DomainRequestState,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    /// What was answered, if a reason was given.
    pub(crate) answer_reason: Option<String>,
}

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DomainRequestState {
    /// Nobody has answered yet.
    Open,
    /// The domain was enabled.
    Granted,
    /// It was not.
    Declined,
}

/// A page of requests.
#[derive(Debug, Deserialize)]
pub(crate) struct DomainRequests {
    pub(crate) items: Vec<DomainRequest>,
    pub(crate) next_cursor: Option<String>,
}

fn path(organization: OrganizationId) -> String {
    format!("/v1/organizations/{organization}/domain-requests")
}

/// A page of an organization's requests.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    cursor: Option<&str>,
) -> Result<DomainRequests, ApiError> {
    let query: Vec<_> = cursor.map(|cursor| ("cursor", cursor)).into_iter().collect();
    let path = super::with_query(&path(organization), &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Asks for a domain, once for each form.
pub(crate) async fn ask(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    organization: OrganizationId,
    domain: &str,
    reason: &str,
) -> Result<(), ApiError> {
    let question = Question::new(Method::POST, path(organization)).of(token).once(form);
    let question = question.with(json!({ "domain": domain, "reason": reason }));
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<DomainRequest>("DomainRequest");
        answer::<DomainRequests>("Page_DomainRequest");
    }
}
