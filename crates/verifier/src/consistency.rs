//! Consistency (RFC 6962 section 2.1.2): whether the log goes on from what it signed earlier, which is the checkpoint that
//! was kept, and what replaced keys signed last.
//!
//! Two checkpoints that no log can have both are told first, by themselves: whatever cannot be read afterwards, they
//! stay the proof of a fork or a cut. Everything else is proven by the entries, or by tiles.

use std::collections::HashMap;

use translog::{Checkpoint, Hash, Tiles, proof};

use crate::failure::{Check, Failure};
use crate::kept_hashes::{Beside, Difference, Seen};
use crate::outcome::Outcome;
use crate::replacement::Replacement;
use crate::source::Source;
use crate::tiles;
use crate::words::entries_in_words;

/// Where every failure of this kind is: what is served contradicts what was signed earlier.
const FILE: &str = "checkpoint";

/// The roots that the entries had on the way, by how many they were, where they make what was signed.
pub(crate) type Roots = HashMap<u64, Hash>;

/// How many entries the checkpoints cover that the log has to go on from: the one that was kept, and those by which
/// keys vouched for the ones after them.
pub(crate) fn earlier(kept: Option<&Checkpoint>, outcome: &Outcome) -> Vec<u64> {
    let by_keys = outcome.replacements().iter().map(|replacement| &replacement.checkpoint);
    let mut sizes: Vec<u64> = kept.into_iter().chain(by_keys).map(|it| it.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// What the signed checkpoints say against each other, and nothing else is needed for: fewer entries than before, or two
/// roots of as many.
pub(crate) fn contradictions<'a>(
    now: &Checkpoint,
    kept: Option<&Checkpoint>,
    replacements: impl Iterator<Item = &'a Replacement>,
) -> Vec<Failure> {
    let mut found: Vec<String> =
        kept.and_then(|kept| contradiction(now, kept)).into_iter().collect();
    // The root that was signed of so many entries, and by whom, in words.
    let mut signed: HashMap<u64, (Hash, String)> = HashMap::new();
    signed.insert(now.size, (now.root, "now".to_owned()));
    if let Some(kept) = kept.filter(|kept| kept.size != now.size) {
        signed.insert(kept.size, (kept.root, "by the checkpoint that was kept".to_owned()));
    }
    for Replacement { old, checkpoint: Checkpoint { size, root, .. }, .. } in replacements {
        let counted = entries_in_words(*size);
        if *size > now.size {
            found.push(format!(
                "the key {old} signed {counted} when it was replaced, and the log has fewer: it was cut"
            ));
        }
        let by = format!("by the key {old} when it was replaced");
        let (other, by_other) = signed.entry(*size).or_insert_with(|| (*root, by));
        if other != root {
            found.push(format!(
                "the key {old} signed the root {root} of {counted} when it was replaced, and {other} was signed {by_other}: the log was forked"
            ));
        }
    }
    found.iter().map(|what| Failure::of_file(Check::Consistency, FILE, what)).collect()
}

/// How the checkpoint that was kept contradicts the one that is served, by itself.
fn contradiction(now: &Checkpoint, kept: &Checkpoint) -> Option<String> {
    let counted = entries_in_words(kept.size);
    if kept.size > now.size {
        return Some(format!(
            "it has {}, and the one that was kept has {counted}: the log was cut, or this is an older copy",
            entries_in_words(now.size)
        ));
    }
    (kept.size == now.size && kept.root != now.root).then(|| {
        format!(
            "the log signed two roots of {counted}, {} now and {} when it was kept: it was forked",
            now.root, kept.root
        )
    })
}

/// What was read of the entries.
#[derive(Clone, Copy)]
pub(crate) struct Read<'a> {
    /// If they make what was signed.
    pub(crate) roots: Option<&'a Roots>,
    pub(crate) seen: &'a Seen,
    /// All were read, and make something else than what was signed.
    pub(crate) are_others: bool,
}

/// Whether the log goes on from all that was signed earlier.
pub(crate) fn check(
    source: &dyn Source,
    now: &Checkpoint,
    kept: Option<&Checkpoint>,
    Read { roots, seen, are_others }: Read<'_>,
    outcome: &mut Outcome,
) {
    if let Some(kept) = kept {
        let kept_root = roots.and_then(|roots| roots.get(&kept.size).copied());
        let goes_on = goes_on_from_kept(source, now, kept, kept_root, outcome);
        // Tiles may say that it goes on, and the entries be others.
        if (goes_on == Some(false) || are_others)
            && let Beside::Hashes(kept) = outcome.kept_hashes().clone()
        {
            for difference in kept.differences(seen, now.size) {
                outcome.fail(not_as_kept(&difference));
            }
        }
    }
    for replacement in outcome.replacements().to_vec() {
        let signed = &replacement.checkpoint;
        let is_begun_by_it = match roots {
            Some(roots) => Some(roots.get(&signed.size) == Some(&signed.root)),
            None => proven(source, now, signed),
        };
        if is_begun_by_it == Some(false) {
            goes_not_on_from_replaced(&replacement, now, outcome);
        }
    }
}

/// Fails: the log does not go on from what a replaced key signed last. That it is shorter, and that of as many entries
/// another root was signed, is told as a contradiction.
pub(crate) fn goes_not_on_from_replaced(
    replacement: &Replacement,
    now: &Checkpoint,
    outcome: &mut Outcome,
) {
    let Replacement { old, checkpoint, .. } = replacement;
    if checkpoint.size < now.size {
        let counted = entries_in_words(checkpoint.size);
        let what = format!(
            "its first {counted} are not those that the key {old} signed when it was replaced: the log was forked"
        );
        outcome.fail(Failure::of_file(Check::Consistency, FILE, &what));
    }
}

