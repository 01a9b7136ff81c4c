//! audit: every event of every service, once, in one order, and the answers to who did what.
//!
//! # The files, in the order to read them
//!
//! Types lie below, work above: a file imports only from the layers below its own, or from files
//! named before it in its own.
//!
//! | layer | files |
//! |---|---|
//! | what is passed around | `stream` (position, head), `part` (what is kept beside an event), `entry`, `conflict`, `settings` |
//! | decisions, pure | `resequence`, `event_types`, `query`, `policy`, `index_scan`, `plan` (of a page) |
//! | SQL | `store` |
//! | producers, asked over NATS | `producers`, `fetch` |
//! | the transparency log | `log` (its tree, its keys, its checkpoints) |
//! | recording | `append_in_sequence` (one transaction), `holes` (what is missing), `ingest` (a batch and what is missing of it) |
//! | work over it | `readiness`, `consume`, `reconcile`, `confirm`, `part_recovery`, `manifest_lists`, `completeness`, `run` (starts the loops) |
//! | for auditors | `index_reader` (rows of the index, to be compared with the entries) |
//! | the doors | `rpc` (what other services ask), `http` (the public API), `administration` (`mandate log`) |
//!
//! # How events are recorded
//!
//! 1. `consume` takes messages of events from JetStream and acknowledges what is committed.
//! 2. `entry` reads an event; `resequence` tells, as a pure function, what of a batch is next in
//!    its stream, what is a duplicate, and what is missing before the rest: a gap.
//! 3. `ingest` commits a batch (`append_in_sequence` is the transaction), has `fetch` ask producers for
//!    what is missing, and commits that.
//! 4. `reconcile` compares with the producers how far streams reach: a lost tail shows no gap.
//! 5. `confirm` asks the producers, once for each entry, whether it is theirs: what was recorded under their
//!    name and is not is an alarm.
//! 6. Their parts, contexts (personal data) and details (what people typed), come with events and are bound
//!    to them by commitments. What a producer was asked for comes without; `part_recovery` has it published
//!    once more.
//! 7. `manifest_lists` fetches what manifests list; `completeness` holds that against the log.
//!
//! # How a query is answered
//!
//! `query` parses it, `policy` decides how much of the log the caller may see, `index_scan` says which indexes
//! to read and how far, `plan` makes a page of what they give, `store::pages` asks them, `http` shows what is
//! there.
//!
//! # What holds
//!
//! * Positions are 1, 2, 3 … in the order of the commits, whoever appends: `store::append`.
//! * Within a stream, versions are 1, 2, 3 … in the order of positions.
//! * What is recorded is never changed: the role may not, and triggers refuse it. What contradicts
//!   it is a conflict: kept in `audit.conflicts`, and `/readyz` says so.

mod administration;
mod append_in_sequence;
mod completeness;
mod confirm;
mod conflict;
mod consume;
mod entry;
mod event_types;
mod fetch;
mod holes;
mod http;
mod index_reader;
mod index_scan;
mod ingest;
mod log;
mod manifest_lists;
mod part;
mod part_recovery;
mod plan;
mod policy;
mod producers;
#[cfg(test)]
mod properties;
mod query;
mod readiness;
mod reconcile;
mod resequence;
mod rpc;
mod run;
mod settings;
mod store;
mod stream;

use std::sync::Arc;

use chrono::TimeDelta;
use contract::AccountId;
use contract::rpc::{AccountRolesOf, AskedIds};
use service::{Attempt, Problem, Resources, ServiceState, StartError};
use utoipa_axum::router::OpenApiRouter;

pub use crate::administration::{ContinuedLog, ReplacedKey, continue_log_as_new, replace_log_key};
pub use crate::index_reader::IndexReader;
use crate::log::checkpoints::Signing;
use crate::log::keep::KeepDir;
use crate::log::seen::LargestSeen;
pub use crate::settings::Settings;

/// What the handlers share.
pub struct Audit {
    resources: Resources,
    /// Whether whoever asks is served checkpoints and hashes.
    public_log: bool,
    /// For how long, in seconds, a checkpoint is served at least.
    checkpoint_seconds: u32,
}

impl ServiceState for Audit {
    fn resources(&self) -> &Resources {
        &self.resources
    }
}

impl Audit {
    /// Whether the caller holds any role on the account.
    async fn holds_role(&self, attempt: &Attempt, account: AccountId) -> Result<bool, Problem> {
        let person_id = attempt.caller.person_id;
        let request = AccountRolesOf { person_id, account_ids: AskedIds::one(account) };
        let roles = self.resources.rpc.call(&attempt.facts, &request).await?;
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
/// When the settings are wrong or NATS refuses.
pub async fn start(resources: Resources, settings: Settings) -> Result<axum::Router, StartError> {
    if settings.max_batch == 0 || settings.reconcile_seconds == 0 {
        return Err(StartError::setting("audit", "max_batch and reconcile_seconds are at least 1"));
    }
    rpc::answer(&resources).await?;
    let signing = signing(&resources, &settings)?;
    if let Some(signing) = &signing {
        match signing.open().await {
            Ok(_) => {}
            // It is tried again, in the background.
            Err(error) if error.is_of_the_database() => tracing::warn!("the log's key: {error}"),
            Err(error) => return Err(StartError::Other(Box::new(error))),
        }
        let Resources { health, pool, env, .. } = &resources;
        readiness::add_check_of_checkpoints(health, pool, env, signing.interval);
    }
    run::run(&resources, &settings, signing);
    readiness::add_checks(&resources.health, &resources.pool, &resources.env);
    let (routes, _) = router().split_for_parts();
    let Settings { public_log, checkpoint_seconds, .. } = settings;
    let audit = Audit { resources, public_log, checkpoint_seconds };
    Ok(routes.merge(http::log_routes()).with_state(Arc::new(audit)))
}

/// What signs the log's checkpoints, if the settings have a master key.
fn signing(resources: &Resources, settings: &Settings) -> Result<Option<Signing>, StartError> {
    let master = settings.master_key();
    let Some(master) = master.map_err(|error| StartError::setting("audit.master_key", error))?
    else {
        tracing::warn!(
            "audit.master_key is not set: the log has no key, and no checkpoint of it is signed"
        );
        return Ok(None);
    };
    let origin = settings.log_origin.parse();
    let origin = origin.map_err(|error| StartError::setting("audit.log_origin", error))?;
    let events = resources.events.clone();
    let keep = if settings.keep_dir.as_os_str().is_empty() {
        tracing::warn!(
            "audit.keep_dir is not set: that the database was restored from an older backup will not be noticed"
        );
        None
    } else {
        let keep = KeepDir::at(&settings.keep_dir, &resources.env);
        Some(keep.map_err(|error| StartError::setting("audit.keep_dir", error))?)
    };
    let interval = TimeDelta::seconds(settings.checkpoint_seconds.into());
    Ok(Some(Signing {
        events,
        master: Arc::new(master),
        origin,
        interval,
        keep,
        seen: LargestSeen::default(),
    }))
}
