//! Whose API token or session it is, answered from the tables: for the directory's own requests, and for the
//! other services over NATS.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use contract::rpc::{AuthenticatedPerson, KnownMemberships};
use contract::secret::{BearerKind, BearerToken, SecretHash};
use contract::{Environment, OrganizationId};
use eventstore::group_lookup::{GroupLookup, Lookup, LookupError};
use service::Resources;
use service::authentication::{AuthenticationError, Authenticator, Caller};
use service::rpc::CallContext;
use sqlx::{PgConnection, PgPool};

use crate::session::{Lifetimes, USE_RESOLUTION};
use crate::{Settings, store};

/// Authenticates from the directory's own tables: one SELECT for all who ask at the same time.
#[derive(Clone)]
pub struct StoreAuthenticator {
    holders: GroupLookup<Holders>,
    pool: PgPool,
}

impl StoreAuthenticator {
    /// Starts to answer from the tables of the directory's resources. The settings say how long sessions live.
    pub fn start(directory: &Resources, settings: &Settings) -> Self {
        let lifetimes = settings.session_lifetimes();
        let holders = Holders { environment: directory.env.clone(), lifetimes };
        let holders = directory.group_lookup("token-holders", holders);
        Self { holders, pool: directory.pool.clone() }
    }

    /// The person for whom the token of this kind and hash speaks now. The use is written down, to the
    /// minute and without an event.
    pub(crate) async fn holder(
        &self,
        kind: BearerKind,
        hash: SecretHash,
    ) -> Result<Option<Arc<AuthenticatedPerson>>, LookupError> {
        self.holders.find((kind, hash)).await
    }
}

/// The holders of live tokens, by kind and hash of the token.
#[derive(Debug, Clone)]
struct Holders {
    environment: Environment,
    lifetimes: Lifetimes,
}

/// What a token is found by.
type Key = (BearerKind, SecretHash);

impl Holders {
    async fn of_api_tokens(
        &self,
        connection: &mut PgConnection,
        hashes: &[SecretHash],
    ) -> sqlx::Result<Vec<(Key, AuthenticatedPerson)>> {
        let mut holders = store::holders::of_api_tokens(connection, hashes).await?;
        let now = self.environment.now();
        holders.retain(|_, (token, _)| token.is_live(now));
        let used = holders.values().map(|(token, _)| token);
        let news: Vec<_> =
            used.filter(|token| token.is_use_news(now)).map(|token| token.id).collect();
        if !news.is_empty() {
            store::api_tokens::note_uses(connection, &news, now, now - USE_RESOLUTION).await?;
        }
        let people = holders.into_iter();
        Ok(people.map(|(hash, (_, person))| ((BearerKind::ApiToken, hash), person)).collect())
    }

    async fn of_sessions(
        &self,
        connection: &mut PgConnection,
        hashes: &[SecretHash],
    ) -> sqlx::Result<Vec<(Key, AuthenticatedPerson)>> {
        let mut holders = store::holders::of_sessions(connection, hashes).await?;
        let now = self.environment.now();
        holders.retain(|_, (session, _)| session.is_live(now, self.lifetimes));
        let used = holders.values().map(|(session, _)| session);
        let news: Vec<_> =
            used.filter(|session| session.is_use_news(now)).map(|session| session.id).collect();
        if !news.is_empty() {
            store::sessions::note_uses(connection, &news, now, now - USE_RESOLUTION).await?;
        }
        let people = holders.into_iter();
        Ok(people.map(|(hash, (_, person))| ((BearerKind::Session, hash), person)).collect())
    }
}

impl Lookup for Holders {
    type Key = Key;
    type Found = AuthenticatedPerson;

    async fn read(
        &self,
        connection: &mut PgConnection,
        wanted: &[Key],
    ) -> sqlx::Result<HashMap<Key, AuthenticatedPerson>> {
        let of = |kind| {
            let of_this = wanted.iter().filter(move |(known, _)| *known == kind);
            of_this.map(|(_, hash)| *hash).collect::<Vec<_>>()
        };
        let mut people = HashMap::with_capacity(wanted.len());
        let (api_tokens, sessions) = (of(BearerKind::ApiToken), of(BearerKind::Session));
        // One statement, unless tokens of both kinds are asked about.
        if !api_tokens.is_empty() {
            people.extend(self.of_api_tokens(connection, &api_tokens).await?);
        }
        if !sessions.is_empty() {
            people.extend(self.of_sessions(connection, &sessions).await?);
        }
        Ok(people)
    }
}

#[async_trait]
impl Authenticator for StoreAuthenticator {
    async fn authenticate(
        &self,
        token: &BearerToken,
        _context: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        let holder = self.holder(token.kind(), token.hash()).await;
        let holder = holder.map_err(|error| AuthenticationError(error.to_string()))?;
        Ok(holder.map(|person| Caller::from((*person).clone())))
    }

    async fn memberships_in(
        &self,
        caller: &Caller,
        organizations: &[OrganizationId],
        _context: &CallContext,
    ) -> Result<KnownMemberships, AuthenticationError> {
        let unknown = |error: sqlx::Error| AuthenticationError(error.to_string());
        let mut conn = self.pool.acquire().await.map_err(unknown)?;
        let &Caller { person_id, identity_provider_id, .. } = caller;
        let known =
            store::memberships::in_these(&mut conn, person_id, identity_provider_id, organizations);
        known.await.map_err(unknown)
    }
}
