//! audit: every event of every service, once, in one order, and the answers to who did what.
//!
//! # The way in
//!
//! 1. `consume` takes messages, many events in each, from JetStream and acknowledges what is committed.
//! 2. `entry` reads an event; `arrange` decides, as a pure function, what of a batch is next in
//!    its stream, what is known, and what is missing before the rest.
//! 3. `ingest` records a batch in one transaction, and asks `producers` for what is missing.
//! 4. `reconcile` compares with the producers how far streams reach: a lost tail shows no hole.
//! 5. `contexts` keeps the personal data beside events, bound to them by its commitment. What a producer
//!    was asked for comes without, so it is asked to publish it once more.
//!
//! # The way out
//!
//! `filter` reads a question, `policy` decides how much of the log the caller may see,
//! `store::pages` finds the positions that answer it, `http` shows them.
//!
//! # What holds
//!
//! * Positions are 1, 2, 3 … in the order of the commits, whoever appends: `store::append`.
//! * Within a stream, versions are 1, 2, 3 … in the order of positions.
//! * What is recorded is never changed: the role may not, and triggers refuse it. What contradicts
//!   it is kept in `audit.conflicts` and makes `/readyz` say so.

mod arrange;
mod consume;
mod contexts;
mod entry;
mod filter;
mod http;
mod ingest;
mod policy;
mod producers;
#[cfg(test)]
mod properties;
mod reconcile;
mod run;
mod settings;
mod store;

use std::sync::Arc;

use contract::rpc::AccountRolesOf;
use contract::{AccountId, PersonId};
use service::{Problem, RequestFacts, Resources, StartError};
use utoipa_axum::router::OpenApiRouter;

use crate::ingest::Ingest;
use crate::producers::RpcProducers;
pub use crate::settings::Settings;

/// What the handlers share.
pub struct Audit {
    resources: Resources,
    ingest: Ingest,
}

impl Audit {
    fn new(resources: Resources) -> Self {
        let producers =
            Arc::new(RpcProducers { rpc: resources.rpc.clone(), env: resources.env.clone() });
        let ingest = Ingest::new(resources.pool.clone(), resources.env.clone(), producers);
        Self { resources, ingest }
    }

    /// Whether the person holds any role on the account.
    async fn holds_role(
        &self,
        facts: &RequestFacts,
        person: PersonId,
        account: AccountId,
    ) -> Result<bool, Problem> {
        let question = AccountRolesOf { person_id: person, account_ids: Some(vec![account]) };
        let roles = self.resources.rpc.call(facts, &question).await?;
        Ok(roles.iter().any(|role| role.account_id == account))
    }
}

/// The routes, described.
pub fn router() -> OpenApiRouter<Arc<Audit>> {
    http::router()
}

/// The documentation of the routes (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    router().into_openapi()
}

/// Starts recording and answers the routes.
///
/// # Errors
/// When the settings are wrong.
#[expect(clippy::unused_async, reason = "all services start alike")]
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    if settings.max_batch == 0 || settings.reconcile_seconds == 0 {
        return Err(StartError::setting("audit", "max_batch and reconcile_seconds are at least 1"));
    }
    let audit = Arc::new(Audit::new(resources));
    run::run(&audit, &settings);
    let (routes, _) = router().split_for_parts();
    Ok(routes.with_state(audit))
}
