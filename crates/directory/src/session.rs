//! Sessions: what a sign-in opens, and what speaks for a person until it ends.

use chrono::{DateTime, Duration, Utc};
use contract::facts::{SessionCreated, SessionEnded, SessionEnding};
use contract::text::is_invisible;
use contract::{IdentityProviderId, PersonId, SessionId, Version};

/// The most characters that are kept of what a device says of itself.
const USER_AGENT_CHARS: usize = 255;

/// How often a use is written down: more often would cost a write on every request.
pub(crate) const USE_RESOLUTION: Duration = Duration::seconds(60);

/// A session as it is stored: never the token, only what was said when it was opened, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Its id.
    pub(crate) id: SessionId,
    /// The person it speaks for.
    pub(crate) person_id: PersonId,
    /// What the device said of itself: personal, and forgotten with the session's end.
    pub(crate) user_agent: Option<String>,
    /// Through which provider the person signed in; none, if with a password of ours.
    pub(crate) identity_provider_id: Option<IdentityProviderId>,
    /// When it was opened.
    pub(crate) created_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub(crate) expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub(crate) last_used_at: DateTime<Utc>,
    /// When it was ended, or its end was recorded.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// Without being used.
    pub(crate) idle: Duration,
    /// At the longest.
    pub(crate) longest: Duration,
}

impl Session {
    /// Opens a session of a person who has just signed in.
    pub(crate) fn open(
        id: SessionId,
        person_id: PersonId,
        identity_provider_id: Option<IdentityProviderId>,
        user_agent: Option<&str>,
        lifetimes: Lifetimes,
        now: DateTime<Utc>,
    ) -> (Self, SessionCreated) {
        let session = Self {
            id,
            person_id,
            user_agent: user_agent.and_then(shown),
            identity_provider_id,
            created_at: now,
            expires_at: now + lifetimes.longest,
            last_used_at: now,
            ended_at: None,
            version: Version::FIRST,
        };
        let expires_at = session.expires_at;
        (session, SessionCreated { session_id: id, person_id, expires_at, identity_provider_id })
    }

    /// Whether it speaks for its person at this time. At the moment of its end it does not.
    pub(crate) fn is_live(&self, now: DateTime<Utc>, lifetimes: Lifetimes) -> bool {
        self.ended_at.is_none() && self.end_by_itself(now, lifetimes).is_none()
    }

    /// Why it has ended by itself, if it has.
    pub(crate) fn end_by_itself(
        &self,
        now: DateTime<Utc>,
        lifetimes: Lifetimes,
    ) -> Option<SessionEnding> {
        let idle_end = self.last_used_at + lifetimes.idle;
        match now {
            now if now < self.expires_at.min(idle_end) => None,
            _ if self.expires_at <= idle_end => Some(SessionEnding::Expired),
            _ => Some(SessionEnding::Idle),
        }
    }

    /// Whether a use at this time is worth writing down.
    pub(crate) fn is_use_news(&self, now: DateTime<Utc>) -> bool {
        now - self.last_used_at >= USE_RESOLUTION
    }

    /// Ends it, and forgets the device; none when it was ended before.
    pub(crate) fn end(
        &self,
        because: SessionEnding,
        now: DateTime<Utc>,
    ) -> Option<(Self, SessionEnded)> {
        if self.ended_at.is_some() {
            return None;
        }
        let fact = SessionEnded { session_id: self.id, person_id: self.person_id, because };
        let ended = Self {
            ended_at: Some(now),
            user_agent: None,
            version: self.version.next(),
            ..self.clone()
        };
        Some((ended, fact))
    }
}

/// What is kept of what a device says of itself: it is shown to its owner.
fn shown(user_agent: &str) -> Option<String> {
    let shown = user_agent.chars().filter(|c| !is_invisible(*c)).take(USER_AGENT_CHARS);
    let shown: String = shown.collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIFETIMES: Lifetimes =
        Lifetimes { idle: Duration::seconds(100), longest: Duration::seconds(250) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn opened(user_agent: Option<&str>) -> Session {
        let id = SessionId::from_uuid(Uuid::from_u128(1));
        let person = PersonId::from_uuid(Uuid::from_u128(2));
        Session::open(id, person, None, user_agent, LIFETIMES, at(0)).0
    }

    #[test]
    fn a_session_ends_when_it_is_idle_for_too_long() {
        let session = opened(None);
        assert!(session.is_live(at(99), LIFETIMES));
        assert!(!session.is_live(at(100), LIFETIMES));
        assert_eq!(session.end_by_itself(at(100), LIFETIMES), Some(SessionEnding::Idle));
        let used = Session { last_used_at: at(60), ..session };
        assert!(used.is_live(at(159), LIFETIMES) && !used.is_live(at(160), LIFETIMES));
    }

    #[test]
    fn a_session_ends_however_much_it_is_used() {
        let used = Session { last_used_at: at(240), ..opened(None) };
        assert!(used.is_live(at(249), LIFETIMES));
        assert!(!used.is_live(at(250), LIFETIMES));
        assert_eq!(used.end_by_itself(at(250), LIFETIMES), Some(SessionEnding::Expired));
    }

    #[test]
    fn a_session_is_ended_once_and_forgets_the_device() {
        let session = opened(Some("Browser/1"));
        let (ended, fact) = session.end(SessionEnding::Requested, at(5)).unwrap();
        assert_eq!((ended.version.number(), fact.session_id), (2, session.id));
        assert_eq!(ended.user_agent, None);
        assert!(!ended.is_live(at(6), LIFETIMES));
        assert_eq!(ended.end(SessionEnding::Requested, at(6)), None);
    }

    #[test]
    fn a_use_is_written_down_once_a_minute() {
        assert!(!opened(None).is_use_news(at(59)));
        assert!(opened(None).is_use_news(at(60)));
    }

    #[test]
    fn of_a_device_so_much_is_kept_as_can_be_shown() {
        assert_eq!(opened(Some(" Brow\u{202E}ser\t/1 ")).user_agent.unwrap(), "Browser/1");
        assert_eq!(opened(Some(&"é".repeat(400))).user_agent.unwrap().chars().count(), 255);
        for nothing in [None, Some(""), Some(" \u{200B}")] {
            assert_eq!(opened(nothing).user_agent, None);
        }
    }
}
