//! POST /v1/sessions

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use service::Problem;
use service::authentication::invalid_token;
use service::http::Json;

use super::NewSession;
use crate::http::sign_in::{SignIn, SignedInAnew, SignedInByPassword};
use crate::{Directory, sessions, store};

/// Sign in
///
/// By email and password, in a JSON body or by HTTP Basic, and by nothing else: each sign-in opens a session with a
/// token of its own.
/// The answer has the token, this once; it is sent as a bearer token wherever an API token is. A session ends when
/// it is not used for some hours, at its latest end, and when it is ended. Of a person who has as many sessions as
/// they can have, the one ends that was used longest ago.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    operation_id = "createSession",
    tag = "sessions",
    request_body(content = Option<SignIn>, description = "Not looked at where there is an `Authorization` header."),
    responses(
        (status = 201, description = "Signed in; the token is in the answer.", body = NewSession),
        (status = 401, description = "Email or password are wrong.", body = Problem),
        (status = 422, description = "The body is none of a sign-in.", body = Problem),
        (status = 429, description = "Too many attempts to sign in, or too many changes: the sentence and `Retry-After` say until when.", body = Problem),
        (status = 503, description = "Too many sign in at the moment.", body = Problem),
    ),
    security(("password" = []), ()),
    extensions(
        ("x-mandate-events" = json!(["sign-in.accepted", {"event": "session.ended", "if": "the person has as many as they can have"}, "session.created"])),
        ("x-mandate-refusals" = json!(["sign-in.refused"])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    SignedInAnew(SignedInByPassword { person_id, permit, facts }): SignedInAnew,
) -> Result<Response, Problem> {
    let mut unit = permit.begin();
    // Whoever deactivates the person, or ends all their sessions, waits until this is done, or was first.
    let person = store::people::lock(unit.connection().await?, person_id).await?;
    person.filter(|person| person.deactivated_at.is_none()).ok_or_else(invalid_token)?;
    let (env, settings) = (&directory.resources.env, &directory.settings);
    let user_agent = facts.user_agent.as_deref();
    let opened = sessions::open(&mut unit, env, settings, person_id, None, user_agent);
    let (session, token) = opened.await?;
    unit.commit().await?;
    let location = format!("/v1/sessions/{}", session.id);
    let answer = NewSession::of(&session, &token);
    let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}
