//! Consent: the links that ask for it, their single use, and the grants that come of them
//! (rules 16 to 23 of the product, and the accounts an app's token reaches).
//!
//! Read it in this order:
//!
//! 1. `link` and `grant`: the two aggregates, with `revocation`, which both can come to; `as_of`: what counts at
//!    the moment of a question; `account_selection` and `account_matching`: what can be chosen between them;
//!    `consent_text` and `consent_words`: what is shown. Pure.
//! 2. `policy`: who may; `allowed`: what they would succeed in.
//! 3. `redemption`: the use of a link, in one transaction, once; `large_approvals`: how many large ones at a time;
//!    `passing_on`: to somebody who may consent.
//! 4. `store`: the SQL. The database refuses a second use by itself: `migrations/consent-broker`.
//! 5. `http`: the public API, one file an endpoint.
//! 6. `remote_services`: what is asked of other services: apps, roles, names.
//! 7. `rpc`: what others ask.
//! 8. [`expiry`], [`grant_expiry`], [`notices`] (and `notice`: which is due), `projection` and `ending`: what happens
//!    without a request.

mod account_matching;
mod account_selection;
mod allowed;
mod as_of;
mod consent_text;
mod consent_words;
mod ending;
pub mod expiry;
mod grant;
pub mod grant_expiry;
mod http;
mod large_approvals;
mod link;
mod notice;
pub mod notices;
mod passing_on;
mod policy;
mod projection;
#[cfg(test)]
mod properties;
mod redemption;
mod remote_services;
mod revocation;
mod rpc;
mod settings;
mod store;

use std::sync::Arc;
use std::time::Duration;

use service::{Resources, ServiceState, StartError, mail_requests};

pub use settings::Settings;

use crate::large_approvals::LargeApprovals;

/// What the endpoints work with.
#[derive(Clone)]
struct ConsentBroker {
    resources: Resources,
    settings: Settings,
    large_approvals: LargeApprovals,
}

impl ServiceState for ConsentBroker {
    fn resources(&self) -> &Resources {
        &self.resources
    }
}

/// The documentation of the public API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::router(&Settings::default()).into_openapi()
}

/// At which age of the view of apps operators are told: links and grants of an archived app end so much later.
const LATE: Duration = Duration::from_mins(1);

/// Starts the service: its background work, and the routes that it answers.
///
/// # Errors
/// When its work cannot be started, or a setting is wrong.
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    settings.check()?;
    let sweep = Duration::from_secs(settings.expiry_sweep_seconds.max(1));
    expiry::spawn(&resources, sweep);
    grant_expiry::spawn(&resources, sweep);
    notices::spawn(&resources, sweep, &settings.notice_days);
    ending::spawn(&resources);
    rpc::answer(&resources, &settings).await?;
    mail_requests::spawn(&resources);
    resources.project(projection::AppProjection, LATE);
    let large_approvals = LargeApprovals::new();
    let (routes, _) = http::router(&settings)
        .with_state(Arc::new(ConsentBroker { resources, settings, large_approvals }))
        .split_for_parts();
    Ok(routes)
}
