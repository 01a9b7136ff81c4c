//! `GET /v1/consent-requests/{token}`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use contract::rpc::{AccountRole, VisibleAccount};
use contract::{AccountId, AppId};
use service::http::{Json, Path};
use service::{Attempt, Caller, Permit, Problem, Target};

use super::consent_page::{ConsentPage, SelectableAccount};
use super::request;
use crate::consent_text::ConsentText;
use crate::link::Link;
use crate::remote_services::{Names, RemoteServices};
use crate::store::{grants, links};
use crate::{ConsentBroker, account_selection, policy};

/// Look at a request for consent
///
/// Who asks, for what, and the accounts of the service that the caller sees, each with whether it can
/// be chosen and why not. Looking never uses the link up. The first look by someone who is not a
/// member of the organization that asks marks the link as opened.
#[utoipa::path(
    get,
    path = "/v1/consent-requests/{token}",
    operation_id = "openConsentRequest",
    tag = "consent requests",
    security(("api_token" = [])),
    params(("token" = String, Path, description = "The token in the link's URL")),
    responses(
        (status = 200, description = "What is asked for", body = ConsentPage),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([{"event": "consent-link.opened", "if": "it is the first look"}])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(crate) async fn open_request(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(token): Path<String>,
) -> Result<Json<ConsentPage>, Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    let permit = attempt.permit("consent-request.open", target, policy::HOLDER_OF_LINK).await?;
    link.usable(broker.resources.env.now())?;
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let (app, service) = request::asking_app(&broker, &remote, &link).await?;
    let catalogue = &broker.resources.catalogue;
    let roles = policy::consent_roles(catalogue, &service);
    let (organization, accounts) =
        tokio::try_join!(request::asking_organization(&remote, app.organization_id), async {
            Ok(remote.visible_accounts(attempt.caller.person_id, &service, roles).await?)
        },)?;
    let accounts = selectable_accounts(&broker, &remote, app.id, accounts, roles).await?;

    // Last: a look that failed has shown nothing to anyone.
    let link = opened(&broker, &attempt.caller, &permit, link).await?;
    let text = ConsentText::of(catalogue, &app, &organization, &service);
    let now = broker.resources.env.now();
    Ok(Json(ConsentPage::of(&link, now, &app, organization, text, accounts)))
}

async fn selectable_accounts(
    broker: &ConsentBroker,
    remote: &RemoteServices,
    app: AppId,
    accounts: Vec<VisibleAccount>,
    roles: &[AccountRole],
) -> Result<Vec<SelectableAccount>, Problem> {
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
    let live = grants::live_on(&broker.resources.pool, app, &ids).await?;
    let people = remote.name_people(live.iter().map(|grant| grant.granted_by).collect()).await?;
    let names = Names { people, ..Names::default() };
    let granted: BTreeMap<AccountId, _> =
        live.iter().map(|grant| (grant.account_id, (grant.granted_by, grant.granted_at))).collect();
    let shown = |account: VisibleAccount| {
        let selectable =
            account_selection::selectable(&account, granted.get(&account.id).copied(), roles);
        SelectableAccount::of(account, selectable, &names)
    };
    Ok(accounts.into_iter().map(shown).collect())
}

/// Opens the link, if this is the first opening that counts, and gives it as it is now.
async fn opened(
    broker: &ConsentBroker,
    caller: &Caller,
    permit: &Permit,
    link: Link,
) -> Result<Link, Problem> {
    let by_its_makers = caller.role_in(link.organization_id).is_some();
    let open = |link: &Link| link.open(caller.person_id, by_its_makers, broker.resources.env.now());
    if open(&link)?.is_none() {
        return Ok(link);
    }
    let mut unit = permit.begin();
    let link =
        links::lock(unit.connection().await?, link.id).await?.ok_or_else(request::unknown)?;
    // Decided again under the lock: someone else may have been first, or have used it.
    let Some((link, fact)) = open(&link)? else {
        return Ok(link);
    };
    links::save(unit.connection().await?, &link).await?;
    unit.record(link.id.uuid(), link.version, &fact)?;
    unit.commit().await?;
    Ok(link)
}
