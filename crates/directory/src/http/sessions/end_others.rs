//! DELETE /v1/sessions

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::facts::SessionEnding;
use contract::{Authority, Credential, PersonId};
use service::{Attempt, Problem, Target};

use crate::{Directory, sessions, store};

/// End all my other sessions
///
/// All but the one with which this is asked; asked with an API token, all.
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    operation_id = "endOtherSessions",
    tag = "sessions",
    responses(
        (status = 204, description = "Ended."),
        (status = 401, description = "No valid token.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([{"event": "session.ended", "per": "other live session"}])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn end_others(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
) -> Result<StatusCode, Problem> {
    let person_id = attempt.caller.person_id;
    let this = match attempt.caller.credential {
        Credential::Session(id) => Some(id),
        Credential::ApiToken(_) => None,
    };
    let target = Target::of::<PersonId>(person_id, None);
    let permit = attempt.permit("session.end-others", target, Ok(Authority::SELF)).await?;
    let lifetimes = directory.settings.session_lifetimes();
    let now = directory.resources.env.now();
    let because = SessionEnding::Requested;
    let mut unit = permit.begin();
    store::people::lock(unit.connection().await?, person_id).await?;
    let ended = sessions::end_all(&mut unit, person_id, this, because, lifetimes, now).await?;
    // Nothing changes where there is no other.
    if ended > 0 {
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
