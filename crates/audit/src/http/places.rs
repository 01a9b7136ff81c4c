//! `POST /v1/events/places`

use std::sync::Arc;

use axum::extract::State;
use contract::EventId;
use contract::rpc::EventPlace;
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Caller, Fault, Problem};
use utoipa::ToSchema;

use crate::Audit;
use crate::store::places;

/// So many events can be asked for at a time.
const MOST_EVENTS: usize = 100;

/// Events, by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedEvents {
    /// Their ids.
    #[schema(max_items = 100)]
    ids: Vec<EventId>,
}

/// Where events are in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPlaces {
    /// One for each id, in the order in which they were asked for.
    items: Vec<EventPlace>,
}

/// Find events in the log
///
/// The positions of events, and when they were recorded: both are null for an event that is not recorded yet, which
/// takes some milliseconds, as for one that there is not. What an event says is not told here, nor whose it is: the
/// id of an event is what an answer gave to whoever may know of it.
#[utoipa::path(
    post,
    path = "/v1/events/places",
    operation_id = "findEventPlaces",
    tag = "events",
    security(("api_token" = [])),
    request_body = AskedEvents,
    responses(
        (status = 200, description = "Their places", body = EventPlaces),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 422, body = Problem, description = "Too many ids, or what is no id")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn places(
    State(audit): State<Arc<Audit>>,
    _caller: Caller,
    Json(AskedEvents { ids }): Json<AskedEvents>,
) -> Result<Json<EventPlaces>, Problem> {
    if ids.len() > MOST_EVENTS {
        return Err(Problem::invalid_field("ids", Fault::too_many(MOST_EVENTS)));
    }
    let mut conn = audit.resources.pool.acquire().await?;
    Ok(Json(EventPlaces { items: places::of_events(&mut conn, &ids).await? }))
}
