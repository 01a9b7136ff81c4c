//! The proof of one event in a file (c2sp.org/tlog-proof), verified offline: the key that is trusted signed the checkpoint
//! in it, and under that checkpoint's root the event that it has with it (its extra data) is the entry at its index.

use std::path::Path;
use std::slice;

use translog::proof::verify_inclusion;
use translog::{Checkpoint, Hash, NoteError, ProofFile, ProofFileError, VerifierKey};

use crate::event;
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;
use crate::proven::Proven;
use crate::refused::Refused;
use crate::replacement::MAX_BYTES;
use crate::signature::{self, Given};
use crate::streams::Streams;
use crate::words::entries_in_words;

/// Verifies the proof in this file.
pub(crate) fn verify(given: Given<'_>, path: &Path, outcome: &mut Outcome) {
    let name = path.display().to_string();
    let file = signature::file(path, MAX_BYTES).and_then(|bytes| read(&name, &bytes));
    let Some(file) = outcome.take(file) else { return };
    let Some(checkpoint) = signed(given, &name, &file, outcome) else { return };
    if file.extra.is_empty() {
        let what = "it has no event with it (no line `extra`), so that it proves nothing";
        return outcome.fail(Failure::of_file(Check::Streams, &name, what));
    }
    // What is not in the log is no entry: nothing else is said of it.
    if is_included(&name, &file, &checkpoint, outcome) {
        tell(&file, outcome);
    }
}

fn read(name: &str, bytes: &[u8]) -> Result<ProofFile, Refused> {
    ProofFile::parse(bytes).map_err(|error| {
        let check = match error {
            ProofFileError::Truncated | ProofFileError::Note(_) => Check::Signature,
            _ => Check::Tree,
        };
        Refused::Wrong(Failure::of_file(check, name, &error.to_string()))
    })
}

/// The checkpoint, which the key that was given signed.
fn signed(
    given: Given<'_>,
    name: &str,
    file: &ProofFile,
    outcome: &mut Outcome,
) -> Option<Checkpoint> {
    let no_key = || {
        Refused::Unreadable("a proof has no key: name the log's with --key or --key-file".into())
    };
    let trust = signature::given_key(given).and_then(|trust| trust.ok_or_else(no_key));
    let trust = outcome.take(trust)?;
    let note = file.checkpoint.to_string().into_bytes();
    let signed = signature::open(name, note, slice::from_ref(&trust.key));
    let signed = signed.map_err(|refused| match advice(file, &trust.key) {
        Some(advice) => refused.and(&advice),
        None => refused,
    });
    outcome.trust(trust);
    let signed = outcome.take(signed)?;
    outcome.signed(signed);
    outcome.checkpoint().cloned()
}

/// What to do where the key that is trusted has not signed: it may have been replaced, or have taken another's place.
fn advice(file: &ProofFile, key: &VerifierKey) -> Option<String> {
    if file.checkpoint.verify(slice::from_ref(key)) != Err(NoteError::UnknownKeys) {
        return None;
    }
    let signatures = file.checkpoint.signatures();
    let ids: Vec<String> = signatures.iter().map(|it| it.id.to_string()).collect();
    Some(format!(
        "if the log's key was replaced since, give the one that it had then, or get the proof anew; if before, give the newer one: `mandate verify` of the log leads to it from this one; it has signatures by {}",
        ids.join(", ")
    ))
}

/// Whether the event is the entry at the index.
fn is_included(
    name: &str,
    file: &ProofFile,
    checkpoint: &Checkpoint,
    outcome: &mut Outcome,
) -> bool {
    let (index, leaf) = (file.index, Hash::of_leaf(&file.extra));
    let Checkpoint { size, root, .. } = checkpoint;
    if let Err(error) = verify_inclusion(leaf, index, &file.proof, *size, *root) {
        let what = format!("the event in it is not the entry with the index {index}: {error}");
        outcome.fail(Failure::of_file(Check::Tree, name, &what));
        return false;
    }
    let (entry, counted) = (index + 1, entries_in_words(*size));
    let what =
        format!("it proves entry {entry} (index {index}) of {counted} under the signed root");
    outcome.pass(Check::Tree, what);
    true
}

/// Which event it is, if it is one.
fn tell(file: &ProofFile, outcome: &mut Outcome) {
    let index = file.index;
    let (event, envelope) = match event::with_envelope(&file.extra) {
        Ok(read) => read,
        Err(why) => {
            let what = format!("it is no event: {why}");
            return outcome.fail(Failure::of_entry(Check::Streams, index, &what));
        }
    };
    let mut streams = Streams::of_part();
    streams.take(index, &event, &mut outcome.failures);
    if let Some(said) = &event.replaced_key {
        outcome.key_is_replaced(index, said);
    }
    for note in streams.notes() {
        outcome.note(note);
    }
    outcome.note("this shows one event, and nothing of others, not even of its stream".to_owned());
    outcome.prove(Proven::of(index, &envelope));
}
