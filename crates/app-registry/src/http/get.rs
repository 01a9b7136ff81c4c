//! `GET /v1/apps/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use contract::AppId;
use serde::Deserialize;
use service::http::{Json, Path, Query, etag};
use service::{Attempt, Problem};
use utoipa::IntoParams;

use super::extras::{AppWith, Extras, With};
use super::steps::{find, permit};
use super::view::AppBody;
use crate::AppRegistry;
use crate::policy::Operation;

/// What to read along.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// What is told beside the app: `redirect_uris`, `record`, or both with a comma between them.
    #[param(example = "redirect_uris,record")]
    with: Option<String>,
}

/// Read an app
///
/// Its ETag goes into `If-Match` of a change, which is then refused if the app has changed meanwhile.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}",
    operation_id = "getApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), Wanted),
    responses(
        (status = 200, description = "The app", body = AppWith, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 422, body = Problem, description = "`with` names what there is not")
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
    Query(Wanted { with }): Query<Wanted>,
) -> Result<Response, Problem> {
    let with = With::parse(with.as_deref())?;
    let app = find(&registry, id).await?;
    let (_may_read, caller) = permit(&attempt, &app, Operation::Read).await?;
    let extras = Extras::of(&registry, &attempt, &app, with).await?;
    let tag = etag(app.version);
    let app = AppBody::of(app, caller, &registry.resources.catalogue);
    Ok(([(ETAG, tag)], Json(AppWith { app, extras })).into_response())
}
