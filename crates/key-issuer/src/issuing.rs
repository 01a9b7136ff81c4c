//! Issuing access tokens by client credentials (RFC 6749 section 4.4): decide, sign, record.
//!
//! What is remembered of a client is tried first; a token that was decided on it is recorded only if it
//! still holds. Whatever else would be answered is decided again on what is read now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::facts::{GrantType, TokenIssued, TokenRefusalReason, TokenRefused};
use contract::{Actor, Authority, ClientId, KeyId, TokenId};
use eventstore::AppendError;
use eventstore::group_commit::Uncommitted;
use service::{Permit, RequestFacts};

use crate::KeyIssuer;
use crate::access_token::NewToken;
use crate::client::{self, Client, Refusal};
use crate::clients;
use crate::token_events::TokenEvent;
use crate::token_request::{Malformed, MalformedError, TokenRequest};

/// How often a token is decided when its key or app changes each time. They change at human pace.
const ATTEMPTS: usize = 3;

/// A token that may leave: its event is durable.
pub(crate) struct IssuedToken {
    /// The JWT.
    pub(crate) jwt: String,
    /// Its scopes, separated by spaces.
    pub(crate) scope: String,
}

/// Why no token leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotIssued {
    /// The request is refused, and this was recorded.
    Refused(TokenRefusalReason),
    /// It is not known whether the client may, or the token could not be recorded.
    Unavailable,
}

impl KeyIssuer {
    /// Issues the token that a request asks for.
    ///
    /// # Errors
    /// See [`NotIssued`].
    pub(crate) async fn issue(
        &self,
        facts: &RequestFacts,
        request: &TokenRequest,
    ) -> Result<IssuedToken, NotIssued> {
        if !self.knows_apps() {
            return Err(NotIssued::Unavailable);
        }
        let now = self.resources.env.now();
        let claimed = &request.credentials.client_id;
        let id = key_id(claimed);
        if let Some(remembered) = self.clients.remembered(id)
            && !remembered.app_parked
            && let Ok((client, scope)) = client::decide(Some(&remembered), request, now)
            && let Some(token) = self.hand_over(facts, client, scope, now).await?
        {
            return Ok(token);
        }
        for _ in 0..ATTEMPTS {
            let found = self.read_client(id).await?;
            match client::decide(found.as_deref(), request, now) {
                Ok((client, _)) if client.app_parked => {
                    tracing::warn!(app = %client.app_id, "not all is known of the app: no token is issued");
                    return Err(NotIssued::Unavailable);
                }
                Ok((client, scope)) => {
                    if let Some(token) = self.hand_over(facts, client, scope, now).await? {
                        return Ok(token);
                    }
                }
                Err(refusal) => {
                    self.record_refusal(facts, refusal, claimed, found.as_deref()).await;
                    return Err(NotIssued::Refused(refusal.reason));
                }
            }
        }
        Err(NotIssued::Unavailable)
    }

    /// Whether what is known of apps is young enough to decide on: whether nothing was missing a short while ago.
    pub(crate) fn knows_apps(&self) -> bool {
        let known = self.apps_age.is_within(self.settings.max_apps_age());
        if !known {
            tracing::warn!(age = ?self.apps_age.get(), "the view of apps is too old to decide on");
        }
        known
    }

    /// Records a request that cannot be read, if it claims to come from somebody.
    ///
    /// # Errors
    /// When it cannot be found out who that is.
    pub(crate) async fn refuse_malformed(
        &self,
        facts: &RequestFacts,
        malformed: &Malformed,
    ) -> Result<(), NotIssued> {
        let Some(claimed) = &malformed.claimed else {
            return Ok(());
        };
        let client = self.read_client(key_id(claimed)).await?;
        let reason = match malformed.error {
            MalformedError::NoAuthentication => TokenRefusalReason::NoAuthentication,
            _ => TokenRefusalReason::InvalidRequest,
        };
        let refusal = Refusal { actor: Actor::Anonymous, reason };
        self.record_refusal(facts, refusal, claimed, client.as_deref()).await;
        Ok(())
    }

