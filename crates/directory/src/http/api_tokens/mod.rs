//! `/v1/api-tokens`.

pub(super) mod create;
pub(super) mod list;
pub(super) mod read;
pub(super) mod revoke;
pub(super) mod revoke_all;

use chrono::{DateTime, Utc};
use contract::{ApiTokenId, SessionId, TokenScope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api_token::TokenRecord;

/// An API token: the record, not the secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(super) struct TokenAnswer {
    /// Its id.
    id: ApiTokenId,
    /// What its owner calls it.
    name: String,
    /// Its last four characters.
    hint: String,
    /// The token by which it was made, and with which it ends; none if it was made by a password or a session.
    parent_id: Option<ApiTokenId>,
    /// The session by which it was made. It does not end with it.
    session_id: Option<SessionId>,
    /// To what it is limited; none if it opens all that the person may.
    scope: Option<TokenScope>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<TokenRecord> for TokenAnswer {
    fn from(token: TokenRecord) -> Self {
        Self {
            id: token.id,
            name: token.name,
            hint: token.hint,
            parent_id: token.parent_id,
            session_id: token.session_id,
            scope: token.scope,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}
