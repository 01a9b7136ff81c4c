//! The HTTP side: the application around the services' routes, and what their handlers take and give.
//!
//! [`application`] puts the layers around, [`serve`] runs it: `connections` lets in, `connection` serves, `turns`
//! answers. [`extract`] reads requests,
//! [`creation`] makes creating POSTs repeatable, [`page`] answers lists, [`mod@etag`] guards changes, `language` tells in which language to answer.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use contract::Environment;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::authentication::{Authenticator, RequestAuthenticator};
use crate::cors;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::request::{Observer, observe};
use crate::settings::HttpSettings;
use crate::tasks::panic_message;

mod arriving_body;
mod coding;
mod connection;
mod connection_limits;
mod connections;
pub mod creation;
pub mod etag;
pub mod extract;
mod json_list;
mod language;
mod limit;
pub(crate) mod oauth_error;
mod paced_writes;
pub mod page;
mod path;
#[cfg(test)]
mod properties;
mod serve;
mod turn;
pub(crate) mod turns;

pub use connection_limits::Limits;
pub use creation::{Creation, Idempotency, Remembered};
pub use etag::{IfMatch, etag};
pub use extract::{Json, Query};
pub use json_list::JsonList;
pub use language::{in_language, preferred_language};
pub use page::{Page, PageQuery, decode_cursor, encode_cursor, next_link};
pub use path::{FromPath, Path};
pub use serve::serve;

/// The routes of all services with everything around them: request facts and log lines, time and
/// size limits, authentication, problems for unknown routes, wrong methods and panics.
///
/// Call it once, after all routes have been merged: it is not applied to routes added later.
pub fn application(
    routes: Router,
    authenticator: Arc<dyn Authenticator>,
    environment: &Environment,
    settings: &HttpSettings,
    metrics: &Metrics,
) -> Router {
    let routes = routes
        .fallback(async || Problem::not_found("not-found", "There is nothing at this address."))
        .method_not_allowed_fallback(async || {
            Problem::new(
                axum::http::StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This address does not take this method; the header allow lists those it takes.",
            )
        })
        .layer(Extension(RequestAuthenticator(authenticator)));
    site(cors::shared(routes, &settings.cors_origins), environment, settings, metrics)
}

/// Pages that answer what they do not know by themselves, with the layers of [`application`] around them that are
/// for any caller: request facts and log lines, time and size limits, panics.
///
/// Call it once, after all routes have been merged.
pub fn site(
    routes: Router,
    environment: &Environment,
    settings: &HttpSettings,
    metrics: &Metrics,
) -> Router {
    let observer = Observer::new(environment.clone(), settings, metrics.clone());
    // Answers are for the caller alone and are what they say they are: no shared cache keeps them (RFC 9111 section
    // 5.2.2.5), no browser guesses another type.
    let no_store = HeaderValue::from_static("no-store");
    let nosniff = HeaderValue::from_static("nosniff");
    // One call of `Router::layer`: each boxes whatever lies within and clones it for every request, and so does
    // each middleware that is a function.
    routes.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(observer, observe))
            .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, no_store))
            .layer(SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, nosniff))
            .layer(DefaultBodyLimit::max(settings.max_body_bytes))
            .layer(CatchPanicLayer::custom(answer_panic))
            .layer(ValidateRequestHeaderLayer::custom(coding::refuse_encoded)),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn answer_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    Problem::internal(format!("a handler panicked: {}", panic_message(&*panic))).into_response()
}

#[cfg(test)]
mod tests;
