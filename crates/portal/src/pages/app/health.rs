//! What an app's other services tell of it.

use contract::rpc::EventPlace;

use crate::api::apps::RedirectUri;
use crate::api::keys::{Activity, Consents};

/// How an app is doing.
pub(super) struct Health {
    pub(super) activity: Activity,
    pub(super) consents: Consents,
    /// Empty for an app that has no such addresses.
    pub(super) redirect_uris: Vec<RedirectUri>,
    /// Where in the log it was activated.
    pub(super) record: Option<EventPlace>,
}
