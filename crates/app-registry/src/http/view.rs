//! An app as the API shows it.

use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::catalogue::{Catalogue, DomainLevel};
use contract::rpc::{AppState, AuthenticationMethod};
use contract::{AppId, OrganizationId};
use serde::Serialize;
use service::http::{Json, etag};
use utoipa::ToSchema;

use crate::app::{App, AppOperation};
use crate::policy::CallerRole;

/// An app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub(super) struct AppBody {
    /// Its id.
    pub id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Its name.
    #[schema(example = "Shelf Optimizer")]
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether `/v1/apps/{id}/image` has one.
    pub has_image: bool,
    /// SHA-256 of the image, in hex.
    pub image_sha256: Option<String>,
    /// How it authenticates; fixed at creation.
    pub authentication_method: AuthenticationMethod,
    /// Whether whoever asks for an authorization code must send a code challenge (RFC 7636); null for an app that
    /// authenticates by client credentials.
    pub pkce_required: Option<bool>,
    /// Where it is in its life.
    pub state: AppState,
    /// The service it works with; fixed once saved.
    #[schema(example = "retail_media")]
    pub service: Option<String>,
    /// What it asks for, including what the catalogue's rules brought along.
    pub domains: Vec<DomainLevel>,
    /// The same as OAuth scopes.
    #[schema(example = json!(["RetailMedia_Campaign_Read", "RetailMedia_Campaign_Manage"]))]
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was activated, if it was.
    pub activated_at: Option<DateTime<Utc>>,
    /// The number of its last event; also its ETag.
    pub version: i64,
    /// What the caller may do with it as it is now, by the names of operations. What depends on other things than
    /// the app and the caller's role can still be refused.
    pub allowed: Vec<AppOperation>,
}

impl AppBody {
    /// The app as this caller sees it, with a draft's scopes as this catalogue names them.
    pub(super) fn of(app: App, caller: CallerRole, catalogue: &Catalogue) -> Self {
        let by_code = app.authentication_method == AuthenticationMethod::AuthorizationCode;
        Self {
            allowed: app.allowed(caller),
            pkce_required: by_code.then_some(app.pkce_required),
            scopes: app.scopes(catalogue),
            id: app.id,
            organization_id: app.organization_id,
            name: app.name,
            description: app.description,
            has_image: app.image_sha256.is_some(),
            image_sha256: app.image_sha256.map(hex::encode),
            authentication_method: app.authentication_method,
            state: app.state,
            service: app.service,
            domains: app.domains,
            created_at: app.created_at,
            updated_at: app.updated_at,
            activated_at: app.activated_at,
            version: app.version.number(),
        }
    }
}

/// 200 with the app and its ETag.
pub(super) fn answer(app: App, caller: CallerRole, catalogue: &Catalogue) -> Response {
    let tag = etag(app.version);
    ([(ETAG, tag)], Json(AppBody::of(app, caller, catalogue))).into_response()
}
