//! `POST /v1/apps/{id}/suspend`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use service::http::{IfMatch, Path};
use service::{Caller, Problem, RequestFacts};

use super::view::{AppBody, answer};
use crate::Registry;
use crate::app::Command;
use crate::attempt::Attempt;
use crate::policy::Operation;

/// Suspend an app
///
/// Stops an active app until it is resumed: it gets no tokens and no consent meanwhile.
#[utoipa::path(
    post,
    path = "/v1/apps/{id}/suspend",
    operation_id = "suspendApp",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-Match" = Option<String>, Header, description = "Only if this is still its ETag.")),
    responses(
        (status = 200, description = "The app", body = AppBody, headers(("ETag" = String))),
        (status = 401, body = Problem, description = "No valid API token"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "The app is not active"),
        (status = 412, body = Problem, description = "The app has changed")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.suspended"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(super) async fn suspend(
    State(registry): State<Arc<Registry>>,
    caller: Caller,
    facts: RequestFacts,
    Path(id): Path<AppId>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let attempt = Attempt { registry: &registry, caller: &caller, facts: &facts };
    let authorized = attempt.authorize(id, Operation::Suspend).await?;
    let app = attempt.carry_out(authorized, if_match, Command::Suspend, None).await?;
    Ok(answer(app, &registry.resources.catalogue))
}
