//! The way of every change of keys: find, permit the attempt, and lock in the unit of work (the order
//! that [`service::attempt`] holds by its types).

use chrono::{DateTime, Utc};
use contract::rpc::{AppState, AppView, GetApp};
use contract::{AppId, ClientId, KeyId, OrganizationId};
use eventstore::Unit;
use service::http::IfMatch;
use service::{Attempt, Permit, Problem, Target};

use crate::KeyIssuer;
use crate::allowed::Access;
use crate::key::Key;
use crate::key_limit::WorkingKey;
use crate::policy::{self, Operation};
use crate::store::apps::{self, KnownApp};
use crate::store::keys;

/// The app, as the app registry knows it now.
pub(super) async fn find_app(
    issuer: &KeyIssuer,
    attempt: &Attempt,
    id: AppId,
) -> Result<AppView, Problem> {
    let answer = issuer.resources.rpc.call(&attempt.facts, &GetApp { app_id: id }).await?;
    answer.ok_or_else(Problem::no_such::<AppId>)
}

/// The permit for this operation with the keys of an app.
pub(super) async fn permit_with_app(
    attempt: &Attempt,
    app: AppId,
    organization: OrganizationId,
    operation: Operation,
) -> Result<Permit, Problem> {
    let role = attempt.role_in(organization).await?;
    let decision = policy::authorize(attempt.caller.operator, role, operation);
    attempt.permit(operation.name(), Target::of(app, organization), decision).await
}

/// What decides what the caller may do with the keys of an app.
pub(super) async fn access_to(
    issuer: &KeyIssuer,
    attempt: &Attempt,
    app: AppId,
    organization: OrganizationId,
) -> Result<Access, Problem> {
    let access = access_to_active(attempt, organization).await?;
    Ok(Access { app_active: apps::is_active(&issuer.resources.pool, app).await?, ..access })
}

/// The same, of an app that is active.
pub(super) async fn access_to_active(
    attempt: &Attempt,
    organization: OrganizationId,
) -> Result<Access, Problem> {
    let role = attempt.role_in(organization).await?;
    Ok(Access { operator: attempt.caller.operator, role, app_active: true })
}

/// What somebody may do, with a key.
pub(super) struct KeyPermit {
    pub(super) permit: Permit,
    /// The key's app.
    pub(super) app_id: AppId,
    /// The organization that develops it.
    pub(super) organization_id: OrganizationId,
}

/// The permit for this operation with a key.
pub(super) async fn permit_with_key(
    issuer: &KeyIssuer,
    attempt: &Attempt,
    client_id: ClientId,
    operation: Operation,
) -> Result<KeyPermit, Problem> {
    let id = client_id.key_id();
    let owner = keys::owner(&issuer.resources.pool, id).await?;
    let (app_id, organization_id) = owner.ok_or_else(Problem::no_such::<KeyId>)?;
    let role = attempt.role_in(organization_id).await?;
    let decision = policy::authorize(attempt.caller.operator, role, operation);
    let target = Target::of(id, organization_id);
    let permit = attempt.permit(operation.name(), target, decision).await?;
    Ok(KeyPermit { permit, app_id, organization_id })
}

/// The working keys of an active app, with the app locked until the unit of work ends: nobody else
/// makes a key of it meanwhile, and it does not end.
pub(super) async fn lock_and_read_keys(
    unit: &mut Unit<'_>,
    app: &AppView,
    now: DateTime<Utc>,
) -> Result<Vec<WorkingKey>, Problem> {
    check_active(app.state)?;
    let known = KnownApp {
        id: app.id,
        organization_id: app.organization_id,
        state: app.state,
        authentication_method: app.authentication_method,
        scope: app.scopes.join(" "),
        version: app.version,
    };
    let connection = unit.connection().await?;
    apps::know(connection, &known).await?;
    // What the app registry answered may be older than what its events said since.
    let current = apps::lock(connection, app.id).await?.ok_or_else(Problem::no_such::<AppId>)?;
    check_active(current.state)?;
    Ok(keys::working(connection, app.id, now).await?)
}

/// The key, locked until the unit of work ends. Refused, if the caller has seen another version.
pub(super) async fn lock_key(
    unit: &mut Unit<'_>,
    client_id: ClientId,
    if_match: &IfMatch,
) -> Result<Key, Problem> {
    let key = keys::lock(unit.connection().await?, client_id.key_id()).await?;
    let key = key.ok_or_else(Problem::no_such::<KeyId>)?;
    if_match.check(key.version)?;
    Ok(key)
}

fn check_active(state: AppState) -> Result<(), Problem> {
    match state {
        AppState::Active => Ok(()),
        other => Err(Problem::conflict(
            "app-not-active",
            format!("Only an active app has keys; this one is in the state {other}."),
        )),
    }
}
