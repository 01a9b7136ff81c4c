//! audit: every event of every service, once, in one order, and the answers to who did what.
//!
//! # The files, in the order to read them
//!
//! Types lie below, work above: a file imports only from the layers below its own, or from files
//! named before it in its own.
//!
//! | layer | files |
//! |---|---|
//! | what is passed around | `stream` (position, head, hole), `entry`, `conflict`, `settings` |
//! | decisions, pure | `resequence`, `query`, `policy` |
//! | SQL | `store` |
//! | producers, asked over NATS | `producers`, `fetch` |
//! | recording | `append_in_sequence` (one transaction), `ingest` (a batch and what is missing of it) |
//! | work over it | `consume`, `reconcile`, `part_recovery`, `readiness`, `run` (starts the loops) |
//! | the public API | `http` |
//!
//! # How events are recorded
//!
//! 1. `consume` takes messages of events from JetStream and acknowledges what is committed.
//! 2. `entry` reads an event; `resequence` tells, as a pure function, what of a batch is next in
//!    its stream, what is a duplicate, and what is missing before the rest: a hole.
//! 3. `ingest` records a batch in one transaction, has `fetch` ask producers for what is missing, and
//!    records that.
//! 4. `reconcile` compares with the producers how far streams reach: a lost tail shows no hole.
//! 5. Contexts, the personal data beside events, come with them and are bound to them by a commitment.
//!    What a producer was asked for comes without; `part_recovery` has it published once more.
//!
//! # How a query is answered
//!
//! `query` parses it, `policy` decides how much of the log the caller may see, `store::pages` finds the
//! positions that answer it, `http` shows them.
//!
//! # What holds
//!
//! * Positions are 1, 2, 3 … in the order of the commits, whoever appends: `store::append`.
//! * Within a stream, versions are 1, 2, 3 … in the order of positions.
//! * What is recorded is never changed: the role may not, and triggers refuse it. What contradicts
//!   it is a conflict: kept in `audit.conflicts`, and `/readyz` says so.

mod append_in_sequence;
mod conflict;
mod consume;
mod entry;
mod fetch;
mod http;
mod ingest;
mod part_recovery;
mod policy;
mod producers;
#[cfg(test)]
mod properties;
mod query;
mod readiness;
mod reconcile;
mod resequence;
mod run;
mod settings;
mod store;
mod stream;

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
}

impl Audit {
    /// Whether the person holds any role on the account.
    async fn holds_role(
        &self,
        facts: &RequestFacts,
        person: PersonId,
        account: AccountId,
    ) -> Result<bool, Problem> {
        let request = AccountRolesOf { person_id: person, account_ids: Some(vec![account]) };
        let roles = self.resources.rpc.call(facts, &request).await?;
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
    let (pool, env) = (&resources.pool, &resources.env);
    let producers = Arc::new(RpcProducers { rpc: resources.rpc.clone(), env: env.clone() });
    let ingest = Ingest::new(pool.clone(), env.clone(), producers);
    run::run(&resources, &ingest, &settings);
    readiness::add_checks(&resources.health, pool, env);
    let (routes, _) = router().split_for_parts();
    Ok(routes.with_state(Arc::new(Audit { resources })))
}
