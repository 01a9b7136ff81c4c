//! A grant as account holders, operators and the app's organization see it.

use std::collections::BTreeMap;

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
use crate::store::notices::SentNotice;

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
    /// The notices that were sent that it will end, to whoever granted it or renewed it last.
    pub(crate) notices: Vec<SentNoticeView>,
    /// When the app last asked which accounts it reaches, this one among them, to the minute. Null if it has not, or
    /// if it asked again after this grant had ended.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
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
    /// The organization's name.
    pub(crate) organization_name: Option<String>,
    /// Where the organization can be reached. Only those who hold a role on the account, and operators, are told.
    pub(crate) contact_email: Option<String>,
}

/// A notice that a grant will end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct SentNoticeView {
    /// So many days before its end, or fewer.
    pub(crate) days: u16,
    /// When it was sent.
    pub(crate) sent_at: DateTime<Utc>,
}

/// What a view of grants is made with.
pub(crate) struct Told<'a> {
    /// What they are called.
    pub(crate) names: &'a Names,
    /// When their apps last asked which accounts they reach.
    pub(crate) asked: &'a BTreeMap<AppId, DateTime<Utc>>,
    /// The notices of them.
    pub(crate) notices: &'a BTreeMap<GrantId, Vec<SentNotice>>,
    /// When they are looked at.
    pub(crate) as_of: AsOf<'a>,
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

impl Grantor {
    /// The person with their name, if that is among these.
    pub(crate) fn of(person_id: PersonId, role: AccountRole, names: &Names) -> Self {
        Self { person_id, name: names.people.get(&person_id).cloned(), role }
    }
}

/// The last use of a grant, as far as that of its app tells it.
fn last_use(grant: &Grant, asked: Option<DateTime<Utc>>, as_of: AsOf<'_>) -> Option<DateTime<Utc>> {
    let ended = grant.ended_at(as_of.now);
    asked.filter(|asked| *asked >= grant.granted_at && ended.is_none_or(|ended| *asked < ended))
}

impl GrantView {
    /// The grant as this viewer may see it.
    pub(crate) fn of(grant: &Grant, told: &Told<'_>, viewer: Viewer) -> Self {
        let Told { names, asked, notices, as_of } = *told;
        let by = viewer.knows_people();
        let grantor = |person_id, role| Grantor::of(person_id, role, names);
        let organization = names.organizations.get(&grant.organization_id);
        // Those of an end that was moved meanwhile are history.
        let notices = notices.get(&grant.id).into_iter().flatten();
        let notices = notices.filter(|notice| Some(notice.expires_at) == grant.expires_at);
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
                organization_name: organization.map(|known| known.name.clone()),
                contact_email: organization.filter(|_| by).map(|known| known.contact_email.clone()),
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
            notices: notices
                .map(|notice| SentNoticeView { days: notice.days, sent_at: notice.sent_at })
                .collect(),
            last_used_at: last_use(grant, asked.get(&grant.app_id).copied(), as_of),
            allowed: allowed::on_grant(grant, viewer, as_of),
        }
    }

    /// Those who are named on this grant.
    pub(crate) fn people(grant: &Grant) -> impl Iterator<Item = PersonId> {
        [Some(grant.granted_by), grant.renewal.map(|renewal| renewal.by)].into_iter().flatten()
    }
}
