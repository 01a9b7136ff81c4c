//! `GET /v1/events/{id}/proof`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use contract::EventId;
use service::http::Path;
use service::{Attempt, Problem};
use sqlx::PgConnection;
use translog::{Note, ProofFile, proof as proofs};

use super::get;
use crate::Audit;
use crate::store::checkpoints::{self, StoredCheckpoint};
use crate::store::tree;

/// Prove one event
///
/// A file by which anybody verifies, without this server, that the event is in the log: the event itself, the hashes
/// from it to the root of a tree, and the signed checkpoint of that tree (c2sp.org/tlog-proof). The log's key is at
/// `/audit/log/key`.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/proof",
    operation_id = "getEventProof",
    tag = "events",
    security(("api_token" = [])),
    params(("id" = EventId, Path, description = "The event")),
    responses(
        (status = 200, description = "The proof", body = String, content_type = "text/plain"),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "No such event, or none of the caller's business"),
        (status = 503, body = Problem, description = "No checkpoint covers the event yet; it is a matter of a second")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["operator", "owner", "developer", "auditor", "account:admin", "account:business_manager", "account:technical_manager", "account:analyst", "account:viewer"])),
    ),
)]
pub(super) async fn proof(
    State(audit): State<Arc<Audit>>,
    attempt: Attempt,
    Path(id): Path<EventId>,
) -> Result<Response, Problem> {
    let recorded = get::find(&audit, &attempt, id).await?;
    let mut conn = audit.resources.pool.acquire().await?;
    let checkpoint = checkpoints::last_served(&mut *conn).await?.ok_or_else(unsigned)?;
    if checkpoint.size < recorded.position {
        return Err(Problem::unavailable(
            "unavailable",
            "No checkpoint covers the event yet: one is signed within a second or two.",
        ));
    }
    let file = file(&mut conn, recorded.position, recorded.envelope, &checkpoint).await?;
    drop(conn);
    let name = format!("attachment; filename=\"{id}.tlog-proof\"");
    let name = HeaderValue::from_str(&name).map_err(Problem::internal)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, file.to_string()).into_response())
}

/// The proof that the entry at this position is in the tree of this checkpoint, which covers it.
pub(super) async fn file(
    conn: &mut PgConnection,
    position: i64,
    envelope: Vec<u8>,
    checkpoint: &StoredCheckpoint,
) -> Result<ProofFile, Problem> {
    let index = u64::try_from(position - 1).map_err(Problem::internal)?;
    let size = u64::try_from(checkpoint.size).map_err(Problem::internal)?;
    let needed = proofs::inclusion_tiles(index, size).map_err(Problem::internal)?;
    let tiles = tree::tiles(conn, &needed).await?;
    let proof = proofs::inclusion(index, size, &tiles).map_err(Problem::internal)?;
    let checkpoint = Note::parse(&checkpoint.note).map_err(Problem::internal)?;
    Ok(ProofFile { extra: envelope, index, proof, checkpoint })
}

/// No checkpoint is signed here, or none yet.
pub(super) fn unsigned() -> Problem {
    Problem::unavailable(
        "unavailable",
        "The log has no checkpoint yet, or no key: nothing is signed.",
    )
}
