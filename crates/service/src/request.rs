//! What is known about a request before anyone looks at its contents, and its log line.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::{
    Actor, Authority, Context, CorrelationId, Credential, Environment, OrganizationId, Provenance,
    TraceParent,
};
use tracing::Instrument;

use crate::forwarded::Forwarding;
use crate::http::oauth_error;
use crate::http::turns::Turns;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::settings::{HttpSettings, Network};

/// The header with the request's id, in requests and answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const MAX_USER_AGENT_BYTES: usize = 512;

/// Who asks from where, as far as the request itself tells. An extractor.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// `x-request-id`: the caller's, if it is sane, else a new one.
    pub request_id: String,
    /// Shared by all events that follow from this request.
    pub correlation: CorrelationId,
    /// Our step of the caller's trace, or of a new one.
    pub traceparent: TraceParent,
    /// The caller's network address.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, cut to 512 bytes.
    pub user_agent: Option<String>,
    /// Whether it comes through a proxy that nobody named: then `address` is that of many.
    behind_unnamed_proxy: bool,
    proof: Arc<OnceLock<Proof>>,
}

/// Who the caller proved to be, and by which credential that has a record, if by one.
#[derive(Debug, Clone, Copy)]
struct Proof {
    actor: Actor,
    credential: Option<Credential>,
}

impl RequestFacts {
    /// Where a change comes from, when this request makes it. A permit asks for it, and nobody else.
    #[expect(clippy::disallowed_methods, reason = "this is what permits are made of")]
    pub(crate) fn provenance(
        &self,
        actor: Actor,
        authority: Authority,
        organization: Option<OrganizationId>,
    ) -> Provenance {
        let mut provenance =
            Provenance::permitted(actor, authority, organization, self.correlation);
        provenance.traceparent = Some(self.traceparent);
        provenance.context = Some(self.context());
        provenance
    }

    /// Where the event of a refused request comes from: nothing allowed it.
    pub fn refusal(&self, actor: Actor, organization: Option<OrganizationId>) -> Provenance {
        self.provenance(actor, Authority::NONE, organization)
    }

    /// The personal part, which is kept beside events.
    fn context(&self) -> Context {
        Context {
            address: self.address.map(|address| address.to_string()),
            user_agent: self.user_agent.clone(),
            request_id: Some(self.request_id.clone()),
            claimed_name: None,
            credential: self
                .proof
                .get()
                .and_then(|proof| proof.credential)
                .map(|credential| credential.to_string()),
        }
    }

    /// The address by which the request is counted. None behind a proxy that nobody named, where all callers
    /// have one address: nobody must be refused there for what others do.
    pub(crate) fn counted_address(&self) -> Option<IpAddr> {
        self.address.filter(|_| !self.behind_unnamed_proxy)
    }

    /// The network by which the request is counted, likewise.
    pub fn network(&self) -> Option<Network> {
        self.counted_address().map(Network::around)
    }

    /// Names who the caller proved to be, for the log line. The first to do so counts.
    pub fn proved_to_be(&self, actor: Actor) {
        self.proved(Proof { actor, credential: None });
    }

    /// The same, by an API token or a session: the context of what the request causes names it.
    pub(crate) fn proved_by(&self, actor: Actor, credential: Credential) {
        self.proved(Proof { actor, credential: Some(credential) });
    }

    fn proved(&self, proof: Proof) {
        // Refused when it is set already: the first proof stands.
        let _ = self.proof.set(proof);
    }

    /// Who the caller proved to be so far.
    pub fn actor(&self) -> Option<Actor> {
        self.proof.get().map(|proof| proof.actor)
    }

    fn read(request: &Request, environment: &Environment, forwarding: &Forwarding) -> Self {
        let headers = request.headers();
        if let Some(handed_on) = request.extensions().get::<HandedOn>() {
            return handed_on.0.clone();
        }
        let correlation: CorrelationId = environment.new_id();
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(peer)| peer.ip().to_canonical());
        Self {
            request_id: inbound_request_id(headers)
                .map_or_else(|| correlation.to_string(), str::to_owned),
            correlation,
            traceparent: text(headers, &TRACEPARENT)
                .and_then(|header| header.parse::<TraceParent>().ok())
                .map_or_else(
                    || TraceParent::start(environment),
                    |caller| caller.child(environment),
                ),
            address: peer.map(|peer| forwarding.client(peer, headers)),
            user_agent: headers.get(USER_AGENT).map(cut_user_agent),
            behind_unnamed_proxy: forwarding.is_by_unnamed_proxy(headers),
            proof: Arc::default(),
        }
    }
}

/// The facts of a request, handed on with another that is made for it in the same process: the portal's, which
/// asks the API for a browser. An extension, not a header, so that nobody outside can send it.
#[derive(Debug, Clone)]
pub struct HandedOn(RequestFacts);

impl HandedOn {
    /// The same caller at the same place; who they prove to be is found out anew.
    pub fn of(facts: &RequestFacts) -> Self {
        Self(RequestFacts { proof: Arc::default(), ..facts.clone() })
    }

