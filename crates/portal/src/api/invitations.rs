//! `/v1/organizations/{id}/invitations` and `/v1/invitations`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::{InvitationId, OrganizationId};
use contract::rpc::MemberRole;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An invitation to an organization.
#[derive(Debug, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    /// Whom, until that is forgotten.
    pub(crate) email: Option<String>,
    pub(crate) role: MemberRole,
    /// When it was sent last.
    pub(crate) sent_at: DateTime<Utc>,
    /// From when it cannot be accepted any more.
    pub(crate) expires_at: DateTime<Utc>,
}

/// A page of invitations.
#[derive(Debug, Deserialize)]
pub(crate) struct Invitations {
    pub(crate) items: Vec<Invitation>,
    pub(crate) next_cursor: Option<String>,
}

/// A page of an organization's invitations that wait.
pub(crate) async fn pending(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    cursor: Option<&str>,
) -> Result<Invitations, ApiError> {
    let mut query = vec![("state", "pending")];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let path = super::with_query(&format!("/v1/organizations/{organization}/invitations"), &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Invites somebody, once for each form.
pub(crate) async fn invite(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    organization: OrganizationId,
    email: &str,
    role: MemberRole,
) -> Result<(), ApiError> {
    let path = format!("/v1/organizations/{organization}/invitations");
    let question = Question::new(Method::POST, path).of(token).once(form);
    let question = question.with(json!({ "email": email, "role": role }));
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Sends an invitation again.
pub(crate) async fn send_again(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: InvitationId,
) -> Result<(), ApiError> {
    let question =
        Question::new(Method::POST, format!("/v1/invitations/{id}/send-again")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// Revokes an invitation.
pub(crate) async fn revoke(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: InvitationId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/invitations/{id}")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Invitation>("Invitation");
        answer::<Invitations>("Page_Invitation");
    }
}
