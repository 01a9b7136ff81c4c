//! `GET /v1/consent-requests/{token}/accounts`

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service::http::{PageQuery, Path, Query, next_link};
use service::{Attempt, Fault, FaultCode, Problem, Target};
use utoipa::{IntoParams, ToSchema};

use super::account_counts::AccountCounts;
use super::consent_page::SelectableAccount;
use super::matching_accounts;
use super::request;
use super::selectable_accounts::{self, Seen};
use crate::remote_services::RemoteServices;
use crate::{ConsentBroker, policy};

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountFilter {
    /// Only accounts whose name or external id has this text in it: in upper or lower case, with accents or
    /// without.
    #[param(max_length = 200)]
    pub(crate) q: Option<String>,
    /// What `q` was called before.
    #[param(max_length = 200)]
    pub(crate) name: Option<String>,
    /// Which page.
    #[serde(flatten)]
    #[param(ignore)]
    pub(crate) page: PageQuery,
}

/// A page of the accounts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SelectableAccounts {
    /// The accounts.
    pub(crate) items: Vec<SelectableAccount>,
    /// Where the next page begins; null on the last page.
    pub(crate) next_cursor: Option<String>,
    /// How many accounts the search finds, on all pages: on the first page. Null on those that follow.
    pub(crate) counts: Option<AccountCounts>,
}

/// List the accounts that can be chosen on a request for consent
///
/// The accounts of the service that the caller sees, each with whether it can be chosen and why not, in the
/// order in which they were created; the first page says how many there are of which. Does not mark the link as
/// opened: what is asked for is not shown here.
#[utoipa::path(
    get,
    path = "/v1/consent-requests/{token}/accounts",
    operation_id = "listSelectableAccounts",
    tag = "consent requests",
    security(("api_token" = [])),
    params(("token" = String, Path, description = "The token in the link's URL"), AccountFilter, PageQuery),
    responses(
        (status = 200, description = "A page of accounts", body = SelectableAccounts),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 422, description = "The search, the limit or the cursor is wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(crate) async fn list_selectable_accounts(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    OriginalUri(uri): OriginalUri,
    Path(token): Path<String>,
    Query(filter): Query<AccountFilter>,
) -> Result<Response, Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    let _permit =
        attempt.permit("consent-request.list-accounts", target, policy::HOLDER_OF_LINK).await?;
    link.usable(broker.resources.env.now())?;
    let q = match (filter.q, filter.name) {
        (Some(_), Some(_)) => {
            let message = "is what `q` was called before: give one";
            return Err(Problem::invalid_field("name", Fault::new(FaultCode::NotAllowed, message)));
        }
        (None, Some(name)) => matching_accounts::search(Some(name), "name")?,
        (q, None) => matching_accounts::search(q, "q")?,
    };
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let (app, service) = request::asking_app(&broker, &remote, &link).await?;
    let person_id = attempt.caller.person_id;
    let seen = Seen { person_id, app_id: app.id, service: &service };
    let counts = async {
        if filter.page.cursor.is_some() {
            return Ok(None);
        }
        let none = BTreeSet::new();
        let matched = matching_accounts::find(&broker, &remote, seen, q.clone(), &none).await?;
        Ok(Some(AccountCounts::from(&matched)))
    };
    let page = selectable_accounts::page(&broker, &remote, seen, q.clone(), &filter.page);
    let (page, counts) = tokio::try_join!(page, counts)?;
    let next = page.next_cursor.as_deref().and_then(|cursor| next_link(&uri, cursor));
    let page = SelectableAccounts { items: page.items, next_cursor: page.next_cursor, counts };
    let mut response = Json(page).into_response();
    if let Some(next) = next {
        response.headers_mut().insert(LINK, next);
    }
    Ok(response)
}
