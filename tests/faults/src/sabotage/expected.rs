//! What an auditor must find of a deed, and where.

use anyhow::{Context as _, bail, ensure};
use contract::INDEX_SPAN;
use serde_json::Value;
use translog::{Coordinates, Resource, Tile};

use super::altered::Altered;
use super::auditor::Verdict;

/// How many entries a bundle has.
const BUNDLE: u64 = 256;
/// How many failures of a check are listed.
const LISTED: usize = 20;

/// Entries, counted from 1, from the first to the last.
type Entries = (u64, u64);

/// Which entries are to be named of a log that was rewritten and signed anew, where so many were kept: the bundles in
/// which one is another, the entries themselves after the last full bundle, and what is missing.
fn places(altered: &Altered, kept: u64) -> Vec<Entries> {
    let there = altered.slots.len() as u64;
    let full = kept / BUNDLE * BUNDLE;
    let bundles = (0..full / BUNDLE).map(|index| (index * BUNDLE, (index + 1) * BUNDLE));
    let units = bundles.chain((full..kept).map(|index| (index, index + 1)));
    let mut places: Vec<Entries> = Vec::new();
    for (first, end) in units.filter(|(_, end)| *end <= there) {
        let mut within = index(first)..index(end);
        if !within.any(|index| altered.differs_at(index)) {
            continue;
        }
        match places.last_mut() {
            Some((_, last)) if *last == first => *last = end,
            _ => places.push((first + 1, end)),
        }
    }
    if there < kept {
        places.push((there + 1, kept));
    }
    places
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("a log of ours is in memory")
}

/// The places that a check names.
fn named(failures: &[Value]) -> Vec<Entries> {
    let named = failures.iter().filter_map(|failure| {
        let first = failure["entry"].as_u64()?;
        Some((first, failure["last_entry"].as_u64().unwrap_or(first)))
    });
    named.collect()
}

/// The log was rewritten before what was kept: that is said, and where.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn rewriting_is_found(verdict: &Verdict, altered: &Altered, kept: u64) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(4), "exit code {:?}, not 4", verdict.exit_code());
    ensure!(verdict.passed("signature") && verdict.passed("tree"), "it is not consistent");
    let failures = verdict.failures("consistency");
    ensure!(failures.first().is_some_and(|it| it["file"] == "checkpoint"), "not said as such");
    let expected = places(altered, kept);
    ensure!(!expected.is_empty(), "nothing to be found");
    let (named, listed) = (named(failures), LISTED - 1);
    let (shown, left_out) = expected.split_at(expected.len().min(listed));
    ensure!(named == shown, "named are {named:?}, not {shown:?}");
    let counted = verdict.left_out("consistency");
    ensure!(counted == left_out.len() as u64, "{counted} more are counted");
    Ok(())
}

/// The log was rewritten after what was kept: nothing is said against its beginning. Each of these manifests, by its
/// entry, lists what is not there: that is said. Whether anything at all is found, such as a hole in a stream.
///
/// # Errors
/// When the beginning is found to be another, or a manifest is not named.
pub fn rewritten_end_is_judged(verdict: &Verdict, contradicted: &[u64]) -> anyhow::Result<bool> {
    ensure!(verdict.passed("signature") && verdict.passed("tree"), "it is not consistent");
    ensure!(verdict.passed("consistency"), "what was kept is there, and it is said not to be");
    let named = named(verdict.failures("manifests"));
    let is_named = |entry: &u64| named.contains(&(*entry, *entry));
    let all = verdict.left_out("manifests") == 0;
    ensure!(
        contradicted.iter().all(is_named) || (!all && contradicted.iter().any(is_named)),
        "the manifests {contradicted:?} list what is not there, and {named:?} are named"
    );
    let is_clean = verdict.exit_code() == Some(0);
    let expected = if !verdict.failures("streams").is_empty() {
        5
    } else if !verdict.failures("manifests").is_empty() {
        6
    } else {
        0
    };
    ensure!(verdict.exit_code() == Some(expected), "exit code {:?}", verdict.exit_code());
    Ok(!is_clean)
}

