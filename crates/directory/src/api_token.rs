//! API tokens: how a person proves who they are on every request.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use contract::facts::{ApiTokenCreated, ApiTokenRevocation, ApiTokenRevoked};
use contract::secret::ApiToken;
use contract::{ApiTokenId, IdentityProviderId, PersonId, SessionId, TokenScope, Version};
use service::{Fault, FaultCode};

use crate::fields::{self, FieldError, Invalid};
use crate::session::{Session, USE_RESOLUTION};

/// The most characters of a token's name.
const NAME_CHARS: usize = 100;

/// A token as it is stored: never the secret, only what it is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRecord {
    /// Its id.
    pub(crate) id: ApiTokenId,
    /// The person it speaks for.
    pub(crate) person_id: PersonId,
    /// The token by which it was made. It ends no later, and with it.
    pub(crate) parent_id: Option<ApiTokenId>,
    /// The session by which it was made. It does not end with it: a session proves a person as a password does.
    pub(crate) session_id: Option<SessionId>,
    /// The provider from whose sign-in it stems, through what made it; none, if from a password of ours.
    pub(crate) identity_provider_id: Option<IdentityProviderId>,
    /// To what it is limited; none, if it opens all that the person may.
    pub(crate) scope: Option<TokenScope>,
    /// What its owner calls it.
    pub(crate) name: String,
    /// Its last four characters.
    pub(crate) hint: String,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// When it ends by itself; never, only if it is of an earlier version.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// By what a token is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Maker<'a> {
    /// A password, at this moment.
    Password,
    /// A session.
    Session(&'a Session),
    /// Another token.
    Token(&'a TokenRecord),
}

impl Maker<'_> {
    /// The provider from whose sign-in it stems; none, if from a password of ours.
    fn identity_provider_id(self) -> Option<IdentityProviderId> {
        match self {
            Self::Password => None,
            Self::Session(session) => session.identity_provider_id,
            Self::Token(token) => token.identity_provider_id,
        }
    }
}

/// What is asked for of a token, as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// What it shall be called.
    pub(crate) name: &'a str,
    /// When it shall end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// To what it shall be limited.
    pub(crate) scope: Option<TokenScope>,
}

/// A token that somebody wants, and may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewToken {
    /// What they call it.
    name: String,
    /// When it shall end by itself.
    expires_at: DateTime<Utc>,
    /// The token by which it is made.
    parent_id: Option<ApiTokenId>,
    /// The session by which it is made.
    session_id: Option<SessionId>,
    /// The provider from whose sign-in it stems.
    identity_provider_id: Option<IdentityProviderId>,
    /// To what it is limited.
    scope: Option<TokenScope>,
}

impl NewToken {
    /// Checks what is wanted. `operator` is whether the person is one, and `longest` how long a token may live; one for
    /// which no end is asked ends as late as it may.
    pub(crate) fn parse(
        wanted: Wanted<'_>,
        maker: Maker<'_>,
        operator: bool,
        longest: Duration,
        now: DateTime<Utc>,
    ) -> Result<Self, Invalid> {
        let (parent, session) = match maker {
            Maker::Password => (None, None),
            Maker::Session(session) => (None, Some(session)),
            Maker::Token(parent) => (Some(parent), None),
        };
        let identity_provider_id = maker.identity_provider_id();
        let name = fields::name("name", wanted.name, NAME_CHARS);
        let expires_at = end(wanted.expires_at, parent, longest, now);
        // Who signs in at a provider is no operator then: whoever sets one up must not get an operator's right by it.
        let scope = scope(wanted.scope, operator && identity_provider_id.is_none());
        match (name, expires_at, scope) {
            (Ok(name), Ok(expires_at), Ok(scope)) => Ok(Self {
                name,
                expires_at,
                parent_id: parent.map(|parent| parent.id),
                session_id: session.map(|session| session.id),
                identity_provider_id,
                scope,
            }),
            (name, expires_at, scope) => {
                Err(Invalid::all([name.err(), expires_at.err(), scope.err()]))
            }
        }
    }

    /// The first token of an installation.
    pub(crate) fn first(longest: Duration, now: DateTime<Utc>) -> Self {
        Self {
            name: "first token".to_owned(),
            expires_at: now + longest,
            parent_id: None,
            session_id: None,
            identity_provider_id: None,
            scope: None,
        }
    }
}

/// Operators alone read the whole log, and so they alone make tokens that do.
fn scope(wanted: Option<TokenScope>, operates: bool) -> Result<Option<TokenScope>, FieldError> {
    match wanted {
        Some(TokenScope::AuditLog) if !operates => {
            let message = "is for operators, who make such tokens for auditors";
            Err(FieldError::new("scope", Fault::new(FaultCode::NotAllowed, message)))
        }
        wanted => Ok(wanted),
    }
}

