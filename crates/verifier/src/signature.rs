//! The key that is trusted, and the checkpoints that it signed: the one that is served, and the one that was
//! kept.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use translog::{Checkpoint, MAX_NOTE_BYTES, Note, NoteError, VerifierKey};

use crate::kept_hashes::{self, Beside, KeptHashes};
pub(crate) use crate::refused::{Refused, file};
use crate::refused::{served, wrong};
use crate::replacement::{self, Replacement};
use crate::source::{CHECKPOINT, Source};

/// How many bytes the file of a key has at most: the longest there is takes some 1,800.
const MAX_KEY_BYTES: usize = 8192;

/// So many replacements of a key are followed: nobody replaces it more often than that.
pub(crate) const MAX_REPLACEMENTS: usize = 1_000;

/// Where a log has its key.
const KEY: &str = "key";

/// What the auditor gives: what everything is verified with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// The key to trust.
    pub(crate) key: Option<&'a VerifierKey>,
    /// Or a file with it.
    pub(crate) key_file: Option<&'a Path>,
    /// A file with a checkpoint that was kept.
    pub(crate) checkpoint: Option<&'a Path>,
}

/// A key, and on whose word it is trusted.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    pub(crate) key: VerifierKey,
    /// The auditor gave it. Else it is what the log itself says.
    pub(crate) is_given: bool,
    /// By what it leads to the key that signs now.
    pub(crate) replacements: Vec<Replacement>,
}

impl Trust {
    fn of(key: VerifierKey, is_given: bool) -> Self {
        Self { key, is_given, replacements: Vec::new() }
    }

    /// The key that signs now.
    pub(crate) fn newest(&self) -> &VerifierKey {
        self.replacements.last().map_or(&self.key, |last| &last.new)
    }

    /// All keys, each of which the one before it vouches for.
    pub(crate) fn keys(&self) -> Vec<VerifierKey> {
        let newer = self.replacements.iter().map(|replacement| replacement.new.clone());
        std::iter::once(self.key.clone()).chain(newer).collect()
    }

    /// Goes from key to key until one has signed this note, or none leads further.
    fn follow(&mut self, source: &dyn Source, note: &[u8]) -> Result<(), Refused> {
        let Ok(note) = Note::parse(note) else { return Ok(()) };
        while self.replacements.len() < MAX_REPLACEMENTS
            && note.verify(std::slice::from_ref(self.newest())) == Err(NoteError::UnknownKeys)
        {
            let Some(next) = replacement::of(source, self.newest())? else { break };
            self.replacements.push(next);
        }
        Ok(())
    }
}

/// A checkpoint that the log signed.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) checkpoint: Checkpoint,
    /// The signed note, as it was served.
    pub(crate) note: Vec<u8>,
    /// The same, read once: a log may ask of each of its entries who signed it.
    pub(crate) parsed: Note,
}

/// The key that the auditor gave; none if they gave none.
pub(crate) fn given_key(given: Given<'_>) -> Result<Option<Trust>, Refused> {
    if let Some(key) = given.key {
        return Ok(Some(Trust::of(key.clone(), true)));
    }
    let Some(path) = given.key_file else { return Ok(None) };
    let text = String::from_utf8_lossy(&file(path, MAX_KEY_BYTES)?).into_owned();
    let key = first_line(&text).parse();
    let key =
        key.map_err(|error| Refused::Unreadable(format!("{} is no key: {error}", path.display())))?;
    Ok(Some(Trust::of(key, true)))
}

/// The key that is trusted.
pub(crate) fn key(given: Given<'_>, source: &dyn Source) -> Result<Trust, Refused> {
    if let Some(trust) = given_key(given)? {
        return Ok(trust);
    }
    let bytes = served(source, KEY, MAX_KEY_BYTES)?.ok_or_else(|| {
        Refused::Unreadable("the log has no file `key`: name its key with --key".to_owned())
    })?;
    let key = first_line(&String::from_utf8_lossy(&bytes)).parse();
    let key = key.map_err(|error: translog::KeyError| wrong(KEY, &error.to_string()))?;
    Ok(Trust::of(key, false))
}

/// The checkpoint that is served, signed by the key that is trusted or by one that it leads to.
pub(crate) fn checkpoint(source: &dyn Source, trust: &mut Trust) -> Result<Signed, Refused> {
    let note = served(source, CHECKPOINT, MAX_NOTE_BYTES)?
        .ok_or_else(|| Refused::Unreadable("there is no log: it has no `checkpoint`".to_owned()))?;
    trust.follow(source, &note)?;
    open(CHECKPOINT, note, std::slice::from_ref(trust.newest()))
}

/// The checkpoint that was kept, signed by any of these keys.
pub(crate) fn kept(path: &Path, keys: &[VerifierKey]) -> Result<Checkpoint, Refused> {
    let note = file(path, MAX_NOTE_BYTES)?;
    let name = path.display().to_string();
    let signed = open(&name, note, keys).map_err(|refused| {
        refused.and(
            "if it was kept before the log's key was replaced, give the key that was given then: that leads to the new one; if it was kept after that, the log is served as it was before",
        )
    });
    signed.map(|signed| signed.checkpoint)
}

/// What is beside the checkpoint that was kept.
///
/// # Errors
/// When there is a file that cannot be read, in words.
pub(crate) fn beside_kept(path: &Path, kept: &Checkpoint) -> Result<Beside, String> {
    kept_hashes::read(path, kept.size, kept.root)
        .map_err(|error| format!("{}: {error}", kept_hashes::beside(path).display()))
}

/// Keeps a checkpoint in this file, and the hashes beside it, if all of the log was read.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(path: &Path, note: &[u8], hashes: Option<&KeptHashes>) -> io::Result<()> {
    // Whoever is killed in between is left with the last checkpoint and hashes that are seen not to be its, or none.
    let beside = kept_hashes::beside(path);
    if let Some(hashes) = hashes {
        write(&beside, &hashes.bytes())?;
        return write(path, note);
    }
    // Evidence has none. Those of this checkpoint stay.
    let is_another = fs::read(path).ok().is_none_or(|kept| kept != note);
    write(path, note)?;
    if is_another { remove(&beside) } else { Ok(()) }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file, whole or not at all: its owner's only.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The checkpoint in this note of the file with this name, signed by any of these keys.
pub(crate) fn open(name: &str, note: Vec<u8>, keys: &[VerifierKey]) -> Result<Signed, Refused> {
    let parsed = Note::parse(&note).map_err(|error| wrong(name, &error.to_string()))?;
    let checkpoint = Checkpoint::open_by_any(&parsed, keys).map_err(|error| {
        let claimed = parsed.text().lines().next().unwrap_or_default();
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let by = format!("it calls itself one of {claimed}, and the key is {}", keys.join(", or "));
        wrong(name, &format!("{error} ({by})"))
    })?;
    Ok(Signed { checkpoint, note, parsed })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}
