//! Issuing access tokens by client credentials (RFC 6749 section 4.4): decide, sign, record.
//!
//! What is remembered of a client is tried first; a token that was decided on it is recorded only if it
//! still holds. Whatever else would be answered is decided again on what is read now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contract::facts::{GrantType, TokenIssued, TokenRefusalReason, TokenRefused};
use contract::{Actor, AppId, Authority, ClientId, KeyId, TokenId};
use eventstore::AppendError;
use eventstore::group_commit::Uncommitted;
use service::{Permit, RequestFacts};

use crate::KeyIssuer;
use crate::access_token::NewToken;
use crate::client::{self, Client, Refusal};
use crate::clients;
use crate::token_events::TokenEvent;
use crate::token_rates::{NoAllowance, TokenRate};
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

/// A request's way to a token, as it went.
pub(crate) struct Outcome {
    /// The token, or why there is none.
    pub(crate) token: Result<IssuedToken, NotIssued>,
    /// How the app stands to its limit, if the request proved to be an app's.
    pub(crate) rate: Option<TokenRate>,
}

/// Why no token leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotIssued {
    /// The request is refused, and this is recorded or counted.
    Refused(TokenRefusalReason),
    /// The app has asked for as many tokens as it may for now.
    RateLimited(TokenRate),
    /// It is not known whether the client may, or the token could not be recorded.
    Unavailable,
}

impl KeyIssuer {
    /// Issues the token that a request asks for, or says why not.
    pub(crate) async fn issue(&self, facts: &RequestFacts, request: &TokenRequest) -> Outcome {
        let mut rate = None;
        let token = self.try_issue(facts, request, &mut rate).await;
        Outcome { token, rate }
    }

    async fn try_issue(
        &self,
        facts: &RequestFacts,
        request: &TokenRequest,
        rate: &mut Option<TokenRate>,
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
        {
            self.count(client.app_id, rate).await?;
            if let Some(token) = self.hand_over(facts, client, scope, now).await? {
                return Ok(token);
            }
        }
        for _ in 0..ATTEMPTS {
            let found = self.read_client(id).await?;
            match client::decide(found.as_deref(), request, now) {
                Ok((client, _)) if client.app_parked => {
                    tracing::warn!(app = %client.app_id, "not all is known of the app: no token is issued");
                    return Err(NotIssued::Unavailable);
                }
                Ok((client, scope)) => {
                    self.count(client.app_id, rate).await?;
                    if let Some(token) = self.hand_over(facts, client, scope, now).await? {
                        return Ok(token);
                    }
                }
                Err(refusal) => {
                    if let Actor::App(app) = refusal.actor {
                        self.count(app, rate).await?;
                    }
                    self.note_refusal(facts, refusal, claimed, found.as_deref());
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

    /// Counts a request that proved to be the app's against its limit, once.
    async fn count(&self, app: AppId, rate: &mut Option<TokenRate>) -> Result<(), NotIssued> {
        if rate.is_some() {
            return Ok(());
        }
        match self.token_rates.take(&self.resources.pool, app).await {
            Ok(taken) => {
                *rate = Some(taken);
                Ok(())
            }
            Err(NoAllowance::UsedUp(used_up)) => {
                *rate = Some(used_up);
                Err(NotIssued::RateLimited(used_up))
            }
            Err(error @ NoAllowance::Unknown(_)) => {
                tracing::error!(%error, "a token was not issued");
                Err(NotIssued::Unavailable)
            }
        }
    }

    /// Records or counts a request that cannot be read, if it claims to come from somebody.
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
        self.note_refusal(facts, refusal, claimed, client.as_deref());
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

    /// Records or counts a refusal. It is answered at once: if some were waited for until they are durable, the
    /// time would tell which client ids exist.
    fn note_refusal(
        &self,
        facts: &RequestFacts,
        Refusal { actor, reason }: Refusal,
        claimed: &str,
        client: Option<&Client>,
    ) {
        if let Some(client) = client {
            self.refusal_counts.note(client.app_id, self.resources.env.now());
        }
        let fact = TokenRefused {
            attempt_id: self.resources.env.new_id(),
            client_id: claimed.parse().ok(),
            app_id: client.map(|client| client.app_id),
            reason,
            counted: None,
            counted_since: None,
        };
        self.resources.refusals.note(service::Refusal {
            facts: facts.clone(),
            actor,
            organization: client.map(|client| client.organization_id),
            claimed_name: None,
            fact: fact.into(),
        });
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
