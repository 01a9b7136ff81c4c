//! What the key issuer is asked.

use serde::{Deserialize, Serialize};

use super::questions;
use crate::ids::{AppId, ClientId, OrganizationId};

questions! {
    AuthenticateApp -> Option<AuthenticatedApp> = KeyIssuer."authenticate-app";
}

/// Which app holds this access token? None, if it is forged, expired, or its app may not act.
#[derive(Clone, Serialize, Deserialize)]
pub struct AuthenticateApp {
    /// The JWT (RFC 9068). It lives for minutes; the request is never stored.
    pub access_token: String,
}

impl std::fmt::Debug for AuthenticateApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthenticateApp(…)")
    }
}

/// An app, as its access token proves it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthenticatedApp {
    /// The app.
    pub app_id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// The key that got the token.
    pub client_id: ClientId,
    /// The token's scopes, separated by spaces.
    pub scope: String,
}
