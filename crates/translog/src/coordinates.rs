//! Where a tile or an entry bundle is, and its path below the log's prefix (c2sp.org/tlog-tiles).

use std::{fmt, str::FromStr};

use crate::encoding::parse_decimal;

/// How many hashes a full tile has, and entries a full bundle.
pub const FULL_WIDTH: u16 = 256;
/// The highest level that a path can have.
const MAX_LEVEL: u8 = 63;
/// What a path has in place of the level where it leads to entries.
const ENTRIES: &str = "entries";

/// The place of a tile within its level, or of a bundle, and how wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coordinates {
    index: u64,
    width: u16,
}

/// A tile: up to 256 consecutive hashes of nodes of the height 8 · `level`. Its text is its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    level: u8,
    at: Coordinates,
}

/// What a path below the prefix names, the checkpoint apart. Its text is the path, such as
/// `tile/0/x001/x234/067` or `tile/entries/000.p/5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Hashes.
    Tile(Tile),
    /// Entries.
    Entries(Coordinates),
}

/// Why a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It has other parts.
    #[error("a path is tile/<level or `entries`>/<index>[.p/<width>]")]
    Form,
    /// The level is none.
    #[error("a level is a decimal number from 0 to 63, without leading zeros")]
    Level,
    /// The index is none.
    #[error(
        "an index is groups of three digits, each but the last after an `x`, without leading groups of zeros, and below 2^64"
    )]
    Index,
    /// The width is none.
    #[error("the width of a partial tile is a decimal number from 1 to 255, without leading zeros")]
    Width,
}

impl Coordinates {
    /// The place `index`, with this many hashes or entries. None when the width is not 1 to 256.
    pub const fn new(index: u64, width: u16) -> Option<Self> {
        if width == 0 || width > FULL_WIDTH { None } else { Some(Self { index, width }) }
    }

    /// How many tiles of the level, or bundles, are before it.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many hashes or entries it has: 1 to 256.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it is full. What is full never changes.
    pub const fn is_full(self) -> bool {
        self.width == FULL_WIDTH
    }

    /// What is at `index` when there are `count` hashes of the level, or entries: full where it can
    /// be. None when there is nothing yet.
    pub const fn among(index: u64, count: u64) -> Option<Self> {
        let full = count / FULL_WIDTH as u64;
        let width = count % FULL_WIDTH as u64;
        if index < full {
            Some(Self { index, width: FULL_WIDTH })
        } else if index == full && width > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "a remainder of 256")]
            Some(Self { index, width: width as u16 })
        } else {
            None
        }
    }

    /// All that are new or wider when what was `old` hashes of the level, or entries, is `new`, from
    /// left to right.
    pub fn changed(old: u64, new: u64) -> impl Iterator<Item = Self> {
        let width = u64::from(FULL_WIDTH);
        let indices = if old < new { old / width..new.div_ceil(width) } else { 0..0 };
        indices.filter_map(move |index| Self::among(index, new))
    }
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups[1..].iter().rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups[0])?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for Coordinates {
    type Err = PathError;

    /// Reads `<N>[.p/<W>]`.
    fn from_str(path: &str) -> Result<Self, PathError> {
        let (groups, width) = match path.split_once(".p/") {
            None => (path, FULL_WIDTH),
            Some((groups, width)) => {
                let width = parse_decimal(width).and_then(|width| u16::try_from(width).ok());
                (
                    groups,
                    width
                        .filter(|width| (1..FULL_WIDTH).contains(width))
                        .ok_or(PathError::Width)?,
                )
            }
        };
        Ok(Self { index: parse_index(groups).ok_or(PathError::Index)?, width })
    }
}

/// Reads groups of three digits, each but the last after an `x`.
fn parse_index(path: &str) -> Option<u64> {
    let (before, last) = path.rsplit_once('/').map_or((None, path), |(it, last)| (Some(it), last));
    let mut index = 0_u64;
    for group in before.into_iter().flat_map(|before| before.split('/')) {
        index = index.checked_mul(1000)?.checked_add(parse_group(group.strip_prefix('x')?)?)?;
        // A first group of zeros would be a second path of the same tile.
        if index == 0 {
            return None;
        }
    }
    index.checked_mul(1000)?.checked_add(parse_group(last)?)
}

