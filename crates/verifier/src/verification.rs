//! The checks, in their order: what was signed, the tree under it, what was kept, the streams, the manifests.

use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;

use translog::{Checkpoint, Coordinates, FULL_WIDTH, Hash, Row, Tile, Tiles, Tree, proof};

use crate::bundle::{self, Bundle, Leaves, NoBundle};
use crate::failure::{Check, Failure};
use crate::index::{Comparison, Index};
use crate::kept_hashes::{Beside, Difference, KeptHashes, Seen};
use crate::manifests::Manifests;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::replacement::Replacement;
use crate::signature::{self, Given, Refused};
use crate::source::Source;
use crate::streams::Streams;
use crate::tiles::{self, Differences};
use crate::walk::walk;

/// Verifies a log. What is to be kept beside its checkpoint, if all of it was read.
pub(crate) fn verify(
    given: Given<'_>,
    source: &dyn Source,
    index: Option<&mut dyn Index>,
    progress: Option<&mut dyn Write>,
    outcome: &mut Outcome,
) -> Option<KeptHashes> {
    let kept = match signatures(given, source, outcome) {
        Ok(kept) => kept,
        Err(Refused::Unreadable(why)) => {
            outcome.stop(why);
            return None;
        }
        Err(Refused::Wrong(failure)) => {
            outcome.fail(failure);
            return None;
        }
    };
    let checkpoint = outcome.checkpoint().cloned()?;
    let mut entries = Entries {
        source,
        size: checkpoint.size,
        kept_size: kept.as_ref().map(|kept| kept.size),
        earlier: earlier(kept.as_ref(), outcome),
        roots: HashMap::new(),
        tree: Tree::new(),
        seen: Seen::default(),
        differences: Differences::default(),
        streams: Streams::default(),
        index: index.map(Comparison::of),
        manifests: Manifests::default(),
    };
    entries.read_all(progress, outcome);
    let is_complete = entries.tree.size() == checkpoint.size;
    let found = entries.tree.root();
    let entries_are_right = is_complete && found == checkpoint.root;
    let Entries { differences, roots, mut streams, manifests, seen, .. } = entries;
    let kept_root = kept.as_ref().and_then(|kept| roots.get(&kept.size).copied());
    let signed = (checkpoint.size, checkpoint.root);
    if outcome.is_stopped() {
        // What was seen is said. Which of both is wrong would have to be read.
        differences.judge(source, signed, false, &mut outcome.failures);
        streams.finish(&mut outcome.failures);
        return None;
    }
    differences.judge(source, signed, !entries_are_right, &mut outcome.failures);
    if is_complete && !entries_are_right {
        outcome.fail(other_root(&checkpoint, found, kept.as_ref(), kept_root));
    }
    let counted = entries_in_words(checkpoint.size);
    outcome.pass(Check::Tree, format!("{counted} and all tiles make the signed root"));
    if let Some(kept) = kept {
        let kept_root = kept_root.filter(|_| entries_are_right);
        let is_kept = consistency(source, &checkpoint, &kept, kept_root, outcome);
        if is_kept == Some(false)
            && let Beside::Hashes(kept) = outcome.kept_hashes().clone()
        {
            for difference in kept.differences(&seen, checkpoint.size) {
                outcome.fail(not_as_kept(&difference));
            }
        }
    }
    if entries_are_right {
        replacements(&roots, &checkpoint, outcome);
    }
    let checked =
        is_complete.then(|| manifests.finish(source, &mut streams, &mut outcome.failures));
    let count = streams.finish(&mut outcome.failures);
    outcome.count_streams(count);
    if is_complete {
        let rows = entries_in_words(checkpoint.size);
        outcome.pass(Check::Index, format!("the rows of {rows} say what these do"));
        let streams = format!("{count} streams have every version up to their last");
        outcome.pass(Check::Streams, format!("every entry is an event, {streams}, every id once"));
    }
    match checked {
        Some(Ok(checked)) => {
            outcome.count_manifests(checked);
            outcome.pass(Check::Manifests, checked.describe());
        }
        Some(Err(why)) => outcome.stop(why),
        None => {}
    }
    is_complete.then(|| seen.into_kept())
}

/// Key, checkpoint, and the checkpoint that was kept, if one was named.
pub(crate) fn signatures(
    given: Given<'_>,
    source: &dyn Source,
    outcome: &mut Outcome,
) -> Result<Option<Checkpoint>, Refused> {
    let mut trust = signature::key(given, source)?;
    let signed = signature::checkpoint(source, &mut trust);
    let (key, keys) = (trust.newest().clone(), trust.keys());
    outcome.trust(trust);
    let signed = signed?;
    let kept = given.checkpoint.map(|file| signature::kept(file, &keys));
    let (kept, hashes) = kept.transpose()?.unzip();
    outcome.pass(
        Check::Signature,
        format!(
            "{} signed a checkpoint of {}",
            key.name(),
            entries_in_words(signed.checkpoint.size)
        ),
    );
    outcome.signed(signed, kept.clone(), hashes.unwrap_or(Beside::Nothing));
    Ok(kept)
}

