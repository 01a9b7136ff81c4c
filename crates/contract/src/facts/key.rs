//! What happens to keys, signing keys and tokens.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CountedRefusals, facts};
use crate::ids::{AppId, ClientId, KeyId, SigningKeyId, TokenId};
use crate::patterns;

facts! {
    KeyCreated = "key"."created" with KeyDetails;
    KeyRenamed = "key"."renamed" with KeyDetails;
    KeyDeleted = "key"."deleted";
    KeyExpired = "key"."expired";
    KeyExpiring = "key"."expiring";
    KeyLeaked = "key"."leaked" with KeyLeakDetails;
    SigningKeyCreated = "signing-key"."created";
    TokenIssued = record "token"."issued";
    TokenRefused = record "token"."refused";
}

/// What developers typed about a key, as it was when the event happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyDetails {
    /// Its name.
    pub name: String,
}

/// What whoever reported a leaked secret said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyLeakDetails {
    /// Where the secret was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// In what kind of place, such as `content` or `commit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Why a key was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyDeletionReason {
    /// Its owners replaced it: it works for a while yet.
    Requested,
    /// Its owners ended it at once, because its secret leaked.
    RequestedNow,
    /// Its app was archived.
    AppArchived,
    /// Its owners replaced it by another, whose event names it.
    Replaced,
    /// Somebody found its secret: `key.leaked`, just before.
    Leaked,
}

/// The algorithm of a key that signs (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// The OAuth grant by which a token was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 section 4.4.
    ClientCredentials,
}

impl GrantType {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// Why a request for a token was refused. Of the first five, the caller is told no more than
/// `invalid_client`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenRefusalReason {
    /// No key has this client id.
    UnknownClient,
    /// The secret is not the key's.
    WrongSecret,
    /// The key was deleted or expired.
    KeyEnded,
    /// An operator suspended the app.
    AppSuspended,
    /// The app has ended.
    AppArchived,
    /// The request cannot be read.
    InvalidRequest,
    /// No or unreadable client authentication.
    NoAuthentication,
    /// A grant that is not offered.
    UnsupportedGrantType,
    /// The app was registered for another grant.
    UnauthorizedClient,
    /// A scope that the app was not registered for.
    InvalidScope,
}

/// An app got a key. Its name is in the details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyCreated {
    /// The key.
    pub key_id: KeyId,
    /// Its OAuth client id.
    pub client_id: ClientId,
    /// The app.
    pub app_id: AppId,
    /// When it will expire by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The key in whose place it comes; that one is deleted at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<KeyId>,
}

/// A key got another name, which is in the details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRenamed {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
}

/// A key was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyDeleted {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
    /// From when it works no more: some minutes later, so that a program can be switched over, or
    /// at once for a leaked one.
    pub ends_at: DateTime<Utc>,
    /// Why.
    pub reason: KeyDeletionReason,
}

/// A key reached its expiry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyExpired {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
}

/// A key will expire soon: told so many days before, each number once. Of several that are due at once, as after a
/// time in which nothing ran, the nearest only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyExpiring {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
    /// So many days before, at most.
    pub days: u16,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// Somebody found a key's secret and reported it. The key's end follows at once. Where it was found is in the details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyLeaked {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
}

/// A key that signs access tokens was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SigningKeyCreated {
    /// The key: the `kid` of the tokens it signs.
    pub signing_key_id: SigningKeyId,
    /// The algorithm.
    pub algorithm: SigningAlgorithm,
    /// The RFC 7638 thumbprint of its public part.
    #[schemars(regex(pattern = patterns::THUMBPRINT))]
    pub thumbprint: String,
}

/// An access token was issued. The token itself is nowhere but with the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenIssued {
    /// The token's `jti` (RFC 9068 section 2.2).
    pub token_id: TokenId,
    /// The app.
    pub app_id: AppId,
    /// The key that authenticated.
    pub client_id: ClientId,
    /// The OAuth grant.
    pub grant_type: GrantType,
    /// The scopes, separated by spaces.
    #[schemars(regex(pattern = patterns::SCOPES))]
    pub scope: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// A request for a token was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRefused {
    /// The attempt.
    pub attempt_id: TokenId,
    /// The client id that was claimed, if it has the form of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The app, if the client id is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// The true reason, of which the caller is told less.
    pub reason: TokenRefusalReason,
    /// What it stands for, if for more than one refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedRefusals>,
    /// Since when the process that recorded this has counted: refusals before may have been counted by one
    /// that was killed, and be told by no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_since: Option<DateTime<Utc>>,
}
