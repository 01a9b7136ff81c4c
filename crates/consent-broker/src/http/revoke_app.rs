//! `DELETE /v1/grants?app_id=…`

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use contract::rpc::AccountRole;
use contract::{AccountId, AppId, Authority, GrantId};
use serde::{Deserialize, Serialize};
use service::http::{Json, Query};
use service::{Attempt, Denied, Permit, Problem, Target};
use utoipa::{IntoParams, ToSchema};

use crate::as_of::AsOf;
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
    /// Whether there are more grants than one request revokes: the same request ends the next of them.
    pub(crate) more: bool,
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
/// Ends the live grants of the app on accounts for which the caller may revoke, 500 in a transaction: if the
/// answer is an error, some may have ended, and the same request ends the others. The app loses each at once.
/// For operators: all grants of the app.
/// One request ends at most as many as the installation says, which is 20,000 unless it says otherwise;
/// `more` then says that others are left.
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
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
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
    let (decided, more) = decide(&broker, &attempt, app_id).await?;
    let (permitted, left) = attempt.permit_each("consent.revoke-app", decided).await?;
    let mut revoked = Vec::with_capacity(permitted.len());
    for some in permitted.chunks(AT_A_TIME) {
        revoke(&broker, &attempt, some, &mut revoked).await?;
    }
    // Others ended them since they were looked at.
    if revoked.is_empty() {
        return Err(Problem::no_such::<GrantId>());
    }
    Ok(Json(AppRevoked { app_id, revoked, left, more }))
}

/// So many grants end in one transaction.
const AT_A_TIME: usize = 500;

/// So many grants of an app are read at a time for an operator.
const READ_AT_A_TIME: i64 = 5_000;

type Decided = (AccountGrant, Target, Result<Authority, Denied>);

/// The live grants of the app that the caller may know of, each with whether they may revoke it; and whether
/// there are more than one request revokes.
///
/// A person's own accounts lead to them, so that what it costs does not grow with what others granted.
async fn decide(
    broker: &ConsentBroker,
    attempt: &Attempt,
    app_id: AppId,
) -> Result<(Vec<Decided>, bool), Problem> {
    let pool = &broker.resources.pool;
    let as_of = AsOf::now(&broker.resources);
    let remote = RemoteServices::of(broker, &attempt.facts);
    let room = broker.settings.max_grants_per_revocation;
    let mut decisions =
        Decisions { broker, attempt, remote: &remote, app_id, decided: Vec::new(), room };
    if attempt.caller.operator {
        let mut after = None;
        loop {
            let live = grants::live_of_app(pool, app_id, after, READ_AT_A_TIME, as_of).await?;
            let Some(last) = live.last() else { return Ok((decisions.decided, false)) };
            after = Some(last.id);
            if decisions.add(&live).await?.is_break() {
                return Ok((decisions.decided, true));
            }
        }
    }
    let mut after = None;
    loop {
        let page = remote.held_accounts(attempt.caller.person_id, after).await?;
        let live = grants::live_on(pool, app_id, &page.account_ids, as_of).await?;
        if decisions.add(&live).await?.is_break() {
            return Ok((decisions.decided, true));
        }
        after = page.after;
        if after.is_none() {
            return Ok((decisions.decided, false));
        }
    }
}

/// What is decided of the grants so far.
struct Decisions<'a> {
    broker: &'a ConsentBroker,
    attempt: &'a Attempt,
    remote: &'a RemoteServices,
    app_id: AppId,
    decided: Vec<Decided>,
    /// So many more one request revokes.
    room: u32,
}

impl Decisions<'_> {
    /// Decides of these. Breaks if one may be revoked for which there is no room.
    async fn add(&mut self, live: &[Grant]) -> Result<ControlFlow<()>, Problem> {
        let caller = &self.attempt.caller;
        let accounts = live.iter().map(|grant| grant.account_id);
        let held = self.remote.roles_of(caller.person_id, accounts).await?;
        let roles: BTreeMap<AccountId, AccountRole> =
            held.into_iter().map(|held| (held.account_id, held.role)).collect();
        for grant in live {
            let role = roles.get(&grant.account_id).copied();
            let allowed = policy::consent_roles(&self.broker.resources.catalogue, &grant.service);
            let decision = policy::revoke_grant(role, None, caller.operator, allowed);
            if decision.is_ok() {
                let Some(room) = self.room.checked_sub(1) else {
                    return Ok(ControlFlow::Break(()));
                };
                self.room = room;
            }
            let target = Target::of(self.app_id, grant.organization_id);
            self.decided.push((AccountGrant::from(grant), target, decision));
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Revokes those of these grants that are still live, in one transaction.
async fn revoke(
    broker: &ConsentBroker,
    attempt: &Attempt,
    permitted: &[(AccountGrant, Permit)],
    revoked: &mut Vec<AccountGrant>,
) -> Result<(), Problem> {
    let permits: BTreeMap<GrantId, &Permit> =
        permitted.iter().map(|(grant, permit)| (grant.grant_id, permit)).collect();
    let Some(one) = permits.values().next() else { return Ok(()) };
    let mut unit = one.begin();
    let connection = unit.connection().await?;
    let as_of = AsOf::now(&broker.resources);
    let locked = grants::lock_unended(connection, permits.keys().copied(), as_of).await?;
    let revocation = Revocation::requested(attempt.caller.person_id, as_of.now);
    let ended: Vec<_> = locked.iter().filter_map(|grant| grant.revoke(revocation)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    grants::revoke(connection, ended.iter().map(|(grant, _)| grant.id), revocation).await?;
    for (grant, fact) in &ended {
        let permit = permits.get(&grant.id).ok_or_else(|| Problem::internal("locked by its id"))?;
        unit.record_as(permit.provenance(), grant.id.uuid(), grant.version, fact)?;
    }
    unit.commit().await?;
    revoked.extend(ended.iter().map(|(grant, _)| AccountGrant::from(grant)));
    Ok(())
}