    /// Where the caller is.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestFacts {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::internal("the middleware `observe` is missing"))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Others' ids go into our logs, so they must not be able to write anything else there.
fn inbound_request_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, &REQUEST_ID).filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn cut_user_agent(value: &HeaderValue) -> String {
    let mut agent = String::from_utf8_lossy(value.as_bytes()).into_owned();
    agent.truncate(agent.floor_char_boundary(MAX_USER_AGENT_BYTES));
    agent
}

/// How often a proxy that nobody named is logged at most.
const WARN_EVERY: Duration = Duration::from_mins(10);

/// When it was logged last.
#[derive(Debug, Default)]
struct Warned(Mutex<Option<Instant>>);

impl Warned {
    fn about_unnamed_proxy(&self, now: Instant) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now.duration_since(last) >= WARN_EVERY) {
            *last = Some(now);
            tracing::warn!(
                "a request has X-Forwarded-For or Forwarded, and http.trusted_proxies names nobody: limits by \
                 address do not count such requests, limits by credential do"
            );
        }
    }
}

/// What [`observe`] needs.
#[derive(Debug, Clone)]
pub(crate) struct Observer {
    environment: Environment,
    forwarding: Forwarding,
    warned: Arc<Warned>,
    turns: Turns,
    metrics: Metrics,
}

impl Observer {
    /// For one listener with these settings.
    pub(crate) fn new(environment: Environment, settings: &HttpSettings, metrics: Metrics) -> Self {
        Self {
            environment,
            forwarding: Forwarding::by(&settings.trusted_proxies, settings.forwarded_header),
            warned: Arc::default(),
            turns: Turns::new(settings),
            metrics,
        }
    }
}

/// Middleware around every route: establishes [`RequestFacts`], bounds how many requests run and
/// how long each may take, answers `x-request-id`, and logs one line `request` with
///
/// | field | meaning |
/// |---|---|
/// | `method` | the HTTP method |
/// | `path` | the route's pattern such as `/v1/apps/{id}`, or `unmatched`; never the path itself |
/// | `status` | the answer's status |
/// | `duration_ms` | from the last header of the request to the first of the answer |
/// | `actor` | who the caller proved to be, if anyone |
///
/// at level info (health checks: debug), in a span with `request_id` and `trace_id`.
pub(crate) async fn observe(
    State(observer): State<Observer>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let facts = RequestFacts::read(&request, &observer.environment, &observer.forwarding);
    if facts.behind_unnamed_proxy {
        observer.warned.about_unnamed_proxy(started);
    }
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let speaks_oauth = oauth_error::is_spoken_at(request.uri());
    let span = tracing::info_span!(
        "request",
        request_id = %facts.request_id,
        trace_id = %facts.traceparent.trace_id(),
    );
    request.extensions_mut().insert(facts.clone());
    // A task of its own: a caller who hangs up must not be able to stop a handler half-way, before
    // a refusal is recorded or the line is logged.
    let whole = async move {
        let mut response = observer.turns.answer(request, next).await;
        if speaks_oauth {
            response = oauth_error::in_words_of_oauth(response);
        }
        let path = path.as_ref().map_or("unmatched", MatchedPath::as_str);
        let took = started.elapsed();
        observer.metrics.answered(&method, path, response.status(), took);
        log_line(&facts, &method, path, took, &response);
        (facts, response)
    };
    let ended = tokio::spawn(whole.instrument(span)).await;
    let (facts, mut response) = match ended {
        Ok(ended) => ended,
        // Panics of handlers are caught further in: this is the runtime shutting down.
        Err(error) => return Problem::internal(error).into_response(),
    };
    if let Ok(id) = HeaderValue::from_str(&facts.request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn log_line(
    facts: &RequestFacts,
    method: &Method,
    path: &str,
    took: Duration,
    response: &Response,
) {
    let status = response.status().as_u16();
    let duration_ms = took.as_secs_f64() * 1000.0;
    let actor = facts.actor().map(tracing::field::display);
    if matches!(path, "/healthz" | "/readyz") {
        tracing::debug!(%method, path, status, duration_ms, actor, "request");
    } else {
        tracing::info!(%method, path, status, duration_ms, actor, "request");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|v| (name.clone(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_sane_request_ids_are_taken_over() {
        for (id, sane) in [("abc-DEF-123", true), ("", false), ("a b", false), ("a\"b", false)] {
            assert_eq!(inbound_request_id(&headers(&REQUEST_ID, &[id])).is_some(), sane, "{id}");
        }
        let long: &'static str = "x".repeat(65).leak();
        assert_eq!(inbound_request_id(&headers(&REQUEST_ID, &[long])), None);
    }

    #[test]
    fn a_user_agent_is_cut_between_characters() {
        let value = HeaderValue::from_bytes(&"é".repeat(400).into_bytes()[1..]).unwrap();
        assert!(cut_user_agent(&value).len() <= MAX_USER_AGENT_BYTES);
    }
}
