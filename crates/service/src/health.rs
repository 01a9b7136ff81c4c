//! Alive and ready.
//!
//! `/healthz` answers 200 as long as the process can answer at all: whoever restarts processes asks
//! this. `/readyz` answers 200 when every check passes and 503 otherwise: whoever routes requests asks this.
//! Each check with its reason is told at an address of its own ([`Health::detailed_router`]) and in the log:
//! they are nothing to strangers.
//!
//! A check is either *reported* by the component itself (a relay that stopped, a task that crashed)
//! or *probed* when asked (a database that answers), with a short deadline.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A probe that takes longer has failed.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Whoever asks so soon after another is told the same: asking often costs no more.
const TOLD_AGAIN: Duration = Duration::from_millis(100);

const ALIVE: &str = "/healthz";
const READY: &str = "/readyz";

type Probe =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The checks of a process. Clones share them.
#[derive(Clone, Default)]
pub struct Health {
    prefix: String,
    checks: Arc<Mutex<Checks>>,
    told: Arc<tokio::sync::Mutex<Option<Told>>>,
}

/// What was told last.
struct Told {
    at: Instant,
    readiness: Readiness,
}

#[derive(Default)]
struct Checks {
    reported: BTreeMap<String, Result<(), String>>,
    probes: BTreeMap<String, Probe>,
}

/// The answer of `/readyz` in detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether every check passes.
    pub ready: bool,
    /// The checks by name.
    pub checks: BTreeMap<String, Check>,
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Whether it passes.
    pub ok: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Readiness {
    /// What fails, each reason once with the first checks that have it.
    pub fn failing(&self) -> String {
        const NAMED: usize = 3;
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, check) in self.checks.iter().filter(|(_, check)| !check.ok) {
            reasons.entry(check.reason.as_deref().unwrap_or_default()).or_default().push(name);
        }
        let told = reasons.into_iter().map(|(reason, names)| {
            let more = names.len().saturating_sub(NAMED);
            let named = names[..names.len() - more].join(", ");
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{reason} ({named}{more})")
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Health {
    /// No checks yet: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same checks; those named through this value get the name `<scope>/<name>`.
    #[must_use]
    pub(crate) fn scoped(&self, scope: &str) -> Self {
        Self { prefix: format!("{}{scope}/", self.prefix), ..self.clone() }
    }

    /// States how a component is. The last report counts.
    pub fn report(&self, name: &str, state: Result<(), String>) {
        let name = format!("{}{name}", self.prefix);
        self.lock().reported.insert(name, state);
    }

    /// Forgets a component that ended as it should.
    pub fn forget(&self, name: &str) {
        let name = format!("{}{name}", self.prefix);
        self.lock().reported.remove(&name);
    }

    /// Adds a check that is made whenever readiness is asked for.
    pub fn probe<F, Fut>(&self, name: &str, probe: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        let name = format!("{}{name}", self.prefix);
        self.lock().probes.insert(name, Arc::new(move || Box::pin(probe())));
    }

    /// Makes the probes, all at once, and puts everything together.
    pub async fn readiness(&self) -> Readiness {
        let (mut states, probes) = {
            let checks = self.lock();
            (checks.reported.clone(), checks.probes.clone())
        };
        let answers = probes.into_iter().map(|(name, probe)| async move {
            let state = tokio::time::timeout(PROBE_TIMEOUT, probe())
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())));
            (name, state)
        });
        states.extend(futures::future::join_all(answers).await);
        let checks: BTreeMap<_, _> = states
            .into_iter()
            .map(|(name, state)| (name, Check { ok: state.is_ok(), reason: state.err() }))
            .collect();
        Readiness { ready: checks.values().all(|check| check.ok), checks }
    }

    /// The same for whoever may ask from outside. One round of probes is made at a time; what it changes is
    /// logged.
    async fn tell(&self) -> Readiness {
        let mut told = self.told.lock().await;
        if let Some(told) = told.as_ref().filter(|told| told.at.elapsed() < TOLD_AGAIN) {
            return told.readiness.clone();
        }
        let readiness = self.readiness().await;
        log_changes(told.as_ref().map(|told| &told.readiness), &readiness);
        *told = Some(Told { at: Instant::now(), readiness: readiness.clone() });
        readiness
    }

    /// `/healthz`, and `/readyz` without details.
    pub fn router(&self) -> Router {
        self.router_with(get(ready))
    }

    /// `/healthz`, and `/readyz` with its checks: for an address that strangers do not reach.
    pub fn detailed_router(&self) -> Router {
        self.router_with(get(ready_in_detail))
    }

    fn router_with(&self, ready: MethodRouter<Self>) -> Router {
        let alive = get(async || "ok\n");
        Router::new().route(ALIVE, alive).route(READY, ready).with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Checks> {
        // A panic while holding it leaves whole entries: the map is still good.
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request is about health.
pub(crate) fn is_asked_for(uri: &Uri) -> bool {
    matches!(uri.path(), ALIVE | READY)
}

async fn ready(State(health): State<Health>) -> Response {
    let ready = health.tell().await.ready;
    (status(ready), Json(json!({ "ready": ready }))).into_response()
}

async fn ready_in_detail(State(health): State<Health>) -> Response {
    let readiness = health.tell().await;
    (status(readiness.ready), Json(readiness)).into_response()
}

fn status(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn log_changes(before: Option<&Readiness>, now: &Readiness) {
    for (name, check) in &now.checks {
        let was_ok = before.and_then(|before| before.checks.get(name)).map(|was| was.ok);
        match (was_ok, &check.reason) {
            (Some(true), Some(reason)) => tracing::warn!(check = name, reason, "a check fails"),
            // At the start most do, for a moment.
            (None, Some(reason)) => tracing::info!(check = name, reason, "a check fails"),
            (Some(false), None) => tracing::info!(check = name, "a check passes"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_failing_check_makes_it_unready_and_says_why() {
        let health = Health::new();
        health.probe("postgres", async || Ok(()));
        assert!(health.readiness().await.ready);

        let directory = health.scoped("directory");
        directory.report("relay", Err("lost its connection".to_owned()));
        let readiness = health.readiness().await;
        assert!(!readiness.ready);
        let relay = &readiness.checks["directory/relay"];
        assert_eq!(relay.reason.as_deref(), Some("lost its connection"));
        assert!(readiness.checks["postgres"].ok);

        directory.report("relay", Ok(()));
        assert!(health.readiness().await.ready);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_hangs_has_failed() {
        let health = Health::new();
        health.probe("nats", std::future::pending);
        let readiness = health.readiness().await;
        assert_eq!(readiness.checks["nats"].reason.as_deref(), Some("no answer within 1 s"));
    }

    #[tokio::test]
    async fn unready_answers_503_and_alive_stays_200() {
        use tower::ServiceExt;
        let health = Health::new();
        health.report("relay", Err("stopped".to_owned()));
        for (path, status) in [("/readyz", 503), ("/healthz", 200)] {
            let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            let response = health.router().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
    }

    #[test]
    fn what_fails_is_told_once() {
        let checks = [("a", None), ("b", Some("away")), ("c", Some("away")), ("d", Some("full"))];
        let more = ["e", "f", "g"].map(|name| (name, Some("away")));
        let checks = checks.into_iter().chain(more).map(|(name, reason)| {
            let check = Check { ok: reason.is_none(), reason: reason.map(str::to_owned) };
            (name.to_owned(), check)
        });
        let readiness = Readiness { ready: false, checks: checks.collect() };
        assert_eq!(readiness.failing(), "away (b, c, e and 2 more); full (d)");
    }
}
