//! What other services ask.

use std::sync::Arc;

use contract::rpc::{AuthenticateApp, AuthenticatedApp};
use service::{Problem, RpcRefusal};

use crate::KeyIssuer;

/// Which app holds this access token. A token of a key that has ended, or of an app that may not
/// act, is no token, however good its signature.
pub(crate) async fn authenticate_app(
    issuer: Arc<KeyIssuer>,
    question: AuthenticateApp,
) -> Result<Option<AuthenticatedApp>, RpcRefusal> {
    let now = issuer.resources.env.now();
    let Ok(claims) = issuer.tokens.verify(&question.access_token, now) else {
        return Ok(None);
    };
    let unavailable =
        || Problem::unavailable("unavailable", "Access tokens cannot be checked at the moment.");
    if !issuer.knows_apps() {
        return Err(unavailable().into());
    }
    let found = issuer.clients.read(claims.client_id.key_id()).await;
    let client = found.map_err(|error| {
        tracing::warn!(%error, "an access token could not be checked");
        unavailable()
    })?;
    if client.as_ref().is_some_and(|client| client.app_parked) {
        return Err(unavailable().into());
    }
    Ok(client.filter(|client| client.may_act(now).is_ok()).map(|client| AuthenticatedApp {
        app_id: client.app_id,
        organization_id: client.organization_id,
        client_id: claims.client_id,
        scope: claims.scope,
    }))
}
