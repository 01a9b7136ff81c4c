//! `GET /v1/consent-requests/{token}`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use contract::facts::ConsentLinkOpened;
use contract::rpc::VisibleAccount;
use contract::{AccountId, AppId};
use service::http::{Json, Path};
use service::{Caller, Problem, RequestFacts};

use super::consent_page::{AccountChoice, AskedDomain, AskedService, ConsentPage};
use super::request;
use crate::link::{Link, Opening};
use crate::neighbours::{Names, Neighbours};
use crate::store::{grants, links};
use crate::{ConsentBroker, choice, policy};

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
pub async fn open_request(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(token): Path<String>,
) -> Result<Json<ConsentPage>, Problem> {
    let link = request::find(&broker, &token).await?;
    link.usable(broker.resources.env.now())?;
    let neighbours = Neighbours::of(&broker, &facts);
    let (app, service) = request::asking_app(&neighbours, &link).await?;
    let catalogue = &broker.resources.catalogue;
    let roles = policy::consent_roles(catalogue, &service);
    let (organization, accounts) = tokio::try_join!(
        neighbours.organization(app.organization_id),
        neighbours.visible_accounts(caller.person_id, &service, roles),
    )?;
    let organization =
        organization.ok_or_else(|| Problem::internal("an app's organization is known"))?;
    let choices = choices(&broker, &neighbours, app.id, accounts, roles).await?;

    // Last: a look that failed has shown nothing to anyone.
    let link = note_opening(&broker, &caller, &facts, link).await?;
    let domains =
        app.domains.iter().map(|asked| AskedDomain::of(catalogue, &service, asked)).collect();
    let service = AskedService::of(catalogue, &service);
    let mut page =
        ConsentPage::of(&link, broker.resources.env.now(), &app, organization, service, domains);
    page.accounts = choices;
    Ok(Json(page))
}

async fn choices(
    broker: &ConsentBroker,
    neighbours: &Neighbours,
    app: AppId,
    accounts: Vec<VisibleAccount>,
    roles: &[contract::rpc::AccountRole],
) -> Result<Vec<AccountChoice>, Problem> {
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
    let live = grants::live_on(&broker.resources.pool, app, &ids).await?;
    let people =
        neighbours.name_people(live.iter().map(|grant| grant.granted_by).collect()).await?;
    let names = Names { people, ..Names::default() };
    let granted: BTreeMap<AccountId, _> =
        live.iter().map(|grant| (grant.account_id, (grant.granted_by, grant.granted_at))).collect();
    let choice = |account: VisibleAccount| {
        let selectable = choice::selectable(&account, granted.get(&account.id).copied(), roles);
        AccountChoice::of(account, selectable, &names)
    };
    Ok(accounts.into_iter().map(choice).collect())
}

/// Marks the link as opened, if this is the first opening that counts, and gives it as it is now.
async fn note_opening(
    broker: &ConsentBroker,
    caller: &Caller,
    facts: &RequestFacts,
    link: Link,
) -> Result<Link, Problem> {
    let by_its_makers = caller.role_in(link.organization_id).is_some();
    if link.open(by_its_makers, broker.resources.env.now())? == Opening::Again {
        return Ok(link);
    }
    let provenance =
        facts.provenance(caller.actor(), policy::HOLDER_OF_LINK, Some(link.organization_id));
    let mut unit = broker.resources.events.begin(&provenance);
    let connection = unit.connection().await?;
    let missing = || Problem::not_found("not-found", "There is no such request for consent.");
    let link = links::lock(connection, link.id).await?.ok_or_else(missing)?;
    let now = broker.resources.env.now();
    // Decided again under the lock: someone else may have been first, or have used it.
    if link.open(by_its_makers, now)? == Opening::Again {
        return Ok(link);
    }
    let version = link.version.next();
    if links::open(connection, link.id, caller.person_id, now, version).await? {
        let fact = ConsentLinkOpened {
            link_id: link.id,
            app_id: link.app_id,
            person_id: caller.person_id,
        };
        unit.record(link.id.uuid(), version, &fact)?;
        unit.commit().await?;
    }
    links::by_id(&broker.resources.pool, link.id).await?.ok_or_else(missing)
}
