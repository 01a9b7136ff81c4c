//! The public API of this service: one file an endpoint.
//!
//! Links, for those who make them: [`create_link`], [`list_links`], [`get_link`], [`revoke_link`].
//! Their answer, for account owners: [`open_request`], [`approve`], [`deny`]. Grants:
//! [`list_grants`], [`revoke_grant`], [`revoke_app`]. For the apps themselves: [`my_accounts`].
//! To add an endpoint, copy [`get_link`].

pub mod approve;
pub mod consent_page;
pub mod create_link;
pub mod deny;
pub mod get_link;
pub mod grant_view;
pub mod link_view;
pub mod list_grants;
pub mod list_links;
pub mod my_accounts;
pub mod open_request;
mod request;
pub mod revoke_app;
pub mod revoke_grant;
pub mod revoke_link;

use std::sync::Arc;

use contract::{Authority, OrganizationId};
use service::{Caller, Problem, RequestFacts};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ConsentBroker;
use crate::link::{Closed, Link};
use crate::policy::Access;
use crate::redemption::RedemptionError;

/// All endpoints, with their documentation.
pub fn router() -> OpenApiRouter<Arc<ConsentBroker>> {
    OpenApiRouter::new()
        .routes(routes!(create_link::create_link, list_links::list_links))
        .routes(routes!(get_link::get_link, revoke_link::revoke_link))
        .routes(routes!(open_request::open_request))
        .routes(routes!(approve::approve))
        .routes(routes!(deny::deny))
        .routes(routes!(list_grants::list_grants, revoke_app::revoke_app))
        .routes(routes!(revoke_grant::revoke_grant))
        .routes(routes!(my_accounts::my_accounts))
}

/// An attempt, as it is recorded if it is refused.
struct Attempt<'a> {
    /// Such as `consent-link.create`.
    operation: &'static str,
    /// At what, as `<aggregate>/<id>`.
    target: String,
    /// Whose it is.
    organization: Option<OrganizationId>,
    caller: &'a Caller,
    facts: &'a RequestFacts,
}

impl<'a> Attempt<'a> {
    /// An attempt to use a link.
    fn at_request(
        operation: &'static str,
        link: &Link,
        caller: &'a Caller,
        facts: &'a RequestFacts,
    ) -> Self {
        let target = format!("consent-link/{}", link.id);
        Self { operation, target, organization: Some(link.organization_id), caller, facts }
    }

    /// What a link that is closed answers. A second use is recorded: someone may have got hold of
    /// a link that was not meant for them.
    async fn refuse_closed(&self, broker: &ConsentBroker, closed: Closed) -> Problem {
        if matches!(closed, Closed::Used { .. }) {
            self.refuse(broker, "link_already_used").await;
        }
        closed.into()
    }

    /// The authority, or 404 for those who are not to know, or 403 and an event for the others.
    async fn demand(
        &self,
        broker: &ConsentBroker,
        access: Access,
        missing: &'static str,
    ) -> Result<Authority, Problem> {
        match access {
            Access::Allowed(authority) => Ok(authority),
            Access::Hidden => Err(Problem::not_found("not-found", missing)),
            Access::RoleNotAllowed => {
                self.refuse(broker, "role_not_allowed").await;
                Err(Problem::forbidden("role-not-allowed", "Your role does not allow this."))
            }
        }
    }

    /// Records the refusal.
    async fn refuse(&self, broker: &ConsentBroker, reason: &'static str) {
        broker
            .resources
            .refuse_access(
                self.facts,
                self.caller.actor(),
                self.organization,
                self.operation,
                &self.target,
                reason,
            )
            .await;
    }
}

impl From<Closed> for Problem {
    fn from(closed: Closed) -> Self {
        let mut detail = closed.to_string();
        detail.replace_range(..1, "T");
        detail.push('.');
        match closed {
            Closed::Used { .. } => Self::conflict("link-already-used", detail),
            Closed::Expired { .. } => Self::gone("link-expired", detail),
            Closed::Revoked { .. } => Self::gone("link-revoked", detail),
        }
    }
}

impl From<RedemptionError> for Problem {
    fn from(error: RedemptionError) -> Self {
        match error {
            RedemptionError::Closed(closed) => closed.into(),
            RedemptionError::ConsentsChanged => Self::conflict(
                "consents-changed",
                "A consent of these accounts was revoked at this very moment. Try again.",
            ),
            RedemptionError::Database(error) => error.into(),
            RedemptionError::Append(error) => error.into(),
        }
    }
}
