//! The endpoints, one file each.
//!
//! | method and path | file |
//! |---|---|
//! | `GET /v1/events` | [`list`] |
//! | `GET /v1/events/{id}` | [`get`] |
//! | `POST /v1/events/places` | [`places`] |
//! | `GET /v1/events/{id}/proof` | [`proof`] |
//! | `GET /v1/completeness` | [`completeness`] |
//! | `POST /v1/manifests` | [`manifests`] |
//! | `GET /audit/log/…` | [`log`] |
//!
//! To add an endpoint, copy `app-registry/src/http/suspend.rs` for a change of what is there, or
//! `directory/src/http/accounts/create.rs` for something new;
//! then add its line to `router` and to this table.
//!
//! What they share: [`item`] shows an event; [`window`] reads the events of members of very many organizations;
//! [`whole_log`] lets in whoever may read all of the log, [`asked_log`] says which log's files are asked for, and
//! [`representation`] answers with them. 404 says that there is no such organization, account or event, or that it is none
//! of the caller's business; 403 that nothing in the log is.

mod asked_log;
mod completeness;
mod get;
mod item;
mod list;
mod log;
mod manifests;
mod places;
mod proof;
mod representation;
mod whole_log;
mod window;

use std::sync::Arc;

use axum::{Extension, routing};
use contract::{EventId, TokenScope};
use service::caller::OpenTo;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Audit;

// In a path parameter only: bodies bring their own schemas along.
#[derive(OpenApi)]
#[openapi(components(schemas(EventId)))]
struct Documentation;

pub(crate) fn router() -> OpenApiRouter<Arc<Audit>> {
    OpenApiRouter::with_openapi(Documentation::openapi())
        .routes(routes!(list::list))
        .routes(routes!(places::places))
        .routes(routes!(get::get))
        .routes(routes!(proof::proof))
        .routes(routes!(completeness::get))
        .layer(open_to_auditors())
        .routes(routes!(manifests::write))
}

/// The log's routes are open to tokens for auditors of the whole log, and no others are. What is to be closed to them
/// is added after this layer.
fn open_to_auditors() -> Extension<OpenTo> {
    Extension(OpenTo(TokenScope::AuditLog))
}

/// The log as others' tools read it. Its paths and formats are theirs (c2sp.org/tlog-tiles), not those of the API.
pub(crate) fn log_routes() -> axum::Router<Arc<Audit>> {
    let files = axum::Router::new()
        .route("/checkpoint", routing::get(log::checkpoint))
        .route("/key", routing::get(log::key))
        .route("/keys", routing::get(log::keys))
        .route("/key-replacement/{id}", routing::get(log::key_replacement))
        .route("/manifests/{service}/{version}", routing::get(log::manifest_list))
        .route("/tile/{*path}", routing::get(log::resource));
    axum::Router::new()
        .nest("/audit/log", files.clone())
        .nest("/audit/log/{number}", files)
        .layer(open_to_auditors())
}
