//! `/v1/people`

use axum::http::Method;
use contract::ids::{OrganizationId, PersonId};
use contract::secret::SessionToken;
use serde::Deserialize;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// The signed-in person.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Me {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) memberships: Vec<Membership>,
}

/// Their role in an organization.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Membership {
    pub(crate) organization_id: OrganizationId,
    pub(crate) organization_name: String,
    /// What they may do in it now.
    pub(crate) allowed: Vec<OrganizationOperation>,
}

/// What some members can do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrganizationOperation {
    /// What it tells of itself can be changed, and its contact address be confirmed.
    Edit,
    /// Others can be invited.
    Invite,
    /// Domains on request can be asked for.
    RequestDomain,
    /// Something that these pages do not offer.
    #[serde(other)]
    Other,
}

impl Membership {
    pub(crate) fn allows(&self, operation: OrganizationOperation) -> bool {
        self.allowed.contains(&operation)
    }
}

impl Me {
    /// Their membership in an organization.
    pub(crate) fn in_organization(&self, id: OrganizationId) -> Option<&Membership> {
        self.memberships.iter().find(|membership| membership.organization_id == id)
    }
}

/// Who is signed in.
pub(crate) async fn me(api: &Api, browser: &Browser, token: &SessionToken) -> Result<Me, ApiError> {
    let question = Question::new(Method::GET, "/v1/people/me").of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Me>("Me");
        answer::<Membership>("MyMembership");
    }
}
