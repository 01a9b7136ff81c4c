//! POST /v1/password-resets

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use service::http::Json;
use service::{Problem, RequestFacts};
use utoipa::ToSchema;

use crate::fields::{Email, Invalid};
use crate::{Directory, resetting};

/// Whose password shall be another one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RequestPasswordReset {
    /// Their email.
    #[schema(example = "developer@example.com", format = "email", max_length = 254)]
    email: String,
}

/// Ask for a link to choose another password
///
/// If somebody has this email, a mail with a link goes there. The answer is the same, and takes the same time,
/// whether or not somebody has it.
#[utoipa::path(
    post,
    path = "/v1/password-resets",
    operation_id = "requestPasswordReset",
    tag = "people",
    request_body = RequestPasswordReset,
    responses(
        (status = 202, description = "If somebody has this email, they get a mail."),
        (status = 422, description = "This is no email.", body = Problem),
        (status = 429, description = "Too many were asked for with this email, or from this network.", body = Problem),
    ),
    security(),
    extensions(
        ("x-mandate-events" = json!([{"event": "password-reset.requested", "if": "somebody has this email"}])),
        ("x-mandate-follows" = json!([{"event": "mail.sent", "if": "somebody has this email"}])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    Json(body): Json<RequestPasswordReset>,
) -> Result<StatusCode, Problem> {
    let email = Email::parse("email", &body.email).map_err(Invalid::from)?;
    // Counted alike for emails that nobody has.
    directory.sign_in_counter.count_reset(&directory.resources, &facts, &email).await?;
    // Whether somebody has it is looked at only when this is answered.
    let tasks = directory.resources.tasks.clone();
    tasks.spawn("password-reset", move |_| {
        let (directory, facts, email) = (Arc::clone(&directory), facts.clone(), email.clone());
        async move { resetting::ask(&directory, &facts, &email).await }
    });
    Ok(StatusCode::ACCEPTED)
}
