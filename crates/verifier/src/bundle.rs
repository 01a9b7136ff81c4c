//! One bundle of entries, with the tile of their hashes: what each thread does by itself.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::IndexColumns;
use translog::bundle::{self as format, BundleError};
use translog::{Coordinates, FULL_WIDTH, FullTile, Hash, Resource, Tile};

use crate::event::{self, Event};
use crate::failure::{Check, Failure};
use crate::plain_event;
use crate::source::{self, Source, SourceError};

/// What was read of a bundle and its tile.
pub(crate) struct Bundle {
    /// The hashes of its entries.
    pub(crate) leaves: Leaves,
    /// Its entries as events, or why they are none.
    pub(crate) events: Vec<Result<Event, String>>,
    /// What an index is to have of each, where one is compared.
    pub(crate) columns: Vec<Option<IndexColumns>>,
    /// What the tile of the leaves says.
    pub(crate) tile: Served,
}

/// The hashes of a bundle's entries. Those of a full one are put together here already, on the thread that reads it.
pub(crate) enum Leaves {
    Full(FullTile),
    Partial(Vec<Hash>),
}

impl Leaves {
    fn of(leaves: Vec<Hash>) -> Self {
        FullTile::new(leaves.clone()).map_or(Self::Partial(leaves), Self::Full)
    }

    /// The hashes.
    pub(crate) fn hashes(&self) -> &[Hash] {
        match self {
            Self::Full(tile) => tile.leaves(),
            Self::Partial(leaves) => leaves,
        }
    }

    /// The root of a full one.
    pub(crate) fn root(&self) -> Option<Hash> {
        match self {
            Self::Full(tile) => Some(tile.root()),
            Self::Partial(_) => None,
        }
    }
}

/// A tile, compared with the hashes that it should have.
pub(crate) enum Served {
    /// It says the same.
    Same,
    /// It says something else.
    Other(Vec<Hash>),
    /// It is damaged, or not there.
    Failed(Failure),
    /// The log could not be read, and why; or it was not asked for, since others could not be read.
    Unread(Option<String>),
}

/// Why there is no bundle.
pub(crate) enum NoBundle {
    /// The log could not be read: nothing is known.
    Unreadable(String),
    /// It is damaged: all that can be said of it.
    Damaged(Vec<Failure>),
}

/// What is read of a bundle besides its entries.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// What an index is to have of them.
    pub(crate) has_index: bool,
    /// The tile over them: until one could not be read. The entries prove alone what was signed, and whoever serves a log
    /// must not be able to keep what they show from being told by not answering for a tile.
    pub(crate) has_tiles: AtomicBool,
}

/// Reads the bundle at these coordinates, and the tile over it.
pub(crate) fn read(
    source: &dyn Source,
    at: Coordinates,
    wanted: &Wanted,
) -> Result<Bundle, NoBundle> {
    let damaged =
        |what: &str| NoBundle::Damaged(vec![Failure::of_resource(Resource::Entries(at), what)]);
    let (bytes, is_full) = match source::bundle(source, at) {
        Ok(Some(found)) => found,
        Ok(None) => return Err(damaged("it is not there")),
        Err(SourceError::Unreadable(why)) => return Err(NoBundle::Unreadable(why)),
        Err(error) => return Err(damaged(&error.to_string())),
    };
    let width = at.width();
    let entries = match format::parse(&bytes, if is_full { FULL_WIDTH } else { width }) {
        Ok(entries) => entries,
        Err(error) => return Err(explain(source, at, &bytes, error)),
    };
    let entries = &entries[..usize::from(width)];
    let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::of_leaf(entry)).collect();
    let tile = Tile::new(0, at).expect("level 0 is one");
    let tile = wanted.compare(source, tile, &leaves);
    let events = entries.iter().map(|entry| plain_event::read(entry)).collect();
    let columns = if wanted.has_index {
        entries.iter().map(|entry| event::columns(entry)).collect()
    } else {
        Vec::new()
    };
    Ok(Bundle { leaves: Leaves::of(leaves), events, columns, tile })
}

impl Wanted {
    /// Compares a tile with the hashes that it should have.
    pub(crate) fn compare(&self, source: &dyn Source, tile: Tile, expected: &[Hash]) -> Served {
        if !self.has_tiles.load(Ordering::Relaxed) {
            return Served::Unread(None);
        }
        let failed = |what: &str| Served::Failed(Failure::of_resource(Resource::Tile(tile), what));
        match source::tile(source, tile) {
            Ok(Some(hashes)) if hashes == expected => Served::Same,
            Ok(Some(hashes)) => Served::Other(hashes),
            Ok(None) => failed("it is not there"),
            Err(SourceError::Unreadable(why)) => {
                self.has_tiles.store(false, Ordering::Relaxed);
                Served::Unread(Some(why))
            }
            Err(error) => failed(&error.to_string()),
        }
    }
}

/// The bundle does not have its entries: where the first is that is not the tile's.
fn explain(source: &dyn Source, at: Coordinates, bytes: &[u8], error: BundleError) -> NoBundle {
    let first = at.index() * u64::from(FULL_WIDTH);
    let readable = match error {
        BundleError::Truncated(index) => index,
        _ => at.width(),
    };
    let what = match error {
        BundleError::Truncated(index) => {
            format!(
                "{error}: entry {} (index {})",
                first + u64::from(index) + 1,
                first + u64::from(index)
            )
        }
        _ => error.to_string(),
    };
    let mut failures = vec![Failure::of_resource(Resource::Entries(at), &what)];
    let leaves: Vec<Hash> = format::prefix(bytes, readable)
        .and_then(|prefix| format::parse(prefix, readable))
        .map_or_else(|_| Vec::new(), |entries| entries.into_iter().map(Hash::of_leaf).collect());
    let tile = Tile::new(0, at).expect("level 0 is one");
    if let Ok(Some(served)) = source::tile(source, tile) {
        failures.extend(wrong_entries(first, &leaves, &served).next());
    }
    NoBundle::Damaged(failures)
}

/// The entries of a bundle whose hashes are not the leaves that the tile has, `first` being the index of the
/// bundle's first.
pub(crate) fn wrong_entries(
    first: u64,
    leaves: &[Hash],
    served: &[Hash],
) -> impl Iterator<Item = Failure> {
    let wrong = (first..).zip(leaves.iter().zip(served)).filter(|(_, (leaf, of))| leaf != of);
    wrong.map(move |(index, (leaf, _))| {
        let elsewhere = (first..).zip(served).find(|(_, of)| *of == leaf);
        let what = match elsewhere {
            None => "its hash is not the leaf's".to_owned(),
            Some((other, _)) => format!(
                "its hash is not the leaf's, but that of entry {} (index {other})",
                other + 1
            ),
        };
        Failure::of_entry(Check::Tree, index, &what)
    })
}
