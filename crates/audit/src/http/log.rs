//! `GET /audit/log/checkpoint`, `/audit/log/key` (and `keys`, `key-replacement/…`), `/audit/log/tile/…`: the log as
//! others' tools read it (c2sp.org/tlog-tiles); and `/audit/log/manifests/…`, what manifests list.
//!
//! Checkpoint, key and hashes are for everybody, unless the settings say otherwise: no entry can be guessed from its
//! hash, since each has a commitment of 256 random bits. Entries tell of every organization, and are for those who
//! may read the whole log.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use contract::{Service, Version};
use service::{Attempt, Problem};
use translog::{Coordinates, Resource, Tile, VerifierKey, bundle};

use super::representation::File;
use super::{proof, whole_log};
use crate::Audit;
use crate::store::log_keys::{self, StoredKey};
use crate::store::{checkpoints, entries, manifests, tree};

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
    let bytes = checkpoint.ok_or_else(proof::unsigned)?.note;
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
    let keys = known_keys(&audit, asking).await?;
    text(&audit, &headers, KEY, format!("{}\n", keys[0].verifier_key))
}

/// All keys that the log was ever signed by, one a line, the newest first.
pub(super) async fn keys(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let keys = known_keys(&audit, asking).await?;
    let lines = keys.iter().map(|key| key.verifier_key.clone() + "\n").collect();
    text(&audit, &headers, KEY, lines)
}

/// How a key with this id was replaced: the proof, by a checkpoint that this key signed as well, of the entry that
/// names the one after it (c2sp.org/tlog-proof). Whoever trusts the old key needs nobody's word for the new one.
pub(super) async fn key_replacement(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let keys = known_keys(&audit, asking).await?;
    let is_it = |key: &StoredKey| {
        key.verifier_key.parse().is_ok_and(|key: VerifierKey| key.id().to_string() == id)
    };
    let replaced = keys.iter().position(is_it).ok_or_else(not_there)?;
    let by = replaced.checked_sub(1).and_then(|by| keys[by].event).ok_or_else(not_there)?;
    let mut conn = audit.resources.pool.acquire().await?;
    let checkpoint = checkpoints::covering(&mut *conn, by.id).await?.ok_or_else(not_there)?;
    let recorded = entries::of_event(&mut conn, by.id).await?.ok_or_else(not_there)?;
    let (position, envelope) = (recorded.position, recorded.envelope);
    let file = proof::file(&mut conn, position, envelope, &checkpoint).await?;
    drop(conn);
    text(&audit, &headers, "no-cache", file.to_string())
}

/// The log's keys, the newest first: one at least.
async fn known_keys(audit: &Audit, asking: Asking) -> Result<Vec<StoredKey>, Problem> {
    check(audit, asking).await?;
    let mut conn = audit.resources.pool.acquire().await?;
    let keys = log_keys::of_log(&mut conn).await?;
    if keys.is_empty() { Err(proof::unsigned()) } else { Ok(keys) }
}

/// A text that may be another the next time.
fn text(
    audit: &Audit,
    asked: &HeaderMap,
    how_long: &str,
    text: String,
) -> Result<Response, Problem> {
    let kept = kept(audit.public_log, how_long)?;
    Ok(File { bytes: text.into_bytes(), media_type: TEXT, kept }.answer(asked))
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

/// What a manifest lists, as its service has kept it. It has the hash that the manifest names, and never changes.
pub(super) async fn manifest_list(
    State(audit): State<Arc<Audit>>,
    asking: Asking,
    Path((service, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    whole_log::check(&asking?, "log.read-entries").await?;
    let service: Service = service.parse().map_err(|error| {
        Problem::not_found("not-found", format!("There is no such list: {error}."))
    })?;
    let version: Option<Version> = version.parse().ok().and_then(Version::new);
    let version = version.ok_or_else(not_there)?;
    let mut conn = audit.resources.pool.acquire().await?;
    let list = manifests::list(&mut conn, service, version.number()).await?;
    let bytes = list.ok_or_else(not_there)?;
    drop(conn);
    File { bytes, media_type: TEXT, kept: kept(false, FULL)? }.answer_packed(&headers).await
}

/// What will be there is not there yet: nobody is to remember that.
fn not_there() -> Problem {
    let problem = Problem::not_found("not-found", "The log does not reach so far.");
    problem.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
