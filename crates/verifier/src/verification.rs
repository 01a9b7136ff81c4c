//! The checks, in their order: what was signed, the tree under it, what was kept, the streams, the manifests.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use contract::IndexColumns;
use translog::{Checkpoint, Coordinates, FULL_WIDTH, Hash, Row, Tile, Tree};

use crate::bundle::{self, Bundle, Leaves, NoBundle, Wanted};
use crate::consistency::{self, Roots};
use crate::failure::{Check, Failure};
use crate::index::{Comparison, Index};
use crate::kept_hashes::{Beside, KeptHashes, Seen};
use crate::manifests::{Checked, Manifests};
use crate::outcome::Outcome;
use crate::progress::{Meanwhile, Progress};
use crate::signature::{self, Given, Refused};
use crate::source::Source;
use crate::streams::Streams;
use crate::tiles::Differences;
use crate::walk::walk;
use crate::words::entries_in_words;

/// Verifies a log. What is to be kept beside its checkpoint, if all of it was read.
pub(crate) fn verify(
    given: Given<'_>,
    source: &dyn Source,
    index: Option<&mut dyn Index>,
    meanwhile: Option<Meanwhile<'_>>,
    outcome: &mut Outcome,
) -> Option<KeptHashes> {
    let signed = signatures(given, source, outcome);
    let kept = outcome.take(signed)?;
    let progress = meanwhile.and_then(|meanwhile| {
        // Whoever serves the log may see to it that the rest takes for as long as they like.
        outcome.write_failures_of(Check::Consistency, meanwhile.written_to);
        meanwhile.is_terminal.then_some(meanwhile.written_to)
    });
    let checkpoint = outcome.checkpoint().cloned()?;
    let mut entries = Entries {
        source,
        size: checkpoint.size,
        kept_size: kept.as_ref().map(|kept| kept.size),
        earlier: consistency::earlier(kept.as_ref(), outcome),
        roots: Roots::new(),
        tree: Tree::new(),
        seen: Seen::default(),
        differences: Differences::default(),
        streams: Streams::default(),
        index: index.map(|index| Comparison::of(index, checkpoint.size)),
        manifests: Manifests::default(),
        continued: 0,
        is_told_of_another: false,
        is_stopped: false,
    };
    entries.read_all(progress, outcome);
    entries.judge(&checkpoint, kept.as_ref(), outcome)
}

/// Key, checkpoint, and the checkpoint that was kept, if one was named. What these say against each other is told here:
/// before anything else is read that could not be.
pub(crate) fn signatures(
    given: Given<'_>,
    source: &dyn Source,
    outcome: &mut Outcome,
) -> Result<Option<Checkpoint>, Refused> {
    let mut trust = signature::key(given, source)?;
    let signed = signature::checkpoint(source, &mut trust);
    let keys = trust.keys();
    outcome.trust(trust);
    let signed = signed?;
    let now = signed.checkpoint.clone();
    outcome.signed(signed);
    let kept = given.checkpoint.map(|file| signature::kept(file, &keys)).transpose();
    let known = kept.as_ref().ok().and_then(Option::as_ref);
    for failure in consistency::contradictions(&now, known, outcome.replacements().iter()) {
        outcome.fail(failure);
    }
    if let (Ok(Some(kept)), Some(file)) = (&kept, given.checkpoint) {
        let beside = signature::beside_kept(file, kept).unwrap_or_else(|why| {
            // Only where a log differs is not told without them.
            outcome.stop(&why);
            Beside::Nothing
        });
        outcome.keep(kept.clone(), beside);
    }
    kept
}

/// The entries as they are read, and what they make.
struct Entries<'a, 'i> {
    source: &'a dyn Source,
    size: u64,
    kept_size: Option<u64>,
    /// How many entries earlier checkpoints cover, in order.
    earlier: Vec<u64>,
    /// The roots that the entries had when they were as many as those.
    roots: Roots,
    tree: Tree,
    seen: Seen,
    differences: Differences,
    streams: Streams,
    index: Option<Comparison<'i>>,
    manifests: Manifests,
    /// How many entries at its beginning say that it goes on from another.
    continued: u64,
    /// Another entry that says so was told of.
    is_told_of_another: bool,
    /// They could not be read to their end: nothing is said against what was not.
    is_stopped: bool,
}

