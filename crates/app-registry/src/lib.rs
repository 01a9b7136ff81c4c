//! The app registry: apps, their images, and the catalogue of what apps can ask for (rules 6 to 11).
//!
//! An app begins as a draft, which its organization's owners and developers edit step by step.
//! Activation fixes what it is: account owners consent to exactly that, and from then on neither
//! this service nor its database changes it. Operators suspend and resume apps; archiving ends them.
//!
//! In reading order:
//!
//! 1. [`app`]: the app and its decisions, pure; [`offer`]: what it may ask for; [`details`]
//!    and [`app_image`]: what its texts and its image may be.
//! 2. [`policy`]: who may do what.
//! 3. [`store`]: the SQL; `migrations/app-registry` holds the same rules once more as constraints.
//! 4. `attempt`: one caller's attempt at one app, the way of every change; `creation`: the way of
//!    the first, together with others.
//! 5. `http`, one file an endpoint, and `rpc`, what other services ask.

pub mod app;
pub mod app_image;
mod attempt;
mod creation;
pub mod details;
mod http;
pub mod offer;
pub mod policy;
#[cfg(test)]
mod properties;
mod rpc;
pub mod store;

use std::sync::Arc;

use contract::OrganizationId;
use contract::catalogue::DomainLevel;
use contract::rpc::{GetApp, GetOrganization, NameApps, OrganizationView};
use eventstore::group_commit::GroupCommit;
use serde::{Deserialize, Serialize};
use service::{Problem, RequestFacts, Resources, StartError};
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;

use crate::app_image::{AppImage, ImageLimits};
use crate::creation::NewApp;

/// So many images are decoded at a time: each takes a core, and memory for its pixels.
const DECODED_AT_A_TIME: usize = 2;

/// What can be set about this service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What images of apps may be.
    pub image: ImageLimits,
}

/// The running service: what its handlers work with.
pub struct Registry {
    resources: Resources,
    settings: Settings,
    decoding: Semaphore,
    creations: GroupCommit<NewApp>,
}

/// The routes with their documentation.
pub fn router() -> OpenApiRouter<Arc<Registry>> {
    http::router()
}

/// The documentation of the routes (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    router().into_openapi()
}

/// Starts the service: answers other services' questions and gives the routes to serve.
///
/// # Errors
/// When NATS or a setting is against it.
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    let creations = resources.group_commit("app-creations");
    let registry = Arc::new(Registry {
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
    let (routes, _documentation) = router().split_for_parts();
    Ok(routes.with_state(registry))
}

impl Registry {
    /// The organization, as the directory knows it.
    async fn organization(
        &self,
        facts: &RequestFacts,
        id: OrganizationId,
    ) -> Result<OrganizationView, Problem> {
        self.resources.rpc.call(facts, &GetOrganization { organization_id: id }).await?.ok_or_else(
            || Problem::not_found("organization-not-found", "There is no such organization."),
        )
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
        if offer::asks_on_request(&self.resources.catalogue, service, domains) {
            Ok(self.organization(facts, organization).await?.enabled_domains)
        } else {
            Ok(Vec::new())
        }
    }

    /// Checks an image away from the threads that serve requests.
    async fn check_image(&self, bytes: Vec<u8>) -> Result<AppImage, Problem> {
        let _permit = self.decoding.acquire().await.map_err(Problem::internal)?;
        let limits = self.settings.image;
        let checked = tokio::task::spawn_blocking(move || AppImage::check(bytes, &limits)).await;
        Ok(checked.map_err(Problem::internal)??)
    }
}
