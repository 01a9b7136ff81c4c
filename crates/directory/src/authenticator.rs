//! Whose API token it is, answered from the tables: for the directory's own requests, and for the
//! other services over NATS.

use async_trait::async_trait;
use contract::Environment;
use contract::rpc::AuthenticatedPerson;
use contract::secret::{ApiToken, SecretHash};
use service::authentication::{AuthenticationError, Authenticator, Caller};
use service::rpc::CallContext;
use sqlx::PgPool;

use crate::api_token::USE_RESOLUTION;
use crate::store;

/// Authenticates from the directory's own tables.
#[derive(Debug, Clone)]
pub struct StoreAuthenticator {
    pool: PgPool,
    environment: Environment,
}

impl StoreAuthenticator {
    /// Over the directory's database.
    pub fn new(pool: PgPool, environment: Environment) -> Self {
        Self { pool, environment }
    }

    /// The person for whom the token with this hash speaks now. The use is written down, to the
    /// minute and without an event.
    pub async fn holder(
        &self,
        hash: &SecretHash,
    ) -> Result<Option<AuthenticatedPerson>, sqlx::Error> {
        let mut conn = self.pool.acquire().await?;
        let Some((token, person)) = store::token_holder(&mut conn, hash).await? else {
            return Ok(None);
        };
        let now = self.environment.now();
        if !token.is_live(now) {
            return Ok(None);
        }
        if token.is_use_news(now)
            && let Err(error) =
                store::note_use(&mut conn, token.id, now, now - USE_RESOLUTION).await
        {
            // The token is as good as before; only its owner knows less.
            tracing::warn!(%error, "the use of an API token could not be written down");
        }
        Ok(Some(person))
    }
}

#[async_trait]
impl Authenticator for StoreAuthenticator {
    async fn authenticate(
        &self,
        token: &ApiToken,
        _context: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        let person = self
            .holder(&token.hash())
            .await
            .map_err(|error| AuthenticationError(error.to_string()))?;
        Ok(person.map(Caller::from))
    }
}
