//! `GET /events/{id}/proof`: that an event is in the log, as a file. Record chips lead here.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Method;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use contract::ids::EventId;

use crate::api::{ApiError, events};
use crate::failed::Failed;
use crate::portal::Portal;
use crate::signed_in::SignedIn;

/// `GET /events/{id}/proof`
pub(crate) async fn file(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<EventId>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::GET, &error);
    let (kind, bytes) = match events::proof(&portal.api, &browser, &token, id).await {
        Ok(proof) => proof,
        Err(error) => return failed(error),
    };
    // The name that the command of the verifier is shown with.
    match HeaderValue::from_str(&format!("attachment; filename=\"{id}.tlog-proof\"")) {
        Ok(name) => ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], bytes).into_response(),
        Err(_) => failed(ApiError::no_header()),
    }
}
