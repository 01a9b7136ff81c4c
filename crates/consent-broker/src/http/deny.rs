//! `POST /v1/consent-requests/{token}/deny`

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::LinkId;
use serde::{Deserialize, Serialize};
use service::http::{Json, Path};
use service::{Caller, Problem, RequestFacts};
use utoipa::ToSchema;

use super::{Attempt, request};
use crate::ConsentBroker;
use crate::neighbours::Neighbours;
use crate::redemption::{Redeemer, RedemptionError};

/// A request that was denied.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Denied {
    /// The link; it cannot be used again.
    pub link_id: LinkId,
    /// When.
    pub denied_at: DateTime<Utc>,
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
        (status = 200, description = "It is denied", body = Denied),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
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
pub async fn deny(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(token): Path<String>,
) -> Result<Json<Denied>, Problem> {
    let link = request::find(&broker, &token).await?;
    let attempt = Attempt::at_request("consent-request.deny", &link, &caller, &facts);
    if let Err(closed) = link.usable(broker.resources.env.now()) {
        return Err(attempt.refuse_closed(&broker, closed).await);
    }
    request::asking_app(&Neighbours::of(&broker, &facts), &link).await?;
    let redeemer =
        Redeemer { resources: &broker.resources, facts: &facts, person_id: caller.person_id };
    match redeemer.deny(&link).await {
        Ok(denied_at) => Ok(Json(Denied { link_id: link.id, denied_at })),
        Err(RedemptionError::Closed(closed)) => Err(attempt.refuse_closed(&broker, closed).await),
        Err(error) => Err(error.into()),
    }
}
