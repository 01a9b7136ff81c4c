//! Tiles that were read: hashes out of them, and whether they are those of a root.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    coordinates::{FULL_WIDTH, Tile},
    hash::Hash,
    node::{HashReader, MissingHash, Node, Range},
};

/// How many levels of the tree are from one level of tiles to the next.
const HEIGHT: u32 = 8;

/// Tiles with their hashes, read by whoever does I/O: prefetch what
/// [`proof::inclusion_tiles`](crate::proof::inclusion_tiles) and its like ask for, put it in, and
/// calculate.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<(u8, u64), (Tile, Vec<Hash>)>);

/// What is wrong with tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Its bytes are not as many as its hashes need.
    #[error("{tile} has {bytes} bytes, not 32 for each of its hashes")]
    Length {
        /// The tile.
        tile: Tile,
        /// How many there are.
        bytes: usize,
    },
    /// A hash is in no tile.
    #[error(transparent)]
    Missing(#[from] MissingHash),
    /// The right edge makes another root.
    #[error("the tiles of the right edge make the root {found}, not {expected}")]
    Root {
        /// The root that they should make.
        expected: Hash,
        /// The one that they make.
        found: Hash,
    },
    /// The tile above has another hash for it.
    #[error("{0} does not have the hash that the tile above it says")]
    Hash(Tile),
    /// It is partial, and not at the right edge: nothing above it says what it must be.
    #[error("{tile} is not a tile of a tree of {size} entries")]
    Foreign {
        /// The tile.
        tile: Tile,
        /// The tree's size.
        size: u64,
    },
}

impl Tiles {
    /// None yet.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes up a tile, in place of one at the same coordinates.
    ///
    /// # Errors
    /// When the bytes are more or fewer than 32 for each hash.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileError> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::BYTES }>();
        if !rest.is_empty() || hashes.len() != usize::from(tile.at().width()) {
            return Err(TileError::Length { tile, bytes: bytes.len() });
        }
        let hashes = hashes.iter().copied().map(Hash::from_bytes).collect();
        self.0.insert((tile.level(), tile.at().index()), (tile, hashes));
        Ok(())
    }

    /// Which tiles have to be there, beside these, to check these by [`authenticate`](Self::authenticate):
    /// the right edge, and whatever is above.
    pub fn to_authenticate(&self, size: u64) -> Vec<Tile> {
        let mut needed: Vec<Tile> = Tile::right_edge(size).collect();
        for (level, index) in self.0.keys() {
            let (mut level, mut index) = (*level, *index);
            while let Some(tile) = Tile::among(level, index, size) {
                needed.push(tile);
                (level, index) = (level + 1, index / u64::from(FULL_WIDTH));
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|tile| self.hashes(*tile).is_none());
        needed
    }

    /// Checks all of these tiles against the root of a tree of this size: those of the right edge make
    /// the root, and each full one makes the hash that the tile above it has.
    ///
    /// # Errors
    /// When a tile is another than the tree's, or one is missing ([`to_authenticate`](Self::to_authenticate)).
    pub fn authenticate(&self, size: u64, root: Hash) -> Result<(), TileError> {
        let found = Range { start: 0, end: size }.hash(self)?;
        if found != root {
            return Err(TileError::Root { expected: root, found });
        }
        // From above: a tile is compared with one that was itself compared, or is of the edge.
        for (tile, hashes) in self.0.values().rev() {
            let (level, index) = (tile.level(), tile.at().index());
            if Tile::among(level, index, size) != Some(*tile) {
                return Err(TileError::Foreign { tile: *tile, size });
            }
            if tile.at().is_full() {
                let above = Node { height: HEIGHT * (u32::from(level) + 1), index };
                let expected = self.hash(above).ok_or(MissingHash(above))?;
                if Hash::of_perfect_tree(hashes) != expected {
                    return Err(TileError::Hash(*tile));
                }
            }
        }
        Ok(())
    }

    /// The hashes of this tile; none when it is not here, or narrower.
    pub(crate) fn hashes(&self, tile: Tile) -> Option<&[Hash]> {
        let (_, hashes) = self.0.get(&(tile.level(), tile.at().index()))?;
        hashes.get(..usize::from(tile.at().width()))
    }
}

/// Where the perfect subtree below this node is: level and index of the tile, the first hash in it, and
/// how many hashes.
fn place(node: Node) -> Option<(u8, u64, usize, usize)> {
    let level = u8::try_from(node.height / HEIGHT).ok()?;
    let height = node.height % HEIGHT;
    let first = node.index.checked_mul(1 << height)?;
    let width = u64::from(FULL_WIDTH);
    Some((level, first / width, usize::try_from(first % width).ok()?, 1 << height))
}

/// The tiles of a tree of this size in which these nodes are, without doubles, in their order.
pub(crate) fn tiles_of(nodes: impl Iterator<Item = Node>, size: u64) -> Vec<Tile> {
    let places = nodes.filter_map(place);
    let tiles = places.filter_map(|(level, index, ..)| Tile::among(level, index, size));
    tiles.collect::<BTreeSet<_>>().into_iter().collect()
}

impl HashReader for Tiles {
    fn hash(&self, node: Node) -> Option<Hash> {
        let (level, index, first, count) = place(node)?;
        let (_, hashes) = self.0.get(&(level, index))?;
        hashes.get(first..first + count).map(Hash::of_perfect_tree)
    }
}
