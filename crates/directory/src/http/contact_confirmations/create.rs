//! POST /v1/organizations/{id}/contact-confirmations

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use contract::{ContactConfirmationId, OrganizationId};
use serde::Serialize;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use crate::policy::{self, OrganizationAction};
use crate::{Directory, confirming, store};

/// A mail with a link that confirms an organization's contact address.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ContactConfirmation {
    /// Its id.
    id: ContactConfirmationId,
    /// Until when the link can be used.
    expires_at: DateTime<Utc>,
}

/// Ask for the confirmation of a contact address
///
/// A mail with a link goes to the organization's contact address, again. Making an organization and changing its
/// contact address ask by themselves. Of the links that were mailed, each confirms the address once.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/contact-confirmations",
    operation_id = "requestContactConfirmation",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization.")),
    responses(
        (status = 202, description = "The mail will be sent.", body = ContactConfirmation),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "`contact-confirmed`: it is confirmed already.", body = Problem),
        (status = 429, description = "Too many were asked for within an hour.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["contact-confirmation.requested"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
) -> Result<(StatusCode, Json<ContactConfirmation>), Problem> {
    let (operation, target) = ("contact-confirmation.request", Target::organization(id));
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Edit);
    let permit = attempt.permit(operation, target, decision).await?;
    let mut unit = permit.begin();
    let found = store::organizations::lock(unit.connection().await?, id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    if organization.confirmed_at.is_some() {
        return Err(Problem::conflict("contact-confirmed", "The contact address is confirmed."));
    }
    let confirmation = confirming::ask(&directory, &mut unit, &organization).await?;
    unit.commit().await?;
    let answer = ContactConfirmation { id: confirmation.id, expires_at: confirmation.expires_at };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
