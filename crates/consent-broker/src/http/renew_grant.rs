//! `POST /v1/grants/{id}/renew`

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use contract::GrantId;
use service::http::{Json, Path};
use service::{Attempt, Problem, Target};

use super::grant_view::{GrantView, Told};
use super::problems;
use crate::allowed::Viewer;
use crate::as_of::AsOf;
use crate::grant::Renewal;
use crate::notice;
use crate::remote_services::{Names, RemoteServices};
use crate::store::apps::{self, Standing};
use crate::store::{app_activity, grants, notices};
use crate::{ConsentBroker, policy};

/// Renew a grant
///
/// The grant lasts on: from now on for as many days as it was granted for, or fewer if the catalogue gives fewer
/// today. Its end never comes nearer, and nothing else of it changes. If it would not be later, the grant stays as it
/// is, and the answer is the same. Only a grant that is live and has an end can be renewed; one that has ended
/// needs another consent.
/// The catalogue says which roles on an account may consent for its service; those may renew, by the role that
/// they hold at this moment.
#[utoipa::path(
    post,
    path = "/v1/grants/{id}/renew",
    operation_id = "renewGrant",
    tag = "grants",
    security(("api_token" = [])),
    params(("id" = GrantId, Path, description = "The grant")),
    responses(
        (status = 200, description = "The grant", body = GrantView),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`", body = Problem),
        (status = 404, description = "No such grant, or none the caller sees", body = Problem),
        (status = 409, description = "`grant-ended`: it says when; `grant-does-not-end`", body = Problem),
        (status = 503, description = "`unavailable`: not all is known of the app", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent.renewed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["account:admin", "account:business_manager", "account:technical_manager"])),
    ),
)]
pub(crate) async fn renew_grant(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(id): Path<GrantId>,
) -> Result<Json<GrantView>, Problem> {
    let resources = &broker.resources;
    let grant = grants::by_id(&resources.pool, id, AsOf::now(resources)).await?;
    let grant = grant.ok_or_else(Problem::no_such::<GrantId>)?;
    let (account, by) = (grant.account_id, attempt.caller.person_id);
    let remote = RemoteServices::of(&broker, &attempt.facts);
    // Whatever they could do when they granted it: what counts is the role they hold now.
    let held = remote.roles_of(by, [account]).await?;
    let role = held.iter().find(|held| held.account_id == account).map(|held| held.role);
    let decision = policy::renew_grant(
        role,
        attempt.role_in(grant.organization_id).await?,
        attempt.caller.operator,
        policy::consent_roles(&resources.catalogue, &grant.service),
    );
    let target = Target::of(id, grant.organization_id);
    let permit = attempt.permit("consent.renew", target, decision).await?;
    let role = role.ok_or_else(|| Problem::internal("a permit to consent is that of a role"))?;

    let mut unit = permit.begin();
    let connection = unit.connection().await?;
    let grant = grants::lock(connection, id, AsOf::now(resources)).await?;
    let mut grant = grant.ok_or_else(Problem::no_such::<GrantId>)?;
    match apps::standing(&mut *connection, grant.app_id).await? {
        Standing::Open => {}
        Standing::Ended => return Err(problems::ended_with_app()),
        Standing::Unknown => return Err(problems::app_unknown()),
    }
    // After the wait for it.
    let as_of = AsOf::now(resources);
    let lifetime = resources.catalogue.consent_lifetime(&grant.service);
    if let Some((renewed, fact)) = grant.renew(Renewal { at: as_of.now, by, role }, lifetime)? {
        let (end, days) = (renewed.expires_at, &broker.settings.notice_days);
        let notice_due_at = notice::next(end, as_of.now, as_of.now, days);
        grants::save_renewed(connection, &renewed, notice_due_at).await?;
        unit.record(id.uuid(), renewed.version, &fact)?;
        unit.commit().await?;
        grant = renewed;
    }
    // The renewal stands, whether or not the names for its answer are found.
    let (people, accounts, apps, organizations) = tokio::join!(
        remote.name_people(GrantView::people(&grant).collect()),
        remote.name_accounts(BTreeSet::from([account])),
        remote.name_apps(BTreeSet::from([grant.app_id])),
        remote.name_organizations(BTreeSet::from([grant.organization_id])),
    );
    let names = Names {
        people: people.unwrap_or_default(),
        accounts: accounts.unwrap_or_default(),
        apps: apps.unwrap_or_default(),
        organizations: organizations.unwrap_or_default(),
    };
    let notices = notices::of(&resources.pool, [id].into_iter()).await.unwrap_or_default();
    let asked = app_activity::of(&resources.pool, [grant.app_id].into_iter()).await;
    let asked = asked.unwrap_or_default();
    let told = Told { names: &names, asked: &asked, notices: &notices, as_of };
    let viewer = Viewer { person_id: by, operator: attempt.caller.operator, role: Some(role) };
    Ok(Json(GrantView::of(&grant, &told, viewer)))
}
