//! The key that is trusted, and the checkpoints that it signed: the one that is served, and the one that was
//! kept.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use translog::{Checkpoint, MAX_NOTE_BYTES, Note, VerifierKey};

use crate::arguments::Arguments;
use crate::failure::{Check, Failure};
use crate::kept_hashes::{self, Beside, KeptHashes};
use crate::source::{Source, SourceError};

/// How many bytes the file of a key has at most: the longest there is takes some 1,800.
const MAX_KEY_BYTES: usize = 8192;

/// Where a log has them.
const CHECKPOINT: &str = "checkpoint";
const KEY: &str = "key";

/// A key, and on whose word it is trusted.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    pub(crate) key: VerifierKey,
    /// The auditor gave it. Else it is what the log itself says.
    pub(crate) is_given: bool,
}

/// A checkpoint that the log signed.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) checkpoint: Checkpoint,
    /// The signed note, as it was served.
    pub(crate) note: Vec<u8>,
}

/// Why there is nothing to go on with.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It could not be read: nothing is known.
    Unreadable(String),
    /// It is wrong.
    Wrong(Failure),
}

/// The key that is trusted.
pub(crate) fn key(arguments: &Arguments, source: &dyn Source) -> Result<Trust, Refused> {
    if let Some(key) = &arguments.key {
        return Ok(Trust { key: key.clone(), is_given: true });
    }
    if let Some(path) = &arguments.key_file {
        let text = String::from_utf8_lossy(&file(path, MAX_KEY_BYTES)?).into_owned();
        let key = first_line(&text).parse();
        let key = key.map_err(|error| {
            Refused::Unreadable(format!("{} is no key: {error}", path.display()))
        })?;
        return Ok(Trust { key, is_given: true });
    }
    let bytes = served(source, KEY, MAX_KEY_BYTES)?.ok_or_else(|| {
        Refused::Unreadable("the log has no file `key`: name its key with --key".to_owned())
    })?;
    let key = first_line(&String::from_utf8_lossy(&bytes)).parse();
    let key = key.map_err(|error: translog::KeyError| wrong(KEY, &error.to_string()))?;
    Ok(Trust { key, is_given: false })
}

/// The checkpoint that is served.
pub(crate) fn checkpoint(source: &dyn Source, key: &VerifierKey) -> Result<Signed, Refused> {
    let note = served(source, CHECKPOINT, MAX_NOTE_BYTES)?
        .ok_or_else(|| Refused::Unreadable("there is no log: it has no `checkpoint`".to_owned()))?;
    open(CHECKPOINT, note, key)
}

/// The checkpoint that was kept, and what is beside it.
pub(crate) fn kept(path: &Path, key: &VerifierKey) -> Result<(Checkpoint, Beside), Refused> {
    let signed = open(&path.display().to_string(), file(path, MAX_NOTE_BYTES)?, key)?;
    let checkpoint = signed.checkpoint;
    let beside = kept_hashes::read(path, checkpoint.size, checkpoint.root).map_err(|error| {
        let file = kept_hashes::beside(path);
        Refused::Unreadable(format!("{}: {error}", file.display()))
    })?;
    Ok((checkpoint, beside))
}

/// Keeps a checkpoint in this file, and the hashes beside it.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(path: &Path, note: &[u8], hashes: &KeptHashes) -> io::Result<()> {
    // Whoever is killed in between is left with the last checkpoint and hashes that are seen not to be its.
    write(&kept_hashes::beside(path), &hashes.bytes())?;
    write(path, note)
}

/// Writes a file, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn open(name: &str, note: Vec<u8>, key: &VerifierKey) -> Result<Signed, Refused> {
    let parsed = Note::parse(&note).map_err(|error| wrong(name, &error.to_string()))?;
    let checkpoint = Checkpoint::open(&parsed, key);
    let checkpoint = checkpoint.map_err(|error| {
        let claimed = parsed.text().lines().next().unwrap_or_default();
        let by = format!("it calls itself one of {claimed}, and the key is {key}");
        wrong(name, &format!("{error} ({by})"))
    })?;
    Ok(Signed { checkpoint, note })
}

fn served(source: &dyn Source, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Refused> {
    source.read(path, limit).map_err(|error| match error {
        SourceError::Unreadable(why) => Refused::Unreadable(why),
        error => wrong(path, &error.to_string()),
    })
}

/// A file of the auditor's own.
fn file(path: &Path, limit: usize) -> Result<Vec<u8>, Refused> {
    let unreadable = |error| Refused::Unreadable(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(Refused::Unreadable(format!("{} has over {limit} bytes", path.display())));
    }
    Ok(bytes)
}

fn wrong(file: &str, what: &str) -> Refused {
    Refused::Wrong(Failure::of_file(Check::Signature, file, what))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}
