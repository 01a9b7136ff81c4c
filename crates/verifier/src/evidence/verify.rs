//! Verifies evidence, offline: what was signed, the entries under it, the checkpoint that was kept, the streams
//! as far as they are there, the manifests, and whether description and page say what the entries do.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use contract::facts::ConsentGranted;
use translog::{Checkpoint, Hash, HashReader as _, Node, Resource, TileError, Tiles};

use super::description::{Asked, PAGE};
use super::files::File;
use super::manifests::{self, MANIFEST, Written};
use super::package::{NoPackage, Package};
use super::zip::{self, Files, ZipError};
use super::{page, replacements, whole};
use crate::consistency::goes_on_from_kept;
use crate::event;
use crate::failure::{Check, Failure};
use crate::outcome::Outcome;
use crate::signature::{self, Given};
use crate::streams::Streams;
use crate::verification::signatures;
use crate::words::entries_in_words;

/// Verifies the evidence in this file.
pub(crate) fn verify(given: Given<'_>, file: &Path, outcome: &mut Outcome) {
    if let Some(bytes) = outcome.take(signature::file(file, zip::MAX_BYTES)) {
        verify_bytes(given, &bytes, outcome);
    }
}

/// Verifies the evidence in these bytes.
pub(super) fn verify_bytes(given: Given<'_>, bytes: &[u8], outcome: &mut Outcome) {
    let no_zip = |error: ZipError| Failure::of_file(Check::Tree, "zip", &error.to_string());
    let files = match zip::read(bytes) {
        Ok(files) => files,
        Err(error) => return outcome.fail(no_zip(error)),
    };
    if let Err(error) = zip::check_form(bytes, &files) {
        outcome.fail(no_zip(error));
    }
    // First what was signed, whatever else is missing or damaged: a fork is worse than that.
    let checkpoint = signed(given, &files, outcome);
    let (package, page) = match Package::of(files) {
        Ok(package) => package,
        Err(NoPackage { file, what }) => {
            return outcome.fail(Failure::of_file(Check::Evidence, &file.to_string(), &what));
        }
    };
    if let Some(checkpoint) = checkpoint {
        entries(&package, &page, &checkpoint, outcome);
    }
}

/// The checkpoint, whose log goes on from what was signed earlier.
fn signed(given: Given<'_>, files: &Files, outcome: &mut Outcome) -> Option<Checkpoint> {
    let signed = signatures(given, files, outcome);
    let kept = outcome.take(signed)?;
    let checkpoint = outcome.checkpoint().cloned()?;
    if let Some(kept) = kept
        && goes_on_from_kept(files, &checkpoint, &kept, None, outcome).is_none()
    {
        outcome.stop(&format!(
            "the evidence has not the tiles that prove that the log goes on from the checkpoint of {} that was kept: have it made with --checkpoint",
            entries_in_words(kept.size)
        ));
    }
    replacements::verify(files, &checkpoint, outcome);
    Some(checkpoint)
}

/// The entries under the checkpoint, and what is said of them.
fn entries(package: &Package, page: &[u8], checkpoint: &Checkpoint, outcome: &mut Outcome) {
    tree(package, checkpoint, outcome);
    let told = streams(package, outcome);
    let listed = manifests::verify(package, &told.manifests, outcome);
    description(package, checkpoint, outcome);
    whole::tell(package, &listed, outcome);
    let drawn = package.description.page;
    if drawn != PAGE {
        return outcome.stop(&format!(
            "{} is drawing {drawn}, and this program draws {PAGE}: another version of Mandate made it, so that it was not compared with the entries, nor that all streams are there that have to be. Do not rely on it: have it made anew",
            File::Page
        ));
    }
    whole::verify(package, told.granted.as_ref(), outcome);
    drawing(package, page, outcome);
    outcome.pass(
        Check::Evidence,
        "its description and its page say what the signed entries do".to_owned(),
    );
}

/// The tiles are those under the signed root, and each entry is one of its leaves.
fn tree(package: &Package, checkpoint: &Checkpoint, outcome: &mut Outcome) {
    let Checkpoint { size, root, .. } = checkpoint;
    let mut tiles = Tiles::new();
    for (tile, bytes) in &package.tiles {
        if let Err(error) = tiles.insert(*tile, bytes) {
            return outcome.fail(Failure::of_resource(Resource::Tile(*tile), &error.to_string()));
        }
    }
    if let Err(error) = tiles.authenticate(*size, *root) {
        let what = error.to_string();
        return outcome.fail(match error {
            TileError::Hash(tile)
            | TileError::Foreign { tile, .. }
            | TileError::Length { tile, .. } => Failure::of_resource(Resource::Tile(tile), &what),
            TileError::Missing(_) | TileError::Root { .. } => {
                Failure::of_file(Check::Tree, "tile", &what)
            }
        });
    }
    for (position, entry) in &package.entries {
        let index = position - 1;
        let mut fail = |what: &str| outcome.fail(Failure::of_entry(Check::Tree, index, what));
        // All tiles are authenticated: what a tile has is the tree's.
        match tiles.hash(Node { height: 0, index }) {
            None => fail("the tile with its hash is not there"),
            Some(leaf) if leaf != Hash::of_leaf(entry) => {
                fail("its hash is not the leaf's: it was changed, or is another entry");
            }
            Some(_) => {}
        }
    }
    let counted = entries_in_words(package.entries.len() as u64);
    outcome.pass(
        Check::Tree,
        format!("{counted} of it are under the signed root, by the tiles inside"),
    );
}

