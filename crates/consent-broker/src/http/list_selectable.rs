//! `GET /v1/consent-requests/{token}/accounts`

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Fault, Problem, Target};
use utoipa::IntoParams;

use super::consent_page::SelectableAccount;
use super::request;
use super::selectable_accounts::{self, Seen};
use crate::remote_services::RemoteServices;
use crate::{ConsentBroker, policy};

/// The most characters of a text that is searched for: as many as a name has.
const LONGEST_NAME: usize = 200;

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountFilter {
    /// Only accounts whose name has this text in it, in upper or lower case.
    #[param(max_length = 200)]
    pub(crate) name: Option<String>,
    /// Which page.
    #[serde(flatten)]
    #[param(ignore)]
    pub(crate) page: PageQuery,
}

/// List the accounts that can be chosen on a request for consent
///
/// The accounts of the service that the caller sees, each with whether it can be chosen and why not, in the
/// order in which they were created. Does not mark the link as opened: what is asked for is not shown here.
#[utoipa::path(
    get,
    path = "/v1/consent-requests/{token}/accounts",
    operation_id = "listSelectableAccounts",
    tag = "consent requests",
    security(("api_token" = [])),
    params(("token" = String, Path, description = "The token in the link's URL"), AccountFilter, PageQuery),
    responses(
        (status = 200, description = "A page of accounts", body = Page<SelectableAccount>),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 422, description = "The name, the limit or the cursor is wrong", body = Problem),
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
    if filter.name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(Problem::invalid_field("name", Fault::too_long(LONGEST_NAME)));
    }
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let (app, service) = request::asking_app(&broker, &remote, &link).await?;
    let person_id = attempt.caller.person_id;
    let seen = Seen { person_id, app_id: app.id, service: &service };
    let page = selectable_accounts::page(&broker, &remote, seen, filter.name, &filter.page).await?;
    Ok(page.into_response_for(&uri))
}
