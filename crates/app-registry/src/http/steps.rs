//! The way of every change of an app: find it, permit the attempt, and lock it in the unit of work
//! (the order that [`service::attempt`] holds by its types).

use contract::AppId;
use eventstore::Unit;
use service::http::IfMatch;
use service::{Attempt, Permit, Problem, Target};

use crate::app::App;
use crate::policy::{self, CallerRole, Operation};
use crate::{AppRegistry, store};

/// The app as it is now.
pub(super) async fn find(registry: &AppRegistry, id: AppId) -> Result<App, Problem> {
    store::find(&registry.resources.pool, id).await?.ok_or_else(Problem::no_such::<AppId>)
}

/// The permit for this operation with the app, and what the caller is to it. Questions to other services are asked
/// after it, and before [`lock`].
pub(super) async fn permit(
    attempt: &Attempt,
    app: &App,
    operation: Operation,
) -> Result<(Permit, CallerRole), Problem> {
    let operator = attempt.caller.operator;
    let role = attempt.role_in(app.organization_id).await?;
    let decision = policy::authorize(operator, role, operation);
    let target = Target::of(app.id, app.organization_id);
    let permit = attempt.permit(operation.name(), target, decision).await?;
    Ok((permit, CallerRole { operator, role }))
}

/// The app, locked until the unit of work ends: two changes at once are decided one after the other.
/// Refused, if the caller has seen another version.
pub(super) async fn lock(
    unit: &mut Unit<'_>,
    id: AppId,
    if_match: &IfMatch,
) -> Result<App, Problem> {
    let app = store::lock(unit.connection().await?, id).await?;
    let app = app.ok_or_else(Problem::no_such::<AppId>)?;
    if_match.check(app.version)?;
    Ok(app)
}
