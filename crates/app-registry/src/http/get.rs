//! `GET /v1/apps/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use service::http::Path;
use service::{Attempt, Problem};

use super::steps::{find, permit};
use super::view::{AppBody, answer};
use crate::AppRegistry;
use crate::policy::Operation;

/// Read an app
///
/// Its ETag goes into `If-Match` of a change, which is then refused if the app has changed meanwhile.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}",
    operation_id = "getApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path)),
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(super) async fn get(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (_may_read, caller) = permit(&attempt, &app, Operation::Read).await?;
    Ok(answer(app, caller, &registry.resources.catalogue))
}
