//! `GET /audit/log/checkpoint`, `/audit/log/key` (and `keys`, `key-replacement/…`), `/audit/log/tile/…`: the log as
//! others' tools read it (c2sp.org/tlog-tiles); and `/audit/log/manifests/…`, what manifests list.
//!
//! Checkpoint, key and hashes are for everybody, unless the settings say otherwise: no entry can be guessed from its
//! hash, since each has a commitment of 256 random bits. Entries tell of every organization, and are for those who
//! may read the whole log. A log that goes on from another has the same below `/audit/log/{number}` ([`asked_log`]).
//!
//! [`asked_log`]: super::asked_log

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use contract::{Service, Version};
use serde::Deserialize;
use service::Problem;
use translog::{Coordinates, Note, Resource, Tile, VerifierKey, bundle};

use super::asked_log::{self, Asked, Log};
use super::proof;
use super::representation::File;
use crate::store::log_keys::{self, StoredKey};
use crate::store::{checkpoints, entries, manifests, tree};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// What is full never changes within a log.
const FULL: &str = "max-age=31536000, immutable";
/// Of what is partial these bytes do not change either, but soon nobody asks for them any more. And where another log
/// was, its bytes may be kept for long already: whoever asks again learns of the ones that are there now.
const SHORT: &str = "max-age=60";
/// A key is replaced once in years, and whoever verifies is to learn of it soon.
const KEY: &str = "max-age=300";

/// For how long it may be kept; by caches that others share only if it is for everybody.
fn kept(is_public: bool, how_long: &str) -> Result<HeaderValue, Problem> {
    let whose = if is_public { "public" } else { "private" };
    HeaderValue::from_str(&format!("{whose}, {how_long}")).map_err(Problem::internal)
}

/// For how long what is at these coordinates of the log may be kept.
fn how_long(log: &Log, at: Coordinates) -> &'static str {
    if at.is_full() { full(log) } else { SHORT }
}

/// The same of what never changes within the log.
fn full(log: &Log) -> &'static str {
    if log.has_prefix_alone { FULL } else { SHORT }
}

/// The checkpoint that is served now.
pub(super) async fn checkpoint(asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    let mut log = asked.for_hashes().await?;
    let checkpoint = checkpoints::last_served(&mut *log.conn).await?;
    let bytes = checkpoint.ok_or_else(proof::unsigned)?.note;
    // There is no other before that.
    let how_long = format!("max-age={}", log.audit.checkpoint_seconds);
    let kept = kept(log.audit.public_log, &how_long)?;
    Ok(File { bytes, media_type: TEXT, kept }.answer(&headers))
}

/// The key by which the checkpoint that is served is verified (c2sp.org/signed-note, Verifier keys). One that was made
/// since signs from the next on.
pub(super) async fn key(asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    let mut log = asked.for_hashes().await?;
    let keys = known_keys(&mut log).await?;
    let served = checkpoints::last_served(&mut *log.conn).await?;
    let note = served.and_then(|served| Note::parse(&served.note).ok());
    let signs = |key: &&StoredKey| {
        let key = key.verifier_key.parse::<VerifierKey>();
        note.as_ref().zip(key.ok()).is_some_and(|(note, key)| note.verify(&[key]).is_ok())
    };
    let key = keys.iter().find(signs).unwrap_or(&keys[0]);
    text(&log, &headers, KEY, format!("{}\n", key.verifier_key))
}

/// All keys that the log was ever signed by, one a line, the newest first.
pub(super) async fn keys(asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    let mut log = asked.for_hashes().await?;
    let keys = known_keys(&mut log).await?;
    let lines = keys.iter().map(|key| key.verifier_key.clone() + "\n").collect();
    text(&log, &headers, KEY, lines)
}

/// The key that was replaced.
#[derive(Deserialize)]
pub(super) struct Replaced {
    id: String,
}

