//! `POST /v1/consent-requests/{token}/deny`

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::LinkId;
use serde::{Deserialize, Serialize};
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::request;
use crate::redemption::{self, RedemptionError};
use crate::remote_services::RemoteServices;
use crate::{ConsentBroker, policy};

const OPERATION: &str = "consent-request.deny";

/// A request that was denied.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeniedRequest {
    /// The link; it cannot be used again.
    pub(crate) link_id: LinkId,
    /// When.
    pub(crate) denied_at: DateTime<Utc>,
}

/// Deny a request for consent
///
/// Uses the link up. Consents that exist stay as they are.
#[utoipa::path(
    post,
    path = "/v1/consent-requests/{token}/deny",
    operation_id = "denyConsentRequest",
    tag = "consent requests",
    security(("api_token" = [])),
    params(("token" = String, Path, description = "The token in the link's URL")),
    responses(
        (status = 200, description = "It is denied", body = DeniedRequest),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.denied"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(crate) async fn deny(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(token): Path<String>,
) -> Result<Json<DeniedRequest>, Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    let permit = attempt.permit(OPERATION, target, policy::HOLDER_OF_LINK).await?;
    if let Err(closed) = link.usable(broker.resources.env.now()) {
        return Err(request::refuse_closed(&attempt, OPERATION, target, closed).await);
    }
    request::asking_app(&broker, &RemoteServices::of(&broker, &attempt.facts), &link).await?;
    let by = attempt.caller.person_id;
    match redemption::deny(&broker.resources, &permit, link.id, by).await {
        Ok(denied_at) => Ok(Json(DeniedRequest { link_id: link.id, denied_at })),
        Err(RedemptionError::Closed(closed)) => {
            Err(request::refuse_closed(&attempt, OPERATION, target, closed).await)
        }
        Err(error) => Err(error.into()),
    }
}
