//! `/v1/sessions`.

pub(super) mod create;
pub(super) mod end;
pub(super) mod end_others;
pub(super) mod list;
pub(super) mod read;

use chrono::{DateTime, Utc};
use contract::secret::SessionToken;
use contract::{Credential, IdentityProviderId, SessionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::session::Session;

/// A session: the record, not the token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionAnswer {
    /// Its id.
    id: SessionId,
    /// What the device said of itself when it was opened.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")]
    user_agent: Option<String>,
    /// Through which provider of identities it was opened; none if with a password.
    identity_provider_id: Option<IdentityProviderId>,
    /// When it was opened.
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
    /// Whether it is the one with which this is asked.
    current: bool,
}

impl SessionAnswer {
    fn of(session: Session, asked_with: Credential) -> Self {
        Self {
            current: asked_with == Credential::Session(session.id),
            id: session.id,
            user_agent: session.user_agent,
            identity_provider_id: session.identity_provider_id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// A new session, with its token.
#[derive(Serialize, ToSchema)]
pub(super) struct NewSession {
    /// The session's record.
    id: SessionId,
    /// The token: shown this once, kept nowhere.
    #[schema(example = "mandate_ses_…")]
    token: String,
    /// When the session ends at the latest. It ends before if it is not used for some hours.
    expires_at: DateTime<Utc>,
}

impl NewSession {
    /// The session, with the token that is handed over this once.
    pub(super) fn of(session: &Session, token: &SessionToken) -> Self {
        let token = token.reveal().to_owned();
        Self { id: session.id, token, expires_at: session.expires_at }
    }
}