/// The entries as they are read, and what they make.
struct Entries<'a, 'i> {
    source: &'a dyn Source,
    size: u64,
    kept_size: Option<u64>,
    /// How many entries earlier checkpoints cover, in order.
    earlier: Vec<u64>,
    /// The roots that the entries had when they were as many as those.
    roots: HashMap<u64, Hash>,
    tree: Tree,
    seen: Seen,
    differences: Differences,
    streams: Streams,
    index: Option<Comparison<'i>>,
    manifests: Manifests,
}

impl Entries<'_, '_> {
    /// Reads every bundle once, up to the first that cannot be read.
    fn read_all(&mut self, progress: Option<&mut dyn Write>, outcome: &mut Outcome) {
        let (source, size, has_index) = (self.source, self.size, self.index.is_some());
        let mut progress = Progress::new(progress, size);
        let bundles = size.div_ceil(u64::from(FULL_WIDTH));
        let read = |index| {
            let at = Coordinates::among(index, size);
            bundle::read(source, at.expect("there are so many bundles"), has_index)
        };
        walk(bundles, source.readers(), read, |read| {
            match read.map(|bundle| self.take(bundle, outcome)) {
                Ok(Ok(())) => {
                    progress.at(self.tree.size());
                    return ControlFlow::Continue(());
                }
                Ok(Err(why)) | Err(NoBundle::Unreadable(why)) => outcome.stop(why),
                Err(NoBundle::Damaged(failures)) => {
                    for failure in failures {
                        outcome.fail(failure);
                    }
                    outcome.end_at(self.tree.size());
                }
            }
            ControlFlow::Break(())
        });
    }

    fn take(&mut self, bundle: Bundle, outcome: &mut Outcome) -> Result<(), String> {
        let Bundle { leaves, events, columns, tile } = bundle;
        let first = self.tree.size();
        if let Some(index) = &mut self.index {
            for (at, (leaf, columns)) in (first..).zip(leaves.hashes().iter().zip(&columns)) {
                index.take(at, *leaf, columns.as_ref(), &mut outcome.failures)?;
            }
        }
        for (index, event) in (first..).zip(events) {
            match event {
                Ok(event) => {
                    self.streams.take(index, &event, &mut outcome.failures);
                    if let Some(said) = &event.replaced_key {
                        outcome.key_is_replaced(index, said);
                    }
                    self.manifests.take(index, event, &mut outcome.failures);
                }
                Err(why) => {
                    let why = format!("it is no event: {why}");
                    outcome.fail(Failure::of_entry(Check::Streams, index, &why));
                }
            }
        }
        self.seen.take(leaves.hashes(), leaves.root(), self.kept_size);
        let rows = self.append(&leaves);
        let at = Coordinates::among(first / u64::from(FULL_WIDTH), self.size);
        let of_leaves = at.and_then(|at| Tile::new(0, at)).expect("a bundle has its tile");
        self.differences.take(of_leaves, leaves.hashes(), tile);
        // Narrower ones are on the way to these.
        let is_last = |tile: Tile| {
            tile.level() > 0
                && Tile::among(tile.level(), tile.at().index(), self.size) == Some(tile)
        };
        for row in rows.iter().filter(|row| is_last(row.tile)) {
            self.differences.compare(self.source, row)?;
        }
        Ok(())
    }

    /// Appends leaves. Roots are taken on the way, where the entries are as many as earlier checkpoints cover.
    fn append(&mut self, leaves: &Leaves) -> Vec<Row> {
        let (first, mut rest, mut rows) = (self.tree.size(), leaves.hashes(), Vec::new());
        let end = first + rest.len() as u64;
        let earlier: Vec<&u64> =
            self.earlier.iter().filter(|size| (first..=end).contains(*size)).collect();
        if let (Leaves::Full(tile), []) = (leaves, &*earlier) {
            return self.tree.append_tile(tile);
        }
        for size in earlier {
            let count = usize::try_from(size - self.tree.size()).unwrap_or_default();
            let (before, after) = rest.split_at(count);
            rows.extend(self.tree.append(before.iter().copied()));
            self.roots.insert(*size, self.tree.root());
            rest = after;
        }
        rows.extend(self.tree.append(rest.iter().copied()));
        rows
    }
}

