//! Query parameters that an operation does not have are refused, whichever operation it is: a misspelt filter that
//! was passed over would answer with everything. What an operation has says its description.
//!
//! Only below `/v1/`: an OAuth endpoint has to ignore parameters that it does not know (RFC 6749 section 3.2).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::response::IntoResponse;
use service::{Fault, FaultCode, Problem};
use tower_http::validate_request::ValidateRequestHeaderLayer;
use url::form_urlencoded;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// Where it is so.
const BELOW: &str = "/v1/";

/// After so many the rest of a query is not read, and of each so much is answered: an error is no echo.
const MAX_FAULTS: usize = 10;
/// See there.
const MAX_NAME_CHARS: usize = 100;

/// The names of each operation's query parameters, by path and method.
type Described = HashMap<(String, Method), BTreeSet<String>>;

/// Whether what is not described is refused at this path.
pub(crate) fn are_refused_at(path: &str) -> bool {
    path.starts_with(BELOW)
}

/// The routes, which refuse what the document does not describe.
pub(crate) fn refuse_unknown(routes: Router, document: &OpenApi) -> Router {
    let described = Arc::new(described(document));
    #[expect(clippy::result_large_err, reason = "the layer's signature")]
    let check = move |request: &mut Request| match refusal(&described, request) {
        Some(problem) => Err(problem.into_response()),
        None => Ok(()),
    };
    routes.layer(ValidateRequestHeaderLayer::custom(check))
}

fn described(document: &OpenApi) -> Described {
    let mut described = Described::new();
    for (path, item) in document.paths.paths.iter().filter(|(path, _)| are_refused_at(path)) {
        let PathItem { get, put, post, delete, patch, .. } = item;
        for (method, operation) in [
            (Method::GET, get),
            (Method::PUT, put),
            (Method::POST, post),
            (Method::DELETE, delete),
            (Method::PATCH, patch),
        ] {
            if let Some(operation) = operation {
                described.insert((path.clone(), method), names(operation));
            }
        }
    }
    described
}

fn names(operation: &Operation) -> BTreeSet<String> {
    let parameters = operation.parameters.iter().flatten();
    let of_query = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
            Some(&parameter.name)
        }
        _ => None,
    });
    of_query.cloned().collect()
}

fn refusal(described: &Described, request: &Request) -> Option<Problem> {
    let query = request.uri().query()?;
    let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let known = described.get(&(path, method.clone()))?;
    let unknown = unknown(known, query);
    if unknown.is_empty() {
        return None;
    }
    let problem =
        Problem::unprocessable("invalid-request", "Some parameters of the request are wrong.");
    let fault = || Fault::new(FaultCode::Unknown, "is not a parameter of this operation");
    Some(unknown.into_iter().fold(problem, |problem, name| problem.with_field(name, fault())))
}

/// The names in a query that are none of these, each once.
fn unknown(known: &BTreeSet<String>, query: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let name: String = name.chars().take(MAX_NAME_CHARS).collect();
        if !known.contains(&name) && !unknown.contains(&name) && unknown.len() < MAX_FAULTS {
            unknown.push(name);
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn status(method: Method, path: &str) -> StatusCode {
        let all = || get(async || "read").delete(async || "deleted");
        let routes = ["/v1/accounts", "/v1/accounts/{id}", "/oauth2/jwks"];
        let routes =
            routes.into_iter().fold(Router::new(), |routes, path| routes.route(path, all()));
        let routes = refuse_unknown(routes, &crate::api::document());
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        routes.oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn what_is_not_described_is_refused() {
        for (path, expected) in [
            ("/v1/accounts", 200),
            ("/v1/accounts?", 200),
            ("/v1/accounts?service=x&limit=1&cursor=c", 200),
            ("/v1/accounts?serv%69ce=x", 200),
            ("/v1/accounts?servcie=x", 422),
            ("/v1/accounts?service=x&servcie", 422),
            ("/v1/accounts?=x", 422),
            ("/v1/accounts/7?limit=1", 422),
            ("/v1/accounts/7", 200),
            // Whatever its client sends along, OAuth has it ignored.
            ("/oauth2/jwks?kid=x", 200),
        ] {
            assert_eq!(status(Method::GET, path).await, expected, "{path}");
            assert_eq!(status(Method::HEAD, path).await, expected, "HEAD {path}");
        }
    }

    #[test]
    fn each_is_named_once_and_not_all_of_very_many() {
        let refused = |query: &str| unknown(&BTreeSet::from([String::from("limit")]), query);
        assert_eq!(refused("a=1&limit=1&b=2&a=3"), ["a", "b"]);
        let many: Vec<_> = (0..100).map(|n| format!("p{n}")).collect();
        assert_eq!(refused(&many.join("&")).len(), MAX_FAULTS);
        assert_eq!(refused(&"x".repeat(5_000))[0].len(), MAX_NAME_CHARS);
    }
}
