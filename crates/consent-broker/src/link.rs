//! A consent link: its states, and in [`commands`] what may become of it. Pure; time is handed in.

use chrono::{DateTime, Duration, Utc};
use contract::Version;
use contract::catalogue::ConsentLifetime;
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use contract::instant::rfc3339;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::revocation::Revocation;

mod commands;

pub(crate) use commands::{LinkDraft, NotPassedOn, PassOn};

/// A consent link as it is stored. The token is not part of it: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its id.
    pub(crate) id: LinkId,
    /// The app that asks.
    pub(crate) app_id: AppId,
    /// The organization that develops the app.
    pub(crate) organization_id: OrganizationId,
    /// The token's last four characters, by which its maker recognises it.
    pub(crate) hint: String,
    /// What its maker calls it.
    pub(crate) label: Option<String>,
    /// Who made it.
    pub(crate) created_by: PersonId,
    /// When.
    pub(crate) created_at: DateTime<Utc>,
    /// From when it cannot be used any more.
    pub(crate) expires_at: DateTime<Utc>,
    /// For how many days its grants last at most; none: as long as the catalogue says.
    pub(crate) grant_lifetime_days: Option<u16>,
    /// Its first opening by someone signed in who is not a member of the app's organization.
    pub(crate) opened: Option<Opened>,
    /// How often it was passed on.
    pub(crate) passed_on: u32,
    /// What has become of it.
    pub(crate) state: LinkState,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// The first opening of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Who opened it.
    pub(crate) by: PersonId,
}

/// The accounts that were chosen on a link. There can be very many, so that a link brings the first of them
/// along and `store::links` has the others in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenAccounts {
    /// How many consent because of it.
    pub(crate) granted: u32,
    /// How many had consented before.
    pub(crate) already_granted: u32,
    /// The first [`ChosenAccounts::FIRST`]: those that consent because of it, then those that had before.
    pub(crate) first: Vec<AccountId>,
}

impl ChosenAccounts {
    /// So many accounts a link brings along.
    pub(crate) const FIRST: usize = 20;

    /// These, of which a link brings the first.
    pub(crate) fn of(granted: &[AccountId], already_granted: &[AccountId]) -> Self {
        let first = granted.iter().chain(already_granted).take(Self::FIRST).copied().collect();
        Self { granted: count(granted), already_granted: count(already_granted), first }
    }
}

fn count(accounts: &[AccountId]) -> u32 {
    u32::try_from(accounts.len()).expect("an approval has far fewer accounts")
}

/// What has become of a link. The last four are final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// Nobody has opened it.
    Pending,
    /// Someone has seen what it asks for.
    Opened,
    /// It was used to approve.
    Granted {
        /// When.
        at: DateTime<Utc>,
        /// Who approved.
        by: PersonId,
        /// For which accounts.
        accounts: ChosenAccounts,
    },
    /// It was used to deny.
    Denied {
        /// When.
        at: DateTime<Utc>,
        /// Who denied.
        by: PersonId,
    },
    /// Its time ran out.
    Expired {
        /// When that was recorded.
        recorded_at: DateTime<Utc>,
    },
    /// It was ended before its use.
    Revoked(Revocation),
}

/// Why a link cannot be used (any more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Closed {
    /// A link is used once.
    #[error("the link was used at {}", rfc3339(*at))]
    Used {
        /// When it was used.
        at: DateTime<Utc>,
        /// Who used it.
        by: PersonId,
    },
    /// Its time ran out.
    #[error("the link expired at {}", rfc3339(*at))]
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was revoked before its use.
    #[error("the link was revoked at {}", rfc3339(*at))]
    Revoked {
        /// When.
        at: DateTime<Utc>,
    },
}

/// The states by name, as they are shown and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkStateName {
    /// Nobody has opened it.
    Pending,
    /// Someone has seen what it asks for.
    Opened,
    /// It was used to approve.
    Granted,
    /// It was used to deny.
    Denied,
    /// Its time ran out.
    Expired,
    /// It was ended before its use.
    Revoked,
}

impl LinkStateName {
    /// Its name on the wire and in Postgres.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Opened => "opened",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// How long a new link lives: what was wished, within 1 day and what the settings allow.
pub(crate) fn lifetime(
    wished_days: Option<i64>,
    longest_days: i64,
) -> Result<Duration, LifetimeError> {
    match wished_days.unwrap_or(longest_days) {
        days if (1..=longest_days).contains(&days) => Ok(Duration::days(days)),
        _ => Err(LifetimeError { longest_days }),
    }
}

/// A link cannot live so long, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link lives for 1 to {longest_days} days")]
pub(crate) struct LifetimeError {
    longest_days: i64,
}

/// For how many days the grants of a link last at most: what was wished, and never more than the catalogue gives.
pub(crate) fn grant_lifetime(
    wished_days: Option<i64>,
    catalogue: ConsentLifetime,
) -> Result<Option<u16>, GrantLifetimeError> {
    let longest_days = catalogue.days().unwrap_or(ConsentLifetime::MOST_DAYS);
    let Some(days) = wished_days else { return Ok(None) };
    match u16::try_from(days) {
        Ok(days) if (1..=longest_days).contains(&days) => Ok(Some(days)),
        _ => Err(GrantLifetimeError { longest_days }),
    }
}

/// Grants cannot last so long, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a consent for this service lasts for 1 to {longest_days} days")]
pub(crate) struct GrantLifetimeError {
    /// As the catalogue says.
    pub(crate) longest_days: u16,
}

impl Link {
    /// Whether the link can be used now. Its expiry counts by time, recorded or not.
    pub(crate) fn usable(&self, now: DateTime<Utc>) -> Result<(), Closed> {
        match self.state {
            LinkState::Granted { at, by, .. } | LinkState::Denied { at, by } => {
                Err(Closed::Used { at, by })
            }
            LinkState::Revoked(Revocation { at, .. }) => Err(Closed::Revoked { at }),
            LinkState::Expired { .. } => Err(Closed::Expired { at: self.expires_at }),
            LinkState::Pending | LinkState::Opened if now >= self.expires_at => {
                Err(Closed::Expired { at: self.expires_at })
            }
            LinkState::Pending | LinkState::Opened => Ok(()),
        }
    }

    /// The state as it is at this time: an expiry shows before the sweeper has recorded it.
    pub(crate) fn state_name(&self, now: DateTime<Utc>) -> LinkStateName {
        match self.state {
            LinkState::Pending | LinkState::Opened if now >= self.expires_at => {
                LinkStateName::Expired
            }
            LinkState::Pending => LinkStateName::Pending,
            LinkState::Opened => LinkStateName::Opened,
            LinkState::Granted { .. } => LinkStateName::Granted,
            LinkState::Denied { .. } => LinkStateName::Denied,
            LinkState::Expired { .. } => LinkStateName::Expired,
            LinkState::Revoked(_) => LinkStateName::Revoked,
        }
    }

    /// When it was used, revoked, or its time ran out.
    pub(crate) fn ended_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.usable(now) {
            Ok(()) => None,
            Err(Closed::Used { at, .. } | Closed::Expired { at } | Closed::Revoked { at }) => {
                Some(at)
            }
        }
    }
}

#[cfg(test)]
mod tests;
