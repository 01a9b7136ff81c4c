//! How the log's keys were replaced: what leads whoever was given an old one to the one that signs now.

use std::collections::{BTreeMap, BTreeSet};

use translog::{Checkpoint, KeyError, KeyId, VerifierKey};

use super::files::File;
use super::zip::Files;
use crate::consistency::{contradictions, goes_not_on_from_replaced, proven};
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;
use crate::refused::{Refused, served, wrong};
use crate::replacement::{self, Replacement};
use crate::signature::{MAX_REPLACEMENTS, Trust};
use crate::source::Server;

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
                // Ids have 32 bits: another key can be made that has this one's.
                Some(replacement) if replacement.old == *key => key = &replacement.new,
                _ => break,
            }
        }
        key
    }

    /// How many entries there were when the old keys signed last.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u64> {
        self.0.values().map(|replacement| replacement.checkpoint.size)
    }
}

/// What a server has of the keys that lead to the one that signs a log of this size, and the files that prove it: those by
/// which the trusted one led there, and those that the server lists. A mirror may have none.
pub(super) fn read(
    server: &Server,
    trust: &Trust,
    size: u64,
) -> Result<(Replacements, BTreeMap<KeyId, Vec<u8>>), Refused> {
    let (mut replacements, mut proofs) = (Replacements::default(), BTreeMap::new());
    let mut ids: BTreeSet<KeyId> = trust.replacements.iter().map(|it| it.old.id()).collect();
    let keys = served(server, KEYS, MAX_KEYS_BYTES)?.unwrap_or_default();
    for line in String::from_utf8_lossy(&keys).lines().take(MAX_REPLACEMENTS) {
        let key: Result<VerifierKey, KeyError> = line.parse();
        ids.insert(key.map_err(|error| wrong(KEYS, &error.to_string()))?.id());
    }
    for id in ids {
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
    let newest = replacements.newest(trust.newest()).clone();
    let leads_on = |id: &KeyId| {
        replacements.0.get(id).is_some_and(|it| *replacements.newest(&it.new) == newest)
    };
    proofs.retain(|id, _| leads_on(id));
    replacements.0.retain(|id, _| proofs.contains_key(id));
    Ok((replacements, proofs))
}

/// Whether the log goes on from what the replaced key signed last.
fn goes_on(files: &Files, now: &Checkpoint, replacement: &Replacement, outcome: &mut Outcome) {
    if replacement.checkpoint.size > now.size {
        // They contradict each other by themselves, which is told.
        return;
    }
    match proven(files, now, &replacement.checkpoint) {
        Some(true) => {}
        Some(false) => goes_not_on_from_replaced(replacement, now, outcome),
        None => outcome.stop(&format!(
            "the evidence has not the tiles that prove that the log goes on from what the key {} signed when it was replaced",
            replacement.old
        )),
    }
}

/// The key that is trusted is the one that the evidence is signed by, or leads to it, and so does every other that is
/// said to be replaced; and the log goes on from what each of them signed last.
pub(super) fn verify(files: &Files, now: &Checkpoint, outcome: &mut Outcome) {
    let mut replacements = Replacements::default();
    for (file, proof) in files {
        let File::KeyReplacement(id) = file else { continue };
        if let Some(replacement) = outcome.take(replacement::by_itself(*id, proof)) {
            replacements.0.insert(*id, replacement);
        }
    }
    for failure in contradictions(now, outcome.kept(), replacements.0.values()) {
        outcome.fail(failure);
    }
    for replacement in replacements.0.values() {
        goes_on(files, now, replacement, outcome);
    }
    if let Some(key) = files.get(&File::Key) {
        lead_to(key, &replacements, outcome);
    }
}

/// The key that is trusted, and every one that was replaced, leads to this one.
fn lead_to(key: &[u8], replacements: &Replacements, outcome: &mut Outcome) {
    let fail = |outcome: &mut Outcome, file: File, what: &str| {
        outcome.fail(Failure::of_file(Check::Evidence, &file.to_string(), what));
    };
    let leads_here =
        |from: &VerifierKey| format!("{}\n", replacements.newest(from)).as_bytes() == key;
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

#[cfg(test)]
mod tests {
    use translog::{Hash, Signer};

    use super::*;

    #[test]
    fn a_key_that_has_the_id_of_one_that_was_replaced_leads_nowhere() {
        let name = "log.example.com/audit/log";
        let key = || Signer::generate(name.parse().unwrap()).verifier_key().clone();
        let (old, new) = (key(), key());
        let checkpoint =
            Checkpoint { origin: name.parse().unwrap(), size: 0, root: Hash::of_empty_tree() };
        let replacement = Replacement { index: 0, old: old.clone(), new: new.clone(), checkpoint };
        let replacements = Replacements([(old.id(), replacement)].into());
        assert_eq!(replacements.newest(&old), &new);
        // Of a type whose ids are made as whoever makes it likes.
        let other: VerifierKey = format!("{name}+{}+/wE=", old.id()).parse().unwrap();
        assert_eq!(other.id(), old.id());
        assert_eq!(replacements.newest(&other), &other);
    }
}
