//! `GET /v1/apps/{id}/keys`

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use contract::{AppId, KeyId};
use service::http::{Page, PageQuery, Path, Query};
use service::{Attempt, Problem};

use super::steps::{access_to, find_app, permit_with_app};
use super::view::KeyBody;
use crate::KeyIssuer;
use crate::policy::Operation;
use crate::store::{apps, keys};

/// List an app's keys
///
/// The newest first, those that ended included. No secret is ever shown.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/keys",
    operation_id = "listKeys",
    tag = "keys",
    security(("api_token" = [])),
    params(("id" = AppId, Path), PageQuery),
    responses(
        (status = 200, description = "A page of keys", body = Page<KeyBody>, headers(("Link" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 422, body = Problem, description = "A parameter is wrong; `errors` names it")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(super) async fn list(
    State(issuer): State<Arc<KeyIssuer>>,
    attempt: Attempt,
    Path(app_id): Path<AppId>,
    Query(page): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    // Whose app it is never changes; only drafts and foreign ids have to be asked for.
    let organization = match apps::organization(&issuer.resources.pool, app_id).await? {
        Some(organization) => organization,
        None => find_app(&issuer, &attempt, app_id).await?.organization_id,
    };
    let _permit = permit_with_app(&attempt, app_id, organization, Operation::List).await?;
    let rows =
        keys::list(&issuer.resources.pool, app_id, page.after::<KeyId>()?, page.rows()).await?;
    let page = Page::of_rows(rows, &page, |key| key.id)?;
    let access = access_to(&issuer, &attempt, app_id, organization).await?;
    let now = issuer.resources.env.now();
    Ok(page.map(|key| KeyBody::of(&key, access, now)).into_response_for(&uri))
}
