//! What may become of a grant: each command answers with the next state and the fact, or with why not.

use chrono::{DateTime, Utc};
use contract::Version;
use contract::catalogue::ConsentLifetime;
use contract::facts::{
    ConsentExpired, ConsentExpirySet, ConsentGranted, ConsentRenewed, ConsentRevoked,
};
use contract::ids::{AccountId, GrantId};
use contract::rpc::AccountRole;

use super::{Approved, End, Grant, NotRenewable, Renewal};
use crate::revocation::Revocation;

impl Approved<'_> {
    /// From when its grants count no more; none if they do not end by themselves.
    pub(crate) fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.lifetime.end(self.at)
    }

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
            expires_at: self.expires_at(),
            lifetime: self.lifetime,
            awaits_expiry: false,
            renewal: None,
            end: None,
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
            expires_at: grant.expires_at,
        };
        (grant, fact)
    }
}

impl Grant {
    /// Ends the grant before its time. None if it has ended: that stands.
    pub(crate) fn revoke(&self, revocation: Revocation) -> Option<(Self, ConsentRevoked)> {
        if !self.is_live(revocation.at) {
            return None;
        }
        // The clock of the replica that granted may be ahead of this one's.
        let at = revocation.at.max(self.granted_at);
        let next = Self { end: Some(End::Revoked(Revocation { at, ..revocation })), ..self.next() };
        let fact = ConsentRevoked {
            grant_id: self.id,
            app_id: self.app_id,
            account_id: self.account_id,
            reason: revocation.reason,
        };
        Some((next, fact))
    }

    /// Records the expiry of a grant from before consents ended by themselves: the one that counts already. None if
    /// it has one, or has ended.
    pub(crate) fn set_expiry(&self) -> Option<(Self, ConsentExpirySet)> {
        if !self.awaits_expiry || self.end.is_some() {
            return None;
        }
        let fact = ConsentExpirySet {
            grant_id: self.id,
            app_id: self.app_id,
            account_id: self.account_id,
            expires_at: self.expires_at,
        };
        Some((Self { awaits_expiry: false, ..self.next() }, fact))
    }

    /// Records that the grant's time has run out. None if it has not, or the grant has ended before, or its expiry
    /// is still to be recorded.
    pub(crate) fn expire(&self, now: DateTime<Utc>) -> Option<(Self, ConsentExpired)> {
        let at = self.expires_at.filter(|end| *end <= now)?;
        if self.awaits_expiry || self.end.is_some() {
            return None;
        }
        let fact = ConsentExpired {
            grant_id: self.id,
            app_id: self.app_id,
            account_id: self.account_id,
            expired_at: at,
        };
        Some((Self { end: Some(End::Expired { at }), ..self.next() }, fact))
    }

    /// Lets the grant last longer, and changes nothing else: from now on for as long as it was granted for, and no
    /// longer than the catalogue says today. None if that is not later than its end is.
    pub(crate) fn renew(
        &self,
        renewal: Renewal,
        catalogue: ConsentLifetime,
    ) -> Result<Option<(Self, ConsentRenewed)>, NotRenewable> {
        if let Some(at) = self.ended_at(renewal.at) {
            return Err(NotRenewable::Ended { at });
        }
        let present = self.expires_at.ok_or(NotRenewable::DoesNotEnd)?;
        // What has an end was granted for a number of days, which bounds what comes of it.
        let lifetime = catalogue.at_most(self.lifetime.days());
        let Some(expires_at) = lifetime.end(renewal.at).filter(|end| *end > present) else {
            return Ok(None);
        };
        let fact = ConsentRenewed {
            grant_id: self.id,
            app_id: self.app_id,
            account_id: self.account_id,
            person_id: renewal.by,
            role: renewal.role,
            expires_at,
        };
        let next = Self {
            expires_at: Some(expires_at),
            awaits_expiry: false,
            renewal: Some(renewal),
            ..self.next()
        };
        Ok(Some((next, fact)))
    }

    fn next(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }
}
