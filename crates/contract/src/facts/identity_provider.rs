//! What happens to organizations' providers of identities, and to the identities that people have there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{IdentityProviderId, OrganizationId, PersonId};
use crate::rpc::MemberRole;

facts! {
    IdentityProviderConfigured = "identity-provider"."configured" with IdentityProviderDetails;
    IdentityProviderDomainsConfirmed = "identity-provider"."domains-confirmed" with IdentityProviderDetails;
    IdentityProviderRemoved = "identity-provider"."removed";
    PersonIdentityLinked = "person"."identity-linked";
}

/// An organization's provider of identities is set up, or set up differently. It takes effect once an operator
/// has confirmed which email domains are its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own in the event")]
pub struct IdentityProviderConfigured {
    /// The provider.
    pub identity_provider_id: IdentityProviderId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Whether its word for an email of its domains counts although it does not say that it verified it.
    pub vouches_for_domains: bool,
    /// The role of members who appear by signing in.
    pub default_role: MemberRole,
    /// Whether nobody acts for the organization but by signing in there, once it is in effect.
    pub required: bool,
    /// Whether a domain of its is confirmed.
    pub in_effect: bool,
    /// Whether its client secret is another one from now on.
    pub client_secret_replaced: bool,
}

/// An operator said which of the domains that an organization claims for its provider are its.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityProviderDomainsConfirmed {
    /// The provider.
    pub identity_provider_id: IdentityProviderId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// How many of them are confirmed from now on; with none, nobody signs in there.
    pub confirmed: u32,
}

/// Nobody signs in at this provider any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityProviderRemoved {
    /// The provider.
    pub identity_provider_id: IdentityProviderId,
    /// Whose it was.
    pub organization_id: OrganizationId,
}

/// What was typed to set up a provider of identities, as it is from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityProviderDetails {
    /// Its issuer, a URL.
    pub issuer: String,
    /// The client that we are there.
    pub client_id: String,
    /// The email domains that are claimed for it.
    pub domains: Vec<String>,
    /// Those of them that an operator confirmed.
    pub confirmed_domains: Vec<String>,
}

/// A person is known at a provider, by whose word they sign in from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonIdentityLinked {
    /// The person.
    pub person_id: PersonId,
    /// The provider.
    pub identity_provider_id: IdentityProviderId,
}
