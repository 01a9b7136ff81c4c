//! `/v1/organizations/{id}/members`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::{OrganizationId, PersonId};
use contract::rpc::MemberRole;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A member of an organization.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) person_id: PersonId,
    /// Unless they may not want it known: somebody made them a member without being able to see it.
    pub(crate) name: Option<String>,
    pub(crate) email: String,
    pub(crate) role: MemberRole,
    /// Since when.
    pub(crate) created_at: DateTime<Utc>,
    /// What the person who asks may do with the membership now.
    pub(crate) allowed: Vec<MemberOperation>,
}

/// What can be done with a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberOperation {
    /// It can get another role.
    ChangeRole,
    /// It can be ended; of one's own that is leaving.
    Remove,
    /// Something that these pages do not offer.
    #[serde(other)]
    Other,
}

/// A page of members.
#[derive(Debug, Deserialize)]
pub(crate) struct Members {
    pub(crate) items: Vec<Member>,
    pub(crate) next_cursor: Option<String>,
}

impl Member {
    /// What they are called, or else their email.
    pub(crate) fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }

    pub(crate) fn allows(&self, operation: MemberOperation) -> bool {
        self.allowed.contains(&operation)
    }
}

fn path(organization: OrganizationId, person: PersonId) -> String {
    format!("/v1/organizations/{organization}/members/{person}")
}

/// A page of an organization's members.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    cursor: Option<&str>,
) -> Result<Members, ApiError> {
    let query: Vec<_> = cursor.map(|cursor| ("cursor", cursor)).into_iter().collect();
    let path = super::with_query(&format!("/v1/organizations/{organization}/members"), &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Gives a member another role.
pub(crate) async fn change_role(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    person: PersonId,
    role: MemberRole,
) -> Result<(), ApiError> {
    let question = Question::new(Method::PATCH, path(organization, person)).of(token);
    let question = question.with(json!({ "role": role }));
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Ends a membership.
pub(crate) async fn remove(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    person: PersonId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, path(organization, person)).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Members>("Page_Member");
        answer::<Member>("Member");
    }
}
