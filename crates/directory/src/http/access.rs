//! From decisions to answers: refusals become problems, and those that matter become events.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use contract::{Authority, OrganizationId};
use eventstore::Unit;
use serde::Serialize;
use service::authentication::Caller;
use service::http::{Idempotency, Json};
use service::problem::Problem;
use service::request::RequestFacts;

use crate::Directory;
use crate::fields::FieldError;
use crate::password::PasswordError;
use crate::policy::{self, Denied, OrganizationAction};

/// What somebody attempts: what `access.refused` tells if they may not.
pub(super) struct Attempt {
    /// Such as `organization.edit`.
    pub(super) operation: &'static str,
    /// `<aggregate>/<id>`.
    pub(super) target: String,
    /// Whose it is.
    pub(super) organization: Option<OrganizationId>,
}

/// The request of a signed-in person.
pub(super) struct Access<'a> {
    pub(super) directory: &'a Directory,
    pub(super) facts: &'a RequestFacts,
    pub(super) caller: &'a Caller,
}

impl Access<'_> {
    /// The authority of an allowed attempt; a problem, and an event, otherwise.
    pub(super) async fn permit(
        &self,
        decision: Result<Authority, Denied>,
        attempt: Attempt,
    ) -> Result<Authority, Problem> {
        match decision {
            Ok(authority) => Ok(authority),
            Err(Denied::NotVisible) => Err(not_found()),
            Err(Denied::RoleNotAllowed) => Err(self.refuse(attempt).await),
        }
    }

    /// Decides on an attempt on an organization.
    pub(super) async fn to_organization(
        &self,
        id: OrganizationId,
        action: OrganizationAction,
        operation: &'static str,
    ) -> Result<Authority, Problem> {
        let decision = policy::organization(self.caller.operator, self.caller.role_in(id), action);
        let attempt =
            Attempt { operation, target: format!("organization/{id}"), organization: Some(id) };
        self.permit(decision, attempt).await
    }

    /// Allows operators only, where there is nothing to hide.
    pub(super) async fn as_operator(&self, operation: &'static str) -> Result<Authority, Problem> {
        if self.caller.operator {
            return Ok(Authority::OPERATOR);
        }
        // Aimed at no thing that exists: the target is the caller.
        let target = format!("person/{}", self.caller.person_id);
        Err(self.refuse(Attempt { operation, target, organization: None }).await)
    }

    async fn refuse(&self, attempt: Attempt) -> Problem {
        let Attempt { operation, target, organization } = attempt;
        self.directory
            .resources
            .refuse_access(
                self.facts,
                self.caller.actor(),
                organization,
                operation,
                target,
                "role_not_allowed",
            )
            .await;
        Problem::forbidden("role-not-allowed", "Your role does not allow this.")
    }
}

/// The same for what is not there and for what the caller may not know of.
pub(super) fn not_found() -> Problem {
    Problem::not_found("not-found", "There is no such thing, or it is not yours to see.")
}

/// 422 that names every wrong field.
pub(super) fn invalid(errors: impl IntoIterator<Item = FieldError>) -> Problem {
    let problem =
        Problem::unprocessable("invalid-request", "Some fields of the request are wrong.");
    errors
        .into_iter()
        .fold(problem, |problem, error| problem.with_field(error.field, error.message))
}

/// Passwords that cannot be worked on.
pub(super) fn password_problem(error: PasswordError) -> Problem {
    match error {
        PasswordError::Busy => Problem::unavailable("busy", "Too many sign in at the moment."),
        error => Problem::internal(error),
    }
}

/// Makes a change that created something, and answers 201: the same again to a repetition.
pub(super) async fn created(
    mut unit: Unit<'_>,
    idempotency: &Idempotency,
    location: String,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    unit.remember(idempotency.record(StatusCode::CREATED, Some(&location), body));
    unit.commit().await?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response())
}