/// Rows of entries were changed, and not what was signed over them: the first that is another is named, or the bundle
/// in which it would be.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn altered_rows_are_found(
    verdict: &Verdict,
    altered: &Altered,
    size: u64,
) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(3), "exit code {:?}, not 3", verdict.exit_code());
    let Some(first) = (0..size).find(|at| altered.differs_at(index(*at))) else {
        bail!("nothing was done");
    };
    let failures = verdict.failures("tree");
    let named = named(failures);
    let bundle =
        Coordinates::among(first / BUNDLE, size).map(|at| Resource::Entries(at).to_string());
    let is_there = |failure: &Value| failure["file"].as_str() == bundle.as_deref();
    match named.iter().min() {
        Some((entry, _)) if *entry == first + 1 => {}
        None | Some(_) if failures.iter().any(is_there) => {}
        other => bail!("entry {} was the first, and {other:?} is named", first + 1),
    }
    // Where all are in their places, those that are others are named and no one else.
    if altered.slots.len() as u64 == size {
        let all = (0..size).filter(|at| altered.differs_at(index(*at)));
        let all: Vec<Entries> = all.map(|at| (at + 1, at + 1)).take(LISTED).collect();
        ensure!(named == all || all.len() == LISTED, "named are {named:?}, not {all:?}");
    }
    Ok(())
}

/// A hash of a tile was changed: tile and hash are named, and nothing else.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn altered_tile_is_found(verdict: &Verdict, tile: Tile, hash: usize) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(3), "exit code {:?}, not 3", verdict.exit_code());
    let [failure] = verdict.failures("tree") else { bail!("not one failure") };
    ensure!(failure["file"] == tile.to_string(), "not {tile}");
    let what = failure["what"].as_str().unwrap_or_default();
    ensure!(what.starts_with(&format!("its hash {hash} is not that of ")), "hash {hash}: {what}");
    Ok(())
}

/// A list was changed: its manifest is named, and nothing else.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn altered_list_is_found(verdict: &Verdict, entry: u64) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(6), "exit code {:?}, not 6", verdict.exit_code());
    let [failure] = verdict.failures("manifests") else { bail!("not one failure") };
    ensure!(failure["entry"] == entry, "not entry {entry}");
    let what = failure["what"].as_str().unwrap_or_default();
    ensure!(what.contains(" has another list: its SHA-256 is "), "{what}");
    Ok(())
}

/// A column of an entry's row was changed: both are named, and nothing else.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn altered_row_is_found(verdict: &Verdict, entry: u64, column: &str) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(7), "exit code {:?}, not 7", verdict.exit_code());
    let [failure] = verdict.failures("index") else { bail!("not one failure") };
    ensure!(failure["entry"] == entry, "not entry {entry}");
    let what = failure["what"].as_str().unwrap_or_default();
    ensure!(what.starts_with(&format!("its row in the index has `{column}` ")), "{what}");
    Ok(())
}

/// A span of the index was narrowed: an entry in it is named, and nothing else.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn narrowed_span_is_found(verdict: &Verdict, span: i64) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(7), "exit code {:?}, not 7", verdict.exit_code());
    let [failure] = verdict.failures("index") else { bail!("not one failure") };
    let entry = failure["entry"].as_i64().context("an entry is named")?;
    ensure!(entry / INDEX_SPAN == span, "entry {entry} is not in span {span}");
    let what = failure["what"].as_str().unwrap_or_default();
    ensure!(what.ends_with("a search by time passes it over"), "{what}");
    Ok(())
}

/// Searches end before this entry, and that is what is found.
///
/// # Errors
/// When it is not found, or elsewhere.
pub fn cut_searches_are_found(verdict: &Verdict, entry: u64) -> anyhow::Result<()> {
    ensure!(verdict.exit_code() == Some(7), "exit code {:?}, not 7", verdict.exit_code());
    let [failure] = verdict.failures("index") else { bail!("not one failure") };
    ensure!(failure["entry"] == entry, "{failure}");
    let what = failure["what"].as_str().unwrap_or_default();
    ensure!(what.starts_with("audit.head in the database says"), "{what}");
    Ok(())
}
