//! Ids. Each aggregate's id is a type of its own, so that one cannot be passed for another.
//!
//! All are UUIDs of version 7 (RFC 9562), made in Rust by [`crate::Environment::new_id`].

use std::fmt;
use std::str::FromStr;

use crate::patterns;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A typed id over a UUID.
pub trait Id: Copy + FromStr + Send + Sync + 'static {
    /// The kind of stream it is the id of, as in an event's `subject`.
    const AGGREGATE: &'static str;
    /// What people call it, with hyphens for spaces: a missing one is the problem `<noun>-not-found`.
    const NOUN: &'static str;
    /// The id with this UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID of the id.
    fn uuid(self) -> Uuid;
}

/// Text that is no id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a UUID")]
pub struct InvalidId(String);

macro_rules! ids {
    (@noun $aggregate:literal) => { $aggregate };
    (@noun $aggregate:literal $noun:literal) => { $noun };
    ($($(#[$doc:meta])* $name:ident = $aggregate:literal $(called $noun:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            /// The UUID of the id.
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl Id for $name {
            const AGGREGATE: &'static str = $aggregate;
            const NOUN: &'static str = ids!(@noun $aggregate $($noun)?);
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
            fn uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId(text.chars().take(64).collect()))
            }
        }
    )*};
}

ids! {
    /// An organization that develops apps.
    OrganizationId = "organization";
    /// A person who signs in.
    PersonId = "person";
    /// One person's membership of one organization.
    MembershipId = "membership" called "member";
    /// An advertiser's or publisher's account, whose data apps ask for.
    AccountId = "account";
    /// One person's role on one account.
    AccountRoleId = "account-role";
    /// An invitation to an organization, or to an account.
    InvitationId = "invitation";
    /// An organization's request for a domain.
    DomainRequestId = "domain-request";
    /// A third-party app.
    AppId = "app";
    /// An address to which an app's authorization codes may be sent.
    RedirectUriId = "redirect-uri";
    /// A key of an app; its [`ClientId`] is the same number in other clothes.
    KeyId = "key";
    /// A consent link.
    LinkId = "consent-link";
    /// One passing on of a consent link.
    PassOnId = "pass-on";
    /// The consent of one account to one app.
    GrantId = "consent" called "grant";
    /// A notice that a consent will end.
    ConsentNoticeId = "consent-notice";
    /// An API token of a person (the record, not the secret).
    ApiTokenId = "api-token";
    /// A session of a person, from a sign-in until it ends (the record, not the secret).
    SessionId = "session";
    /// An organization's provider of identities, through which its members sign in.
    IdentityProviderId = "identity-provider";
    /// An access token: the `jti` of RFC 9068. Also the stream of an issue that was refused.
    TokenId = "token";
    /// Who reads an organization's events from NATS.
    SubscriberId = "subscriber";
    /// One attempt to sign in.
    SignInId = "sign-in";
    /// A mail.
    MailId = "mail";
    /// What a mailed link confirms an organization's contact address by.
    ContactConfirmationId = "contact-confirmation";
    /// What a mailed link gives a person another password by.
    PasswordResetId = "password-reset";
    /// One refused attempt that matters to security.
    RefusalId = "access" called "refusal";
    /// A hole in a stream, as the log noticed it.
    HoleId = "hole";
    /// The manifests of a service: a stream each, see [`crate::manifest`].
    ManifestId = "manifest";
    /// A key that signs access tokens: the `kid` of RFC 7517.
    SigningKeyId = "signing-key";
    /// A log that goes on from another.
    LogId = "log";
    /// The key of a log, through all its replacements.
    LogKeyId = "log-key";
    /// An event: the `id` of CloudEvents.
    EventId = "event";
    /// What belongs together: all events that follow from one request share it.
    CorrelationId = "correlation";
}

/// The OAuth `client_id` of a key (RFC 6749 section 2.2): its id as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, ToSchema)]
#[schema(value_type = String)]
#[schemars(transparent)]
pub struct ClientId(#[schemars(with = "String", regex(pattern = patterns::CLIENT_ID))] Uuid);

/// Text that is no client id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a client_id has 32 lower-case hex digits")]
pub struct InvalidClientId;

impl ClientId {
    /// The key that this client id names.
    pub const fn key_id(self) -> KeyId {
        KeyId::from_uuid(self.0)
    }
}

impl KeyId {
    /// The client id under which the key is used.
    pub const fn client_id(self) -> ClientId {
        ClientId(self.uuid())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({self})")
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;
    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 32 || !hex {
            return Err(InvalidClientId);
        }
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidClientId)
    }
}

impl Serialize for ClientId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The services. A service's name is in its NATS subjects and event sources, its schema in Postgres.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Organizations, people, memberships, accounts, account roles, sessions, API tokens.
    Directory,
    /// Apps, their images, the catalogue.
    AppRegistry,
    /// Keys, signing keys, tokens.
    KeyIssuer,
    /// Consent links and grants.
    ConsentBroker,
    /// The log of all events.
    Audit,
    /// Subscribers: systems outside that read events.
    Notifier,
}

