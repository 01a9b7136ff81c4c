//! API tokens: how a person proves who they are on every request.

use chrono::{DateTime, Duration, Utc};
use contract::{ApiTokenId, PersonId};

use crate::fields::{self, FieldError};

/// The most characters of a token's name.
pub const NAME_CHARS: usize = 100;

/// How often a use is written down: more often would cost a write on every request.
pub const USE_RESOLUTION: Duration = Duration::seconds(60);

/// A token as it is stored: never the secret, only what it is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its id.
    pub id: ApiTokenId,
    /// The person it speaks for.
    pub person_id: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// Its last four characters.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub version: i64,
}

/// A token that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What they call it.
    pub name: String,
    /// When it shall end by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewToken {
    /// Checks the fields.
    pub fn parse(
        name: &str,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, Vec<FieldError>> {
        let name = fields::name("name", name, NAME_CHARS);
        let past = expires_at.is_some_and(|end| end <= now);
        let expiry = past.then(|| FieldError::new("expires_at", "is not in the future"));
        match (name, expiry) {
            (Ok(name), None) => Ok(Self { name, expires_at }),
            (name, expiry) => Err(name.err().into_iter().chain(expiry).collect()),
        }
    }
}

impl TokenRecord {
    /// Whether the token opens anything at this time. At the moment of its expiry it is expired.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether a use at this time is worth writing down.
    pub fn is_use_news(&self, now: DateTime<Utc>) -> bool {
        self.last_used_at.is_none_or(|last| now - last >= USE_RESOLUTION)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn token() -> TokenRecord {
        TokenRecord {
            id: ApiTokenId::from_uuid(Uuid::from_u128(1)),
            person_id: PersonId::from_uuid(Uuid::from_u128(2)),
            name: "laptop".into(),
            hint: "abcd".into(),
            created_at: at(0),
            expires_at: Some(at(100)),
            revoked_at: None,
            last_used_at: None,
            version: 1,
        }
    }

    #[test]
    fn a_token_lives_until_it_expires_or_is_revoked() {
        assert!(token().is_live(at(99)));
        assert!(!token().is_live(at(100)));
        assert!(TokenRecord { expires_at: None, ..token() }.is_live(at(1_000_000)));
        assert!(!TokenRecord { revoked_at: Some(at(5)), ..token() }.is_live(at(6)));
    }

    #[test]
    fn a_use_is_written_down_once_a_minute() {
        assert!(token().is_use_news(at(5)));
        let used = TokenRecord { last_used_at: Some(at(5)), ..token() };
        assert!(!used.is_use_news(at(64)));
        assert!(used.is_use_news(at(65)));
    }

    #[test]
    fn a_new_token_has_a_name_and_ends_in_the_future() {
        assert!(NewToken::parse("laptop", Some(at(11)), at(10)).is_ok());
        assert_eq!(NewToken::parse(" ", Some(at(10)), at(10)).unwrap_err().len(), 2);
    }
}
