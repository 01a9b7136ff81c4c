//! `GET /audit/log/checkpoint`, `/audit/log/key`, `/audit/log/tile/…`: the log as others' tools read it
//! (c2sp.org/tlog-tiles); and `/audit/log/manifests/…`, what manifests list.
//!
//! Checkpoint, key and hashes are for everybody, unless the settings say otherwise: no entry can be guessed from its
//! hash, since each has commitments of 256 random bits. Entries tell of every organization and are for operators.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::{Service, Version};
use service::{Caller, Problem};
use translog::{Coordinates, Resource, Tile, bundle};

use crate::Audit;
use crate::store::{checkpoints, entries, log_keys, manifests, tree};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// What is full never changes; of what is partial, these bytes do not change either, but soon nobody asks for them.
const FULL: &str = "max-age=31536000, immutable";
const PARTIAL: &str = "max-age=3600";

/// For how long it may be kept; by caches that others share only if it is for everybody.
fn kept(is_public: bool, how_long: &str) -> (HeaderName, String) {
    let whose = if is_public { "public" } else { "private" };
    (CACHE_CONTROL, format!("{whose}, {how_long}"))
}

/// Whoever asks, if the log is public; else an operator.
type Asking = Result<Caller, Problem>;

fn may_read(audit: &Audit, asking: Asking) -> Result<(), Problem> {
    if audit.public_log { Ok(()) } else { operator(asking) }
}

fn operator(asking: Asking) -> Result<(), Problem> {
    if asking?.operator {
        return Ok(());
    }
    Err(Problem::forbidden(
        "role-not-allowed",
        "The entries of the whole log are for operators; members read those of their organization at /v1/events.",
    ))
}

/// The checkpoint that is served now.
pub(super) async fn checkpoint(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    may_read(&audit, asking)?;
    let checkpoint = checkpoints::last_served(&audit.resources.pool).await?;
    let checkpoint = checkpoint.ok_or_else(unsigned)?;
    let etag = format!("\"{}\"", checkpoint.size);
    let etag = HeaderValue::from_str(&etag).map_err(Problem::internal)?;
    let (name, value) = kept(audit.public_log, "no-cache");
    let value = HeaderValue::from_str(&value).map_err(Problem::internal)?;
    let cache = [(name, value), (ETAG, etag.clone())];
    if headers.get_all(IF_NONE_MATCH).iter().any(|known| known == etag) {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    Ok((cache, [(CONTENT_TYPE, TEXT)], checkpoint.note).into_response())
}

/// The key by which checkpoints are verified (c2sp.org/signed-note, Verifier keys).
pub(super) async fn key(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
) -> Result<Response, Problem> {
    may_read(&audit, asking)?;
    let mut conn = audit.resources.pool.acquire().await?;
    let key = log_keys::last(&mut conn).await?.ok_or_else(unsigned)?.verifier_key;
    let cache = kept(audit.public_log, "max-age=300");
    Ok(([cache], [(CONTENT_TYPE, TEXT)], format!("{key}\n")).into_response())
}

/// A tile of hashes, or a bundle of entries.
pub(super) async fn resource(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let resource: Resource = path.parse().map_err(|error| {
        Problem::not_found("not-found", format!("There is nothing at this path: {error}."))
    })?;
    match resource {
        Resource::Tile(tile) => {
            may_read(&audit, asking)?;
            hashes(&audit, tile).await
        }
        Resource::Entries(at) => {
            operator(asking)?;
            bundled(&audit, at).await
        }
    }
}

async fn hashes(audit: &Audit, tile: Tile) -> Result<Response, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let bytes = tree::tile(&mut conn, tile).await?.ok_or_else(not_there)?;
    let cache = kept(audit.public_log, if tile.at().is_full() { FULL } else { PARTIAL });
    Ok(([cache], [(CONTENT_TYPE, BYTES)], bytes).into_response())
}

async fn bundled(audit: &Audit, at: Coordinates) -> Result<Response, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let envelopes = entries::envelopes(&mut conn, at).await?.ok_or_else(not_there)?;
    drop(conn);
    let mut bytes = Vec::new();
    for envelope in &envelopes {
        bundle::push(&mut bytes, envelope).map_err(Problem::internal)?;
    }
    let cache = kept(false, if at.is_full() { FULL } else { PARTIAL });
    Ok(([cache], [(CONTENT_TYPE, BYTES)], bytes).into_response())
}

/// What a manifest lists, as its service has kept it. It has the hash that the manifest names, and never changes.
pub(super) async fn manifest_list(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    Path((service, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    operator(asking)?;
    let service: Service = service.parse().map_err(|error| {
        Problem::not_found("not-found", format!("There is no such list: {error}."))
    })?;
    let version: Option<Version> = version.parse().ok().and_then(Version::new);
    let version = version.ok_or_else(not_there)?;
    let mut conn = audit.resources.pool.acquire().await?;
    let list = manifests::list(&mut conn, service, version.number()).await?;
    let list = list.ok_or_else(not_there)?;
    Ok(([kept(false, FULL)], [(CONTENT_TYPE, TEXT)], list).into_response())
}

/// What will be there is not there yet: nobody is to remember that.
fn not_there() -> Problem {
    let problem = Problem::not_found("not-found", "The log does not reach so far.");
    problem.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// No checkpoint is signed here, or none yet.
pub(super) fn unsigned() -> Problem {
    Problem::unavailable(
        "unavailable",
        "The log has no checkpoint yet, or no key: nothing is signed.",
    )
}