    /// Signs a token, and lets it leave only when its event is durable. None, if the key or the app has
    /// changed since the client was read: decide again.
    async fn hand_over(
        &self,
        facts: &RequestFacts,
        client: &Client,
        scope: String,
        now: DateTime<Utc>,
    ) -> Result<Option<IssuedToken>, NotIssued> {
        let fact = TokenIssued {
            token_id: self.resources.env.new_id::<TokenId>(),
            app_id: client.app_id,
            client_id: client.key_id.client_id(),
            grant_type: GrantType::ClientCredentials,
            scope,
            expires_at: now + self.settings.access_token_lifetime(),
        };
        let jwt = self.tokens.sign(&NewToken {
            id: fact.token_id,
            client_id: fact.client_id,
            scope: &fact.scope,
            issued_at: now,
            expires_at: fact.expires_at,
        });
        if !self.record_token(facts, client, &fact).await? {
            self.clients.forget(client.key_id);
            return Ok(None);
        }
        if self.last_use.note(client, now) {
            self.clients.remember(Arc::new(Client { last_used_at: Some(now), ..client.clone() }));
        }
        Ok(Some(IssuedToken { jwt, scope: fact.scope }))
    }

    /// Records a token; false, if its client is no longer what it was decided on.
    async fn record_token(
        &self,
        facts: &RequestFacts,
        client: &Client,
        fact: &TokenIssued,
    ) -> Result<bool, NotIssued> {
        let actor = Actor::App(client.app_id);
        facts.proved_to_be(actor);
        let organization = Some(client.organization_id);
        let authority = Authority::CLIENT_SECRET;
        let permit = Permit::by_credentials(&self.resources, facts, actor, authority, organization);
        let events = &self.resources.events;
        let event = TokenEvent::issued(events, permit.into_provenance(), client, fact);
        let event = event.map_err(|error| {
            tracing::error!(%error, "a token has no event");
            NotIssued::Unavailable
        })?;
        match self.token_events.commit(event).await {
            Ok(()) => Ok(true),
            Err(Uncommitted::Failed(error)) if matches!(*error, AppendError::Conflict) => Ok(false),
            Err(error) => {
                tracing::error!(%error, "a token was not handed over, because it could not be recorded");
                Err(NotIssued::Unavailable)
            }
        }
    }

    /// Records a refusal before it is answered. One that cannot be recorded is answered all the same:
    /// nothing leaves with it.
    async fn record_refusal(
        &self,
        facts: &RequestFacts,
        Refusal { actor, reason }: Refusal,
        claimed: &str,
        client: Option<&Client>,
    ) {
        let fact = TokenRefused {
            attempt_id: self.resources.env.new_id(),
            client_id: claimed.parse().ok(),
            app_id: client.map(|client| client.app_id),
            reason,
        };
        let provenance = facts.refusal(actor, client.map(|client| client.organization_id));
        match TokenEvent::refused(&self.resources.events, provenance, &fact) {
            Ok(event) => {
                if let Err(error) = self.token_events.commit(event).await {
                    tracing::error!(%error, ?reason, "a refused token could not be recorded");
                }
            }
            Err(error) => tracing::error!(%error, "a refused token has no event"),
        }
    }

    async fn read_client(&self, id: KeyId) -> Result<Option<Arc<Client>>, NotIssued> {
        self.clients.read(id).await.map_err(|error| {
            tracing::error!(%error, "a client could not be looked up");
            NotIssued::Unavailable
        })
    }
}

/// The key with this client id; nobody's, if the text cannot be one.
fn key_id(client_id: &str) -> KeyId {
    client_id.parse::<ClientId>().map_or_else(|_| clients::nobody(), ClientId::key_id)
}
