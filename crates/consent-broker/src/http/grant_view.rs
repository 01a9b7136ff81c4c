//! A grant as account holders, operators and the app's organization see it.

use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::facts::ConsentEndReason;
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::rpc::AccountRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::grant::{Grant, GrantStateName};
use crate::remote_services::Names;

/// The consent of one account to one app.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct GrantView {
    /// Its id.
    pub(crate) id: GrantId,
    /// The app that may act on the account.
    pub(crate) app: GrantedApp,
    /// The account.
    pub(crate) account: GrantedAccount,
    /// What the app may do.
    pub(crate) domains: Vec<DomainLevel>,
    /// Whether it counts.
    pub(crate) state: GrantStateName,
    /// When it was granted.
    pub(crate) granted_at: DateTime<Utc>,
    /// Who granted it. Only those who hold a role on the account, and operators, are told.
    pub(crate) granted_by: Option<Grantor>,
    /// The link it came through.
    pub(crate) link_id: LinkId,
    /// From when it counts no more.
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    /// Why it was revoked.
    pub(crate) revocation_reason: Option<ConsentEndReason>,
}

/// The app of a grant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct GrantedApp {
    /// The app.
    pub(crate) id: AppId,
    /// Its name.
    pub(crate) name: Option<String>,
    /// The organization that develops it.
    pub(crate) organization_id: OrganizationId,
}

/// The account of a grant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct GrantedAccount {
    /// The account.
    pub(crate) id: AccountId,
    /// Its name.
    pub(crate) name: Option<String>,
    /// The catalogue's service.
    pub(crate) service: String,
}

/// A person who consented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Grantor {
    /// The person.
    pub(crate) person_id: PersonId,
    /// Their name, if it is still known.
    pub(crate) name: Option<String>,
    /// The role on the account that allowed it.
    pub(crate) role: AccountRole,
}

impl GrantView {
    /// The grant with these names. `by` is whether the viewer may know who granted it.
    pub(crate) fn of(grant: &Grant, names: &Names, by: bool) -> Self {
        let grantor = || Grantor {
            person_id: grant.granted_by,
            name: names.people.get(&grant.granted_by).cloned(),
            role: grant.role,
        };
        Self {
            id: grant.id,
            app: GrantedApp {
                id: grant.app_id,
                name: names.apps.get(&grant.app_id).cloned(),
                organization_id: grant.organization_id,
            },
            account: GrantedAccount {
                id: grant.account_id,
                name: names.accounts.get(&grant.account_id).cloned(),
                service: grant.service.clone(),
            },
            domains: grant.domains.clone(),
            state: grant.state_name(),
            granted_at: grant.granted_at,
            granted_by: by.then(grantor),
            link_id: grant.link_id,
            revoked_at: grant.revoked.map(|revoked| revoked.at),
            revocation_reason: grant.revoked.map(|revoked| revoked.reason),
        }
    }
}
