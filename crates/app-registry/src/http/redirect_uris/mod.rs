//! Redirect URIs of an app that authenticates by authorization code, and whether PKCE is required of it.

pub(super) mod add;
pub(super) mod list;
pub(super) mod pkce;
pub(super) mod read;
pub(super) mod remove;

use chrono::{DateTime, Utc};
use contract::RedirectUriId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::RegisteredUri;

/// A redirect URI of an app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RedirectUri)]
pub(super) struct RedirectUriBody {
    /// Its id.
    id: RedirectUriId,
    /// The address, character by character as it was added: it is compared so.
    #[schema(example = "https://app.example.com/oauth/callback")]
    uri: String,
    /// When it was added.
    added_at: DateTime<Utc>,
}

impl From<RegisteredUri> for RedirectUriBody {
    fn from(registered: RegisteredUri) -> Self {
        Self { id: registered.id, uri: registered.uri, added_at: registered.added_at }
    }
}
