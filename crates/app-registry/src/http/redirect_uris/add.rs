//! `POST /v1/apps/{id}/redirect-uris`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::AppId;
use serde::Deserialize;
use service::http::{Creation, IfMatch, Path};
use service::{Attempt, Problem};
use utoipa::ToSchema;

use super::super::steps::{find, lock, permit};
use super::RedirectUriBody;
use crate::AppRegistry;
use crate::policy::Operation;
use crate::redirect_uri::RedirectUri;
use crate::store::{self, redirect_uris};

/// A new redirect URI.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRedirectUri {
    /// The address, which is kept exactly as it is.
    #[schema(
        min_length = 1,
        max_length = 2048,
        example = "https://app.example.com/oauth/callback"
    )]
    uri: String,
}

/// Add a redirect URI
///
/// Authorization codes are sent to an address that was added, and nowhere else: it is compared character by
/// character (RFC 9700 section 2.1), the port on loopback too. It begins with `https://`, or with `http://` on
/// loopback (127.0.0.0/8, `[::1]`, `localhost`); it has no fragment, no name or password before the host, no
/// wildcard, and no characters that a URI has to percent-encode. An app has at most 30, unless the installation
/// says otherwise. They can change after activation, until the app is archived. With an `Idempotency-Key` the same
/// request, sent again, adds no second one.
#[utoipa::path(
    post,
    path = "/v1/apps/{id}/redirect-uris",
    operation_id = "addRedirectUri",
    tag = "redirect uris",
    security(("api_token" = [])),
    params(
        ("id" = AppId, Path),
        ("If-Match" = Option<String>, Header, description = "Only if this is still the app's ETag."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = NewRedirectUri,
    responses(
        (status = 201, description = "The redirect URI; the ETag is the app's", body = RedirectUriBody,
            headers(("ETag" = String), ("Location" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The role does not suffice"),
        (status = 404, body = Problem, description = "There is no such app"),
        (status = 409, body = Problem, description = "`app-without-redirect-uris`, `app-archived`, `redirect-uri-registered`, `too-many-redirect-uris`"),
        (status = 412, body = Problem, description = "The app has changed"),
        (status = 422, body = Problem, description = "It cannot be a redirect URI; `errors` says why")
    ),
    extensions(
        ("x-mandate-events" = json!(["app.redirect-uri-added"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(crate) async fn add(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    if_match: IfMatch,
    Creation { body, idempotency }: Creation<NewRedirectUri>,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    let (permit, _) = permit(&attempt, &app, Operation::AddRedirectUri).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let uri = RedirectUri::parse(&body.uri)?;
    let (env, most) = (&registry.resources.env, registry.settings.max_redirect_uris);
    let mut unit = permit.begin();
    let app = lock(&mut unit, id, &if_match).await?;
    let there = redirect_uris::of_locked_app(unit.connection().await?, id).await?;
    let added = app.add_redirect_uri(env.new_id(), &uri, &there, most, env.now());
    let (app, registered, fact) = added?;
    redirect_uris::insert(unit.connection().await?, id, &registered).await?;
    store::save(unit.connection().await?, &app).await?;
    unit.record_with(app.id.uuid(), app.version, &fact, &registered.details())?;
    let location = format!("/v1/apps/{id}/redirect-uris/{}", registered.id);
    idempotency.created(unit, location, app.version, &RedirectUriBody::from(registered)).await
}
