//! What happens to keys, signing keys and tokens.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{AppId, ClientId, KeyId, SigningKeyId, TokenId};

facts! {
    KeyCreated = "key"."created";
    KeyRenamed = "key"."renamed";
    KeyDeleted = "key"."deleted";
    KeyExpired = "key"."expired";
    SigningKeyCreated = "signing-key"."created";
    TokenIssued = "token"."issued";
    TokenRefused = "token"."refused";
}

/// An app got a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyCreated {
    /// The key.
    pub key_id: KeyId,
    /// Its OAuth client id.
    pub client_id: ClientId,
    /// The app.
    pub app_id: AppId,
    /// Its name.
    pub name: String,
    /// When it will expire by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key got another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRenamed {
    /// The key.
    pub key_id: KeyId,
    /// The app.
    pub app_id: AppId,
    /// Its new name.
    pub name: String,
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
    /// Why: `requested`, `requested_now` or `app_archived`.
    pub reason: String,
}

/// A key reached its expiry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyExpired {
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
    /// The algorithm (RFC 7518 section 3.1).
    pub algorithm: String,
    /// The RFC 7638 thumbprint of its public part.
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
    /// The OAuth grant, such as `client_credentials`.
    pub grant_type: String,
    /// The scopes, separated by spaces.
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
    /// The true reason, which the caller is not told: `unknown_client`, `wrong_secret`,
    /// `key_ended`, `app_suspended` …
    pub reason: String,
}
