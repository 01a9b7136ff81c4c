//! The directory's part of the public API, one file an endpoint or a few that belong together.

mod access;
mod account_roles;
mod accounts;
mod api_tokens;
mod import;
mod members;
mod organizations;
mod people;
mod sign_in;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Directory, Settings};

#[derive(OpenApi)]
#[openapi(tags(
    (name = "organizations", description = "Organizations that develop apps, and their members."),
    (name = "people", description = "People who sign in."),
    (name = "accounts", description = "Accounts of customers, and the roles of people on them."),
    (name = "api-tokens", description = "How people prove who they are.")
))]
struct Documentation;

/// The routes, with their description.
pub(crate) fn router(settings: &Settings) -> OpenApiRouter<Arc<Directory>> {
    // A file of accounts is larger than what other requests carry.
    let import = OpenApiRouter::new()
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(settings.import_max_bytes));
    OpenApiRouter::with_openapi(Documentation::openapi())
        .routes(routes!(organizations::create::create, organizations::read::list))
        .routes(routes!(organizations::read::read, organizations::edit::edit))
        .routes(routes!(organizations::operate::confirm_contact))
        .routes(routes!(organizations::operate::enable_domains))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::change, members::remove))
        .routes(routes!(people::register))
        .routes(routes!(people::me))
        .routes(routes!(people::read))
        .routes(routes!(accounts::create, accounts::list))
        .routes(routes!(accounts::read))
        .routes(routes!(account_roles::list))
        .routes(routes!(account_roles::put, account_roles::revoke))
        .routes(routes!(api_tokens::create, api_tokens::list))
        .routes(routes!(api_tokens::revoke))
        .merge(import)
}
