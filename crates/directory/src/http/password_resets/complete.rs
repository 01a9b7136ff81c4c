//! POST /v1/password-resets/complete

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::facts::SessionEnding;
use contract::{Actor, PasswordResetId};
use serde::Deserialize;
use service::http::Json;
use service::{Permit, Problem, RequestFacts};
use utoipa::ToSchema;

use crate::fields::Invalid;
use crate::http::mailed_links::{self, MAILED_LINK};
use crate::mail::{LinkPurpose, Mail, Template};
use crate::password::Password;
use crate::{Directory, mailing, sessions, store};

/// Another password, and the token of a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CompletePasswordReset {
    /// The last part of the link's path.
    #[schema(example = "mandate_ml_…", format = Password)]
    token: String,
    /// The password from now on, of at least 12 characters.
    #[schema(min_length = 12, format = Password)]
    password: String,
}

/// Choose another password by a mailed link
///
/// Nobody has to sign in: whoever has the token reads the mail of the person. Each link is used once, within half
/// an hour, and not after the password was changed otherwise. All sessions of the person end, and a mail tells
/// them. API tokens go on: `DELETE /v1/api-tokens` ends them.
#[utoipa::path(
    post,
    path = "/v1/password-resets/complete",
    operation_id = "completePasswordReset",
    tag = "people",
    request_body = CompletePasswordReset,
    responses(
        (status = 204, description = "The password is another one."),
        (status = 404, description = "`mailed-link-not-found`: there is no such link.", body = Problem),
        (status = 409, description = "`mailed-link-used`", body = Problem),
        (status = 410, description = "`mailed-link-expired`, `mailed-link-outdated`", body = Problem),
        (status = 422, description = "The password is none.", body = Problem),
        (status = 429, description = "Too many links are tried.", body = Problem),
        (status = 503, description = "Too many sign in at the moment.", body = Problem),
    ),
    security(),
    extensions(
        ("x-mandate-events" = json!(["password-reset.completed", "person.password-changed", {"event": "session.ended", "per": "live session"}])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn complete(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    // No Creation, as for registering: what is remembered of a request is a fast hash of it.
    Json(body): Json<CompletePasswordReset>,
) -> Result<StatusCode, Problem> {
    let (resources, passwords) = (&directory.resources, &directory.passwords);
    let unknown = || Problem::missing("mailed-link");
    let purpose = LinkPurpose::ResetPassword;
    let id: PasswordResetId =
        mailed_links::subject(&directory, &facts, &body.token, purpose).await?;
    let mut conn = resources.pool.acquire().await?;
    let reset = store::password_resets::find(&mut conn, id).await?.ok_or_else(unknown)?;
    let person_id = reset.person_id;
    let person = store::people::find(&mut conn, person_id).await?.ok_or_else(unknown)?;
    drop(conn);
    // Nothing is hashed for a link that is worth nothing.
    reset.complete(&person, resources.env.now())?;
    let new = Password::choose("password", body.password, passwords.settings());
    let hash = passwords.hash(new.map_err(Invalid::from)?).await?;

    let actor = Actor::Person(person_id);
    let permit = Permit::by_credentials(resources, &facts, actor, MAILED_LINK, None);
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let person = store::people::lock(conn, person_id).await?.ok_or_else(unknown)?;
    let reset = store::password_resets::lock(conn, id).await?.ok_or_else(unknown)?;
    let now = resources.env.now();
    let (reset, completed) = reset.complete(&person, now)?;
    store::password_resets::save(conn, &reset).await?;
    let (person, changed) = person.change_password();
    store::people::reset_password(conn, &person, &hash).await?;
    let event = unit.record(id.uuid(), reset.version, &completed)?;
    let mut provenance = unit.provenance().clone();
    provenance.causation = Some(event);
    let event = unit.record_as(&provenance, person_id.uuid(), person.version, &changed)?;
    let lifetimes = directory.settings.session_lifetimes();
    let because = SessionEnding::PasswordChanged;
    sessions::end_all(&mut unit, person_id, None, because, lifetimes, now).await?;
    let template = Template::PasswordChanged { person: person_id.uuid() };
    let mail = Mail { template, recipient: person.email.clone(), language: person.language };
    mailing::request(&mut unit, event, &mail, &resources.env).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
