//! A grant: the consent of one account to one app. It lives from its approval until it is revoked,
//! once. Pure.

use chrono::{DateTime, Utc};
use contract::Version;
use contract::catalogue::DomainLevel;
use contract::facts::{ConsentGranted, ConsentRevoked};
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::rpc::AccountRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::revocation::Revocation;

/// A grant as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Its id.
    pub(crate) id: GrantId,
    /// The app that may act.
    pub(crate) app_id: AppId,
    /// The organization that develops the app.
    pub(crate) organization_id: OrganizationId,
    /// The account that it may act on.
    pub(crate) account_id: AccountId,
    /// The link it came through.
    pub(crate) link_id: LinkId,
    /// The catalogue's service.
    pub(crate) service: String,
    /// What the app may do.
    pub(crate) domains: Vec<DomainLevel>,
    /// Who granted it.
    pub(crate) granted_by: PersonId,
    /// The role on the account that allowed it.
    pub(crate) role: AccountRole,
    /// When.
    pub(crate) granted_at: DateTime<Utc>,
    /// Its end, if it has ended.
    pub(crate) revoked: Option<Revocation>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// Whether a grant counts, as it is shown and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantStateName {
    /// The app may act on the account.
    Live,
    /// It may not any more.
    Revoked,
}

/// What all grants of one approval share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approved<'a> {
    /// The link it came through.
    pub(crate) link_id: LinkId,
    /// The app.
    pub(crate) app_id: AppId,
    /// The organization that develops the app.
    pub(crate) organization_id: OrganizationId,
    /// The catalogue's service.
    pub(crate) service: &'a str,
    /// What the app asks for.
    pub(crate) domains: &'a [DomainLevel],
    /// Who approves.
    pub(crate) by: PersonId,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

impl Approved<'_> {
    /// The grant of one of the accounts, approved in this role.
    pub(crate) fn grant(
        &self,
        id: GrantId,
        account_id: AccountId,
        role: AccountRole,
    ) -> (Grant, ConsentGranted) {
        let grant = Grant {
            id,
            app_id: self.app_id,
            organization_id: self.organization_id,
            account_id,
            link_id: self.link_id,
            service: self.service.to_owned(),
            domains: self.domains.to_vec(),
            granted_by: self.by,
            role,
            granted_at: self.at,
            revoked: None,
            version: Version::FIRST,
        };
        let fact = ConsentGranted {
            grant_id: id,
            app_id: self.app_id,
            account_id,
            link_id: self.link_id,
            person_id: self.by,
            role,
            service: self.service.to_owned(),
            domains: self.domains.to_vec(),
        };
        (grant, fact)
    }
}

impl Grant {
    /// Ends the grant. None if it has ended before: that stands.
    pub(crate) fn revoke(&self, revocation: Revocation) -> Option<(Self, ConsentRevoked)> {
        if self.revoked.is_some() {
            return None;
        }
        // The clock of the replica that granted may be ahead of this one's.
        let at = revocation.at.max(self.granted_at);
        let next = Self {
            revoked: Some(Revocation { at, ..revocation }),
            version: self.version.next(),
            ..self.clone()
        };
        let fact = ConsentRevoked {
            grant_id: self.id,
            app_id: self.app_id,
            account_id: self.account_id,
            reason: revocation.reason,
        };
        Some((next, fact))
    }

    /// Whether it counts.
    pub(crate) const fn state_name(&self) -> GrantStateName {
        match self.revoked {
            None => GrantStateName::Live,
            Some(_) => GrantStateName::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use contract::environment::Environment;
    use contract::facts::ConsentEndReason;

    use super::*;

    fn granted(at: DateTime<Utc>) -> (Grant, ConsentGranted) {
        let environment = Environment::system();
        let approved = Approved {
            link_id: environment.new_id(),
            app_id: environment.new_id(),
            organization_id: environment.new_id(),
            service: "retail_media",
            domains: &[],
            by: environment.new_id(),
            at,
        };
        approved.grant(environment.new_id(), environment.new_id(), AccountRole::Admin)
    }

    #[test]
    fn a_grant_begins_with_an_event_that_names_its_link() {
        let (grant, fact) = granted(Environment::system().now());
        assert_eq!((grant.version, grant.state_name()), (Version::FIRST, GrantStateName::Live));
        assert_eq!((fact.grant_id, fact.link_id), (grant.id, grant.link_id));
    }

    #[test]
    fn a_grant_is_revoked_once() {
        let now = Environment::system().now();
        let (grant, _) = granted(now);
        let (revoked, fact) = grant.revoke(Revocation::app_archived(now)).unwrap();
        assert_eq!(fact.reason, ConsentEndReason::AppArchived);
        assert_eq!(
            (revoked.version, revoked.state_name()),
            (Version::FIRST.next(), GrantStateName::Revoked)
        );
        assert_eq!(revoked.revoke(Revocation::requested(grant.granted_by, now)), None);
    }

    #[test]
    fn a_grant_never_ends_before_it_began_whatever_the_clocks_say() {
        let now = Environment::system().now();
        let (grant, _) = granted(now);
        let early = Revocation::app_archived(now - Duration::seconds(1));
        assert_eq!(grant.revoke(early).unwrap().0.revoked.unwrap().at, now);
    }
}