/// These entries are not those that were kept.
fn not_as_kept(difference: &Difference) -> Failure {
    let Difference { first, first_end, end, is_missing } = *difference;
    let what = match (is_missing, end - first) {
        (true, 1) => "it is missing".to_owned(),
        (true, _) => "they are missing".to_owned(),
        (false, 1) => "it is not that of the kept checkpoint".to_owned(),
        (false, _) if first_end == end => "they are not those of the kept checkpoint".to_owned(),
        (false, _) if first_end == first + 1 => {
            format!("they are not those of the kept checkpoint, from entry {first_end} on")
        }
        (false, _) => format!(
            "they are not those of the kept checkpoint, from entries {} to {first_end} on",
            first + 1
        ),
    };
    Failure::of_entries(Check::Consistency, first..end, &what)
}

/// Whether the log goes on from what was kept; none when nothing proves either. `kept_root` is the root that the
/// entries had then, where they are those that were signed; else the tiles say it. What both checkpoints say against
/// each other ([`contradictions`]) was told before.
pub(crate) fn goes_on_from_kept(
    source: &dyn Source,
    now: &Checkpoint,
    kept: &Checkpoint,
    kept_root: Option<Hash>,
    outcome: &mut Outcome,
) -> Option<bool> {
    if contradiction(now, kept).is_some() {
        return Some(false);
    }
    let is_consistent = match kept_root {
        Some(root) => Some(root == kept.root),
        None => proven(source, now, kept),
    };
    let counted = entries_in_words(kept.size);
    match is_consistent {
        Some(true) => {
            let what = format!("it begins with {counted} of the checkpoint that was kept");
            outcome.pass(Check::Consistency, what);
        }
        Some(false) => {
            let what = format!(
                "its first {counted} are not those of the checkpoint that was kept: the log was rewritten, or forked"
            );
            outcome.fail(Failure::of_file(Check::Consistency, FILE, &what));
        }
        None => {}
    }
    is_consistent
}

/// Whether the tree of `now` begins with the one of `earlier`, by the tiles; none when they do not make what was signed,
/// so that they prove nothing.
pub(crate) fn proven(source: &dyn Source, now: &Checkpoint, earlier: &Checkpoint) -> Option<bool> {
    if earlier.size == now.size {
        // The same checkpoint, whatever else is wrong, or a fork.
        return Some(earlier.root == now.root);
    }
    let mut tiles = Tiles::new();
    let needed = proof::consistency_tiles(earlier.size, now.size).ok()?;
    if !needed.into_iter().all(|tile| tiles::fetch(source, tile, &mut tiles)) {
        return None;
    }
    let above = tiles.to_authenticate(now.size);
    if !above.into_iter().all(|tile| tiles::fetch(source, tile, &mut tiles)) {
        return None;
    }
    tiles.authenticate(now.size, now.root).ok()?;
    let proof = proof::consistency(earlier.size, now.size, &tiles).ok()?;
    let (old, new) = ((earlier.size, earlier.root), (now.size, now.root));
    Some(proof::verify_consistency(old, new, &proof).is_ok())
}

#[cfg(test)]
mod tests {
    use translog::Signer;

    use super::*;

    const ORIGIN: &str = "log.example.com/audit/log";

    fn checkpoint(size: u64, root: &str) -> Checkpoint {
        let origin = ORIGIN.parse().unwrap();
        Checkpoint { origin, size, root: Hash::of_leaf(root.as_bytes()) }
    }

    fn replaced(checkpoint: Checkpoint) -> Replacement {
        let key = || Signer::generate(ORIGIN.parse().unwrap()).verifier_key().clone();
        Replacement { index: 0, old: key(), new: key(), checkpoint }
    }

    fn told(now: &Checkpoint, kept: Option<&Checkpoint>, by_keys: &[Replacement]) -> Vec<String> {
        let found = contradictions(now, kept, by_keys.iter());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn checkpoints_of_one_log_say_nothing_against_each_other() {
        let (now, kept) = (checkpoint(9, "a"), checkpoint(7, "b"));
        let by_keys = [checkpoint(9, "a"), checkpoint(7, "b"), checkpoint(3, "c")].map(replaced);
        assert_eq!(told(&now, Some(&kept), &by_keys), [""; 0]);
        assert_eq!(told(&now, Some(&now), &[]), [""; 0]);
    }

    #[test]
    fn two_roots_of_as_many_entries_and_fewer_than_before_are_told_of_each_pair() {
        let now = checkpoint(9, "a");
        let one = |kept: Option<&Checkpoint>, by_key: Option<Checkpoint>, text: &str| {
            let by_keys: Vec<_> = by_key.into_iter().map(replaced).collect();
            let told = told(&now, kept, &by_keys);
            assert!(told.len() == 1 && told[0].contains(text), "{text}: {told:?}");
        };
        one(Some(&checkpoint(9, "b")), None, "signed two roots of 9 entries");
        one(Some(&checkpoint(10, "b")), None, "it has 9 entries, and the one that was kept has 10");
        one(None, Some(checkpoint(10, "b")), "and the log has fewer: it was cut");
        one(None, Some(checkpoint(9, "b")), "was signed now: the log was forked");
        // Both are behind what is served, and not of one log.
        let kept = checkpoint(7, "b");
        one(Some(&kept), Some(checkpoint(7, "c")), "was signed by the checkpoint that was kept");
        let by_keys = [checkpoint(7, "b"), checkpoint(7, "c")].map(replaced);
        assert_eq!(told(&now, None, &by_keys).len(), 1);
    }
}