fn end(
    wanted: Option<DateTime<Utc>>,
    parent: Option<&TokenRecord>,
    longest: Duration,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, FieldError> {
    let refused = |message: String| {
        let fault = Fault::new(FaultCode::OutOfRange, message);
        Err(FieldError::new("expires_at", fault))
    };
    let parents = parent.and_then(|parent| parent.expires_at);
    match (wanted, parents) {
        (None, None) => Ok(now + longest),
        (None, Some(parents)) => Ok(parents.min(now + longest)),
        (Some(end), _) if end <= now => refused("is not in the future".to_owned()),
        (Some(end), Some(parents)) if end > parents => refused(format!(
            "is later than the end of the token that makes it, {}",
            parents.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        )),
        (Some(end), _) if end > now + longest => {
            refused(format!("is more than {} days away", longest.num_days()))
        }
        (Some(end), _) => Ok(end),
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
        let NewToken { name, expires_at, parent_id, session_id, identity_provider_id, scope } = new;
        let expires_at = Some(expires_at);
        let record = Self {
            id,
            person_id,
            parent_id,
            session_id,
            identity_provider_id,
            scope,
            name,
            hint: secret.hint().to_owned(),
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
            version: Version::FIRST,
        };
        let created = ApiTokenCreated {
            api_token_id: id,
            person_id,
            expires_at,
            parent_id,
            session_id,
            scope,
        };
        (record, created)
    }

    /// Ends the token; none when it was revoked before. Whatever it made is to end with it.
    pub(crate) fn revoke(
        &self,
        because: ApiTokenRevocation,
        now: DateTime<Utc>,
    ) -> Option<(Self, ApiTokenRevoked)> {
        if self.revoked_at.is_some() {
            return None;
        }
        let because = Some(because);
        let fact = ApiTokenRevoked { api_token_id: self.id, person_id: self.person_id, because };
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
    use crate::session::Lifetimes;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn token() -> TokenRecord {
        TokenRecord {
            id: ApiTokenId::from_uuid(Uuid::from_u128(1)),
            person_id: PersonId::from_uuid(Uuid::from_u128(2)),
            parent_id: None,
            session_id: None,
            identity_provider_id: None,
            scope: None,
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
        let because = ApiTokenRevocation::Requested;
        let (revoked, fact) = token().revoke(because, at(5)).unwrap();
        assert_eq!((revoked.version.number(), fact.api_token_id), (2, token().id));
        assert_eq!(revoked.revoke(because, at(6)), None);
    }

    #[test]
    fn a_use_is_written_down_once_a_minute() {
        assert!(token().is_use_news(at(5)));
        let used = TokenRecord { last_used_at: Some(at(5)), ..token() };
        assert!(!used.is_use_news(at(64)));
        assert!(used.is_use_news(at(65)));
    }

    const LONGEST: Duration = Duration::days(1);

    /// A token for which somebody who is no operator asks at second 10.
    fn parse(name: &str, wanted: Option<i64>, maker: Maker<'_>) -> Result<NewToken, Invalid> {
        let wanted = Wanted { name, expires_at: wanted.map(at), scope: None };
        NewToken::parse(wanted, maker, false, LONGEST, at(10))
    }

    /// The end of a token for which this is asked at second 10, or how many fields are wrong.
    fn ends(wanted: Option<i64>, parent: Option<i64>) -> Result<i64, usize> {
        let parent = parent.map(|end| TokenRecord { expires_at: Some(at(end)), ..token() });
        let maker = parent.as_ref().map_or(Maker::Password, Maker::Token);
        let new = parse("laptop", wanted, maker);
        new.map(|new| new.expires_at.timestamp()).map_err(|invalid| invalid.0.len())
    }

    #[test]
    fn a_new_token_has_a_name_and_ends_in_the_future() {
        assert_eq!(ends(Some(11), None), Ok(11));
        assert_eq!(ends(Some(10), None), Err(1));
        let wrong = parse(" ", Some(10), Maker::Password).unwrap_err();
        assert_eq!(wrong.0.len(), 2);
    }

    #[test]
    fn a_token_lives_no_longer_than_the_longest_and_so_long_if_nothing_else_is_asked() {
        let last = 10 + LONGEST.num_seconds();
        assert_eq!(ends(None, None), Ok(last));
        assert_eq!(ends(Some(last), None), Ok(last));
        assert_eq!(ends(Some(last + 1), None), Err(1));
    }

    #[test]
    fn a_token_that_a_token_makes_ends_no_later() {
        assert_eq!(ends(None, Some(18)), Ok(18));
        assert_eq!(ends(Some(18), Some(18)), Ok(18));
        assert_eq!(ends(Some(19), Some(18)), Err(1));
        let forever = TokenRecord { expires_at: None, ..token() };
        let maker = Maker::Token(&forever);
        let new = parse("laptop", None, maker).unwrap();
        assert_eq!((new.expires_at, new.parent_id), (at(10) + LONGEST, Some(forever.id)));
    }

    #[test]
    fn a_token_that_a_session_makes_outlives_it_and_stems_from_where_it_does() {
        let provider = Some(IdentityProviderId::from_uuid(Uuid::from_u128(7)));
        let lifetimes = Lifetimes { idle: Duration::seconds(5), longest: Duration::seconds(9) };
        let id = SessionId::from_uuid(Uuid::from_u128(3));
        let (session, _) = Session::open(id, token().person_id, provider, None, lifetimes, at(10));
        let made = |maker| parse("laptop", None, maker).unwrap();
        let new = made(Maker::Session(&session));
        assert_eq!(
            (new.expires_at, new.parent_id, new.session_id),
            (at(10) + LONGEST, None, Some(id))
        );
        assert_eq!(new.identity_provider_id, provider);
        let parent = TokenRecord { identity_provider_id: provider, ..token() };
        let new = made(Maker::Token(&parent));
        assert_eq!((new.session_id, new.identity_provider_id), (None, provider));
        assert_eq!(made(Maker::Password).identity_provider_id, None);
    }
    #[test]
    fn only_who_operates_makes_tokens_that_read_the_log() {
        let scope = Some(TokenScope::AuditLog);
        let wanted = Wanted { name: "auditor", expires_at: None, scope };
        let made = |maker, operator| NewToken::parse(wanted, maker, operator, LONGEST, at(10));
        assert_eq!(made(Maker::Password, true).unwrap().scope, scope);
        assert_eq!(made(Maker::Password, false).unwrap_err().0.len(), 1);
        let provider = Some(IdentityProviderId::from_uuid(Uuid::from_u128(7)));
        let token = TokenRecord { identity_provider_id: provider, ..token() };
        assert!(made(Maker::Token(&token), true).is_err(), "no operator who came by a provider");
    }
}
