//! A consent link: its states and what may become of it. Pure; time is handed in.

use chrono::{DateTime, Duration, Utc};
use contract::Version;
use contract::ids::{AccountId, AppId, LinkId, OrganizationId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A consent link as it is stored. The token is not part of it: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The app that asks.
    pub app_id: AppId,
    /// The organization that develops the app.
    pub organization_id: OrganizationId,
    /// The token's last four characters, by which its maker recognises it.
    pub hint: String,
    /// What its maker calls it.
    pub label: Option<String>,
    /// Who made it.
    pub created_by: PersonId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From when it cannot be used any more.
    pub expires_at: DateTime<Utc>,
    /// Its first opening by someone signed in who is not a member of the app's organization.
    pub opened_at: Option<DateTime<Utc>>,
    /// What has become of it.
    pub state: LinkState,
    /// The version of its last event.
    pub version: Version,
}

/// What has become of a link. The last four are final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
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
        /// The accounts that consent because of it.
        granted: Vec<AccountId>,
        /// The chosen accounts that had consented before.
        already_granted: Vec<AccountId>,
    },
    /// It was used to deny.
    Denied {
        /// When.
        at: DateTime<Utc>,
        /// Who denied.
        by: PersonId,
    },
    /// Its time ran out, and that was recorded.
    Expired,
    /// It was ended before its use.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// Why.
        reason: EndReason,
    },
}

/// Why a link or a grant was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Someone who may do so asked for it.
    Requested,
    /// Its app was archived.
    AppArchived,
}

impl EndReason {
    /// Its name on the wire and in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::AppArchived => "app_archived",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "requested" => Some(Self::Requested),
            "app_archived" => Some(Self::AppArchived),
            _ => None,
        }
    }
}

/// Why a link cannot be used (any more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// A link is used once.
    #[error("the link was used at {}", rfc3339(*at))]
    Used {
        /// When it was used.
        at: DateTime<Utc>,
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

/// What an opening is for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The first one that counts: it moves the link on and is an event.
    First,
    /// One of any number that change nothing.
    Again,
}

/// The states by name, as they are shown and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkStateName {
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
    pub const fn as_str(self) -> &'static str {
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
pub fn lifetime(wished_days: Option<i64>, longest_days: i64) -> Result<Duration, LifetimeError> {
    match wished_days.unwrap_or(longest_days) {
        days if (1..=longest_days).contains(&days) => Ok(Duration::days(days)),
        _ => Err(LifetimeError { longest_days }),
    }
}

/// A link cannot live so long, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link lives for 1 to {longest_days} days")]
pub struct LifetimeError {
    longest_days: i64,
}

impl Link {
    /// Whether the link can be used now. Its expiry counts by time, recorded or not.
    pub fn usable(&self, now: DateTime<Utc>) -> Result<(), Closed> {
        match self.state {
            LinkState::Granted { at, .. } | LinkState::Denied { at, .. } => {
                Err(Closed::Used { at })
            }
            LinkState::Revoked { at, .. } => Err(Closed::Revoked { at }),
            LinkState::Expired => Err(Closed::Expired { at: self.expires_at }),
            LinkState::Pending | LinkState::Opened if now >= self.expires_at => {
                Err(Closed::Expired { at: self.expires_at })
            }
            LinkState::Pending | LinkState::Opened => Ok(()),
        }
    }

    /// What an opening means. Those who made the link look at it without opening it.
    pub fn open(&self, by_its_makers: bool, now: DateTime<Utc>) -> Result<Opening, Closed> {
        self.usable(now)?;
        match self.state {
            LinkState::Pending if !by_its_makers => Ok(Opening::First),
            _ => Ok(Opening::Again),
        }
    }

    /// Whether the link has to be revoked to be revoked: not if it is already.
    pub fn revoke(&self, now: DateTime<Utc>) -> Result<bool, Closed> {
        match self.usable(now) {
            Ok(()) => Ok(true),
            Err(Closed::Revoked { .. }) => Ok(false),
            Err(closed) => Err(closed),
        }
    }