/// How a key with this id was replaced: the proof, by a checkpoint that this key signed as well, of the entry that
/// names the one after it (c2sp.org/tlog-proof). Whoever trusts the old key needs nobody's word for the new one.
pub(super) async fn key_replacement(
    asked: Asked,
    headers: HeaderMap,
    Path(Replaced { id }): Path<Replaced>,
) -> Result<Response, Problem> {
    let mut log = asked.for_hashes().await?;
    let keys = known_keys(&mut log).await?;
    let is_it = |key: &StoredKey| {
        key.verifier_key.parse().is_ok_and(|key: VerifierKey| key.id().to_string() == id)
    };
    let replaced = keys.iter().position(is_it);
    let by = replaced.and_then(|replaced| replaced.checked_sub(1));
    let by = by.ok_or_else(|| asked_log::not_there("No key of this id was replaced."))?;
    let uncovered = || asked_log::not_there("No checkpoint covers the replacement yet.");
    let by = keys[by].event.ok_or_else(uncovered)?;
    let checkpoint = checkpoints::covering(&mut *log.conn, by.id).await?.ok_or_else(uncovered)?;
    let recorded = entries::of_event(&mut log.conn, by.id).await?.ok_or_else(uncovered)?;
    let (position, envelope) = (recorded.position, recorded.envelope);
    let file = proof::file(&mut log.conn, position, envelope, &checkpoint).await?;
    text(&log, &headers, "no-cache", file.to_string())
}

/// The log's keys, the newest first: one at least.
async fn known_keys(log: &mut Log) -> Result<Vec<StoredKey>, Problem> {
    let keys = log_keys::of_log(&mut log.conn).await?;
    if keys.is_empty() { Err(proof::unsigned()) } else { Ok(keys) }
}

/// A text that may be another the next time.
fn text(log: &Log, asked: &HeaderMap, how_long: &str, text: String) -> Result<Response, Problem> {
    let kept = kept(log.audit.public_log, how_long)?;
    Ok(File { bytes: text.into_bytes(), media_type: TEXT, kept }.answer(asked))
}

/// What is below `tile/`.
#[derive(Deserialize)]
pub(super) struct BelowTile {
    path: String,
}

/// A tile of hashes, or a bundle of entries.
pub(super) async fn resource(
    asked: Asked,
    headers: HeaderMap,
    Path(BelowTile { path }): Path<BelowTile>,
) -> Result<Response, Problem> {
    let resource: Resource = format!("tile/{path}").parse().map_err(|error| {
        Problem::not_found("not-found", format!("There is nothing at this path: {error}."))
    })?;
    match resource {
        Resource::Tile(tile) => Ok(hashes(asked.for_hashes().await?, tile).await?.answer(&headers)),
        Resource::Entries(at) => {
            bundled(asked.for_entries().await?, at).await?.answer_packed(&headers).await
        }
    }
}

async fn hashes(mut log: Log, tile: Tile) -> Result<File, Problem> {
    let bytes = tree::tile(&mut log.conn, tile).await?.ok_or_else(not_there)?;
    let kept = kept(log.audit.public_log, how_long(&log, tile.at()))?;
    Ok(File { bytes, media_type: BYTES, kept })
}

async fn bundled(mut log: Log, at: Coordinates) -> Result<File, Problem> {
    let envelopes = entries::envelopes(&mut log.conn, at).await?.ok_or_else(not_there)?;
    let kept = kept(false, how_long(&log, at))?;
    drop(log);
    let mut bytes = Vec::new();
    for envelope in &envelopes {
        bundle::push(&mut bytes, envelope).map_err(Problem::internal)?;
    }
    Ok(File { bytes, media_type: BYTES, kept })
}

/// Which list is asked for.
#[derive(Deserialize)]
pub(super) struct Listed {
    service: String,
    version: String,
}

/// What a manifest lists, as its service has kept it. It has the hash that the manifest names, and never changes.
pub(super) async fn manifest_list(
    asked: Asked,
    headers: HeaderMap,
    Path(Listed { service, version }): Path<Listed>,
) -> Result<Response, Problem> {
    let mut log = asked.for_entries().await?;
    let service: Service = service.parse().map_err(|error| {
        Problem::not_found("not-found", format!("There is no such list: {error}."))
    })?;
    let version: Option<Version> = version.parse().ok().and_then(Version::new);
    let no_version =
        || Problem::not_found("not-found", "There is no such list: a version is a number from 1.");
    let version = version.ok_or_else(no_version)?;
    let list = manifests::list(&mut log.conn, service, version.number()).await?;
    let bytes =
        list.ok_or_else(|| asked_log::not_there("The list of this manifest is not kept here."))?;
    let kept = kept(false, full(&log))?;
    drop(log);
    File { bytes, media_type: TEXT, kept }.answer_packed(&headers).await
}

fn not_there() -> Problem {
    asked_log::not_there("The log does not reach so far.")
}
