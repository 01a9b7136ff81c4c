//! Manifests, as whoever rewrites a log rewrites them, too: each lists what is left of what it listed, and names the
//! one before it as that is now.

use std::collections::BTreeMap;

use anyhow::Context as _;
use contract::facts::{KindTotals, ManifestWritten};
use contract::manifest::{ManifestLine, read_list, sha256_hex, write_list};
use contract::{Envelope, Service, Version};
use uuid::Uuid;

use super::altered::{Altered, Forged, List, Slot};
use super::original::{Manifest, Original};

/// The versions that events have now, by stream and the version that they had.
struct Versions(BTreeMap<(Uuid, i64), i64>);

/// The manifests of a service, one after the other.
#[derive(Default)]
struct Chain {
    /// The SHA-256 of the one before.
    previous: Option<String>,
    /// Streams and events of each kind.
    totals: BTreeMap<String, (u64, u64)>,
    /// To which version each stream was listed.
    listed: BTreeMap<Uuid, i64>,
    /// What is to be listed, to the version that its last event had.
    pending: BTreeMap<(String, Uuid), i64>,
}

/// The altered log with its manifests rewritten, from the entry with this index on: those before it are of what others
/// know.
///
/// # Errors
/// When a manifest is none.
pub fn rewritten(
    mut altered: Altered,
    original: &Original,
    from: usize,
) -> anyhow::Result<Altered> {
    let versions = Versions::of(&altered, original);
    let places = places(&altered, original);
    for service in Service::ALL {
        let mut chain = Chain::default();
        for manifest in original.manifests.iter().filter(|it| it.service == service) {
            chain.take(manifest)?;
            let Some(&place) = places.get(&manifest.entry) else { continue };
            let slot = &mut altered.slots[place];
            let list = if place < from {
                chain.keep(slot, original)?;
                manifest.list.clone()
            } else {
                chain.rewrite(slot, original, &versions)?
            };
            let (was_version, version) = (manifest.version, slot.version(original));
            altered.lists.push(List { service, version, was_version, list });
        }
    }
    Ok(altered)
}

/// The manifests before the entry with this index, of which not all is there that they list: their entries, from 1.
///
/// # Errors
/// When a list is none.
pub fn contradicted(
    altered: &Altered,
    original: &Original,
    from: usize,
) -> anyhow::Result<Vec<u64>> {
    let versions = Versions::of(altered, original);
    let places = places(altered, original);
    let mut entries = Vec::new();
    for manifest in &original.manifests {
        let Some(&place) = places.get(&manifest.entry).filter(|place| **place < from) else {
            continue;
        };
        let lacks = |line: &ManifestLine<'_>| {
            versions.up_to(line.stream, i64::MAX) < Some(line.to.number())
        };
        if read_list(&manifest.list)?.iter().any(lacks) {
            entries.push(place as u64 + 1);
        }
    }
    Ok(entries)
}

/// Where the entries of the original are now.
fn places(altered: &Altered, original: &Original) -> BTreeMap<usize, usize> {
    let slots = altered.slots.iter().enumerate();
    slots
        .filter(|(_, slot)| slot.is_of(&original.entries[slot.of]))
        .map(|(place, slot)| (slot.of, place))
        .collect()
}

impl Versions {
    fn of(altered: &Altered, original: &Original) -> Self {
        let now = altered.slots.iter().filter_map(|slot| {
            let entry = &original.entries[slot.of];
            slot.is_of(entry).then(|| ((entry.stream, entry.version), slot.version(original)))
        });
        Self(now.collect())
    }

    /// The version that the last event of a stream has now, of those up to this one.
    fn up_to(&self, stream: Uuid, version: i64) -> Option<i64> {
        self.0.range((stream, 0)..=(stream, version)).next_back().map(|(_, now)| *now)
    }
}

impl Chain {
    /// What this manifest listed is to be listed, by it or, if it is not there any more, by the next.
    fn take(&mut self, manifest: &Manifest) -> anyhow::Result<()> {
        for line in read_list(&manifest.list)? {
            self.pending.insert((line.kind.to_owned(), line.stream), line.to.number());
        }
        Ok(())
    }

    /// A manifest stays as it was.
    fn keep(&mut self, slot: &Slot, original: &Original) -> anyhow::Result<()> {
        let bytes = slot.envelope(original);
        let told = Envelope::parse(bytes)?.fact::<ManifestWritten>()?;
        let of_kind = |of: KindTotals| (of.kind, (of.streams, of.events));
        self.totals = told.kinds.into_iter().map(of_kind).collect();
        let pending = std::mem::take(&mut self.pending);
        self.listed.extend(pending.into_iter().map(|((_, stream), to)| (stream, to)));
        self.previous = Some(sha256_hex(bytes));
        Ok(())
    }

    /// A manifest lists what is there, and its list is told.
    fn rewrite(
        &mut self,
        slot: &mut Slot,
        original: &Original,
        versions: &Versions,
    ) -> anyhow::Result<String> {
        let pending = std::mem::take(&mut self.pending);
        let mut lines = Vec::new();
        for ((kind, stream), to) in &pending {
            let from = self.listed.get(stream).copied().unwrap_or_default() + 1;
            let Some(to) = versions.up_to(*stream, *to).filter(|to| *to >= from) else { continue };
            self.listed.insert(*stream, to);
            let version = |number| Version::new(number).context("a version is one");
            let (from, to) = (version(from)?, version(to)?);
            lines.push(ManifestLine { kind, stream: *stream, from, to });
        }
        let list = write_list(&mut lines);
        for line in &lines {
            let (streams, events) = self.totals.entry(line.kind.to_owned()).or_default();
            *streams += u64::from(line.from == Version::FIRST);
            *events += line.events();
        }
        let totals = self.totals.iter();
        let kinds = totals.map(|(kind, (streams, events))| KindTotals {
            kind: kind.clone(),
            streams: *streams,
            events: *events,
        });
        let envelope = Envelope::parse(slot.envelope(original))?;
        let told = envelope.fact::<ManifestWritten>()?;
        let manifest = ManifestWritten {
            previous: self.previous.take(),
            kinds: kinds.collect(),
            changed_streams: lines.len() as u64,
            changed_events: lines.iter().map(ManifestLine::events).sum(),
            list_hash: sha256_hex(list.as_bytes()),
            reason: told.reason,
        };
        if manifest != told {
            let data = serde_json::to_value(&manifest)?;
            slot.forged = Some(Forged::like(slot.envelope(original), |it| it.data = data)?);
        }
        self.previous = Some(sha256_hex(slot.envelope(original)));
        Ok(list)
    }
}
