//! From a key that was replaced to the one after it, on nobody's word: the old key signed a checkpoint that covers the
//! entry in which the log names the new one.

use contract::facts::LogKeyReplaced;
use contract::{Envelope, Fact, Service};
use translog::{Checkpoint, Hash, KeyId, MAX_NOTE_BYTES, ProofFile, VerifierKey};

use crate::refused::{Refused, served, wrong};
use crate::source::Source;

/// How many bytes the file has at most.
pub(crate) const MAX_BYTES: usize = 2 * MAX_NOTE_BYTES;

/// Where a log has it, below its prefix.
pub(crate) fn path(id: KeyId) -> String {
    format!("key-replacement/{id}")
}

/// A key that took another's place.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    /// The entry that says so, counted from 0.
    pub(crate) index: u64,
    /// The key that was replaced.
    pub(crate) old: VerifierKey,
    /// The key since then.
    pub(crate) new: VerifierKey,
    /// What the old key signed with that entry in it.
    pub(crate) checkpoint: Checkpoint,
}

/// How this key was replaced; none if the log does not say that it was.
pub(crate) fn of(source: &dyn Source, key: &VerifierKey) -> Result<Option<Replacement>, Refused> {
    let path = path(key.id());
    let Some(bytes) = served(source, &path, MAX_BYTES)? else { return Ok(None) };
    let file = ProofFile::parse(&bytes).map_err(|error| wrong(&path, &error.to_string()))?;
    read(&path, &file, key).map(Some)
}

/// How the key with this id was replaced, by these bytes alone: that is proven to those who trust that key, whichever
/// it is.
pub(crate) fn by_itself(id: KeyId, bytes: &[u8]) -> Result<Replacement, Refused> {
    let path = path(id);
    let file = ProofFile::parse(bytes).map_err(|error| wrong(&path, &error.to_string()))?;
    let said = Envelope::parse(&file.extra).ok().as_ref().and_then(said);
    let old = said.and_then(|said| said.replaced_verifier_key.parse::<VerifierKey>().ok());
    match old.filter(|old| old.id() == id) {
        Some(old) => read(&path, &file, &old),
        None => Err(wrong(&path, "its entry does not say that this key was replaced")),
    }
}

fn read(path: &str, file: &ProofFile, key: &VerifierKey) -> Result<Replacement, Refused> {
    let refused = |error: &dyn std::fmt::Display| wrong(path, &error.to_string());
    let checkpoint = file.verify(Hash::of_leaf(&file.extra), key);
    let checkpoint = checkpoint.map_err(|error| refused(&error))?;
    let other = || refused(&format!("its entry does not say that {key} was replaced"));
    let envelope = Envelope::parse(&file.extra).map_err(|error| refused(&error))?;
    let said = said(&envelope).filter(|said| said.replaced_verifier_key == key.to_string());
    let new: VerifierKey = said.ok_or_else(other)?.verifier_key.parse().map_err(|_| other())?;
    if new.name() != key.name() {
        return Err(other());
    }
    Ok(Replacement { index: file.index, old: key.clone(), new, checkpoint })
}

/// What an event says of the log's key, if it says that it was replaced: both keys as they are written, in one way.
pub(crate) fn said(event: &Envelope) -> Option<LogKeyReplaced> {
    if event.kind != LogKeyReplaced::TYPE || event.source != Service::Audit {
        return None;
    }
    let said: LogKeyReplaced = event.fact().ok()?;
    let is_key = |text: &str| text.parse().is_ok_and(|key: VerifierKey| key.to_string() == text);
    (is_key(&said.verifier_key) && is_key(&said.replaced_verifier_key)).then_some(said)
}