impl Service {
    /// All services, in the order in which they start.
    pub const ALL: [Self; 6] = [
        Self::Directory,
        Self::AppRegistry,
        Self::KeyIssuer,
        Self::ConsentBroker,
        Self::Audit,
        Self::Notifier,
    ];

    /// The name, as in `mandate serve <name>` and `mandate.rpc.<name>.…`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::AppRegistry => "app-registry",
            Self::KeyIssuer => "key-issuer",
            Self::ConsentBroker => "consent-broker",
            Self::Audit => "audit",
            Self::Notifier => "notifier",
        }
    }

    /// The Postgres schema that only this service reads and writes.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::AppRegistry => "app_registry",
            Self::KeyIssuer => "key_issuer",
            Self::ConsentBroker => "consent_broker",
            Self::Audit => "audit",
            Self::Notifier => "notifier",
        }
    }

    /// The Postgres role under which this service works.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Directory => "mandate_directory",
            Self::AppRegistry => "mandate_app_registry",
            Self::KeyIssuer => "mandate_key_issuer",
            Self::ConsentBroker => "mandate_consent_broker",
            Self::Audit => "mandate_audit",
            Self::Notifier => "mandate_notifier",
        }
    }

    /// The kinds of streams that this service writes: nobody else may, but for `access`, the refused
    /// attempts of each, and `manifest`, what each says that it has recorded.
    pub const fn aggregates(self) -> &'static [&'static str] {
        match self {
            Self::Directory => &[
                "organization",
                "membership",
                "person",
                "account",
                "account-role",
                "api-token",
                "session",
                "sign-in",
                "identity-provider",
                "mail",
                "contact-confirmation",
                "password-reset",
                "invitation",
                "domain-request",
                "access",
                "manifest",
            ],
            Self::AppRegistry => &["app", "access", "manifest"],
            Self::KeyIssuer => &["key", "signing-key", "token", "access", "manifest"],
            Self::ConsentBroker => {
                &["consent-link", "consent", "consent-notice", "access", "manifest"]
            }
            Self::Audit => &["log", "log-key", "hole", "access", "manifest"],
            Self::Notifier => &["subscriber", "access", "manifest"],
        }
    }

    /// The `source` attribute of this service's events.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Directory => "/mandate/directory",
            Self::AppRegistry => "/mandate/app-registry",
            Self::KeyIssuer => "/mandate/key-issuer",
            Self::ConsentBroker => "/mandate/consent-broker",
            Self::Audit => "/mandate/audit",
            Self::Notifier => "/mandate/notifier",
        }
    }
}

/// A name that is no service's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a service; the services are directory, app-registry, key-issuer, consent-broker, audit, notifier"
)]
pub struct UnknownService(String);

impl FromStr for Service {
    type Err = UnknownService;
    fn from_str(text: &str) -> Result<Self, UnknownService> {
        let name = text.strip_prefix("/mandate/").unwrap_or(text);
        Self::ALL
            .into_iter()
            .find(|s| s.name() == name)
            .ok_or_else(|| UnknownService(text.to_owned()))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_client_id_is_its_key_id_in_32_hex_digits() {
        let key = KeyId::from_uuid(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0001));
        let client = key.client_id();
        assert_eq!(client.to_string(), "0192aaaabbbb7ccc8dddeeeeffff0001");
        assert_eq!(client.to_string().parse::<ClientId>().unwrap().key_id(), key);
    }

    #[test]
    fn hyphens_capitals_and_short_texts_are_no_client_id() {
        for text in
            ["", "0192", "0192AAAABBBB7CCC8DDDEEEEFFFF0001", "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001"]
        {
            assert_eq!(text.parse::<ClientId>(), Err(InvalidClientId), "{text}");
        }
    }

    #[test]
    fn every_kind_of_event_is_of_one_service() {
        // These are of each.
        let of_all = ["access", "manifest"];
        let mut written: Vec<&str> = Service::ALL
            .into_iter()
            .flat_map(Service::aggregates)
            .copied()
            .filter(|aggregate| !of_all.contains(aggregate))
            .collect();
        written.sort_unstable();
        let known: BTreeSet<&str> = crate::facts::all()
            .iter()
            .map(|event| event.aggregate)
            .filter(|aggregate| !of_all.contains(aggregate))
            .collect();
        assert_eq!(written, known.into_iter().collect::<Vec<_>>());
        for service in Service::ALL {
            for aggregate in of_all {
                assert!(service.aggregates().contains(&aggregate), "{service}");
            }
        }
    }

    #[test]
    fn services_are_found_by_name_and_by_source() {
        for service in Service::ALL {
            assert_eq!(service.name().parse::<Service>().unwrap(), service);
            assert_eq!(service.source().parse::<Service>().unwrap(), service);
        }
        assert!("portalx".parse::<Service>().is_err());
    }
}
