use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::Request;
use axum::http::request::Parts;
use axum::routing::{get, post};
use contract::rpc::KnownMemberships;
use contract::secret::{ApiToken, BearerToken};
use contract::{Credential, OrganizationId};
use serde_json::Value;
use tokio::sync::Barrier;
use tower::ServiceExt;

use super::*;
use crate::authentication::{AuthenticationError, Caller, authenticated};
use crate::request::{REQUEST_ID, RequestFacts};
use crate::rpc::CallContext;

/// Knows one token, and that of a database that is down.
struct OneToken {
    token: ApiToken,
    caller: Caller,
}

#[async_trait::async_trait]
impl Authenticator for OneToken {
    async fn authenticate(
        &self,
        token: &BearerToken,
        _: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        Ok(token.hash().matches(&self.token.hash()).then(|| self.caller.clone()))
    }

    async fn memberships_in(
        &self,
        _: &Caller,
        _: &[OrganizationId],
        _: &CallContext,
    ) -> Result<KnownMemberships, AuthenticationError> {
        Ok(KnownMemberships::default())
    }
}

/// The caller, without a service that could record a refusal.
struct Known(Caller);

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let facts = RequestFacts::from_request_parts(parts, state).await?;
        authenticated(parts, &facts).await.map(Self)
    }
}

struct Bench {
    application: Router,
    token: ApiToken,
    /// Met twice by `/wait`: when it has begun, and before it ends.
    gate: Arc<Barrier>,
}

impl Bench {
    fn new(settings: &HttpSettings) -> Self {
        let environment = Environment::system();
        let token = ApiToken::generate(&environment);
        let caller = Caller {
            person_id: environment.new_id(),
            operator: false,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(environment.new_id()),
            identity_provider_id: None,
            scope: None,
        };
        let gate = Arc::new(Barrier::new(2));
        let met = Arc::clone(&gate);
        let wait = async move || {
            met.wait().await;
            met.wait().await;
        };
        let routes = Router::new()
            .route("/wait", get(wait))
            .route("/who", get(async |Known(caller): Known| caller.person_id.to_string()))
            .route("/facts", get(async |facts: RequestFacts| facts.request_id))
            .route("/panic", get(async || -> &'static str { panic!("secret cause") }))
            .route("/never", get(std::future::pending::<()>))
            .route("/things/{id}", get(async |Path(id): Path<contract::AppId>| id.to_string()))
            .route("/things", post(async |Json(body): Json<Value>| Json(body)));
        let authenticator = Arc::new(OneToken { token: token.clone(), caller });
        Self {
            application: application(
                routes,
                authenticator,
                &environment,
                settings,
                &crate::Metrics::default(),
            ),
            token,
            gate,
        }
    }

    async fn send(&self, request: Request<Body>) -> (u16, Response) {
        let response = self.application.clone().oneshot(request).await.unwrap();
        (response.status().as_u16(), response)
    }

    async fn get(&self, path: &str) -> (u16, Response) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }
}

fn bench() -> Bench {
    Bench::new(&HttpSettings::default())
}

async fn json(response: Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

#[tokio::test]
async fn only_a_known_token_is_a_caller() {
    let bench = bench();
    let with = |authorization: String| {
        Request::get("/who").header("authorization", authorization).body(Body::empty()).unwrap()
    };
    let (status, _) = bench.send(with(format!("Bearer {}", bench.token.reveal()))).await;
    assert_eq!(status, 200);

    let (status, response) = bench.get("/who").await;
    assert_eq!(status, 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");

    let unknown = ApiToken::generate(&Environment::system());
    for token in [unknown.reveal(), "nonsense"] {
        let (status, response) = bench.send(with(format!("Bearer {token}"))).await;
        assert_eq!(status, 401);
        assert_eq!(response.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let bench = bench();
    let with = |id: &str| Request::get("/facts").header("x-request-id", id).body(Body::empty());
    let (_, response) = bench.send(with("abc-1").unwrap()).await;
    assert_eq!(response.headers()[&REQUEST_ID], "abc-1");
    let (_, response) = bench.send(with("not sane").unwrap()).await;
    assert_eq!(response.headers()[&REQUEST_ID].len(), 36);
}

#[tokio::test]
async fn unknown_routes_wrong_methods_and_panics_are_problems() {
    let bench = bench();
    for (request, status, slug) in [
        (Request::get("/nowhere"), 404, "not-found"),
        (Request::delete("/who"), 405, "method-not-allowed"),
        (Request::get("/panic"), 500, "internal-error"),
        (Request::get("/things/not-an-id"), 404, "app-not-found"),
    ] {
        let (answered, response) = bench.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered, status);
        assert!(response.headers().contains_key(&REQUEST_ID));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let problem = json(response).await;
        assert_eq!(problem["type"], format!("urn:mandate:problem:{slug}"));
        assert!(!problem.to_string().contains("secret cause"));
    }
}

#[tokio::test]
async fn a_body_too_large_or_of_another_type_is_refused() {
    let bench = Bench::new(&HttpSettings { max_body_bytes: 16, ..HttpSettings::default() });
    let post = |kind: &str, body: &'static str| {
        Request::post("/things").header("content-type", kind).body(Body::from(body)).unwrap()
    };
    let long = "\"0123456789abcdef\"";
    for (request, status) in [
        (post("application/json", "{}"), 200),
        (post("application/merge-patch+json; charset=utf-8", "{}"), 200),
        (post("application/json", long), 413),
        (post("text/plain", "{}"), 415),
        (post("application/json", "{"), 400),
    ] {
        assert_eq!(bench.send(request).await.0, status);
    }
}

#[tokio::test]
async fn a_body_that_is_encoded_is_refused_and_none_that_is_not_there() {
    let bench = bench();
    let post = |name: &str, value: &str, body: &'static str| {
        let request = Request::post("/things").header("content-type", "application/json");
        request.header(name, value).body(Body::from(body)).unwrap()
    };
    let (status, refused) = bench.send(post("content-encoding", "gzip", "{}")).await;
    assert_eq!(
        (status, &refused.headers()["accept-encoding"]),
        (415, &"identity".parse().unwrap())
    );
    assert_eq!(json(refused).await["type"], "urn:mandate:problem:unsupported-content-encoding");
    assert_eq!(bench.send(post("transfer-encoding", "gzip, chunked", "{}")).await.0, 415);
    assert_eq!(bench.send(post("content-encoding", "identity", "{}")).await.0, 200);
    let empty = Request::get("/facts").header("content-encoding", "gzip").body(Body::empty());
    assert_eq!(bench.send(empty.unwrap()).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered() {
    let (status, response) = bench().get("/never").await;
    assert_eq!(status, 503);
    assert_eq!(json(response).await["type"], "urn:mandate:problem:timed-out");
}

#[tokio::test]
async fn more_requests_than_allowed_are_answered_at_once() {
    let bench = Bench::new(&HttpSettings { max_concurrent_requests: 1, ..HttpSettings::default() });
    let (waiting, ()) = futures::join!(bench.get("/wait"), async {
        bench.gate.wait().await;
        let (status, response) = bench.get("/facts").await;
        assert_eq!(status, 503);
        assert_eq!(response.headers()["retry-after"], "1");
        bench.gate.wait().await;
    });
    assert_eq!(waiting.0, 200);
    assert_eq!(bench.get("/facts").await.0, 200);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_the_handler() {
    let bench = bench();
    let mut asked = Box::pin(bench.get("/wait"));
    assert!(futures::poll!(&mut asked).is_pending());
    bench.gate.wait().await;
    drop(asked);
    // Met by the handler only if it still runs.
    bench.gate.wait().await;
}
