//! What happens to organizations, people, accounts, their roles and API tokens.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::catalogue::ServiceDomain;
use crate::credential::TokenScope;
use crate::ids::{
    AccountId, AccountRoleId, ApiTokenId, MembershipId, OrganizationId, PersonId, SessionId,
};
use crate::patterns;
use crate::rpc::{AccountKind, AccountRole, MemberRole, OrganizationKind};

facts! {
    OrganizationCreated = "organization"."created" with OrganizationDetails;
    OrganizationEdited = "organization"."edited" with OrganizationDetails;
    OrganizationContactConfirmed = "organization"."contact-confirmed";
    OrganizationDomainsEnabled = "organization"."domains-enabled";
    MembershipGranted = "membership"."granted";
    MembershipRoleChanged = "membership"."role-changed";
    MembershipRemoved = "membership"."removed";
    PersonRegistered = "person"."registered";
    PersonEdited = "person"."edited" with PersonDetails;
    PersonDeactivated = "person"."deactivated";
    PersonActivated = "person"."activated";
    PersonOperatorRevoked = "person"."operator-revoked";
    PersonPasswordChanged = "person"."password-changed";
    AccountCreated = "account"."created";
    AccountEdited = "account"."edited";
    AccountRoleGranted = "account-role"."granted";
    AccountRoleChanged = "account-role"."changed";
    AccountRoleRevoked = "account-role"."revoked";
    ApiTokenCreated = "api-token"."created";
    ApiTokenRevoked = "api-token"."revoked";
}

/// An organization was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationCreated {
    /// The organization.
    pub organization_id: OrganizationId,
    /// What kind it is.
    pub kind: OrganizationKind,
    /// ISO 3166-1 alpha-2.
    #[schemars(regex(pattern = patterns::COUNTRY))]
    pub country: String,
}

/// What an organization tells about itself is different. Its contact address is told nowhere, only that
/// it changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationEdited {
    /// The organization.
    pub organization_id: OrganizationId,
    /// What changed.
    pub changed: Vec<OrganizationField>,
}

/// What of an organization can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationField {
    /// Its name.
    Name,
    /// What kind it is.
    Kind,
    /// Where it can be reached.
    ContactEmail,
    /// Its country.
    Country,
    /// Its website.
    Website,
    /// Its description.
    Description,
    /// In which language it writes to people.
    Language,
}

/// What was typed to describe an organization, as it is from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationDetails {
    /// Its name.
    pub name: String,
    /// An http or https URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The organization's contact address was confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationContactConfirmed {
    /// The organization.
    pub organization_id: OrganizationId,
}

/// An operator set which domains on request the organization may ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationDomainsEnabled {
    /// The organization.
    pub organization_id: OrganizationId,
    /// All of them, as `<service>/<domain>:<level>`.
    pub domains: Vec<ServiceDomain>,
}

/// A person became a member of an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MembershipGranted {
    /// The membership.
    pub membership_id: MembershipId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The person.
    pub person_id: PersonId,
    /// The role.
    pub role: MemberRole,
}

/// A member's role changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MembershipRoleChanged {
    /// The membership.
    pub membership_id: MembershipId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The person.
    pub person_id: PersonId,
    /// The role from now on.
    pub role: MemberRole,
    /// The role until now.
    pub previous_role: MemberRole,
}

/// A person is a member no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MembershipRemoved {
    /// The membership.
    pub membership_id: MembershipId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The person.
    pub person_id: PersonId,
}

/// A person can sign in from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonRegistered {
    /// The person.
    pub person_id: PersonId,
    /// Whether they operate the platform.
    pub operator: bool,
}

/// What a person is called, or the language in which they are written to, is different.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonEdited {
    /// The person.
    pub person_id: PersonId,
    /// What changed.
    pub changed: Vec<PersonField>,
}

/// What of a person can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonField {
    /// Their name.
    Name,
    /// In which language they are written to.
    Language,
}

/// What was typed to change what is known of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonDetails {
    /// Their name from now on, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A person can do nothing any more: they do not sign in, and what proved them has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonDeactivated {
    /// The person.
    pub person_id: PersonId,
}

/// A person who was deactivated can sign in again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonActivated {
    /// The person.
    pub person_id: PersonId,
}

/// A person operates the platform no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonOperatorRevoked {
    /// The person.
    pub person_id: PersonId,
}

/// A person has another password from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonPasswordChanged {
    /// The person.
    pub person_id: PersonId,
}

/// An account was made known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountCreated {
    /// The account.
    pub account_id: AccountId,
    /// Advertiser or publisher.
    pub kind: AccountKind,
    /// The catalogue's service that it is an account of.
    #[schemars(regex(pattern = patterns::NAME))]
    pub service: String,
}

/// What an account is called is different. The values are the customer's and not told, only that they
/// changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountEdited {
    /// The account.
    pub account_id: AccountId,
    /// What changed.
    pub changed: Vec<AccountField>,
}

/// What of an account can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountField {
    /// Its name.
    Name,
}

/// A person got a role on an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountRoleGranted {
    /// The assignment.
    pub account_role_id: AccountRoleId,
    /// The account.
    pub account_id: AccountId,
    /// The person.
    pub person_id: PersonId,
    /// The role.
    pub role: AccountRole,
}

/// A person's role on an account changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountRoleChanged {
    /// The assignment.
    pub account_role_id: AccountRoleId,
    /// The account.
    pub account_id: AccountId,
    /// The person.
    pub person_id: PersonId,
    /// The role from now on.
    pub role: AccountRole,
    /// The role until now.
    pub previous_role: AccountRole,
}

/// A person has no role on an account any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountRoleRevoked {
    /// The assignment.
    pub account_role_id: AccountRoleId,
    /// The account.
    pub account_id: AccountId,
    /// The person.
    pub person_id: PersonId,
}

/// A person got an API token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokenCreated {
    /// The token's record.
    pub api_token_id: ApiTokenId,
    /// The person it speaks for.
    pub person_id: PersonId,
    /// When it will expire by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The token by which it was made, and with which it ends; none if it was made by a password or a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ApiTokenId>,
    /// The session by which it was made. It does not end with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// To what it is limited; absent if it opens all that the person may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
}

/// An API token was revoked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokenRevoked {
    /// The token's record.
    pub api_token_id: ApiTokenId,
    /// The person it spoke for.
    pub person_id: PersonId,
    /// Why it ended; absent in events of versions that revoked tokens one by one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<ApiTokenRevocation>,
}

/// Why an API token ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiTokenRevocation {
    /// It was revoked itself, alone or with all others of the person.
    Requested,
    /// The token by which it was made ended.
    ParentRevoked,
    /// The person was deactivated.
    PersonDeactivated,
    /// Somebody found it, and reported it.
    Leaked,
}
