//! PUT /v1/people/me/password

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::facts::SessionEnding;
use contract::{Authority, Credential, PersonId};
use serde::Deserialize;
use service::authentication::invalid_token;
use service::http::Json;
use service::{Attempt, Fault, FaultCode, Problem, Target};
use utoipa::ToSchema;

use crate::fields::{FieldError, Invalid};
use crate::http::password_proof;
use crate::mail::{Mail, Template};
use crate::password::Password;
use crate::{Directory, mailing, sessions, store};

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChangePassword {
    /// The password until now.
    #[schema(format = Password)]
    current_password: String,
    /// The password from now on, of at least 12 characters.
    #[schema(min_length = 12, format = Password)]
    new_password: String,
}

/// Change my password
///
/// All sessions end but the one with which this is asked, and a mail tells the person. API tokens go on: `DELETE /v1/api-tokens` ends them. A
/// wrong `current_password` counts as an attempt to sign in. An Idempotency-Key is not needed: the current
/// password is another one afterwards.
#[utoipa::path(
    put,
    path = "/v1/people/me/password",
    operation_id = "changePassword",
    tag = "people",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed."),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 422, description = "The current password is wrong, or the new one is none.", body = Problem),
        (status = 429, description = "Too many attempts at the current password, or too many changes: the sentence and `Retry-After` say until when.", body = Problem),
        (status = 503, description = "Too many sign in at the moment.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.password-changed", {"event": "session.ended", "per": "other live session"}])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["sign-in.refused"])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn change_password(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    // No Creation, as for registering: what is remembered of a request is a fast hash of it.
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let (resources, passwords) = (&directory.resources, &directory.passwords);
    let id = attempt.caller.person_id;
    let target = Target::of::<PersonId>(id, None);
    let permit = attempt.permit("person.change-password", target, Ok(Authority::SELF)).await?;
    let ChangePassword { current_password, new_password } = body;
    let current = Password::claimed(current_password);
    let new = Password::choose("new_password", new_password, passwords.settings());
    let new = match new {
        Ok(new) if new.is_same(&current) => Err(FieldError::new(
            "new_password",
            Fault::new(FaultCode::Unchanged, "is the current one"),
        )),
        chosen => chosen,
    };
    let new = new.map_err(Invalid::from)?;

    let found = store::people::find(&mut *resources.pool.acquire().await?, id).await?;
    let person = found.ok_or_else(Problem::no_such::<PersonId>)?;
    let name = person.email.as_str();
    let actor = attempt.caller.actor();
    let proof = password_proof::prove(&directory, &attempt.facts, actor, name, current).await?;
    let proof = proof.ok_or_else(wrong)?;
    let hash = passwords.hash(new).await?;

    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let person = store::people::lock(conn, id).await?;
    let person = person.filter(|person| person.deactivated_at.is_none());
    let (person, changed) = person.ok_or_else(invalid_token)?.change_password();
    // Not if it is another one since it was looked at: of several at the same time one changes it.
    if !store::people::save_password(conn, &person, &proof.password_hash, &hash).await? {
        return Err(wrong());
    }
    let event = unit.record(id.uuid(), person.version, &changed)?;
    let template = Template::PasswordChanged { person: id.uuid() };
    let mail = Mail { template, recipient: person.email.clone(), language: person.language };
    mailing::request(&mut unit, event, &mail, &resources.env).await?;
    let this = match attempt.caller.credential {
        Credential::Session(session) => Some(session),
        Credential::ApiToken(_) => None,
    };
    let lifetimes = directory.settings.session_lifetimes();
    let (because, now) = (SessionEnding::PasswordChanged, resources.env.now());
    sessions::end_all(&mut unit, id, this, because, lifetimes, now).await?;
    unit.commit().await?;
    proof.forgive(&directory).await;
    Ok(StatusCode::NO_CONTENT)
}

fn wrong() -> Problem {
    Problem::invalid_field("current_password", Fault::new(FaultCode::Wrong, "is wrong"))
}
