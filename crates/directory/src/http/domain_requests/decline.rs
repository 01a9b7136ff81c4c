//! POST /v1/domain-requests/{id}/decline

use std::sync::Arc;

use axum::extract::State;
use contract::DomainRequestId;
use contract::facts::DomainAnswerDetails;
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::DomainRequestAnswer;
use super::answer::{self, AnswerReason};
use crate::{Directory, store};

/// Decline a request for a domain
///
/// Who asked is told by mail. The organization can ask again.
#[utoipa::path(
    post,
    path = "/v1/domain-requests/{id}/decline",
    operation_id = "declineDomainRequest",
    tag = "organizations",
    params(("id" = DomainRequestId, Path, description = "The request.")),
    request_body = AnswerReason,
    responses(
        (status = 200, description = "Declined.", body = DomainRequestAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "It was answered before.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["domain-request.declined"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn decline(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<DomainRequestId>,
    Json(body): Json<AnswerReason>,
) -> Result<Json<DomainRequestAnswer>, Problem> {
    let (permit, _) = answer::permit(&directory, &attempt, id, "domain-request.decline").await?;
    let reason = body.checked()?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::domain_requests::lock(conn, id).await?;
    let request = found.ok_or_else(Problem::no_such::<DomainRequestId>)?;
    let by = attempt.caller.person_id;
    let details = DomainAnswerDetails { reason: reason.clone() };
    let (request, declined) = request.decline(by, reason, directory.resources.env.now())?;
    store::domain_requests::save(conn, &request).await?;
    let event = unit.record_with(id.uuid(), request.version, &declined, &details)?;
    answer::tell(&directory, &mut unit, event, &request).await?;
    unit.commit().await?;
    Ok(Json(request.into()))
}
