//! What an app's other services tell of it.

use crate::api::app_grants::ConsentActivity;
use crate::api::keys::Activity;
use crate::api::redirect_uris::RedirectUris;

/// How an app is doing.
pub(super) struct Health {
    pub(super) activity: Activity,
    pub(super) consents: ConsentActivity,
    /// Empty for an app that has no such addresses.
    pub(super) redirect_uris: RedirectUris,
}
