//! `GET /v1/catalogue`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use contract::catalogue::Catalogue;
use serde::Deserialize;
use service::http::{Json, Query, in_language, preferred_language};
use service::{Caller, Problem};
use utoipa::IntoParams;

use crate::AppRegistry;

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The language of titles and descriptions (BCP 47), before what `Accept-Language` says. What is not offered is
    /// answered in English.
    #[param(max_length = 35, example = "fr")]
    lang: Option<String>,
}

/// Read the catalogue
///
/// The services that apps can work with, their domains and levels, and the rules between them. A
/// level `on_request` is offered only to organizations for which an operator enabled it. Titles and descriptions are
/// in one of the languages that the catalogue has: the one that is preferred, or English.
#[utoipa::path(
    get,
    path = "/v1/catalogue",
    operation_id = "getCatalogue",
    tag = "catalogue",
    security(("api_token" = [])),
    params(Wanted, ("Accept-Language" = Option<String>, Header, description = "The languages that are preferred (RFC 9110 section 12.5.4).")),
    responses(
        (status = 200, description = "The catalogue", body = Catalogue, headers(("Content-Language" = String))),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 422, body = Problem, description = "A parameter is wrong; `errors` names it")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn catalogue(
    State(registry): State<Arc<AppRegistry>>,
    _caller: Caller,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let catalogue = &registry.resources.catalogue;
    let language = preferred_language(wanted.lang.as_deref(), &headers, &catalogue.languages());
    in_language(language, Json(catalogue.in_language(language)))
}
