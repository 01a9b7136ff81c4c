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
