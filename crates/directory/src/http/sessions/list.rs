//! GET /v1/sessions

use std::sync::Arc;

use axum::extract::State;
use service::http::{Json, Page};
use service::{Caller, Problem};

use super::SessionAnswer;
use crate::{Directory, store};

/// List my sessions
///
/// Those that have not ended, in the order in which they were opened: all of them in one page, since a person can
/// have only so many.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "listSessions",
    tag = "sessions",
    responses(
        (status = 200, description = "The sessions.", body = Page<SessionAnswer>),
        (status = 401, description = "No valid token.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn list(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
) -> Result<Json<Page<SessionAnswer>>, Problem> {
    let resources = &directory.resources;
    let lifetimes = directory.settings.session_lifetimes();
    let mut conn = resources.pool.acquire().await?;
    let now = resources.env.now();
    let mut live = store::sessions::live(&mut conn, caller.person_id, lifetimes, now).await?;
    live.sort_by_key(|session| (session.created_at, session.id));
    let items = live.into_iter().map(|live| SessionAnswer::of(live, caller.credential)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}
