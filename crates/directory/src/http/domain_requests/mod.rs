//! `/v1/domain-requests`, and those of organizations.

mod answer;
pub(super) mod create;
pub(super) mod decline;
pub(super) mod grant;
pub(super) mod list;
pub(super) mod list_of_organization;
pub(super) mod read;

use chrono::{DateTime, Utc};
use contract::{DomainRequestId, OrganizationId, PersonId};
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;

use crate::domain_request::{AnsweredBefore, DomainRequest, StateName};

/// A request for a domain on request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DomainRequest)]
pub(super) struct DomainRequestAnswer {
    /// Its id.
    id: DomainRequestId,
    /// The organization that asks.
    organization_id: OrganizationId,
    /// For what, as `<service>/<domain>:<level>`.
    #[schema(example = "retail_media/billing:read")]
    domain: String,
    /// What it is needed for.
    reason: String,
    /// What has become of it.
    state: StateName,
    /// Who asked.
    requested_by: PersonId,
    /// When.
    created_at: DateTime<Utc>,
    /// When an operator answered.
    answered_at: Option<DateTime<Utc>>,
    /// What they answered, if they gave a reason.
    answer_reason: Option<String>,
}

impl From<DomainRequest> for DomainRequestAnswer {
    fn from(request: DomainRequest) -> Self {
        let state = request.state_name();
        let (answered_at, answer_reason) =
            request.answer.map_or((None, None), |answer| (Some(answer.at), answer.reason));
        Self {
            id: request.id,
            organization_id: request.organization_id,
            domain: request.domain.to_string(),
            reason: request.reason,
            state,
            requested_by: request.requested_by,
            created_at: request.created_at,
            answered_at,
            answer_reason,
        }
    }
}

impl From<AnsweredBefore> for Problem {
    fn from(_: AnsweredBefore) -> Self {
        Self::conflict("domain-request-answered", "The request was answered before.")
    }
}
