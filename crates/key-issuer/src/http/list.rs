//! `GET /v1/apps/{id}/keys`

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use contract::{AppId, KeyId};
use serde::Serialize;
use service::http::{Json, Page, PageQuery, Path, Query, next_link};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::activity::KeyCounts;
use super::steps::{access_to, find_app, permit_with_app};
use super::view::KeyBody;
use crate::KeyIssuer;
use crate::policy::Operation;
use crate::store::{apps, keys};

/// A page of an app's keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyPage {
    /// The keys.
    items: Vec<KeyBody>,
    /// Where the next page begins; null on the last page.
    next_cursor: Option<String>,
    /// How many the app has, on all pages.
    counts: KeyCounts,
}

/// List an app's keys
///
/// The newest first, those that ended included, and how many the app has of those it may have. No secret is ever shown.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/keys",
    operation_id = "listKeys",
    tag = "keys",
    security(("api_token" = [])),
    params(("id" = AppId, Path), PageQuery),
    responses(
        (status = 200, description = "A page of keys", body = KeyPage, headers(("Link" = String))),
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
    let working = {
        let mut connection = issuer.resources.pool.acquire().await?;
        keys::working(&mut connection, app_id, now).await?
    };
    let Page { items, next_cursor } = page.map(|key| KeyBody::of(&key, access, now));
    let link = next_cursor.as_deref().and_then(|cursor| next_link(&uri, cursor));
    let counts = KeyCounts::of(&working, issuer.settings.max_keys_per_app(), now);
    let mut response = Json(KeyPage { items, next_cursor, counts }).into_response();
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    Ok(response)
}
