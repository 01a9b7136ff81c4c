//! A grant: the consent of one account to one app. It lives from its approval until it is revoked or its time has
//! run out, once; in [`commands`] what may become of it. Pure; time is handed in.

use chrono::{DateTime, Utc};
use contract::Version;
use contract::catalogue::{ConsentLifetime, DomainLevel};
use contract::ids::{AccountId, AppId, GrantId, LinkId, OrganizationId, PersonId};
use contract::instant::rfc3339;
use contract::rpc::AccountRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::revocation::Revocation;

mod commands;

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
    /// From when it counts no more by itself; none if only a revocation ends it.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// For how long it was granted: a renewal never gives more.
    pub(crate) lifetime: ConsentLifetime,
    /// Whether it is from before consents ended by themselves, and its expiry is still to be recorded. It counts
    /// already.
    pub(crate) awaits_expiry: bool,
    /// Its last renewal.
    pub(crate) renewal: Option<Renewal>,
    /// Its end, if it has ended and that is recorded.
    pub(crate) end: Option<End>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// That somebody renewed a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Renewal {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Who.
    pub(crate) by: PersonId,
    /// The role on the account that allowed it.
    pub(crate) role: AccountRole,
}

/// How a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Before its time.
    Revoked(Revocation),
    /// Its time ran out.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Whether a grant counts, as it is shown and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantStateName {
    /// The app may act on the account.
    Live,
    /// Its time ran out.
    Expired,
    /// It was ended before its time.
    Revoked,
}

impl GrantStateName {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Live, Self::Expired, Self::Revoked];

    /// Its name on the wire and in Postgres.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// Why a grant cannot be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRenewable {
    /// It counts no more.
    #[error("the grant ended at {}", rfc3339(*at))]
    Ended {
        /// From when.
        at: DateTime<Utc>,
    },
    /// Only a revocation ends it.
    #[error("the grant does not end by itself")]
    DoesNotEnd,
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
    /// For how long.
    pub(crate) lifetime: ConsentLifetime,
    /// Who approves.
    pub(crate) by: PersonId,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

impl Grant {
    /// Whether the app may act on the account at this moment. Its expiry counts by time, recorded or not.
    pub(crate) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended_at(now).is_none()
    }

    /// From when it counts no more, if it does not at this moment.
    pub(crate) fn ended_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.end {
            Some(End::Revoked(Revocation { at, .. }) | End::Expired { at }) => Some(at),
            None => self.expires_at.filter(|end| *end <= now),
        }
    }

    /// The state as it is at this moment: an expiry shows before the sweeper has recorded it.
    pub(crate) fn state_name(&self, now: DateTime<Utc>) -> GrantStateName {
        match self.end {
            Some(End::Revoked(_)) => GrantStateName::Revoked,
            None if self.is_live(now) => GrantStateName::Live,
            Some(End::Expired { .. }) | None => GrantStateName::Expired,
        }
    }

    /// Since when it counts as it does: its renewal, or else its approval.
    pub(crate) fn counts_since(&self) -> DateTime<Utc> {
        self.renewal.map_or(self.granted_at, |renewal| renewal.at)
    }

    /// Who answers for it: whoever renewed it last, or else granted it.
    pub(crate) fn answerable(&self) -> PersonId {
        self.renewal.map_or(self.granted_by, |renewal| renewal.by)
    }
}

#[cfg(test)]
mod tests;
