//! `DELETE /v1/grants/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::GrantId;
use service::http::Path;
use service::{Attempt, Problem, Target};

use crate::as_of::AsOf;
use crate::remote_services::RemoteServices;
use crate::revocation::Revocation;
use crate::store::grants;
use crate::{ConsentBroker, policy};

/// Revoke a grant
///
/// The app loses the account at once. A grant that has ended already stays so, and the answer is
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
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`", body = Problem),
        (status = 404, description = "No such grant, or none the caller sees", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent.revoked"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager", "operator"])),
    ),
)]
pub(crate) async fn revoke_grant(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(id): Path<GrantId>,
) -> Result<StatusCode, Problem> {
    let as_of = AsOf::now(&broker.resources);
    let grant = grants::by_id(&broker.resources.pool, id, as_of).await?;
    let grant = grant.ok_or_else(Problem::no_such::<GrantId>)?;
    let (account, by) = (grant.account_id, attempt.caller.person_id);
    let held = RemoteServices::of(&broker, &attempt.facts).roles_of(by, [account]).await?;
    let decision = policy::revoke_grant(
        held.iter().find(|held| held.account_id == account).map(|held| held.role),
        attempt.role_in(grant.organization_id).await?,
        attempt.caller.operator,
        policy::consent_roles(&broker.resources.catalogue, &grant.service),
    );
    let target = Target::of(id, grant.organization_id);
    let permit = attempt.permit("consent.revoke", target, decision).await?;

    let mut unit = permit.begin();
    let grant = grants::lock(unit.connection().await?, id, as_of).await?;
    let grant = grant.ok_or_else(Problem::no_such::<GrantId>)?;
    // After the wait for it.
    let revocation = Revocation::requested(by, broker.resources.env.now());
    if let Some((grant, fact)) = grant.revoke(revocation) {
        grants::revoke(unit.connection().await?, [id].into_iter(), revocation).await?;
        unit.record(id.uuid(), grant.version, &fact)?;
        unit.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
