//! `GET /audit/log/checkpoint`, `/audit/log/key`, `/audit/log/tile/…`: the log as others' tools read it
//! (c2sp.org/tlog-tiles).
//!
//! Checkpoint, key and hashes are for everybody, unless the settings say otherwise: no entry can be guessed from its
//! hash, since each has a commitment of 256 random bits. Entries tell of every organization, and are for those who
//! may read the whole log.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use service::{Attempt, Problem};
use translog::{Coordinates, Resource, Tile, bundle};

use super::representation::File;
use super::whole_log;
use crate::Audit;
use crate::store::{checkpoints, entries, log_keys, tree};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// What is full never changes.
const FULL: &str = "max-age=31536000, immutable";
/// Of what is partial these bytes do not change either, but soon nobody asks for them any more.
const PARTIAL: &str = "max-age=60";
/// A key is replaced once in years, and whoever verifies is to learn of it soon.
const KEY: &str = "max-age=300";

/// For how long it may be kept; by caches that others share only if it is for everybody.
fn kept(is_public: bool, how_long: &str) -> Result<HeaderValue, Problem> {
    let whose = if is_public { "public" } else { "private" };
    HeaderValue::from_str(&format!("{whose}, {how_long}")).map_err(Problem::internal)
}

/// Whoever asks; nobody in particular may.
type Asking = Result<Attempt, Problem>;

/// Lets in everybody, if the log is public; else those who may read the whole of it.
async fn check(audit: &Audit, asking: Asking) -> Result<(), Problem> {
    if audit.public_log { Ok(()) } else { whole_log::check(&asking?, "log.read").await }
}

/// The checkpoint that is served now.
pub(super) async fn checkpoint(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check(&audit, asking).await?;
    let checkpoint = checkpoints::last_served(&audit.resources.pool).await?;
    let bytes = checkpoint.ok_or_else(unsigned)?.note;
    // There is no other before that.
    let how_long = format!("max-age={}", audit.checkpoint_seconds);
    let kept = kept(audit.public_log, &how_long)?;
    Ok(File { bytes, media_type: TEXT, kept }.answer(&headers))
}

/// The key by which checkpoints are verified (c2sp.org/signed-note, Verifier keys).
pub(super) async fn key(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check(&audit, asking).await?;
    let mut conn = audit.resources.pool.acquire().await?;
    let key = log_keys::last(&mut conn).await?.ok_or_else(unsigned)?.verifier_key;
    drop(conn);
    let bytes = format!("{key}\n").into_bytes();
    Ok(File { bytes, media_type: TEXT, kept: kept(audit.public_log, KEY)? }.answer(&headers))
}

/// A tile of hashes, or a bundle of entries.
pub(super) async fn resource(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let resource: Resource = path.parse().map_err(|error| {
        Problem::not_found("not-found", format!("There is nothing at this path: {error}."))
    })?;
    match resource {
        Resource::Tile(tile) => {
            check(&audit, asking).await?;
            Ok(hashes(&audit, tile).await?.answer(&headers))
        }
        Resource::Entries(at) => {
            whole_log::check(&asking?, "log.read-entries").await?;
            bundled(&audit, at).await?.answer_packed(&headers).await
        }
    }
}

async fn hashes(audit: &Audit, tile: Tile) -> Result<File, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let bytes = tree::tile(&mut conn, tile).await?.ok_or_else(not_there)?;
    let kept = kept(audit.public_log, how_long(tile.at()))?;
    Ok(File { bytes, media_type: BYTES, kept })
}

async fn bundled(audit: &Audit, at: Coordinates) -> Result<File, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let envelopes = entries::envelopes(&mut conn, at).await?.ok_or_else(not_there)?;
    drop(conn);
    let mut bytes = Vec::new();
    for envelope in &envelopes {
        bundle::push(&mut bytes, envelope).map_err(Problem::internal)?;
    }
    Ok(File { bytes, media_type: BYTES, kept: kept(false, how_long(at))? })
}

fn how_long(at: Coordinates) -> &'static str {
    if at.is_full() { FULL } else { PARTIAL }
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
