//! API tokens: how a person proves who they are on every request.

use chrono::{DateTime, Duration, Utc};
use contract::facts::{ApiTokenCreated, ApiTokenRevoked};
use contract::secret::ApiToken;
use contract::{ApiTokenId, PersonId, Version};

use crate::fields::{self, FieldError, Invalid};

/// The most characters of a token's name.
const NAME_CHARS: usize = 100;

/// How often a use is written down: more often would cost a write on every request.
pub(crate) const USE_RESOLUTION: Duration = Duration::seconds(60);

/// A token as it is stored: never the secret, only what it is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRecord {
    /// Its id.
    pub(crate) id: ApiTokenId,
    /// The person it speaks for.
    pub(crate) person_id: PersonId,
    /// What its owner calls it.
    pub(crate) name: String,
    /// Its last four characters.
    pub(crate) hint: String,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// A token that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewToken {
    /// What they call it.
    pub(crate) name: String,
    /// When it shall end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl NewToken {
    /// Checks the fields.
    pub(crate) fn parse(
        name: &str,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, Invalid> {
        let name = fields::name("name", name, NAME_CHARS);
        let past = expires_at.is_some_and(|end| end <= now);
        let expiry = past.then(|| FieldError::new("expires_at", "is not in the future"));
        match (name, expiry) {
            (Ok(name), None) => Ok(Self { name, expires_at }),
            (name, expiry) => Err(Invalid::all([name.err(), expiry])),
        }
    }
}

impl TokenRecord {
    /// Makes a token for a person: of the secret only the hint is kept here.
    pub(crate) fn create(
        id: ApiTokenId,
        person_id: PersonId,
        new: NewToken,
        secret: &ApiToken,
        now: DateTime<Utc>,
    ) -> (Self, ApiTokenCreated) {
        let NewToken { name, expires_at } = new;
        let record = Self {
            id,
            person_id,
            name,
            hint: secret.hint().to_owned(),
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
            version: Version::FIRST,
        };
        (record, ApiTokenCreated { api_token_id: id, person_id, expires_at })
    }

    /// Ends the token; none when it was revoked before.
    pub(crate) fn revoke(&self, now: DateTime<Utc>) -> Option<(Self, ApiTokenRevoked)> {
        if self.revoked_at.is_some() {
            return None;
        }
        let fact = ApiTokenRevoked { api_token_id: self.id, person_id: self.person_id };
        let version = self.version.next();
        Some((Self { revoked_at: Some(now), version, ..self.clone() }, fact))
    }

    /// Whether the token opens anything at this time. At the moment of its expiry it is expired.
    pub(crate) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether a use at this time is worth writing down.
    pub(crate) fn is_use_news(&self, now: DateTime<Utc>) -> bool {
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
            version: Version::FIRST,
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
    fn a_token_is_revoked_once() {
        let (revoked, fact) = token().revoke(at(5)).unwrap();
        assert_eq!((revoked.version.number(), fact.api_token_id), (2, token().id));
        assert_eq!(revoked.revoke(at(6)), None);
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
        assert_eq!(NewToken::parse(" ", Some(at(10)), at(10)).unwrap_err().0.len(), 2);
    }
}
