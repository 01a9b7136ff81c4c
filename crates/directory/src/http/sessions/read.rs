//! GET /v1/sessions/{id}

use std::sync::Arc;

use axum::extract::State;
use contract::SessionId;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};

use super::SessionAnswer;
use crate::{Directory, policy, store};

/// Read a session
///
/// One's own; anybody's, for an operator. One that has ended is not there.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    operation_id = "getSession",
    tag = "sessions",
    params(("id" = SessionId, Path, description = "The session's record.")),
    responses(
        (status = 200, description = "The session.", body = SessionAnswer),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 404, description = "There is none, it has ended, or it is somebody else's.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn read(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionAnswer>, Problem> {
    let resources = &directory.resources;
    let found = store::sessions::find(&mut *resources.pool.acquire().await?, id).await?;
    let (now, lifetimes) = (resources.env.now(), directory.settings.session_lifetimes());
    let live = found.filter(|session| session.is_live(now, lifetimes));
    let session = live.ok_or_else(Problem::no_such::<SessionId>)?;
    let decision = policy::credential(&attempt.caller, session.person_id);
    let _permit = attempt.permit("session.read", Target::of(id, None), decision).await?;
    Ok(Json(SessionAnswer::of(session, attempt.caller.credential)))
}