/// What is needed of the events, once each was read: no more of them stays in memory.
#[derive(Default)]
struct Told {
    manifests: Vec<Written>,
    /// How the consent was granted that this is the evidence of.
    granted: Option<ConsentGranted>,
}

/// Every entry is an event, and versions and positions have no hole within what is there.
fn streams(package: &Package, outcome: &mut Outcome) -> Told {
    let is_range = matches!(package.description.asked, Asked::Recorded { .. });
    let mut streams = if is_range { Streams::of_part() } else { Streams::default() };
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let described = package.description.streams.iter().map(|it| &*it.stream);
    let described: HashSet<&str> = described.collect();
    let mut told = Told::default();
    if is_range {
        positions(package, outcome);
    }
    for (position, entry) in &package.entries {
        let index = position - 1;
        let mut fail = |check, what: &str| outcome.fail(Failure::of_entry(check, index, what));
        let (event, envelope) = match event::with_envelope(entry) {
            Ok(read) => read,
            Err(why) => {
                fail(Check::Streams, &format!("it is no event: {why}"));
                continue;
            }
        };
        if is_range || described.contains(&*envelope.subject) {
            *counted.entry(envelope.subject.clone()).or_default() += 1;
            streams.take(index, &event, &mut outcome.failures);
        } else if envelope.kind != MANIFEST {
            fail(Check::Evidence, "it is of no stream that the description names");
        }
        if let Some(said) = &event.replaced_key {
            outcome.key_is_replaced(index, said);
        }
        if let Some(written) = event.manifest {
            told.manifests.push(Written {
                position: *position,
                service: event.source,
                version: event.version,
                stream: event.stream,
                list_hash: written.manifest.list_hash,
            });
        }
        if let (Asked::Grant(grant), None) = (package.description.asked, &told.granted) {
            told.granted = whole::granted(grant, std::iter::once(envelope));
        }
    }
    counts(package, &counted, outcome);
    for note in streams.notes() {
        outcome.note(note);
    }
    let count = streams.finish(&mut outcome.failures);
    outcome.count_streams(count);
    let what = if is_range {
        format!("no position is missing, nor a version of {count} streams within them")
    } else {
        format!("{count} streams have every version up to their last")
    };
    outcome.pass(Check::Streams, format!("every entry is an event; {what}"));
    told
}

/// No position is missing between the first and the last.
fn positions(package: &Package, outcome: &mut Outcome) {
    let positions = package.entries.keys();
    for (before, after) in positions.clone().zip(positions.skip(1)) {
        if before + 1 < *after {
            let what = format!(
                "the one before it that is there is entry {before}: those between are missing"
            );
            outcome.fail(Failure::of_entry(Check::Streams, after - 1, &what));
        }
    }
}

/// Of each stream that the description names, so many events are there as it says.
fn counts(package: &Package, counted: &BTreeMap<String, u64>, outcome: &mut Outcome) {
    for stream in &package.description.streams {
        let found = counted.get(&stream.stream).copied().unwrap_or_default();
        if found != stream.events {
            let what = format!(
                "it says {} events of {}, and {found} are there",
                stream.events, stream.stream
            );
            outcome.fail(Failure::of_file(Check::Evidence, &File::Description.to_string(), &what));
        }
    }
}

/// The description says what was signed, and what is there.
fn description(package: &Package, checkpoint: &Checkpoint, outcome: &mut Outcome) {
    let description = &package.description;
    let fail = |outcome: &mut Outcome, file: File, what: &str| {
        outcome.fail(Failure::of_file(Check::Evidence, &file.to_string(), what));
    };
    let signed = (checkpoint.origin.to_string(), checkpoint.size, checkpoint.root.to_string());
    if signed != (description.log.clone(), description.size, description.root.clone()) {
        fail(outcome, File::Description, "it says another log, size or root than the checkpoint");
    }
    if !description.positions.iter().eq(package.entries.keys()) {
        fail(outcome, File::Description, "it says other positions than those of the entries");
    }
    if package.entries.is_empty() {
        fail(outcome, File::Description, "it has no entry: it is evidence of nothing");
    }
}

/// The page is the one that is drawn of these entries.
fn drawing(package: &Package, page: &[u8], outcome: &mut Outcome) {
    if !page::is_drawn_of(package, page) {
        let what = "it is not the page that these entries make: do not believe it";
        outcome.fail(Failure::of_file(Check::Evidence, &File::Page.to_string(), what));
    }
}
