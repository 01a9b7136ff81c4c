//! Whose API token it is, answered from the tables: for the directory's own requests, and for the
//! other services over NATS.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use contract::rpc::{AuthenticatedPerson, Membership};
use contract::secret::{BearerKind, BearerToken, SecretHash};
use contract::{Environment, OrganizationId, PersonId};
use eventstore::group_lookup::{GroupLookup, Lookup, LookupError};
use service::Resources;
use service::authentication::{AuthenticationError, Authenticator, Caller};
use service::rpc::CallContext;
use sqlx::{PgConnection, PgPool};

use crate::api_token::USE_RESOLUTION;
use crate::store;

/// Authenticates from the directory's own tables: one SELECT for all who ask at the same time.
#[derive(Clone)]
pub struct StoreAuthenticator {
    holders: GroupLookup<Holders>,
    pool: PgPool,
}

impl StoreAuthenticator {
    /// Starts to answer from the tables of the directory's resources.
    pub fn start(directory: &Resources) -> Self {
        let holders = Holders(directory.env.clone());
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
struct Holders(Environment);

impl Lookup for Holders {
    type Key = (BearerKind, SecretHash);
    type Found = AuthenticatedPerson;

    async fn read(
        &self,
        connection: &mut PgConnection,
        wanted: &[(BearerKind, SecretHash)],
    ) -> sqlx::Result<HashMap<(BearerKind, SecretHash), AuthenticatedPerson>> {
        let of_api_tokens = wanted.iter().filter(|(kind, _)| *kind == BearerKind::ApiToken);
        let hashes: Vec<_> = of_api_tokens.map(|(_, hash)| *hash).collect();
        let mut holders = store::api_tokens::holders(connection, &hashes).await?;
        let now = self.0.now();
        holders.retain(|_, (token, _)| token.is_live(now));
        let used = holders.values().map(|(token, _)| token);
        let news: Vec<_> =
            used.filter(|token| token.is_use_news(now)).map(|token| token.id).collect();
        if !news.is_empty() {
            store::api_tokens::note_uses(connection, &news, now, now - USE_RESOLUTION).await?;
        }
        let people =
            holders.into_iter().map(|(hash, (_, person))| ((BearerKind::ApiToken, hash), person));
        Ok(people.collect())
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
        person: PersonId,
        organizations: &[OrganizationId],
        _context: &CallContext,
    ) -> Result<Vec<Membership>, AuthenticationError> {
        let unknown = |error: sqlx::Error| AuthenticationError(error.to_string());
        let mut conn = self.pool.acquire().await.map_err(unknown)?;
        let memberships = store::memberships::in_these(&mut conn, person, organizations).await;
        memberships.map_err(unknown)
    }
}
