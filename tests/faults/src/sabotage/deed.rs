//! What is done to a log: chosen by a seed, and the log that comes of it.
//!
//! Whoever adds a kind of deed adds it here: to [`Kind`], and to [`Deed::choose`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::random::Random;
use anyhow::Context as _;
use chrono::TimeDelta;
use serde::Serialize;
use uuid::Uuid;

use super::altered::{Altered, Forged, Slot};
use super::original::{Entry, Original};

/// The kinds of deeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An entry says something else.
    EntryFlipped,
    /// Two entries stand in each other's place.
    EntriesSwapped,
    /// An event that never was is recorded between others.
    EntryInserted,
    /// An event in the middle of a stream is not there.
    EventRemoved,
    /// The last events of a stream are not there.
    StreamEndRemoved,
    /// A stream is not there.
    StreamRemoved,
    /// Nothing of an organization is there.
    OrganizationRemoved,
    /// A twelfth of the time is not there: an hour of half a day.
    HourRemoved,
    /// The log ends earlier.
    TailRemoved,
    /// From some entry on there are two logs, and this is the other.
    Forked,
    /// A hash of a tile is another.
    TileFlipped,
    /// What is indexed of an entry is not what it says.
    IndexRowFlipped,
    /// A span of the index does not have the times of its entries: a search by time passes them over.
    IndexSpanNarrowed,
    /// Searches end before the last entries of the index.
    SearchesCut,
    /// What is kept of a manifest's list is not what it listed.
    ManifestListFlipped,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::EntryFlipped,
        Self::EntriesSwapped,
        Self::EntryInserted,
        Self::EventRemoved,
        Self::StreamEndRemoved,
        Self::StreamRemoved,
        Self::OrganizationRemoved,
        Self::HourRemoved,
        Self::TailRemoved,
        Self::Forked,
        Self::TileFlipped,
        Self::IndexRowFlipped,
        Self::IndexSpanNarrowed,
        Self::SearchesCut,
        Self::ManifestListFlipped,
    ];

    /// Whether it is worth trying without rewriting the rest: by whoever owns the database and has no key.
    const fn can_be_bare(self) -> bool {
        matches!(
            self,
            Self::EntryFlipped
                | Self::EntriesSwapped
                | Self::EntryInserted
                | Self::EventRemoved
                | Self::TailRemoved
        )
    }
}

/// What is done.
#[derive(Debug, Clone)]
pub enum Deed {
    /// The log is made another, and everything that follows from its entries is made anew: manifests, tiles, root,
    /// checkpoint, index, the producers' own events.
    Rewritten(Altered),
    /// The rows of the entries are made others, and nothing else.
    Bare(Altered),
    /// A byte of a hash of a tile is changed, by the tile's number among all, and the byte's.
    Tile(usize, usize),
    /// A column of an entry's row is changed.
    IndexRow(usize, Column),
    /// The span of the index in which an entry is begins after it, or else ends before it.
    IndexSpan(usize, bool),
    /// The log ends before an entry for those who search it.
    Searches(usize),
    /// A byte of a manifest's list is changed, by the manifest's number among all, and the byte's.
    List(usize, usize),
}

/// A column of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// On whose behalf.
    Organization,
    /// The type.
    Type,
    /// When it happened.
    OccurredAt,
    /// Whom it concerns.
    Person,
    /// What belongs together.
    Correlation,
}

impl Column {
    const ALL: [Self; 5] =
        [Self::Organization, Self::Type, Self::OccurredAt, Self::Person, Self::Correlation];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Type => "type",
            Self::OccurredAt => "occurred_at",
            Self::Person => "person_id",
            Self::Correlation => "correlation_id",
        }
    }
}

/// Where something is to be done: at, or from, one of these entries, by index. Streams and organizations are of those
/// that begin there or later, if there are any.
#[derive(Debug, Clone)]
pub struct Aim {
    /// Which.
    pub places: Range<usize>,
    /// Whether it may be done without the key.
    pub may_be_bare: bool,
}

impl Deed {
    /// Chooses one of this kind.
    ///
    /// # Errors
    /// When the log has nothing that it can be done to.
    pub fn choose(
        kind: Kind,
        original: &Original,
        aim: &Aim,
        random: &mut Random,
    ) -> anyhow::Result<Self> {
        let count = original.entries.len();
        match kind {
            Kind::TileFlipped => return Ok(Self::Tile(random.below(count), random.below(8192))),
            Kind::IndexRowFlipped => {
                let column = *random.pick(&Column::ALL).context("there are columns")?;
                return Ok(Self::IndexRow(random.below(count), column));
            }
            Kind::IndexSpanNarrowed => {
                return Ok(Self::IndexSpan(random.below(count), random.once_in(2)));
            }
            Kind::SearchesCut => return Ok(Self::Searches(random.below(count))),
            Kind::ManifestListFlipped => {
                let manifests = original.manifests.len();
                return Ok(Self::List(random.below(manifests), random.below(8192)));
            }
            _ => {}
        }
        let is_bare = aim.may_be_bare && kind.can_be_bare() && random.once_in(3);
        let altered = alter(kind, original, &aim.places, random, is_bare)?;
        Ok(if is_bare { Self::Bare(altered) } else { Self::Rewritten(altered) })
    }
}

