//! `/v1/organizations`.

pub(super) mod confirm_contact;
pub(super) mod create;
pub(super) mod edit;
pub(super) mod enable_domains;
pub(super) mod list;
pub(super) mod read;

use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::OrganizationId;
use contract::rpc::OrganizationKind;
use serde::Serialize;
use service::http::{Json, etag};
use utoipa::ToSchema;

use crate::language::Language;
use crate::organization::Organization;

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(super) struct OrganizationAnswer {
    /// Its id.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Example Apps")]
    name: String,
    /// What kind it is.
    kind: OrganizationKind,
    /// Where it can be reached.
    #[schema(example = "contact@example.com")]
    contact_email: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    country: String,
    /// An http or https URL.
    website: Option<String>,
    /// At most 255 characters.
    description: Option<String>,
    /// In which language it writes to people who have chosen none.
    language: Language,
    /// Whether its contact address was confirmed. Until then it activates no app and makes no
    /// consent link.
    confirmed: bool,
    /// When it was.
    confirmed_at: Option<DateTime<Utc>>,
    /// The domains on request that it may ask for, as `<service>/<domain>:<level>`.
    enabled_domains: Vec<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<Organization> for OrganizationAnswer {
    fn from(organization: Organization) -> Self {
        let profile = organization.profile;
        Self {
            id: organization.id,
            name: profile.name,
            kind: profile.kind,
            contact_email: profile.contact_email.as_str().to_owned(),
            country: profile.country,
            website: profile.website,
            description: profile.description,
            language: profile.language,
            confirmed: organization.confirmed_at.is_some(),
            confirmed_at: organization.confirmed_at,
            enabled_domains: organization.enabled_domains.iter().map(ToString::to_string).collect(),
            created_at: organization.created_at,
        }
    }
}

/// The organization with its version as entity tag.
fn tagged(organization: Organization) -> Response {
    let tag = etag(organization.version);
    ([(ETAG, tag)], Json(OrganizationAnswer::from(organization))).into_response()
}
