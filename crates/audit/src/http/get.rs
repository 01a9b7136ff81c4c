//! `GET /v1/events/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use contract::{EventId, envelope};
use service::http::{Json, Path};
use service::{Attempt, Problem};

use super::item::Item;
use crate::Audit;
use crate::policy::sees_event;
use crate::store::entries::{self, Recorded};

/// Read one event
///
/// With `Accept: application/cloudevents+json` the answer is the event itself, in exactly the bytes
/// that its producer recorded and published.
#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    operation_id = "getEvent",
    tag = "events",
    security(("api_token" = [])),
    params(("id" = EventId, Path, description = "The event")),
    responses(
        (status = 200, description = "The event", content(
            (Item = "application/json"),
            (serde_json::Value = "application/cloudevents+json"),
        )),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "No such event, or none of the caller's business")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["operator", "owner", "developer", "auditor", "account:admin", "account:business_manager", "account:technical_manager", "account:analyst", "account:viewer"])),
    ),
)]
pub(super) async fn get(
    State(audit): State<Arc<Audit>>,
    attempt: Attempt,
    Path(id): Path<EventId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let recorded = find(&audit, &attempt, id).await?;
    let mut response = if wants_event(&headers) {
        ([(CONTENT_TYPE, envelope::CONTENT_TYPE)], recorded.envelope).into_response()
    } else {
        Json(Item::of(recorded, &attempt.caller)?).into_response()
    };
    response.headers_mut().insert(VARY, ACCEPT.into());
    Ok(response)
}

/// An event that the caller may see.
pub(super) async fn find(
    audit: &Audit,
    attempt: &Attempt,
    id: EventId,
) -> Result<Recorded, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let recorded =
        entries::of_event(&mut conn, id).await?.ok_or_else(Problem::no_such::<EventId>)?;
    drop(conn);

    let role = match recorded.organization {
        Some(organization) => attempt.role_in(organization).await?,
        None => None,
    };
    let visible = sees_event(&attempt.caller, role, &recorded.actor)
        || match recorded.account_id {
            Some(account) => audit.holds_role(attempt, account).await?,
            None => false,
        };
    if visible { Ok(recorded) } else { Err(Problem::no_such::<EventId>()) }
}

/// Whether the event itself is asked for.
fn wants_event(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept.flat_map(|value| value.split(',')).any(|range| {
        let media_type = range.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case(envelope::CONTENT_TYPE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_itself_is_answered_when_it_is_asked_for_by_its_type() {
        let headers = |accept: &str| HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        assert!(wants_event(&headers("application/cloudevents+json")));
        assert!(wants_event(&headers("text/html, Application/CloudEvents+JSON; q=0.9")));
        assert!(!wants_event(&headers("*/*")));
        assert!(!wants_event(&HeaderMap::new()));
    }
}
