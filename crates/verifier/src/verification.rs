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
        earlier: consistency::earlier(kept.as_ref(), outcome),
        roots: HashMap::new(),
        tree: Tree::new(),
        seen: Seen::default(),
        differences: Differences::default(),
        streams: Streams::default(),
        index: index.map(Comparison::of),
        manifests: Manifests::default(),
        is_stopped: false,
    };
    entries.read_all(progress, outcome);
    entries.judge(&checkpoint, kept.as_ref(), outcome)
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

/// So many entries.
pub(crate) fn entries_in_words(size: u64) -> String {
    if size == 1 { "1 entry".to_owned() } else { format!("{size} entries") }
}
