//! The checks, in their order: what was signed, the tree under it, what was kept, the streams.

use std::io::Write;
use std::ops::ControlFlow;

use translog::{Checkpoint, Coordinates, FULL_WIDTH, Hash, Tile, Tiles, Tree, proof};

use crate::bundle::{self, Bundle, NoBundle};
use crate::failure::{Check, Failure};
use crate::index::{Comparison, Index};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::signature::{self, Given, Refused};
use crate::source::Source;
use crate::streams::Streams;
use crate::tiles::{self, Differences};
use crate::walk::walk;

/// Verifies a log.
pub(crate) fn verify(
    given: Given<'_>,
    source: &dyn Source,
    index: Option<&mut dyn Index>,
    progress: Option<&mut dyn Write>,
    outcome: &mut Outcome,
) {
    let kept = match signatures(given, source, outcome) {
        Ok(kept) => kept,
        Err(Refused::Unreadable(why)) => return outcome.stop(why),
        Err(Refused::Wrong(failure)) => return outcome.fail(failure),
    };
    let Some(checkpoint) = outcome.checkpoint().cloned() else { return };
    let mut entries = Entries {
        source,
        size: checkpoint.size,
        kept_size: kept.as_ref().map(|kept| kept.size),
        tree: Tree::new(),
        kept_root: None,
        differences: Differences::default(),
        streams: Streams::default(),
        index: index.map(Comparison::of),
    };
    entries.read_all(progress, outcome);
    let is_complete = entries.tree.size() == checkpoint.size;
    let found = entries.tree.root();
    let entries_are_right = is_complete && found == checkpoint.root;
    let Entries { differences, kept_root, streams, .. } = entries;
    let signed = (checkpoint.size, checkpoint.root);
    if outcome.is_stopped() {
        // What was seen is said. Which of both is wrong would have to be read.
        differences.judge(source, signed, false, &mut outcome.failures);
        streams.finish(&mut outcome.failures);
        return;
    }
    differences.judge(source, signed, !entries_are_right, &mut outcome.failures);
    if is_complete && !entries_are_right {
        outcome.fail(other_root(&checkpoint, found, kept.as_ref(), kept_root));
    }
    let counted = entries_in_words(checkpoint.size);
    outcome.pass(Check::Tree, format!("{counted} and all tiles make the signed root"));
    if let Some(kept) = kept {
        let kept_root = kept_root.filter(|_| entries_are_right);
        consistency(source, &checkpoint, &kept, kept_root, outcome);
    }
    let count = streams.finish(&mut outcome.failures);
    outcome.count_streams(count);
    if is_complete {
        let rows = entries_in_words(checkpoint.size);
        outcome.pass(Check::Index, format!("the rows of {rows} say what these do"));
        let streams = format!("{count} streams have every version up to their last");
        outcome.pass(Check::Streams, format!("every entry is an event, {streams}, every id once"));
    }
}

/// Key, checkpoint, and the checkpoint that was kept, if one was named.
pub(crate) fn signatures(
    given: Given<'_>,
    source: &dyn Source,
    outcome: &mut Outcome,
) -> Result<Option<Checkpoint>, Refused> {
    let trust = signature::key(given, source)?;
    let key = trust.key.clone();
    outcome.trust(trust);
    let kept = given.checkpoint.map(|file| signature::kept(file, &key));
    let kept = kept.transpose()?.map(|kept| kept.checkpoint);
    let signed = signature::checkpoint(source, &key)?;
    outcome.pass(
        Check::Signature,
        format!(
            "{} signed a checkpoint of {}",
            key.name(),
            entries_in_words(signed.checkpoint.size)
        ),
    );
    outcome.signed(signed, kept.clone());
    Ok(kept)
}

/// The entries as they are read, and what they make.
struct Entries<'a, 'i> {
    source: &'a dyn Source,
    size: u64,
    kept_size: Option<u64>,
    tree: Tree,
    /// The root that the entries had when they were as many as in the checkpoint that was kept.
    kept_root: Option<Hash>,
    differences: Differences,
    streams: Streams,
    index: Option<Comparison<'i>>,
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
            for (at, (leaf, columns)) in (first..).zip(leaves.iter().zip(&columns)) {
                index.take(at, *leaf, columns.as_ref(), &mut outcome.failures)?;
            }
        }
        for (index, event) in (first..).zip(&events) {
            match event {
                Ok(event) => self.streams.take(index, event, &mut outcome.failures),
                Err(why) => {
                    let why = format!("it is no event: {why}");
                    outcome.fail(Failure::of_entry(Check::Streams, index, &why));
                }
            }
        }
        // The root is taken on the way, where the entries are as many as were kept.
        let kept = self.kept_size.and_then(|kept| usize::try_from(kept.checked_sub(first)?).ok());
        let (before, after) = leaves.split_at(kept.unwrap_or(0).min(leaves.len()));
        let mut rows = self.tree.append(before.iter().copied());
        if self.kept_size == Some(self.tree.size()) {
            self.kept_root = Some(self.tree.root());
        }
        rows.extend(self.tree.append(after.iter().copied()));
        let at = Coordinates::among(first / u64::from(FULL_WIDTH), self.size);
        let of_leaves = at.and_then(|at| Tile::new(0, at)).expect("a bundle has its tile");
        self.differences.take(of_leaves, leaves, tile);
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

/// Whether the log goes on from what was kept. `kept_root` is the root that the entries had then, where they
/// are those that were signed; else the tiles say it. Whether they do.
pub(crate) fn consistency(
    source: &dyn Source,
    now: &Checkpoint,
    kept: &Checkpoint,
    kept_root: Option<Hash>,
    outcome: &mut Outcome,
) -> bool {
    let fail = |outcome: &mut Outcome, what: &str| {
        outcome.fail(Failure::of_file(Check::Consistency, "checkpoint", what));
    };
    let counted = entries_in_words(kept.size);
    if kept.size > now.size {
        let what = format!(
            "it has {}, and the one that was kept has {counted}: the log was cut, or this is an older copy",
            entries_in_words(now.size)
        );
        fail(outcome, &what);
        return true;
    }
    if kept.size == now.size && kept.root != now.root {
        let what = format!(
            "the log signed two roots of {counted}, {} now and {} when it was kept: it was forked",
            now.root, kept.root
        );
        fail(outcome, &what);
        return true;
    }
    let is_consistent = match kept_root {
        Some(root) => Some(root == kept.root),
        // The same checkpoint, whatever else is wrong.
        None if kept.size == now.size => Some(true),
        None => proven(source, now, kept),
    };
    match is_consistent {
        Some(true) => outcome.pass(
            Check::Consistency,
            format!("it begins with {counted} of the checkpoint that was kept"),
        ),
        Some(false) => fail(
            outcome,
            &format!(
                "its first {counted} are not those of the checkpoint that was kept: the log was rewritten, or forked"
            ),
        ),
        None => {}
    }
    is_consistent.is_some()
}

/// Whether the tiles prove it; none when they do not make what was signed, so that they prove nothing.
fn proven(source: &dyn Source, now: &Checkpoint, kept: &Checkpoint) -> Option<bool> {
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