    /// The state as it is at this time: an expiry shows before the sweeper has recorded it.
    pub fn state_name(&self, now: DateTime<Utc>) -> LinkStateName {
        match self.state {
            LinkState::Pending | LinkState::Opened if now >= self.expires_at => {
                LinkStateName::Expired
            }
            LinkState::Pending => LinkStateName::Pending,
            LinkState::Opened => LinkStateName::Opened,
            LinkState::Granted { .. } => LinkStateName::Granted,
            LinkState::Denied { .. } => LinkStateName::Denied,
            LinkState::Expired => LinkStateName::Expired,
            LinkState::Revoked { .. } => LinkStateName::Revoked,
        }
    }

    /// When it was used, revoked, or its time ran out.
    pub fn ended_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.usable(now) {
            Ok(()) => None,
            Err(Closed::Used { at } | Closed::Expired { at } | Closed::Revoked { at }) => Some(at),
        }
    }
}

/// A time as people read it in an error: to the second, in UTC.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use contract::environment::Environment;

    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_750_000_000, 0).unwrap()
    }

    fn link(state: LinkState) -> Link {
        let environment = Environment::system();
        Link {
            id: environment.new_id(),
            app_id: environment.new_id(),
            organization_id: environment.new_id(),
            hint: "abcd".to_owned(),
            label: None,
            created_by: environment.new_id(),
            created_at: noon(),
            expires_at: noon() + Duration::days(30),
            opened_at: None,
            state,
            version: Version::FIRST,
        }
    }

    fn denied(at: DateTime<Utc>) -> LinkState {
        LinkState::Denied { at, by: Environment::system().new_id() }
    }

    #[test]
    fn the_first_opening_by_a_stranger_moves_a_pending_link_on() {
        assert_eq!(link(LinkState::Pending).open(false, noon()), Ok(Opening::First));
    }

    #[test]
    fn its_makers_look_at_a_link_without_opening_it() {
        assert_eq!(link(LinkState::Pending).open(true, noon()), Ok(Opening::Again));
    }

    #[test]
    fn opening_never_uses_a_link_up() {
        let opened = link(LinkState::Opened);
        assert_eq!(opened.open(false, noon()), Ok(Opening::Again));
        assert_eq!(opened.usable(noon()), Ok(()));
    }

    #[test]
    fn a_link_expires_by_time_before_anyone_records_it() {
        let link = link(LinkState::Opened);
        let moment_before = link.expires_at - Duration::microseconds(1);
        assert_eq!(link.usable(moment_before), Ok(()));
        assert_eq!(link.usable(link.expires_at), Err(Closed::Expired { at: link.expires_at }));
        assert_eq!(link.state_name(link.expires_at), LinkStateName::Expired);
    }

    #[test]
    fn a_used_link_says_when_it_was_used_even_after_its_expiry() {
        let used = link(denied(noon()));
        let later = noon() + Duration::days(365);
        assert_eq!(used.usable(later), Err(Closed::Used { at: noon() }));
        assert_eq!(
            used.usable(later).unwrap_err().to_string(),
            "the link was used at 2025-06-15T15:06:40Z"
        );
    }

    #[test]
    fn revoking_twice_changes_nothing_the_second_time() {
        assert_eq!(link(LinkState::Opened).revoke(noon()), Ok(true));
        let revoked = link(LinkState::Revoked { at: noon(), reason: EndReason::Requested });
        assert_eq!(revoked.revoke(noon()), Ok(false));
    }

    #[test]
    fn a_used_or_expired_link_cannot_be_revoked() {
        assert_eq!(link(denied(noon())).revoke(noon()), Err(Closed::Used { at: noon() }));
        let expired = link(LinkState::Expired);
        assert_eq!(expired.revoke(noon()), Err(Closed::Expired { at: expired.expires_at }));
    }

    #[test]
    fn a_link_lives_a_day_at_least_and_no_longer_than_allowed() {
        assert_eq!(lifetime(None, 30), Ok(Duration::days(30)));
        assert_eq!(lifetime(Some(1), 30), Ok(Duration::days(1)));
        for days in [0, -1, 31, i64::MAX] {
            assert!(lifetime(Some(days), 30).is_err(), "{days}");
        }
    }
}
