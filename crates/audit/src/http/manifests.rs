//! `POST /v1/manifests`

use std::sync::Arc;

use axum::extract::State;
use contract::Service;
use futures::future::join_all;
use serde::Serialize;
use service::http::Json;
use service::{Attempt, Problem};
use utoipa::ToSchema;

use crate::Audit;
use crate::producers::{Producers as _, RpcProducers};

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WrittenManifests {
    /// Whether every service answered, and all that it had recorded is in a manifest now.
    complete: bool,
    /// Each service.
    items: Vec<WrittenOfService>,
}

/// What a service wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WrittenOfService {
    /// The service.
    #[schema(value_type = String, example = "app-registry")]
    service: Service,
    /// Whether all that it had recorded when it was asked is in a manifest now. If not, ask again: something is being
    /// written still, or there is more than is written at once; or it does not answer.
    complete: bool,
    /// How many manifests were written.
    written: u32,
    /// How many events they list.
    events: u64,
    /// The version of its last manifest; null if it has none, or does not answer.
    last_version: Option<i32>,
    /// Why it was not asked; null if it answered.
    unreachable_because: Option<String>,
}

/// Have manifests written now
///
/// Each service lists what it has recorded since its last manifest, without waiting for the hour. Before somebody
/// audits the log, say: what a manifest lists, nobody can take out of the log unnoticed. They are entries a moment
/// later. Nothing is written where nothing was recorded.
#[utoipa::path(
    post,
    path = "/v1/manifests",
    operation_id = "writeManifests",
    tag = "events",
    security(("api_token" = [])),
    responses(
        (status = 200, description = "What was written", body = WrittenManifests),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 403, body = Problem, description = "The caller is no operator")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(super) async fn write(
    State(audit): State<Arc<Audit>>,
    attempt: Attempt,
) -> Result<Json<WrittenManifests>, Problem> {
    let _permit = attempt.permit_operator("manifest.write").await?;
    let resources = &audit.resources;
    let producers = RpcProducers { rpc: resources.rpc.clone(), env: resources.env.clone() };
    let asked = Service::ALL.map(|service| of_service(&producers, service));
    let items = join_all(asked).await;
    let complete = items.iter().all(|item| item.complete);
    Ok(Json(WrittenManifests { complete, items }))
}

async fn of_service(producers: &RpcProducers, service: Service) -> WrittenOfService {
    match producers.write_manifests(service).await {
        Ok(answer) => WrittenOfService {
            service,
            complete: answer.is_complete,
            written: answer.written,
            events: answer.events,
            last_version: answer.last.map(i32::from),
            unreachable_because: None,
        },
        Err(error) => WrittenOfService {
            service,
            complete: false,
            written: 0,
            events: 0,
            last_version: None,
            unreachable_because: Some(error.to_string()),
        },
    }
}
