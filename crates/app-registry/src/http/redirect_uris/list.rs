//! `GET /v1/apps/{id}/redirect-uris`

use std::sync::Arc;

use axum::extract::State;
use contract::AppId;
use service::http::{Json, Page, Path};
use service::{Attempt, Problem};

use super::super::steps::{find, permit};
use super::RedirectUriBody;
use crate::AppRegistry;
use crate::policy::Operation;
use crate::store::redirect_uris;

/// List an app's redirect URIs
///
/// In the order in which they were added, all on one page.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/redirect-uris",
    operation_id = "listRedirectUris",
    tag = "redirect uris",
    security(("api_token" = [])),
    params(("id" = AppId, Path)),
    responses(
        (status = 200, description = "The redirect URIs", body = Page<RedirectUriBody>),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "`app-without-redirect-uris`: it authenticates by client credentials")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn list(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
) -> Result<Json<Page<RedirectUriBody>>, Problem> {
    let app = find(&registry, id).await?;
    let _may_read = permit(&attempt, &app, Operation::Read).await?;
    app.has_redirect_uris()?;
    let registered = redirect_uris::of_app(&registry.resources.pool, id).await?;
    let items = registered.into_iter().map(RedirectUriBody::from).collect();
    Ok(Json(Page { items, next_cursor: None }))
}