/// How many entries the checkpoints cover that the log has to go on from: the one that was kept, and those by which
/// keys vouched for the ones after them.
fn earlier(kept: Option<&Checkpoint>, outcome: &Outcome) -> Vec<u64> {
    let by_keys = outcome.replacements().iter().map(|replacement| &replacement.checkpoint);
    let mut sizes: Vec<u64> = kept.into_iter().chain(by_keys).map(|it| it.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Whether the log goes on from what replaced keys signed last.
fn replacements(roots: &HashMap<u64, Hash>, now: &Checkpoint, outcome: &mut Outcome) {
    for replacement in outcome.replacements().to_vec() {
        let signed = &replacement.checkpoint;
        let is_begun_by_it = roots.get(&signed.size) == Some(&signed.root);
        goes_on_from_replaced(&replacement, now, is_begun_by_it, outcome);
    }
}

/// Fails unless the log goes on from what a replaced key signed last.
pub(crate) fn goes_on_from_replaced(
    replacement: &Replacement,
    now: &Checkpoint,
    is_begun_by_it: bool,
    outcome: &mut Outcome,
) {
    let Replacement { old, checkpoint, .. } = replacement;
    let counted = entries_in_words(checkpoint.size);
    let what = if checkpoint.size > now.size {
        format!(
            "the key {old} signed {counted} when it was replaced, and the log has fewer: it was cut"
        )
    } else if !is_begun_by_it {
        format!(
            "its first {counted} are not those that the key {old} signed when it was replaced: the log was forked"
        )
    } else {
        return;
    };
    outcome.fail(Failure::of_file(Check::Consistency, "checkpoint", &what));
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

/// The entries make another root than the signed one.
fn other_root(
    checkpoint: &Checkpoint,
    found: Hash,
    kept: Option<&Checkpoint>,
    kept_root: Option<Hash>,
) -> Failure {
    let Checkpoint { size, root, .. } = checkpoint;
    let counted = entries_in_words(*size);
    let mut what = format!("{counted} make the root {found}, and {root} was signed");
    if let Some(kept) = kept.filter(|kept| kept_root == Some(kept.root)) {
        let counted = entries_in_words(kept.size);
        what = format!("{what}; the first {counted} are those of the checkpoint that was kept");
    }
    Failure::of_file(Check::Tree, "checkpoint", &what)
}

/// Whether the log goes on from what was kept; none when nothing proves either. `kept_root` is the root that the
/// entries had then, where they are those that were signed; else the tiles say it.
pub(crate) fn consistency(
    source: &dyn Source,
    now: &Checkpoint,
    kept: &Checkpoint,
    kept_root: Option<Hash>,
    outcome: &mut Outcome,
) -> Option<bool> {
    let fail = |outcome: &mut Outcome, what: &str| {
        outcome.fail(Failure::of_file(Check::Consistency, "checkpoint", what));
        Some(false)
    };
    let counted = entries_in_words(kept.size);
    if kept.size > now.size {
        let what = format!(
            "it has {}, and the one that was kept has {counted}: the log was cut, or this is an older copy",
            entries_in_words(now.size)
        );
        return fail(outcome, &what);
    }
    if kept.size == now.size && kept.root != now.root {
        let what = format!(
            "the log signed two roots of {counted}, {} now and {} when it was kept: it was forked",
            now.root, kept.root
        );
        return fail(outcome, &what);
    }
    let is_consistent = match kept_root {
        Some(root) => Some(root == kept.root),
        // The same checkpoint, whatever else is wrong.
        None if kept.size == now.size => Some(true),
        None => proven(source, now, kept),
    };
    match is_consistent {
        Some(true) => {
            let what = format!("it begins with {counted} of the checkpoint that was kept");
            outcome.pass(Check::Consistency, what);
            Some(true)
        }
        Some(false) => fail(
            outcome,
            &format!(
                "its first {counted} are not those of the checkpoint that was kept: the log was rewritten, or forked"
            ),
        ),
        None => None,
    }
}

/// Whether the tiles prove it; none when they do not make what was signed, so that they prove nothing.
pub(crate) fn proven(source: &dyn Source, now: &Checkpoint, kept: &Checkpoint) -> Option<bool> {
    let mut tiles = Tiles::new();
    let needed = proof::consistency_tiles(kept.size, now.size).ok()?;
    if !needed.into_iter().all(|tile| tiles::fetch(source, tile, &mut tiles)) {
        return None;
    }
    let above = tiles.to_authenticate(now.size);
    if !above.into_iter().all(|tile| tiles::fetch(source, tile, &mut tiles)) {
        return None;
    }
    tiles.authenticate(now.size, now.root).ok()?;
    let proof = proof::consistency(kept.size, now.size, &tiles).ok()?;
    let (old, new) = ((kept.size, kept.root), (now.size, now.root));
    Some(proof::verify_consistency(old, new, &proof).is_ok())
}

/// So many entries.
pub(crate) fn entries_in_words(size: u64) -> String {
    if size == 1 { "1 entry".to_owned() } else { format!("{size} entries") }
}
