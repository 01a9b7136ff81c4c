//! How the log's keys were replaced: what leads whoever was given an old one to the one that signs now.

use std::collections::BTreeMap;

use translog::{Checkpoint, KeyError, KeyId, VerifierKey};

use super::files::File;
use super::package::Package;
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;
use crate::refused::{Refused, served, wrong};
use crate::replacement::{self, Replacement};
use crate::signature::MAX_REPLACEMENTS;
use crate::source::Server;
use crate::verification::{goes_on_from_replaced, proven};

/// All keys of a log, a line each.
const KEYS: &str = "keys";
const MAX_KEYS_BYTES: usize = 4 << 20;

/// How each replaced key was replaced.
#[derive(Debug, Default)]
pub(super) struct Replacements(BTreeMap<KeyId, Replacement>);

impl Replacements {
    /// The key that this one leads to: itself if it was not replaced.
    pub(super) fn newest<'a>(&'a self, mut key: &'a VerifierKey) -> &'a VerifierKey {
        // Not more steps than there are, so that keys which replace each other end, too.
        for _ in 0..self.0.len() {
            match self.0.get(&key.id()) {
                Some(replacement) => key = &replacement.new,
                None => break,
            }
        }
        key
    }

    /// How many entries there were when the old keys signed last.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u64> {
        self.0.values().map(|replacement| replacement.checkpoint.size)
    }
}

/// What a server has of the keys that lead to this one in a log of this size, and the files that prove it. A mirror may
/// have none.
pub(super) fn read(
    server: &Server,
    trusted: &VerifierKey,
    size: u64,
) -> Result<(Replacements, BTreeMap<KeyId, Vec<u8>>), Refused> {
    let (mut replacements, mut proofs) = (Replacements::default(), BTreeMap::new());
    let keys = served(server, KEYS, MAX_KEYS_BYTES)?.unwrap_or_default();
    for line in String::from_utf8_lossy(&keys).lines().take(MAX_REPLACEMENTS) {
        let key: Result<VerifierKey, KeyError> = line.parse();
        let id = key.map_err(|error| wrong(KEYS, &error.to_string()))?.id();
        let Some(proof) = served(server, &replacement::path(id), replacement::MAX_BYTES)? else {
            continue;
        };
        let replacement = replacement::by_itself(id, &proof)?;
        // It was replaced since.
        if replacement.checkpoint.size <= size {
            replacements.0.insert(id, replacement);
            proofs.insert(id, proof);
        }
    }
    // Of one between them that no checkpoint covers yet there is no proof: those before it lead nowhere.
    let newest = replacements.newest(trusted).clone();
    let leads_on = |id: &KeyId| {
        replacements.0.get(id).is_some_and(|it| *replacements.newest(&it.new) == newest)
    };
    proofs.retain(|id, _| leads_on(id));
    replacements.0.retain(|id, _| proofs.contains_key(id));
    Ok((replacements, proofs))
}

/// Whether the log goes on from what the replaced key signed last.
fn goes_on(package: &Package, now: &Checkpoint, replacement: &Replacement, outcome: &mut Outcome) {
    let signed = &replacement.checkpoint;
    let is_smaller = signed.size < now.size;
    let is_begun_by_it =
        if is_smaller { proven(package, now, signed) } else { Some(signed.root == now.root) };
    match is_begun_by_it {
        Some(is_begun) => goes_on_from_replaced(replacement, now, is_begun, outcome),
        None => outcome.stop(format!(
            "the evidence has not the tiles that prove that the log goes on from what the key {} signed when it was replaced",
            replacement.old
        )),
    }
}

/// The key that is trusted is the one that the evidence is signed by, or leads to it, and so does every other that is
/// said to be replaced; and the log goes on from what each of them signed last.
pub(super) fn verify(package: &Package, now: &Checkpoint, outcome: &mut Outcome) {
    let mut replacements = Replacements::default();
    for (id, proof) in &package.replacements {
        match replacement::by_itself(*id, proof) {
            Ok(replacement) => {
                goes_on(package, now, &replacement, outcome);
                replacements.0.insert(*id, replacement);
            }
            Err(Refused::Unreadable(why)) => return outcome.stop(why),
            Err(Refused::Wrong(failure)) => outcome.fail(failure),
        }
    }
    let fail = |outcome: &mut Outcome, file: File, what: &str| {
        outcome.fail(Failure::of_file(Check::Evidence, &file.to_string(), what));
    };
    let leads_here =
        |key: &VerifierKey| format!("{}\n", replacements.newest(key)).into_bytes() == package.key;
    if !outcome.newest_key().is_some_and(leads_here) {
        fail(outcome, File::Key, "it is another key than the one that is trusted");
    }
    for (id, replacement) in &replacements.0 {
        if !leads_here(&replacement.new) {
            let file = File::KeyReplacement(*id);
            fail(outcome, file, "it does not lead to the key of this evidence");
        }
    }
}
