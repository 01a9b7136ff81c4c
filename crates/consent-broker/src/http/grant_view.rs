//! A grant as account holders, operators and the app's organization see it.

use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::facts::ConsentEndReason;
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::rpc::AccountRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::allowed::{self, GrantOperation, Viewer};
use crate::as_of::AsOf;
use crate::grant::{End, Grant, GrantStateName};
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
    /// From when it counts no more unless it is renewed; null if it does not end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// For how many days it was granted, and is renewed at most; null if it does not end by itself.
    pub(crate) lifetime_days: Option<u16>,
    /// When it was renewed last.
    pub(crate) renewed_at: Option<DateTime<Utc>>,
    /// Who renewed it last. Only those who hold a role on the account, and operators, are told.
    pub(crate) renewed_by: Option<Grantor>,
    /// From when it counts no more, if it has been revoked or has expired.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    /// Why it was revoked.
    pub(crate) revocation_reason: Option<ConsentEndReason>,
    /// What the caller can do with it now.
    pub(crate) allowed: Vec<GrantOperation>,
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
    pub(crate) fn of(
        grant: &Grant,
        names: &Names,
        by: bool,
        viewer: Viewer,
        as_of: AsOf<'_>,
    ) -> Self {
        let grantor = |person_id, role| Grantor {
            person_id,
            name: names.people.get(&person_id).cloned(),
            role,
        };
        let revocation = match grant.end {
            Some(End::Revoked(revocation)) => Some(revocation),
            Some(End::Expired { .. }) | None => None,
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
            state: grant.state_name(as_of.now),
            granted_at: grant.granted_at,
            granted_by: by.then(|| grantor(grant.granted_by, grant.role)),
            link_id: grant.link_id,
            expires_at: grant.expires_at,
            lifetime_days: grant.lifetime.days(),
            renewed_at: grant.renewal.map(|renewal| renewal.at),
            renewed_by: grant
                .renewal
                .filter(|_| by)
                .map(|renewal| grantor(renewal.by, renewal.role)),
            ended_at: grant.ended_at(as_of.now),
            revoked_at: revocation.map(|revoked| revoked.at),
            revocation_reason: revocation.map(|revoked| revoked.reason),
            allowed: allowed::on_grant(grant, viewer, as_of),
        }
    }

    /// Those who are named on this grant.
    pub(crate) fn people(grant: &Grant) -> impl Iterator<Item = PersonId> {
        [Some(grant.granted_by), grant.renewal.map(|renewal| renewal.by)].into_iter().flatten()
    }
}