fn alter(
    kind: Kind,
    original: &Original,
    places: &Range<usize>,
    random: &mut Random,
    is_bare: bool,
) -> anyhow::Result<Altered> {
    let entries = &original.entries;
    let place = places.start + random.below(places.len());
    let mut altered = Altered::none(original);
    match kind {
        Kind::EntryFlipped => {
            let envelope = &entries[place].envelope;
            altered.slots[place].forged = Some(if is_bare {
                bit_flipped(&entries[place], random)?
            } else {
                Forged::like(envelope, |it| it.time -= TimeDelta::days(365))?
            });
        }
        Kind::EntriesSwapped => {
            let further = 1 + random.below(places.len() - 1);
            let other = places.start + (place - places.start + further) % places.len();
            altered.slots.swap(place, other);
        }
        Kind::EntryInserted => {
            let forged = forged(original, &firsts(original), random)?;
            altered.slots.insert(place, forged);
        }
        Kind::Forked => {
            // As long as the other: two roots of one size.
            altered.slots.truncate(place);
            let firsts = firsts(original);
            for _ in place..entries.len() {
                altered.slots.push(forged(original, &firsts, random)?);
            }
        }
        Kind::TailRemoved => altered.slots.truncate(place),
        _ => {
            let removed = removed(kind, original, (place, places.start), random)?;
            altered = Altered::without(original, &removed);
            // Whoever does not number the stream anew leaves a hole in it.
            if !is_bare && (kind != Kind::EventRemoved || random.once_in(2)) {
                altered = altered.renumbered(original)?;
            }
        }
    }
    Ok(altered)
}

/// The entries that are not there any more.
fn removed(
    kind: Kind,
    original: &Original,
    (place, from): (usize, usize),
    random: &mut Random,
) -> anyhow::Result<BTreeSet<usize>> {
    let entries = &original.entries;
    let mut stream = |least: usize| {
        let streams = groups(entries, |entry| Some(entry.stream), least, from);
        random.pick(&streams).cloned().context("no stream is as long")
    };
    Ok(match kind {
        Kind::EventRemoved => {
            let stream = stream(3)?;
            [stream[1 + random.below(stream.len() - 2)]].into()
        }
        Kind::StreamEndRemoved => {
            let stream = stream(2)?;
            stream[1 + random.below(stream.len() - 1)..].iter().copied().collect()
        }
        Kind::StreamRemoved => stream(1)?.into_iter().collect(),
        Kind::OrganizationRemoved => {
            let organizations = groups(entries, |entry| entry.organization, 1, from);
            let organization = random.pick(&organizations).context("no organization")?;
            organization.iter().copied().collect()
        }
        Kind::HourRemoved => {
            let from = entries[place].recorded_at;
            let (first, last) = (entries[0].recorded_at, entries[entries.len() - 1].recorded_at);
            let hour = from..=from + (last - first) / 12;
            let is_within = |index: &usize| hour.contains(&entries[*index].recorded_at);
            (0..entries.len()).filter(is_within).collect()
        }
        _ => anyhow::bail!("{kind:?} removes nothing"),
    })
}

/// The entries of each stream, or organization, that has at least so many, by index: of those that begin at `from` or
/// after it, if there are any.
fn groups(
    entries: &[Entry],
    of: impl Fn(&Entry) -> Option<Uuid>,
    least: usize,
    from: usize,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(group) = of(entry) {
            groups.entry(group).or_default().push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> =
        groups.into_values().filter(|group| group.len() >= least).collect();
    if groups.iter().any(|group| group[0] >= from) {
        groups.retain(|group| group[0] >= from);
    }
    groups
}

/// The first events of all streams, but of what the log says of itself: another first manifest of a service, say, would
/// be seen as such.
fn firsts(original: &Original) -> Vec<usize> {
    let is_plain = |entry: &Entry| !["manifest", "log-key"].contains(&&*entry.stream_kind);
    let firsts = original.entries.iter().enumerate();
    let firsts = firsts.filter(|(_, entry)| entry.version == 1 && is_plain(entry));
    firsts.map(|(index, _)| index).collect()
}

/// An event that never was, of a stream that never was, like one of these.
fn forged(original: &Original, like: &[usize], random: &mut Random) -> anyhow::Result<Slot> {
    let of = *random.pick(like).context("a log has the first event of some stream")?;
    let mut id = || Uuid::from_u64_pair(random.number(), random.number());
    let (event, stream) = (id(), id());
    let envelope = &original.entries[of].envelope;
    Ok(Slot { of, forged: Some(Forged::of_another_stream(envelope, event, stream)?) })
}

/// The entry with one bit changed: perhaps no event any more. Its row says what it said.
fn bit_flipped(entry: &Entry, random: &mut Random) -> anyhow::Result<Forged> {
    let mut forged = Forged::like(&entry.envelope, |_| ())?;
    let at = random.below(forged.envelope.len());
    forged.envelope[at] ^= 1 << random.below(8);
    Ok(forged)
}
