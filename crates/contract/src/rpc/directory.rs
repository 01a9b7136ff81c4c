//! What the directory is asked.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AskedIds, questions};
use crate::credential::{Credential, TokenScope};
use crate::ids::{AccountId, IdentityProviderId, OrganizationId, PersonId};
use crate::secret::BearerKind;

questions! {
    Authenticate -> Option<AuthenticatedPerson> = Directory."authenticate";
    MembershipsIn -> KnownMemberships = Directory."memberships-in";
    GetOrganization -> Option<OrganizationView> = Directory."get-organization";
    VisibleAccounts -> VisibleAccountsPage = Directory."visible-accounts";
    HeldAccounts -> HeldAccountsPage = Directory."held-accounts";
    AccountRolesOf -> Vec<HeldAccountRole> = Directory."account-roles-of";
    NamePeople -> Vec<NamedPerson> = Directory."name-people";
    NameAccounts -> Vec<NamedAccount> = Directory."name-accounts";
}

/// A role in an organization that develops apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Manages the organization, its members and its apps.
    Owner,
    /// Manages its apps.
    Developer,
    /// Reads everything of the organization and changes nothing.
    Auditor,
}

/// A role on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Manages the account and the roles on it.
    Admin,
    /// Manages its business side.
    BusinessManager,
    /// Manages its technical side.
    TechnicalManager,
    /// Reads its figures.
    Analyst,
    /// Sees that it exists.
    Viewer,
}

/// What kind of organization develops apps (rule 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationKind {
    /// An advertiser or brand.
    AdvertiserOrBrand,
    /// An agency.
    Agency,
    /// A supplier of inventory.
    InventorySupplier,
    /// A supplier of data.
    DataSupplier,
    /// A technology company.
    TechnologyCompany,
    /// Something else.
    Other,
}

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// An advertiser's.
    Advertiser,
    /// A publisher's.
    Publisher,
}

macro_rules! as_text {
    ($($kind:ident { $($variant:ident = $text:literal),* $(,)? })*) => {$(
        impl $kind {
            /// Its name on the wire and in Postgres.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// Reads the name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    )*};
}

as_text! {
    MemberRole { Owner = "owner", Developer = "developer", Auditor = "auditor" }
    AccountRole {
        Admin = "admin", BusinessManager = "business_manager", TechnicalManager = "technical_manager",
        Analyst = "analyst", Viewer = "viewer",
    }
    OrganizationKind {
        AdvertiserOrBrand = "advertiser_or_brand", Agency = "agency", InventorySupplier = "inventory_supplier",
        DataSupplier = "data_supplier", TechnologyCompany = "technology_company", Other = "other",
    }
    AccountKind { Advertiser = "advertiser", Publisher = "publisher" }
}

impl MemberRole {
    /// Whether who has it changes the organization's apps, and makes their keys and consent links.
    pub const fn manages_apps(self) -> bool {
        match self {
            Self::Owner | Self::Developer => true,
            Self::Auditor => false,
        }
    }
}

/// Who holds this API token, or this session's? Nobody, if it is unknown, revoked, ended or expired.
///
/// The secret itself is not sent: its SHA-256 in hex is what the directory knows it by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Authenticate {
    /// SHA-256 of the token, in hex.
    pub token_sha256: String,
    /// Of which kind the token is.
    pub kind: BearerKind,
}

/// So many memberships at most are part of the answer to [`Authenticate`]: others can make somebody a member,
/// and an answer that grows with it would lock them out.
pub const MAX_KNOWN_MEMBERSHIPS: usize = 50;

/// A person, as their API token or session proves them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthenticatedPerson {
    /// The person.
    pub person_id: PersonId,
    /// Whether they operate the platform.
    pub operator: bool,
    /// Their memberships; of more than [`MAX_KNOWN_MEMBERSHIPS`] the oldest organizations'. Without those in
    /// organizations for which the credential does not act, [`Self::sign_in_required`].
    pub memberships: Vec<Membership>,
    /// Organizations of which they are a member, and which require another credential: one that stems from
    /// signing in at the organization's provider.
    #[serde(default)]
    pub sign_in_required: Vec<OrganizationId>,
    /// Whether they have others. Those are asked for one by one, with [`MembershipsIn`].
    #[serde(default)]
    pub more_memberships: bool,
    /// What proves them.
    pub credential: Credential,
    /// The provider from whose sign-in the credential stems; none if it stems from a password.
    #[serde(default)]
    pub identity_provider_id: Option<IdentityProviderId>,
    /// To what the credential is limited. One that is limited is neither an operator's nor a member's.
    #[serde(default)]
    pub scope: Option<TokenScope>,
}

/// A role in an organization.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Membership {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The role in it.
    pub role: MemberRole,
}

