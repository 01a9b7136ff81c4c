//! DELETE /v1/sessions/{id}

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::SessionId;
use contract::facts::SessionEnding;
use service::http::Path;
use service::{Attempt, Problem, Target};

use crate::{Directory, policy, sessions, store};

/// End a session
///
/// Its token opens nothing from then on. One's own, which is how one signs out; anybody's, for an operator. API
/// tokens that were made by it go on. Ending one that has ended changes nothing and leaves no event.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    operation_id = "endSession",
    tag = "sessions",
    params(("id" = SessionId, Path, description = "The session's record.")),
    responses(
        (status = 204, description = "Ended."),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 404, description = "There is none, or it is somebody else's.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["session.ended"])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn end(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let resources = &directory.resources;
    let found = store::sessions::find(&mut *resources.pool.acquire().await?, id).await?;
    let found = found.ok_or_else(Problem::no_such::<SessionId>)?;
    let decision = policy::credential(&attempt.caller, found.person_id);
    let permit = attempt.permit("session.end", Target::of(id, None), decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    store::people::lock(conn, found.person_id).await?;
    let session = store::sessions::find(conn, id).await?;
    let session = session.ok_or_else(Problem::no_such::<SessionId>)?;
    let now = resources.env.now();
    // That it has ended by itself is recorded as what it was.
    if session.is_live(now, directory.settings.session_lifetimes()) {
        let because = SessionEnding::Requested;
        sessions::end(&mut unit, std::slice::from_ref(&session), because, now).await?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
