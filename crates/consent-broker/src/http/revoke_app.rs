//! `DELETE /v1/grants?app_id=…`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use contract::facts::ConsentRevoked;
use contract::rpc::AccountRole;
use contract::{AccountId, AppId, Authority, GrantId};
use serde::{Deserialize, Serialize};
use service::http::{Json, Query};
use service::{Caller, Problem, RequestFacts};
use utoipa::{IntoParams, ToSchema};

use super::Attempt;
use crate::grant::Grant;
use crate::link::EndReason;
use crate::neighbours::Neighbours;
use crate::policy::Access;
use crate::store::grants;
use crate::{ConsentBroker, policy};

/// Which app.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WholeApp {
    /// The app whose grants end.
    pub app_id: AppId,
}

/// What became of the app's grants.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AppRevoked {
    /// The app.
    pub app_id: AppId,
    /// The grants that ended.
    pub revoked: Vec<AccountGrant>,
    /// Those on the caller's accounts that go on, because the caller's role there may not revoke.
    pub left: Vec<AccountGrant>,
}

/// A grant and its account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountGrant {
    /// The grant.
    pub grant_id: GrantId,
    /// The account.
    pub account_id: AccountId,
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
pub async fn revoke_app(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Query(WholeApp { app_id }): Query<WholeApp>,
) -> Result<Json<AppRevoked>, Problem> {
    let held = Neighbours::of(&broker, &facts).roles_of(caller.person_id, None).await?;
    let roles: BTreeMap<AccountId, AccountRole> =
        held.into_iter().map(|held| (held.account_id, held.role)).collect();
    let own: Vec<AccountId> = roles.keys().copied().collect();

    let mut unit =
        broker.resources.events.begin(&facts.provenance(caller.actor(), Authority::NONE, None));
    let connection = unit.connection().await?;
    let within = (!caller.operator).then_some(own.as_slice());
    let live = grants::lock_live_of_app(connection, app_id, within).await?;
    let Some(organization) = live.first().map(|grant| grant.organization_id) else {
        return Err(Problem::not_found(
            "not-found",
            "The app has no live grant on an account of yours.",
        ));
    };
    let (mut ending, mut authorities, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for grant in live {
        let allowed = policy::consent_roles(&broker.resources.catalogue, &grant.service);
        let role = roles.get(&grant.account_id).copied();
        match policy::revoke_grant(role, None, caller.operator, allowed) {
            Access::Allowed(authority) => {
                ending.push(grant);
                authorities.push(authority);
            }
            Access::RoleNotAllowed | Access::Hidden => left.push(AccountGrant::from(&grant)),
        }
    }
    if ending.is_empty() {
        drop(unit);
        let (target, organization) = (format!("app/{app_id}"), Some(organization));
        let operation = "consent.revoke-app";
        let attempt = Attempt { operation, target, organization, caller: &caller, facts: &facts };
        attempt.refuse(&broker, "role_not_allowed").await;
        return Err(Problem::forbidden(
            "role-not-allowed",
            "Your roles on these accounts do not allow this.",
        ));
    }
    grants::revoke(connection, &ending, Some(caller.person_id), broker.resources.env.now()).await?;
    for (grant, authority) in ending.iter().zip(authorities) {
        let provenance = facts.provenance(caller.actor(), authority, Some(grant.organization_id));
        let fact = ConsentRevoked {
            grant_id: grant.id,
            app_id,
            account_id: grant.account_id,
            reason: EndReason::Requested.as_str().to_owned(),
        };
        unit.record_as(&provenance, grant.id.uuid(), grant.version.next(), &fact)?;
    }
    unit.commit().await?;
    Ok(Json(AppRevoked { app_id, revoked: ending.iter().map(AccountGrant::from).collect(), left }))
}
