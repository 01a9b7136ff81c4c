//! `DELETE /v1/grants/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::GrantId;
use contract::facts::ConsentRevoked;
use service::http::Path;
use service::{Caller, Problem, RequestFacts};

use super::Attempt;
use crate::link::EndReason;
use crate::neighbours::Neighbours;
use crate::store::grants;
use crate::{ConsentBroker, policy};

/// Revoke a grant
///
/// The app loses the account at once. A grant that is revoked already stays so, and the answer is
/// the same.
/// The catalogue says which roles on an account may consent for its service; those may revoke.
#[utoipa::path(
    delete,
    path = "/v1/grants/{id}",
    operation_id = "revokeGrant",
    tag = "grants",
    security(("api_token" = [])),
    params(("id" = GrantId, Path, description = "The grant")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`", body = Problem),
        (status = 404, description = "No such grant, or none the caller sees", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent.revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager", "operator"])),
    ),
)]
pub async fn revoke_grant(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(id): Path<GrantId>,
) -> Result<StatusCode, Problem> {
    let missing = "There is no such grant.";
    let grant = grants::by_id(&broker.resources.pool, id).await?;
    let grant = grant.ok_or_else(|| Problem::not_found("not-found", missing))?;
    let held = Neighbours::of(&broker, &facts)
        .roles_of(caller.person_id, Some(vec![grant.account_id]))
        .await?;
    let access = policy::revoke_grant(
        held.iter().find(|held| held.account_id == grant.account_id).map(|held| held.role),
        caller.role_in(grant.organization_id),
        caller.operator,
        policy::consent_roles(&broker.resources.catalogue, &grant.service),
    );
    let (target, organization) = (format!("consent/{id}"), Some(grant.organization_id));
    let attempt = Attempt {
        operation: "consent.revoke",
        target,
        organization,
        caller: &caller,
        facts: &facts,
    };
    let authority = attempt.demand(&broker, access, missing).await?;

    let mut unit =
        broker.resources.events.begin(&facts.provenance(caller.actor(), authority, organization));
    let connection = unit.connection().await?;
    let grant = grants::lock(connection, id)
        .await?
        .ok_or_else(|| Problem::not_found("not-found", missing))?;
    if grant.revoked.is_none() {
        let now = broker.resources.env.now();
        grants::revoke(connection, std::slice::from_ref(&grant), Some(caller.person_id), now)
            .await?;
        let fact = ConsentRevoked {
            grant_id: id,
            app_id: grant.app_id,
            account_id: grant.account_id,
            reason: EndReason::Requested.as_str().to_owned(),
        };
        unit.record(id.uuid(), grant.version.next(), &fact)?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
