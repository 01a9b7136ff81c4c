//! `GET /v1/grants`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::rpc::AccountRole;
use contract::{AccountId, AppId, GrantId, OrganizationId};
use serde::Deserialize;
use service::http::{Page, PageQuery, Query};
use service::{Attempt, Problem};
use utoipa::IntoParams;

use super::grant_view::{GrantView, Told};
use crate::ConsentBroker;
use crate::allowed::Viewer;
use crate::as_of::AsOf;
use crate::grant::{Grant, GrantStateName};
use crate::remote_services::{Names, RemoteServices};
use crate::store::grants::{self, Filter, Sight};
use crate::store::{app_activity, notices};

/// Which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantFilter {
    /// Only grants to this app.
    pub(crate) app_id: Option<AppId>,
    /// Only grants of this account.
    pub(crate) account_id: Option<AccountId>,
    /// Only grants to apps of this organization.
    pub(crate) organization_id: Option<OrganizationId>,
    /// Only grants in this state.
    #[param(inline)]
    pub(crate) state: Option<GrantStateName>,
    /// Which page.
    #[serde(flatten)]
    #[param(ignore)]
    pub(crate) page: PageQuery,
}

/// List grants
///
/// Newest first: the grants of all accounts on which the caller holds any role, and those to the apps
/// of the caller's organizations. A member of more than 50 organizations sees the latter when they name
/// `organization_id` or `app_id`. Operators see all. Who granted one, and renewed it, is told to those who hold a
/// role on its account, and to operators, and where the app's organization can be reached. Whether one is live is told by the moment of the question. Ended ones stay.
#[utoipa::path(
    get,
    path = "/v1/grants",
    operation_id = "listGrants",
    tag = "grants",
    security(("api_token" = [])),
    params(GrantFilter, PageQuery),
    responses(
        (status = 200, description = "A page of grants", body = Page<GrantView>),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 422, description = "A filter, the limit or the cursor is wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(crate) async fn list_grants(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<GrantFilter>,
) -> Result<Response, Problem> {
    let caller = &attempt.caller;
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let accounts = match query.account_id {
        Some(account) => {
            let held = remote.roles_of(caller.person_id, [account]).await?;
            held.into_iter().map(|held| held.account_id).collect()
        }
        None => remote.all_held_accounts(caller.person_id).await?,
    };
    let sight = Sight {
        everything: caller.operator,
        accounts,
        organizations: organizations_in_sight(&attempt, &remote, &query).await?,
    };
    let filter = Filter {
        app_id: query.app_id,
        account_id: query.account_id,
        organization_id: query.organization_id,
        state: query.state,
    };
    let before = query.page.after::<GrantId>()?;
    let as_of = AsOf::now(&broker.resources);
    let (pool, rows) = (&broker.resources.pool, query.page.rows());
    let rows = grants::list(pool, &sight, filter, before, rows, as_of).await?;
    let page = Page::of_rows(rows, &query.page, |grant| grant.id)?;

    let own: BTreeSet<AccountId> = sight.accounts.into_iter().collect();
    let told_by_whom = |grant: &Grant| caller.operator || own.contains(&grant.account_id);
    let grants = &page.items;
    let grantors = grants.iter().filter(|grant| told_by_whom(grant)).flat_map(GrantView::people);
    let on_page: BTreeSet<AccountId> = grants.iter().map(|grant| grant.account_id).collect();
    let notices = notices::of(pool, grants.iter().map(|grant| grant.id)).await?;
    let asked = app_activity::of(pool, grants.iter().map(|grant| grant.app_id)).await?;
    let (people, accounts, apps, organizations, held) = tokio::try_join!(
        remote.name_people(grantors.collect()),
        remote.name_accounts(on_page.clone()),
        remote.name_apps(grants.iter().map(|grant| grant.app_id).collect()),
        remote.name_organizations(grants.iter().map(|grant| grant.organization_id).collect()),
        remote.roles_of(caller.person_id, on_page.intersection(&own).copied()),
    )?;
    let names = Names { people, accounts, apps, organizations };
    let told = Told { names: &names, asked: &asked, notices: &notices, as_of };
    let roles: BTreeMap<AccountId, AccountRole> =
        held.into_iter().map(|held| (held.account_id, held.role)).collect();
    let view = |grant: Grant| {
        let role = roles.get(&grant.account_id).copied();
        let viewer = Viewer { person_id: caller.person_id, operator: caller.operator, role };
        GrantView::of(&grant, &told, viewer)
    };
    Ok(page.map(view).into_response_for(&uri))
}

/// The organizations of which the caller sees the grants that are asked for.
async fn organizations_in_sight(
    attempt: &Attempt,
    remote: &RemoteServices,
    query: &GrantFilter,
) -> Result<Vec<OrganizationId>, Problem> {
    if let Some(all) = attempt.organizations() {
        return Ok(all);
    }
    let named = match (query.organization_id, query.app_id) {
        (Some(organization), _) => Some(organization),
        (None, Some(app)) => remote.app(app).await?.map(|app| app.organization_id),
        (None, None) => None,
    };
    let memberships = attempt.memberships_in(named.as_slice()).await?;
    Ok(memberships.into_iter().map(|membership| membership.organization_id).collect())
}
