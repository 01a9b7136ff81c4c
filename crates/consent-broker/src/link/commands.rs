//! What may become of a link: each command answers with the next state and the fact, or with why not.

use chrono::{DateTime, Duration, Utc};
use contract::Version;
use contract::facts::{
    ConsentLinkCreated, ConsentLinkDenied, ConsentLinkExpired, ConsentLinkOpened,
    ConsentLinkPassedOn, ConsentLinkRedeemed, ConsentLinkRevoked, grants_sha256,
};
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PassOnId, PersonId};

use super::{ChosenAccounts, Closed, Link, LinkState, Opened};
use crate::grant::Grant;
use crate::revocation::Revocation;

/// A link to be made.
#[derive(Debug, Clone)]
pub(crate) struct LinkDraft {
    /// Its id.
    pub(crate) id: LinkId,
    /// The app that asks.
    pub(crate) app_id: AppId,
    /// The organization that develops the app.
    pub(crate) organization_id: OrganizationId,
    /// The token's last four characters.
    pub(crate) hint: String,
    /// What its maker calls it.
    pub(crate) label: Option<String>,
    /// Who makes it.
    pub(crate) created_by: PersonId,
    /// How long it lives.
    pub(crate) lifetime: Duration,
    /// For how many days its grants last at most.
    pub(crate) grant_lifetime_days: Option<u16>,
}

/// A link that is to be passed on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PassOn {
    /// Its id.
    pub(crate) id: PassOnId,
    /// Who passes it on.
    pub(crate) from: PersonId,
    /// To whom.
    pub(crate) to: PersonId,
}

/// Why a link is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotPassedOn {
    /// It cannot be used (any more).
    #[error(transparent)]
    Closed(#[from] Closed),
    /// It was passed on as often as it may be.
    #[error("the link was passed on {0} times, and may not be more often")]
    TooOften(u32),
    /// It was passed on to that person a short while ago.
    #[error("the link was passed on to them a short while ago")]
    JustNow {
        /// From when it may be again.
        again_at: DateTime<Utc>,
    },
}

impl Link {
    /// Makes a link.
    pub(crate) fn create(draft: LinkDraft, now: DateTime<Utc>) -> (Self, ConsentLinkCreated) {
        let link = Self {
            id: draft.id,
            app_id: draft.app_id,
            organization_id: draft.organization_id,
            hint: draft.hint,
            label: draft.label,
            created_by: draft.created_by,
            created_at: now,
            expires_at: now + draft.lifetime,
            grant_lifetime_days: draft.grant_lifetime_days,
            opened: None,
            passed_on: 0,
            state: LinkState::Pending,
            version: Version::FIRST,
        };
        let fact = ConsentLinkCreated {
            link_id: link.id,
            app_id: link.app_id,
            expires_at: link.expires_at,
            grant_lifetime_days: link.grant_lifetime_days,
        };
        (link, fact)
    }

    /// Opens the link. None if that changes nothing: it was opened before, or those who made it look at
    /// it themselves.
    pub(crate) fn open(
        &self,
        by: PersonId,
        by_its_makers: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, ConsentLinkOpened)>, Closed> {
        self.usable(now)?;
        if by_its_makers || self.state != LinkState::Pending {
            return Ok(None);
        }
        let opened = Some(Opened { at: now, by });
        let next = Self { opened, ..self.next(LinkState::Opened) };
        let fact = ConsentLinkOpened { link_id: self.id, app_id: self.app_id, person_id: by };
        Ok(Some((next, fact)))
    }

    /// Passes the link on, at most so often; to the same person, who was last sent it at `last`, again after a pause.
    pub(crate) fn pass_on(
        &self,
        PassOn { id, from, to }: PassOn,
        last: Option<DateTime<Utc>>,
        (most, pause): (u32, Duration),
        now: DateTime<Utc>,
    ) -> Result<(Self, ConsentLinkPassedOn), NotPassedOn> {
        self.usable(now)?;
        if let Some(again_at) = last.map(|last| last + pause).filter(|again_at| now < *again_at) {
            return Err(NotPassedOn::JustNow { again_at });
        }
        if self.passed_on >= most {
            return Err(NotPassedOn::TooOften(self.passed_on));
        }
        let next = Self { passed_on: self.passed_on + 1, ..self.next(self.state.clone()) };
        let fact = ConsentLinkPassedOn {
            link_id: self.id,
            app_id: self.app_id,
            pass_on_id: id,
            from_person_id: from,
            to_person_id: to,
        };
        Ok((next, fact))
    }

    /// Uses the link to approve, for these new grants and these accounts that had consented before.
    pub(crate) fn redeem(
        &self,
        by: PersonId,
        grants: &[&Grant],
        already_granted: &[AccountId],
        now: DateTime<Utc>,
    ) -> Result<(Self, ConsentLinkRedeemed), Closed> {
        self.usable(now)?;
        let granted: Vec<AccountId> = grants.iter().map(|grant| grant.account_id).collect();
        let accounts = ChosenAccounts::of(&granted, already_granted);
        let fact = ConsentLinkRedeemed {
            link_id: self.id,
            app_id: self.app_id,
            person_id: by,
            granted_count: accounts.granted,
            already_granted_count: accounts.already_granted,
            grants_sha256: grants_sha256(grants.iter().map(|grant| grant.id)),
        };
        let next = self.next(LinkState::Granted { at: now, by, accounts });
        Ok((next, fact))
    }

    /// Uses the link to deny.
    pub(crate) fn deny(
        &self,
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(Self, ConsentLinkDenied), Closed> {
        self.usable(now)?;
        let fact = ConsentLinkDenied { link_id: self.id, app_id: self.app_id, person_id: by };
        Ok((self.next(LinkState::Denied { at: now, by }), fact))
    }

    /// Ends the link before its use, on request. None if it is revoked already.
    pub(crate) fn revoke(
        &self,
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, ConsentLinkRevoked)>, Closed> {
        match self.usable(now) {
            Ok(()) => Ok(Some(self.revoked(Revocation::requested(by, now)))),
            Err(Closed::Revoked { .. }) => Ok(None),
            Err(closed) => Err(closed),
        }
    }

    /// Ends the link with its app. None if it has ended before. One whose time has run out unrecorded ends
    /// in this way: nobody will look for it again.
    pub(crate) fn end_with_app(&self, now: DateTime<Utc>) -> Option<(Self, ConsentLinkRevoked)> {
        self.is_open().then(|| self.revoked(Revocation::app_archived(now)))
    }

    /// Records that the link's time has run out. None if it has not, or the link has ended before.
    pub(crate) fn expire(&self, now: DateTime<Utc>) -> Option<(Self, ConsentLinkExpired)> {
        if !self.is_open() || now < self.expires_at {
            return None;
        }
        let fact = ConsentLinkExpired { link_id: self.id, app_id: self.app_id };
        Some((self.next(LinkState::Expired { recorded_at: now }), fact))
    }

    fn is_open(&self) -> bool {
        matches!(self.state, LinkState::Pending | LinkState::Opened)
    }

    fn revoked(&self, revocation: Revocation) -> (Self, ConsentLinkRevoked) {
        let fact =
            ConsentLinkRevoked { link_id: self.id, app_id: self.app_id, reason: revocation.reason };
        (self.next(LinkState::Revoked(revocation)), fact)
    }

    fn next(&self, state: LinkState) -> Self {
        Self { state, version: self.version.next(), ..self.clone() }
    }
}