/// Of which of these organizations is this person a member, and in which role?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MembershipsIn {
    /// The person.
    pub person_id: PersonId,
    /// The provider from whose sign-in the credential stems that they use.
    #[serde(default)]
    pub identity_provider_id: Option<IdentityProviderId>,
    /// The organizations.
    pub organization_ids: AskedIds<OrganizationId>,
}

/// What is known of a person in some organizations.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct KnownMemberships {
    /// The memberships in which the credential acts.
    pub memberships: Vec<Membership>,
    /// Organizations of which they are a member, and which require another credential.
    pub sign_in_required: Vec<OrganizationId>,
}

/// What is this organization?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetOrganization {
    /// The organization.
    pub organization_id: OrganizationId,
}

/// An organization, as the other services see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationView {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// What kind it is.
    pub kind: OrganizationKind,
    /// Where it can be reached.
    pub contact_email: String,
    /// Its website.
    pub website: Option<String>,
    /// Whether its contact address was confirmed.
    pub confirmed: bool,
    /// The domains on request that it may ask for, as `<service>/<domain>:<level>`.
    pub enabled_domains: Vec<String>,
    /// Since when it is here; none from a directory of an earlier version.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
}

/// Which accounts of this service does this person hold any role on? A page, in the order of ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VisibleAccounts {
    /// The person.
    pub person_id: PersonId,
    /// The catalogue's service.
    pub service: String,
    /// The roles that may consent: their holders are the answer's `consenters`.
    pub consent_roles: Vec<AccountRole>,
    /// Only accounts whose name or external id has this text in it, whatever its case and accents.
    #[serde(alias = "name")]
    pub q: Option<String>,
    /// Only accounts after this one: the `after` of the page before.
    pub after: Option<AccountId>,
    /// At most so many accounts, and at most [`VisibleAccounts::MOST`].
    pub limit: u16,
}

impl VisibleAccounts {
    /// At most so many accounts in a page: each may have 200 characters of a name, as many of an external id, and
    /// ten consenters.
    pub const MOST: u16 = 300;
}

/// Some of the accounts that a person can see.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VisibleAccountsPage {
    /// The accounts. There may be fewer than were asked for, or none, and still more after them.
    pub accounts: Vec<VisibleAccount>,
    /// After which account the next page begins; none at the end.
    pub after: Option<AccountId>,
}

/// An account that a person can see.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VisibleAccount {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// How the customer's own system names it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Whose it is.
    pub kind: AccountKind,
    /// Its service.
    pub service: String,
    /// The person's role on it.
    pub role: AccountRole,
    /// Who may consent for it, if the person's role may not: those who were given theirs first, at most
    /// [`VisibleAccount::MOST_CONSENTERS`].
    pub consenters: Vec<PersonId>,
    /// Whether more people than those may.
    pub more_consenters: bool,
}

impl VisibleAccount {
    /// At most so many consenters are named of an account.
    pub const MOST_CONSENTERS: u16 = 10;
}

/// On which accounts does this person hold any role? A page, in the order of ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldAccounts {
    /// The person.
    pub person_id: PersonId,
    /// Only accounts after this one: the `after` of the page before.
    pub after: Option<AccountId>,
}

impl HeldAccounts {
    /// At most so many accounts in a page.
    pub const MOST: u16 = 10_000;
}

/// Some of the accounts on which a person holds a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldAccountsPage {
    /// The accounts.
    pub account_ids: Vec<AccountId>,
    /// After which account the next page begins; none at the end.
    pub after: Option<AccountId>,
}

/// Which roles does this person hold on these accounts? Accounts without a role are left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountRolesOf {
    /// The person.
    pub person_id: PersonId,
    /// The accounts.
    pub account_ids: AskedIds<AccountId>,
}

/// A person's role on an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldAccountRole {
    /// The account.
    pub account_id: AccountId,
    /// Its service.
    pub service: String,
    /// The role.
    pub role: AccountRole,
}

/// What are these people called? Unknown ones are left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamePeople {
    /// The people.
    pub person_ids: AskedIds<PersonId>,
}

/// A person and their name. Personal: for answers, never for events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedPerson {
    /// The person.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
}

/// What are these accounts called? Unknown ones are left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NameAccounts {
    /// The accounts.
    pub account_ids: AskedIds<AccountId>,
}

/// An account and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedAccount {
    /// The account.
    pub account_id: AccountId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub kind: AccountKind,
    /// Its service.
    pub service: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_the_same_name_in_json_and_in_postgres() {
        for role in [AccountRole::Admin, AccountRole::BusinessManager, AccountRole::Viewer] {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
            assert_eq!(AccountRole::parse(role.as_str()), Some(role));
        }
        for kind in [OrganizationKind::AdvertiserOrBrand, OrganizationKind::TechnologyCompany] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(MemberRole::parse("Owner"), None);
    }
}