impl Entries<'_, '_> {
    /// Reads every bundle once, up to the first that cannot be read.
    fn read_all(&mut self, progress: Option<&mut dyn Write>, outcome: &mut Outcome) {
        let (source, size) = (self.source, self.size);
        let wanted = Wanted { has_index: self.index.is_some(), has_tiles: AtomicBool::new(true) };
        let mut progress = Progress::new(progress, size);
        let bundles = size.div_ceil(u64::from(FULL_WIDTH));
        let read = |index| {
            let at = Coordinates::among(index, size);
            bundle::read(source, at.expect("there are so many bundles"), &wanted)
        };
        walk(bundles, source.readers(), read, |read| {
            match read.map(|bundle| self.take(bundle, &wanted, outcome)) {
                Ok(()) => {
                    progress.at(self.tree.size());
                    return ControlFlow::Continue(());
                }
                Err(NoBundle::Unreadable(why)) => {
                    self.is_stopped = true;
                    outcome.stop(&why);
                }
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

    fn take(&mut self, bundle: Bundle, wanted: &Wanted, outcome: &mut Outcome) {
        let Bundle { leaves, events, columns, tile } = bundle;
        let first = self.tree.size();
        self.compare_index(first, &leaves, &columns, outcome);
        for (index, event) in (first..).zip(events) {
            match event {
                Ok(event) => {
                    self.streams.take(index, &event, &mut outcome.failures);
                    if let Some(said) = &event.replaced_key {
                        outcome.key_is_replaced(index, said);
                    }
                    if let Some(restored) = event.restored {
                        self.continue_from(index, restored, outcome);
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
            self.differences.compare(self.source, row, wanted);
        }
    }

    /// An entry says that the log goes on from another. The first does; and if that went on from another itself, those
    /// that were restored of it begin likewise. One that comes later was meant for another log.
    fn continue_from(&mut self, index: u64, restored: u64, outcome: &mut Outcome) {
        let is_before = index == self.continued;
        if is_before {
            self.continued += 1;
        }
        if index == 0 {
            outcome.note(format!(
                "entry 1 says that this log goes on from another, of which {} were restored: nothing here shows what else that had signed",
                entries_in_words(restored)
            ));
        } else if !is_before && !std::mem::replace(&mut self.is_told_of_another, true) {
            outcome.note(format!(
                "entry {} (index {index}) says that a log goes on from another, and is not the first: it does not say it of this one",
                index + 1
            ));
        }
    }

    /// Compares the rows of these entries. An index that cannot be read is compared no further; the log is read on.
    fn compare_index(
        &mut self,
        first: u64,
        leaves: &Leaves,
        columns: &[Option<IndexColumns>],
        outcome: &mut Outcome,
    ) {
        let Some(index) = &mut self.index else { return };
        for (at, (leaf, columns)) in (first..).zip(leaves.hashes().iter().zip(columns)) {
            if let Err(why) = index.take(at, *leaf, columns.as_ref(), &mut outcome.failures) {
                outcome.stop(&why);
                self.index = None;
                return;
            }
        }
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

/// What is said of the entries once they were read, as far as they could be.
impl Entries<'_, '_> {
    /// Judges all of it. What is to be kept beside the checkpoint, if all of it was read.
    fn judge(
        self,
        checkpoint: &Checkpoint,
        kept: Option<&Checkpoint>,
        outcome: &mut Outcome,
    ) -> Option<KeptHashes> {
        let Self { source, is_stopped, roots, tree, seen, .. } = self;
        let Self { differences, mut streams, index, manifests, .. } = self;
        let is_complete = !is_stopped && tree.size() == checkpoint.size;
        let found = tree.root();
        let are_right = is_complete && found == checkpoint.root;
        // Where they could not be read to their end, which of both is wrong would have to be read, too.
        let signed = (checkpoint.size, checkpoint.root);
        let unread = differences.unread().map(str::to_owned);
        differences.judge(source, signed, !is_stopped && !are_right, &mut outcome.failures);
        if is_complete && !are_right {
            outcome.fail(other_root(checkpoint, found, kept, &roots));
        }
        match unread {
            Some(why) => outcome.stop(&why),
            None if is_complete => {
                let counted = entries_in_words(checkpoint.size);
                outcome.pass(Check::Tree, format!("{counted} and all tiles make the signed root"));
            }
            None => {}
        }
        let are_others = is_complete && !are_right;
        let roots = are_right.then_some(&roots);
        let read = consistency::Read { roots, seen: &seen, are_others };
        consistency::check(source, checkpoint, kept, read, outcome);
        if is_complete {
            compared(index, checkpoint.size, outcome);
            let (checked, unread) = manifests.finish(source, &mut streams, &mut outcome.failures);
            recorded(checked, &unread, outcome);
        }
        finish(streams, is_complete, outcome);
        is_complete.then(|| seen.into_kept())
    }
}

/// Whether the index ends as the log does, if there is one.
fn compared(index: Option<Comparison<'_>>, size: u64, outcome: &mut Outcome) {
    let Some(index) = index else { return };
    match index.finish(&mut outcome.failures) {
        Ok(notes) => {
            let rows = entries_in_words(size);
            outcome.pass(Check::Index, format!("the rows of {rows} say what these do"));
            for note in notes {
                outcome.note(note);
            }
        }
        Err(why) => outcome.stop(&why),
    }
}

/// What the manifests showed.
fn recorded(checked: Checked, unread: &[String], outcome: &mut Outcome) {
    outcome.count_manifests(checked);
    if unread.is_empty() {
        outcome.pass(Check::Manifests, checked.describe());
    }
    for why in unread {
        outcome.stop(why);
    }
    if checked.lists_not_read > unread.len() {
        let (all, told) = (checked.lists_not_read, unread.len());
        outcome
            .stop(&format!("{all} lists of manifests were not read, and it is told of {told} why"));
    }
}

/// What the streams showed.
fn finish(streams: Streams, is_complete: bool, outcome: &mut Outcome) {
    for note in streams.notes() {
        outcome.note(note);
    }
    let count = streams.finish(&mut outcome.failures);
    if is_complete {
        outcome.count_streams(count);
        let streams = format!("{count} streams have every version up to their last");
        outcome.pass(Check::Streams, format!("every entry is an event, {streams}, every id once"));
    }
}

/// The entries make another root than the signed one.
fn other_root(
    checkpoint: &Checkpoint,
    found: Hash,
    kept: Option<&Checkpoint>,
    roots: &Roots,
) -> Failure {
    let Checkpoint { size, root, .. } = checkpoint;
    let counted = entries_in_words(*size);
    let mut what = format!("{counted} make the root {found}, and {root} was signed");
    if let Some(kept) = kept.filter(|kept| roots.get(&kept.size) == Some(&kept.root)) {
        let counted = entries_in_words(kept.size);
        what = format!("{what}; the first {counted} are those of the checkpoint that was kept");
    }
    Failure::of_file(Check::Tree, "checkpoint", &what)
}
