//! `/v1/organizations/{id}/identity-provider`.

pub(super) mod confirm_domains;
pub(super) mod put;
pub(super) mod read;
pub(super) mod remove;

use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::IdentityProviderId;
use contract::rpc::MemberRole;
use serde::Serialize;
use service::http::{Json, etag};
use utoipa::ToSchema;

use crate::Directory;
use crate::identity_provider::{ClaimedDomain, IdentityProvider};

/// An organization's provider of identities. Its client secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityProvider)]
pub(super) struct IdentityProviderAnswer {
    /// Its id.
    id: IdentityProviderId,
    /// Its issuer.
    #[schema(example = "https://login.example.com")]
    issuer: String,
    /// The client that this installation is there.
    client_id: String,
    /// Where it sends people back to: to be registered there.
    #[schema(example = "https://mandate.example.com/sign-in/return")]
    redirect_uri: String,
    /// The email domains that are claimed for it.
    domains: Vec<Domain>,
    /// Whether its word for an email of its domains counts although it sends no `email_verified`.
    vouches_for_domains: bool,
    /// The role of members who appear by signing in.
    default_role: MemberRole,
    /// Whether nothing acts for the organization that does not stem from signing in there, once it is in effect.
    required: bool,
    /// Whether people sign in there: an operator confirmed a domain of its.
    in_effect: bool,
    /// When it was set up.
    created_at: DateTime<Utc>,
}

/// A domain that is claimed for a provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityProviderDomain)]
struct Domain {
    /// What comes after the `@`.
    #[schema(example = "example.com")]
    domain: String,
    /// When an operator confirmed that it is the organization's.
    confirmed_at: Option<DateTime<Utc>>,
}

impl From<ClaimedDomain> for Domain {
    fn from(claimed: ClaimedDomain) -> Self {
        let confirmed_at = claimed.confirmed.map(|(at, _)| at);
        Self { domain: claimed.domain, confirmed_at }
    }
}

/// The provider with its version as entity tag.
fn tagged(directory: &Directory, provider: IdentityProvider) -> Response {
    let tag = etag(provider.version);
    let answer = IdentityProviderAnswer {
        id: provider.id,
        in_effect: provider.is_in_effect(),
        issuer: provider.issuer,
        client_id: provider.client_id,
        redirect_uri: directory.providers.return_url().to_owned(),
        domains: provider.domains.into_iter().map(Domain::from).collect(),
        vouches_for_domains: provider.vouches_for_domains,
        default_role: provider.default_role,
        required: provider.required,
        created_at: provider.created_at,
    };
    ([(ETAG, tag)], Json(answer)).into_response()
}
