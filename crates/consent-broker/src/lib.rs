//! Consent: the links that ask for it, their single use, and the grants that come of them
//! (rules 16 to 23 of the product, and the accounts an app's token reaches).
//!
//! Read it in this order:
//!
//! 1. [`link`] and [`grant`]: the two aggregates, [`choice`] of accounts between them. Pure.
//! 2. [`policy`]: who may.
//! 3. [`redemption`]: the use of a link, in one transaction, once.
//! 4. [`store`]: the SQL. The database refuses a second use by itself: `migrations/consent-broker`.
//! 5. [`http`]: the public API, one file an endpoint.
//! 6. [`neighbours`]: what is asked of other services: apps, roles, names.
//! 7. [`expiry`] and [`app_end`]: what happens without a request.

pub mod app_end;
pub mod choice;
pub mod expiry;
pub mod grant;
pub mod http;
pub mod link;
pub mod neighbours;
pub mod policy;
#[cfg(test)]
mod properties;
pub mod redemption;
mod settings;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use service::{Resources, StartError};

pub use http::router;
pub use settings::Settings;

/// What the endpoints work with.
#[derive(Clone)]
pub struct ConsentBroker {
    /// The service.
    pub resources: Resources,
    /// Its settings.
    pub settings: Settings,
}

/// The documentation of the public API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    router().into_openapi()
}

/// Starts the service: its background work, and the routes that it answers.
///
/// # Errors
/// When its work cannot be started.
#[expect(clippy::unused_async, reason = "every service is started in the same way")]
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    expiry::spawn(&resources, Duration::from_secs(settings.expiry_sweep_seconds.max(1)));
    resources.project(app_end::AppEnd::new(&resources));
    let (routes, _) =
        router().with_state(Arc::new(ConsentBroker { resources, settings })).split_for_parts();
    Ok(routes)
}
