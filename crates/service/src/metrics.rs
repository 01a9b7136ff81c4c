//! Metrics: what monitors read, as OpenMetrics 1.0 text at `GET /metrics` of the address for the inside.
//!
//! | metric | labels | meaning |
//! |---|---|---|
//! | `mandate_http_requests_total` | `method`, `route`, `status` | requests that were answered |
//! | `mandate_http_request_duration_seconds` | `method`, `route` | from the last header of a request to the first of its answer |
//! | `mandate_check_ok` | `check` | 1 if this check of `/readyz` passes, else 0 |
//! | `mandate_view_age_seconds` | `service`, `projection` | since when nothing is missing in a service's view of others' facts, for sure |
//! | `mandate_relay_stalled_seconds` | | for how long JetStream has taken nothing from a relay, the longest of them |
//! | `mandate_subscriber_missed_events` | `subscriber` | events that their stream dropped before the subscriber had them |
//!
//! Labels are of what we know: a route's pattern, never a path; a method that HTTP has, never what a stranger made up.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contract::Service;
use contract::ids::SubscriberId;
use eventstore::ViewAge;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::health::{Health, Readiness};
use crate::stalls::Stalls;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a millisecond, which most take, to the ten seconds after which a request is given up.
const DURATIONS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

type Seconds = Gauge<f64, AtomicU64>;
type Durations = Family<Route, Histogram, fn() -> Histogram>;

/// The metrics of a process. Clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Answered, Counter>,
    durations: Durations,
    checks: Family<Check, Gauge>,
    view_ages: Family<View, Seconds>,
    stalled: Seconds,
    missed: Family<Subscriber, Gauge>,
    views: Arc<Mutex<Vec<(View, ViewAge)>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Check {
    check: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct View {
    service: String,
    projection: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Subscriber {
    subscriber: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mandate");
        let requests = Family::default();
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let durations = Durations::new_with_constructor(|| Histogram::new(DURATIONS));
        registry.register_with_unit(
            "http_request_duration",
            "From the last header of a request to the first of its answer",
            Unit::Seconds,
            durations.clone(),
        );
        let checks = Family::default();
        registry.register("check_ok", "Whether this check of /readyz passes", checks.clone());
        let view_ages = Family::default();
        registry.register_with_unit(
            "view_age",
            "Since when nothing is missing in a service's view of others' facts, for sure",
            Unit::Seconds,
            view_ages.clone(),
        );
        let stalled = Seconds::default();
        registry.register_with_unit(
            "relay_stalled",
            "For how long JetStream has taken nothing from a relay, the longest of them",
            Unit::Seconds,
            stalled.clone(),
        );
        let missed = Family::default();
        registry.register(
            "subscriber_missed_events",
            "Events that their stream dropped before the subscriber had them",
            missed.clone(),
        );
        let (registry, views) = (Arc::new(registry), Arc::default());
        Self { registry, requests, durations, checks, view_ages, stalled, missed, views }
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        after: Duration,
    ) {
        let (method, route) = (known(method), route.to_owned());
        let answered = Answered { method, route: route.clone(), status: status.as_u16() };
        self.requests.get_or_create(&answered).inc();
        self.durations.get_or_create(&Route { method, route }).observe(after.as_secs_f64());
    }

    /// Tells the age of this view whenever it is asked for.
    pub(crate) fn view(&self, service: Service, projection: &'static str, age: ViewAge) {
        self.lock().push((View { service: service.to_string(), projection }, age));
    }

    /// States how many events each of these subscribers missed. Those that are not among them are forgotten.
    pub fn missed_by_subscribers(&self, missed: &BTreeMap<SubscriberId, u64>) {
        self.missed.clear();
        for (subscriber, events) in missed {
            let events = i64::try_from(*events).unwrap_or(i64::MAX);
            let subscriber = Subscriber { subscriber: subscriber.to_string() };
            self.missed.get_or_create(&subscriber).set(events);
        }
    }

    /// `/metrics`, for an address that strangers do not reach.
    pub fn router(&self, health: &Health, stalls: &Stalls) -> Router {
        let all = (self.clone(), health.clone(), stalls.clone());
        Router::new().route("/metrics", get(tell)).with_state(all)
    }

    fn text(
        &self,
        readiness: &Readiness,
        stalled: Option<Duration>,
    ) -> Result<String, std::fmt::Error> {
        self.checks.clear();
        for (check, state) in &readiness.checks {
            self.checks.get_or_create(&Check { check: check.clone() }).set(i64::from(state.ok));
        }
        self.stalled.set(stalled.unwrap_or_default().as_secs_f64());
        for (view, age) in self.lock().iter() {
            // One that was never compared has no age: its check fails.
            if let Some(age) = age.get() {
                self.view_ages.get_or_create(view).set(age.as_secs_f64());
            }
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(View, ViewAge)>> {
        // A panic while holding it leaves whole entries: the list is still good.
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn tell(State((metrics, health, stalls)): State<(Metrics, Health, Stalls)>) -> Response {
    match metrics.text(&health.readiness().await, stalls.longest()) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The methods of RFC 9110 section 9 and RFC 5789; of others there could be any number.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(metrics: &Metrics, health: &Health) -> String {
        let readiness = health.readiness().await;
        metrics.text(&readiness, Some(Duration::from_secs(3))).unwrap()
    }

    #[tokio::test]
    async fn requests_are_counted_by_route_and_made_up_methods_are_one() {
        let metrics = Metrics::default();
        let made_up = ["QUERY", "FETCH"].map(|name| Method::from_bytes(name.as_bytes()).unwrap());
        for method in [Method::GET, Method::GET].iter().chain(&made_up) {
            metrics.answered(method, "/v1/apps/{id}", StatusCode::OK, Duration::from_millis(2));
        }
        let told = told(&metrics, &Health::new()).await;
        for line in [
            r#"mandate_http_requests_total{method="GET",route="/v1/apps/{id}",status="200"} 2"#,
            r#"mandate_http_requests_total{method="other",route="/v1/apps/{id}",status="200"} 2"#,
            r#"mandate_http_request_duration_seconds_bucket{le="0.0025",method="GET",route="/v1/apps/{id}"} 2"#,
            "mandate_relay_stalled_seconds 3.0",
            "# EOF",
        ] {
            assert!(told.contains(line), "{line} is missing in\n{told}");
        }
    }

    #[tokio::test]
    async fn checks_and_what_subscribers_missed_are_told_as_they_are_now() {
        let (metrics, health) = (Metrics::default(), Health::new());
        let subscriber = contract::Environment::system().new_id::<SubscriberId>();
        health.report("relay/events", Err("stopped".to_owned()));
        metrics.missed_by_subscribers(&BTreeMap::from([(subscriber, 7)]));
        let before = told(&metrics, &health).await;
        assert!(before.contains(r#"mandate_check_ok{check="relay/events"} 0"#), "{before}");
        let line = format!(r#"mandate_subscriber_missed_events{{subscriber="{subscriber}"}} 7"#);
        assert!(before.contains(&line), "{before}");

        health.report("relay/events", Ok(()));
        metrics.missed_by_subscribers(&BTreeMap::new());
        let after = told(&metrics, &health).await;
        assert!(after.contains(r#"mandate_check_ok{check="relay/events"} 1"#), "{after}");
        assert!(!after.contains(&line), "{after}");
    }
}
