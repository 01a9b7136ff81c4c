//! What granting and declining have in common.

use contract::{DomainRequestId, EventId};
use eventstore::Unit;
use serde::Deserialize;
use service::{Attempt, Permit, Problem, Target};
use utoipa::ToSchema;

use crate::domain_request::{DomainRequest, REASON_CHARS};
use crate::fields::{self, Invalid};
use crate::mail::{Mail, Template};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, mailing, store};

/// Why it is answered so.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AnswerReason {
    /// For the organization to read.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

impl AnswerReason {
    /// The reason, if there is one.
    pub(super) fn checked(self) -> Result<Option<String>, Problem> {
        let reason = fields::description("reason", self.reason.as_deref(), REASON_CHARS);
        reason.map_err(|error| Invalid::from(error).into())
    }
}

/// The permit to answer a request, and the request as it was then.
pub(super) async fn permit(
    directory: &Directory,
    attempt: &Attempt,
    id: DomainRequestId,
    operation: &'static str,
) -> Result<(Permit, DomainRequest), Problem> {
    let found = {
        let mut conn = directory.resources.pool.acquire().await?;
        store::domain_requests::find(&mut conn, id).await?
    };
    let request = found.ok_or_else(Problem::no_such::<DomainRequestId>)?;
    let role = attempt.role_in(request.organization_id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Operate);
    let target = Target::of(id, request.organization_id);
    Ok((attempt.permit(operation, target, decision).await?, request))
}

/// Tells who asked, by mail, as a part of the unit that records the answer.
pub(super) async fn tell(
    directory: &Directory,
    unit: &mut Unit<'_>,
    event: EventId,
    request: &DomainRequest,
) -> Result<(), Problem> {
    let conn = unit.connection().await?;
    let asked = store::people::find(conn, request.requested_by).await?;
    // Whoever is deactivated is not written to.
    if let Some(person) = asked.filter(|person| person.deactivated_at.is_none()) {
        let template = Template::DomainAnswered { request: request.id.uuid() };
        let mail = Mail { template, recipient: person.email, language: person.language };
        mailing::request(unit, event, &mail, &directory.resources.env).await?;
    }
    Ok(())
}
