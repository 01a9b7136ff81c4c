//! `GET /v1/catalogue`

use std::sync::Arc;

use axum::extract::State;
use contract::catalogue::Catalogue;
use service::http::Json;
use service::{Caller, Problem};

use crate::AppRegistry;

/// Read the catalogue
///
/// The services that apps can work with, their domains and levels, and the rules between them. A
/// level `on_request` is offered only to organizations for which an operator enabled it.
#[utoipa::path(
    get,
    path = "/v1/catalogue",
    operation_id = "getCatalogue",
    tag = "catalogue",
    security(("api_token" = [])),
    responses(
        (status = 200, description = "The catalogue", body = Catalogue),
        (status = 401, body = Problem, description = "No valid API token")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn catalogue(
    State(registry): State<Arc<AppRegistry>>,
    _caller: Caller,
) -> Json<Catalogue> {
    Json((*registry.resources.catalogue).clone())
}