fn parse_group(digits: &str) -> Option<u64> {
    let three = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if three { digits.parse().ok() } else { None }
}

impl Tile {
    /// The tile of this level at these coordinates. None when the level is over 63.
    pub const fn new(level: u8, at: Coordinates) -> Option<Self> {
        if level > MAX_LEVEL { None } else { Some(Self { level, at }) }
    }

    /// Its level: it holds nodes of 8 times this height.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Its place within the level, and its width.
    pub const fn at(self) -> Coordinates {
        self.at
    }

    /// What a tree of this size has at this level and index: full where it can be. None when there is
    /// nothing yet.
    pub fn among(level: u8, index: u64, size: u64) -> Option<Self> {
        Self::new(level, Coordinates::among(index, hashes_of_level(level, size))?)
    }

    /// All tiles that are new or wider when a tree grows from one size to another, level by level.
    pub fn changed(old: u64, new: u64) -> impl Iterator<Item = Self> {
        levels(new).flat_map(move |level| {
            let (old, new) = (hashes_of_level(level, old), hashes_of_level(level, new));
            Coordinates::changed(old, new).map(move |at| Self { level, at })
        })
    }

    /// The partial tiles of a tree of this size, from the level of the leaves upwards: what has to be
    /// known to make its root and to append to it.
    pub fn right_edge(size: u64) -> impl Iterator<Item = Self> {
        levels(size).filter_map(move |level| {
            let count = hashes_of_level(level, size);
            let last = Coordinates::among(count / u64::from(FULL_WIDTH), count)?;
            Some(Self { level, at: last })
        })
    }
}

/// How many hashes the tiles of a level have in a tree of this size.
pub(crate) const fn hashes_of_level(level: u8, size: u64) -> u64 {
    match size.checked_shr(8 * level as u32) {
        Some(count) => count,
        None => 0,
    }
}

/// The levels at which a tree of this size has a hash.
fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..8).take_while(move |level| hashes_of_level(*level, size) > 0)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, self.at)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tile(tile) => tile.fmt(f),
            Self::Entries(at) => write!(f, "tile/{ENTRIES}/{at}"),
        }
    }
}

impl FromStr for Resource {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        let path = path.strip_prefix("tile/").ok_or(PathError::Form)?;
        let (level, at) = path.split_once('/').ok_or(PathError::Form)?;
        if level == ENTRIES {
            return Ok(Self::Entries(at.parse()?));
        }
        let level = parse_decimal(level).and_then(|level| u8::try_from(level).ok());
        let level = level.filter(|level| *level <= MAX_LEVEL).ok_or(PathError::Level)?;
        Ok(Self::Tile(Tile { level, at: at.parse()? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(tiles: impl Iterator<Item = Tile>) -> Vec<String> {
        tiles.map(|tile| tile.to_string()).collect()
    }

    #[test]
    fn the_example_of_the_specification() {
        let edge = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"];
        assert_eq!(paths(Tile::right_edge(70_000)), edge);
        assert_eq!(Tile::changed(0, 70_000).filter(|tile| tile.at().is_full()).count(), 274);
        assert_eq!(paths(Tile::changed(0, 256)), ["tile/0/000", "tile/1/000.p/1"]);
        let tile = Tile::new(0, Coordinates::new(1_234_067, FULL_WIDTH).unwrap()).unwrap();
        assert_eq!(tile.to_string(), "tile/0/x001/x234/067");
    }

    #[test]
    fn what_grows_is_what_changed() {
        assert_eq!(paths(Tile::changed(5, 5)), [""; 0]);
        assert_eq!(paths(Tile::changed(6, 5)), [""; 0]);
        assert_eq!(paths(Tile::changed(5, 6)), ["tile/0/000.p/6"]);
        let grown = ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"];
        assert_eq!(paths(Tile::changed(255, 257)), grown);
        assert_eq!(paths(Tile::changed(256, 257)), ["tile/0/001.p/1"]);
        assert_eq!(Tile::changed(u64::MAX - 1, u64::MAX).count(), 1);
        assert_eq!(Tile::right_edge(u64::MAX).count(), 8);
    }
}
