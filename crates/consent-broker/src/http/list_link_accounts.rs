//! `GET /v1/consent-links/{id}/accounts`

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::LinkId;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem, Target};

use super::link_view::LinkedAccount;
use crate::remote_services::RemoteServices;
use crate::store::links;
use crate::{ConsentBroker, policy};

/// List the accounts of a consent link
///
/// Those that were chosen when it was used to approve: first those that consent because of it, then those
/// that had consented before.
#[utoipa::path(
    get,
    path = "/v1/consent-links/{id}/accounts",
    operation_id = "listConsentLinkAccounts",
    tag = "consent links",
    security(("api_token" = [])),
    params(("id" = LinkId, Path, description = "The link"), PageQuery),
    responses(
        (status = 200, description = "A page of accounts", body = Page<LinkedAccount>),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such link, or none of an organization of the caller's", body = Problem),
        (status = 422, description = "The limit or the cursor is wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn list_link_accounts(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<LinkId>,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let link = links::by_id(&broker.resources.pool, id).await?;
    let link = link.ok_or_else(Problem::no_such::<LinkId>)?;
    let role = attempt.role_in(link.organization_id).await?;
    let decision = policy::read_links(role, attempt.caller.operator);
    let target = Target::of(id, link.organization_id);
    let _permit = attempt.permit("consent-link.list-accounts", target, decision).await?;

    // The list never changes once the link is used, so a place in it is a cursor.
    let after = i32::from(query.after::<u16>()?.unwrap_or(0));
    let limit = i32::try_from(query.rows()).map_err(Problem::internal)?;
    let rows = links::accounts_of(&broker.resources.pool, id, after, limit).await?;
    let placed = (after + 1..).zip(rows).collect();
    let page = Page::of_rows(placed, &query, |(place, _)| *place)?;
    let accounts = page.items.iter().map(|(_, (account, _))| *account).collect();
    let names = RemoteServices::of(&broker, &attempt.facts).name_accounts(accounts).await?;
    let page = page
        .map(|(_, (account, already_granted))| LinkedAccount::of(account, already_granted, &names));
    Ok(page.into_response_for(&uri))
}
