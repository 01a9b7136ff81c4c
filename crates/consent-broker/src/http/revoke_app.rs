//! `DELETE /v1/grants?app_id=…`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use contract::rpc::AccountRole;
use contract::{AccountId, AppId, GrantId};
use eventstore::AppendError;
use serde::{Deserialize, Serialize};
use service::http::{Json, Query};
use service::{Attempt, Permit, Problem, Target};
use utoipa::{IntoParams, ToSchema};

use crate::grant::Grant;
use crate::remote_services::RemoteServices;
use crate::revocation::Revocation;
use crate::store::grants;
use crate::{ConsentBroker, policy};

/// Which app.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WholeApp {
    /// The app whose grants end.
    pub(crate) app_id: AppId,
}

/// What became of the app's grants.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AppRevoked {
    /// The app.
    pub(crate) app_id: AppId,
    /// The grants that ended.
    pub(crate) revoked: Vec<AccountGrant>,
    /// Those on the caller's accounts that go on, because the caller's role there may not revoke.
    pub(crate) left: Vec<AccountGrant>,
}

/// A grant and its account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AccountGrant {
    /// The grant.
    pub(crate) grant_id: GrantId,
    /// The account.
    pub(crate) account_id: AccountId,
}

impl From<&Grant> for AccountGrant {
    fn from(grant: &Grant) -> Self {
        Self { grant_id: grant.id, account_id: grant.account_id }
    }
}

/// Revoke an app
///
/// Ends all live grants of the app on accounts for which the caller may revoke, in one transaction.
/// The app loses them at once. For operators: all grants of the app.
/// The catalogue says which roles on an account may consent for its service; those may revoke.
#[utoipa::path(
    delete,
    path = "/v1/grants",
    operation_id = "revokeAppGrants",
    tag = "grants",
    security(("api_token" = [])),
    params(WholeApp),
    responses(
        (status = 200, description = "What became of the grants", body = AppRevoked),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`: there are grants, the caller may revoke none", body = Problem),
        (status = 404, description = "No live grant of this app on an account of the caller's", body = Problem),
        (status = 422, description = "`app_id` is missing or wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([{"event": "consent.revoked", "per": "grant"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager", "operator"])),
    ),
)]
pub(crate) async fn revoke_app(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Query(WholeApp { app_id }): Query<WholeApp>,
) -> Result<Json<AppRevoked>, Problem> {
    let held = RemoteServices::of(&broker, &attempt.facts);
    let held = held.roles_of(attempt.caller.person_id, None).await?;
    let roles = held.into_iter().map(|held| (held.account_id, held.role)).collect();
    for _ in 0..ROUNDS {
        if let Some(revoked) = revoke_live(&broker, &attempt, app_id, &roles).await? {
            return Ok(Json(revoked));
        }
    }
    Err(AppendError::Conflict.into())
}

/// So often grants that others make meanwhile are looked at as well.
const ROUNDS: usize = 5;

/// Revokes the live grants, as far as the caller may; nothing, if others were made before they were locked:
/// whether those may be revoked was not decided.
async fn revoke_live(
    broker: &ConsentBroker,
    attempt: &Attempt,
    app_id: AppId,
    roles: &BTreeMap<AccountId, AccountRole>,
) -> Result<Option<AppRevoked>, Problem> {
    let operator = attempt.caller.operator;
    let own: Vec<AccountId> = roles.keys().copied().collect();
    let within = (!operator).then_some(own.as_slice());
    let live = grants::live_within(&broker.resources.pool, app_id, within).await?;
    let known: BTreeSet<GrantId> = live.iter().map(|grant| grant.id).collect();
    let decided = live.into_iter().map(|grant| {
        let role = roles.get(&grant.account_id).copied();
        let allowed = policy::consent_roles(&broker.resources.catalogue, &grant.service);
        let decision = policy::revoke_grant(role, None, operator, allowed);
        let target = Target::of(app_id, grant.organization_id);
        (grant, target, decision)
    });
    let (permitted, left) = attempt.permit_each("consent.revoke-app", decided.collect()).await?;
    let permits: BTreeMap<GrantId, Permit> =
        permitted.into_iter().map(|(grant, permit)| (grant.id, permit)).collect();
    let one = permits.values().next().ok_or_else(Problem::no_such::<GrantId>)?;

    let mut unit = one.begin();
    let connection = unit.connection().await?;
    // Looked at again under the lock: some may have ended since, or begun.
    let locked = grants::lock_live_of_app(connection, app_id, within).await?;
    if locked.iter().any(|grant| !known.contains(&grant.id)) {
        return Ok(None);
    }
    let revocation = Revocation::requested(attempt.caller.person_id, broker.resources.env.now());
    let permitted = locked.iter().filter_map(|grant| Some((grant, permits.get(&grant.id)?)));
    let ended: Vec<_> =
        permitted.filter_map(|(grant, permit)| Some((grant.revoke(revocation)?, permit))).collect();
    if ended.is_empty() {
        return Err(Problem::no_such::<GrantId>());
    }
    let ids = ended.iter().map(|((grant, _), _)| grant.id);
    grants::revoke(connection, ids, revocation).await?;
    for ((grant, fact), permit) in &ended {
        unit.record_as(permit.provenance(), grant.id.uuid(), grant.version, fact)?;
    }
    unit.commit().await?;
    Ok(Some(AppRevoked {
        app_id,
        revoked: ended.iter().map(|((grant, _), _)| AccountGrant::from(grant)).collect(),
        left: left.iter().map(AccountGrant::from).collect(),
    }))
}
