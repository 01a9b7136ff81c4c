//! What happens when an organization asks for a domain on request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::catalogue::ServiceDomain;
use crate::ids::{DomainRequestId, OrganizationId};

facts! {
    DomainRequestCreated = "domain-request"."created" with DomainRequestDetails;
    DomainRequestGranted = "domain-request"."granted" with DomainAnswerDetails;
    DomainRequestDeclined = "domain-request"."declined" with DomainAnswerDetails;
}

/// An organization asked for a domain on request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DomainRequestCreated {
    /// The request.
    pub domain_request_id: DomainRequestId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The domain, as `<service>/<domain>:<level>`.
    pub domain: ServiceDomain,
}

/// An operator enabled the domain because of the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DomainRequestGranted {
    /// The request.
    pub domain_request_id: DomainRequestId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The domain, as `<service>/<domain>:<level>`.
    pub domain: ServiceDomain,
}

/// An operator did not enable the domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DomainRequestDeclined {
    /// The request.
    pub domain_request_id: DomainRequestId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The domain, as `<service>/<domain>:<level>`.
    pub domain: ServiceDomain,
}

/// What was typed to ask for a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DomainRequestDetails {
    /// What the organization needs it for.
    pub reason: String,
}

/// What was typed to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DomainAnswerDetails {
    /// Why it was answered so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
