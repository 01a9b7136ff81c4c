//! What the endpoints under `/v1/consent-requests/{token}` share.

use contract::OrganizationId;
use contract::catalogue::{Catalogue, ConsentLifetime};
use contract::facts::RefusedBecause;
use contract::rpc::{AppState, AppView, OrganizationView};
use contract::secret::LinkToken;
use service::{Attempt, Problem, Target};

use super::problems;
use crate::ConsentBroker;
use crate::link::{Closed, Link};
use crate::remote_services::RemoteServices;
use crate::store::apps::{self, Standing};
use crate::store::links;

/// The link with this token. Text that cannot be a token is as unknown as a token that is none.
pub(super) async fn find(broker: &ConsentBroker, token: &str) -> Result<Link, Problem> {
    let token = LinkToken::parse(token).map_err(|_| unknown())?;
    links::by_token(&broker.resources.pool, &token.hash()).await?.ok_or_else(unknown)
}

/// 404 for a token that leads to no link.
pub(super) fn unknown() -> Problem {
    Problem::missing("consent-request")
}

/// The app that asks and its service, if it may ask now.
pub(super) async fn asking_app(
    broker: &ConsentBroker,
    remote: &RemoteServices,
    link: &Link,
) -> Result<(AppView, String), Problem> {
    match apps::standing(&broker.resources.pool, link.app_id).await? {
        Standing::Open => {}
        Standing::Ended => return Err(problems::app_archived()),
        Standing::Unknown => return Err(problems::app_unknown()),
    }
    let app = remote.app(link.app_id).await?;
    let app =
        app.ok_or_else(|| Problem::internal("an app with links is known to the app registry"))?;
    match (app.state, app.service.clone()) {
        (AppState::Active, Some(service)) => Ok((app, service)),
        // Its links are revoked soon after the event arrives here.
        (AppState::Archived, _) => Err(problems::app_archived()),
        _ => Err(Problem::conflict(
            "app-not-active",
            "The app that asks is suspended at the moment.",
        )),
    }
}

/// The organization that asks.
pub(super) async fn asking_organization(
    remote: &RemoteServices,
    id: OrganizationId,
) -> Result<OrganizationView, Problem> {
    let organization = remote.organization(id).await?;
    organization.ok_or_else(|| Problem::internal("an app's organization is known"))
}

/// For how long the consents last that come of this link: as the catalogue says now, or less if the link asks for it.
pub(super) fn lifetime(catalogue: &Catalogue, link: &Link, service: &str) -> ConsentLifetime {
    catalogue.consent_lifetime(service).at_most(link.grant_lifetime_days)
}

/// What a link that is closed answers. A second use is recorded: someone may have got hold of a link
/// that was not meant for them.
pub(super) async fn refuse_closed(
    attempt: &Attempt,
    operation: &'static str,
    target: Target,
    closed: Closed,
) -> Problem {
    if matches!(closed, Closed::Used { .. }) {
        attempt.refuse(operation, target, RefusedBecause::LinkAlreadyUsed).await;
    }
    closed.into()
}
