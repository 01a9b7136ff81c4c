//! The app registry: apps, their images, and the catalogue of what apps can ask for (rules 6 to 11).
//!
//! An app begins as a draft, which its organization's owners and developers edit step by step.
//! Activation fixes what it is: account owners consent to exactly that, and from then on neither
//! this service nor its database changes it. Operators suspend and resume apps; archiving ends them.
//!
//! In reading order:
//!
//! 1. `app`: the app and its decisions, pure; `entitlements`: what it may ask for; `details`,
//!    `app_image` and `redirect_uri`: what its texts, its image and its redirect URIs may be.
//! 2. `policy`: who may do what.
//! 3. `http`, one file an endpoint: the way of every change, from request to answer.
//! 4. `store`: the SQL; `migrations/app-registry` holds the same rules once more as constraints.
//! 5. `creation`: new apps are committed together with others; `rpc`: what other services ask.

mod app;
mod app_image;
mod creation;
mod details;
mod entitlements;
mod http;
mod policy;
#[cfg(test)]
mod properties;
mod redirect_uri;
mod rpc;
mod store;

use std::sync::Arc;

use contract::OrganizationId;
use contract::catalogue::DomainLevel;
use contract::rpc::{GetApp, GetOrganization, NameApps, OrganizationView};
use eventstore::group_commit::GroupCommit;
use serde::{Deserialize, Serialize};
use service::{Problem, RequestFacts, Resources, ServiceState, StartError};
use tokio::sync::Semaphore;

pub use crate::app_image::ImageLimits;

use crate::app_image::AppImage;
use crate::creation::AppCreation;
use crate::entitlements::Entitlements;

/// So many images are decoded at a time: each takes a core, and memory for its pixels.
const DECODED_AT_A_TIME: usize = 2;

/// What can be set about this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many redirect URIs an app may have: 1 to 100.
    pub max_redirect_uris: usize,
    /// What images of apps may be.
    pub image: ImageLimits,
}

/// The most that can be set; the database counts so far as well.
const MOST_REDIRECT_URIS: usize = 100;

impl Default for Settings {
    fn default() -> Self {
        Self { max_redirect_uris: 30, image: ImageLimits::default() }
    }
}

impl Settings {
    fn check(&self) -> Result<(), StartError> {
        if (1..=MOST_REDIRECT_URIS).contains(&self.max_redirect_uris) {
            return Ok(());
        }
        let message = format!("max_redirect_uris is 1 to {MOST_REDIRECT_URIS}");
        Err(StartError::setting("app_registry", message))
    }
}

/// The running service: what its handlers work with.
pub(crate) struct AppRegistry {
    resources: Resources,
    settings: Settings,
    decoding: Semaphore,
    creations: GroupCommit<AppCreation>,
}

/// The documentation of the routes (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::router().into_openapi()
}

/// Starts the service: answers other services' questions and gives the routes to serve.
///
/// # Errors
/// When NATS or a setting is against it.
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    settings.check()?;
    let creations = resources.group_commit("app-creations");
    let registry = Arc::new(AppRegistry {
        resources,
        creations,
        settings,
        decoding: Semaphore::new(DECODED_AT_A_TIME),
    });
    let asked = Arc::clone(&registry);
    registry
        .resources
        .serve_rpc::<GetApp, _, _>(move |_, question| rpc::get_app(Arc::clone(&asked), question))
        .await?;
    let asked = Arc::clone(&registry);
    registry
        .resources
        .serve_rpc::<NameApps, _, _>(move |_, question| {
            rpc::name_apps(Arc::clone(&asked), question)
        })
        .await?;
    let (routes, _documentation) = http::router().split_for_parts();
    Ok(routes.with_state(registry))
}

impl ServiceState for AppRegistry {
    fn resources(&self) -> &Resources {
        &self.resources
    }
}

impl AppRegistry {
    /// The organization, as the directory knows it.
    async fn organization(
        &self,
        facts: &RequestFacts,
        id: OrganizationId,
    ) -> Result<OrganizationView, Problem> {
        let question = GetOrganization { organization_id: id };
        let organization = self.resources.rpc.call(facts, &question).await?;
        organization.ok_or_else(Problem::no_such::<OrganizationId>)
    }

    /// What an operator enabled for the organization. The directory is asked only when one of the
    /// domains is on request: creating an app costs no question otherwise.
    async fn enabled_if_asked(
        &self,
        facts: &RequestFacts,
        organization: OrganizationId,
        service: Option<&str>,
        domains: &[DomainLevel],
    ) -> Result<Vec<String>, Problem> {
        if entitlements::any_on_request(&self.resources.catalogue, service, domains) {
            Ok(self.organization(facts, organization).await?.enabled_domains)
        } else {
            Ok(Vec::new())
        }
    }

    /// What an organization for which this is enabled is entitled to ask for.
    fn entitlements<'a>(&'a self, enabled: &'a [String]) -> Entitlements<'a> {
        Entitlements { catalogue: &self.resources.catalogue, enabled }
    }

    /// Checks an image away from the threads that serve requests.
    async fn check_image(&self, bytes: Vec<u8>) -> Result<AppImage, Problem> {
        let _permit = self.decoding.acquire().await.map_err(Problem::internal)?;
        let limits = self.settings.image;
        let checked = tokio::task::spawn_blocking(move || AppImage::check(&bytes, &limits)).await;
        Ok(checked.map_err(Problem::internal)??)
    }
}
