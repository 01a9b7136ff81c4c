//! What the endpoints under `/v1/consent-requests/{token}` share.

use contract::rpc::{AppState, AppView};
use contract::secret::LinkToken;
use service::Problem;

use crate::ConsentBroker;
use crate::link::Link;
use crate::neighbours::Neighbours;
use crate::store::links;

/// The link with this token. Text that cannot be a token is as unknown as a token that is none.
pub(super) async fn find(broker: &ConsentBroker, token: &str) -> Result<Link, Problem> {
    let unknown = || Problem::not_found("not-found", "There is no such request for consent.");
    let token = LinkToken::parse(token).map_err(|_| unknown())?;
    links::by_token(&broker.resources.pool, &token.hash()).await?.ok_or_else(unknown)
}

/// The app that asks and its service, if it may ask now.
pub(super) async fn asking_app(
    neighbours: &Neighbours,
    link: &Link,
) -> Result<(AppView, String), Problem> {
    let app = neighbours.app(link.app_id).await?;
    let app =
        app.ok_or_else(|| Problem::internal("an app with links is known to the app registry"))?;
    match (app.state, app.service.clone()) {
        (AppState::Active, Some(service)) => Ok((app, service)),
        // Its links are revoked as soon as the event arrives here.
        (AppState::Archived, _) => Err(Problem::gone("link-revoked", "The app was archived.")),
        _ => Err(Problem::conflict(
            "app-not-active",
            "The app that asks is suspended at the moment.",
        )),
    }
}
