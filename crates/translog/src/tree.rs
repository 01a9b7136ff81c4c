//! The growing end of a tree: what has to be kept in memory to append to it and to say its root.

use crate::{
    coordinates::{Coordinates, FULL_WIDTH, Tile, hashes_of_level},
    hash::Hash,
    node::{HashReader, MissingHash, Range, joined},
    tile::Tiles,
};

/// How many levels of the tree are from one level of tiles to the next.
const HEIGHT: u32 = 8;

/// A tree's size, the roots of its perfect subtrees, and the rows of its partial tiles: at most 64 and
/// 8 · 255 hashes, however large the tree.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    size: u64,
    /// The roots of the perfect subtrees, the largest first: one for each bit of the size.
    subtrees: Vec<Hash>,
    /// The hashes of the partial tile of each level, from the leaves upwards. Those of a level that
    /// has none are empty.
    rows: Vec<Vec<Hash>>,
}

/// A tile that is new or wider, with all of its hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub tile: Tile,
    /// Its hashes from the first on, 32 bytes each: what is served as the tile, and what is stored in
    /// place of its narrower predecessor, which is a prefix of it.
    pub bytes: Vec<u8>,
}

/// A full tile's worth of leaves, and the root of the subtree that they make: most of the work of appending them,
/// done beforehand and elsewhere, such as on another core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    leaves: Vec<Hash>,
    root: Hash,
}

impl FullTile {
    /// These leaves; none if they do not fill a tile.
    pub fn new(leaves: Vec<Hash>) -> Option<Self> {
        if leaves.len() != usize::from(FULL_WIDTH) {
            return None;
        }
        let root = Hash::of_perfect_tree(&leaves);
        Some(Self { leaves, root })
    }

    /// The leaves.
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// The hash of the tile in the level above.
    pub const fn root(&self) -> Hash {
        self.root
    }
}

impl Tree {
    /// A tree without entries.
    pub const fn new() -> Self {
        Self { size: 0, subtrees: Vec::new(), rows: Vec::new() }
    }

    /// The tree of this size whose partial tiles ([`Tile::right_edge`]) were read. Compare its
    /// [`root`](Self::root) with the one that was signed before appending to it.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn from_tiles(size: u64, tiles: &Tiles) -> Result<Self, MissingHash> {
        let subtrees = Range { start: 0, end: size }.nodes();
        let subtrees = subtrees.map(|node| tiles.hash(node).ok_or(MissingHash(node)));
        let subtrees = subtrees.collect::<Result<_, _>>()?;
        let mut tree = Self { size, subtrees, rows: Vec::new() };
        for tile in Tile::right_edge(size) {
            let hashes = tiles.hashes(tile).expect("the subtrees were made from all of it");
            tree.row(tile.level()).extend_from_slice(hashes);
        }
        Ok(tree)
    }

    /// How many entries it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        joined(&self.subtrees)
    }

    /// Appends leaves and tells which tiles changed thereby, level by level and from left to right:
    /// [`Tile::changed`] with their bytes.
    pub fn append(&mut self, leaves: impl IntoIterator<Item = Hash>) -> Vec<Row> {
        let old = self.size;
        let mut full = Vec::new();
        for leaf in leaves {
            self.row(0).push(leaf);
            self.push(0, leaf, &mut full);
        }
        self.changed(old, full)
    }

    /// Appends a whole tile of leaves, to a tree that ends with one: the same as [`append`](Self::append) of its
    /// leaves, by one hash or two.
    pub fn append_tile(&mut self, tile: &FullTile) -> Vec<Row> {
        let old = self.size;
        if !old.is_multiple_of(u64::from(FULL_WIDTH)) {
            return self.append(tile.leaves.iter().copied());
        }
        let at = Coordinates::new(old / u64::from(FULL_WIDTH), FULL_WIDTH);
        let of_leaves = at.and_then(|at| Tile::new(0, at)).expect("level 0 is one");
        let mut full = vec![Row { tile: of_leaves, bytes: bytes(&tile.leaves) }];
        self.row(1).push(tile.root);
        self.push(HEIGHT, tile.root, &mut full);
        self.changed(old, full)
    }

    /// The full tiles, and the partial ones that changed since the tree had this size.
    fn changed(&mut self, old: u64, mut full: Vec<Row>) -> Vec<Row> {
        let partial = Tile::right_edge(self.size).filter(|tile| {
            hashes_of_level(tile.level(), old) < hashes_of_level(tile.level(), self.size)
        });
        let partial: Vec<Tile> = partial.collect();
        for tile in partial {
            full.push(Row { tile, bytes: bytes(self.row(tile.level())) });
        }
        full.sort_by_key(|row| row.tile);
        full
    }

    /// Appends a perfect subtree of this height, no higher than the last one: as in a binary counter, two subtrees
    /// of a size become one of the next.
    fn push(&mut self, height: u32, root: Hash, full: &mut Vec<Row>) {
        let mut hash = root;
        for height in height..height + (self.size >> height).trailing_ones() {
            let left = self.subtrees.pop().expect("there is a subtree for each bit of the size");
            hash = Hash::of_node(&left, &hash);
            // The subtree is as high as a tile: that one is full, and its hash is of the level above.
            if (height + 1) % HEIGHT == 0 {
                let level =
                    u8::try_from(height / HEIGHT).expect("a tree is 64 levels high at most");
                let row = std::mem::take(self.row(level));
                let at = Coordinates::new(self.size >> (height + 1), FULL_WIDTH);
                let tile =
                    at.and_then(|at| Tile::new(level, at)).expect("a tree has 8 levels of tiles");
                full.push(Row { tile, bytes: bytes(&row) });
                self.row(level + 1).push(hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1 << height;
    }

    /// The row of this level.
    fn row(&mut self, level: u8) -> &mut Vec<Hash> {
        let level = usize::from(level);
        if self.rows.len() <= level {
            self.rows.resize_with(level + 1, Vec::new);
        }
        &mut self.rows[level]
    }
}

/// The root of a tree of this size, any size up to the one that is known.
///
/// # Errors
/// When a hash is missing.
pub fn root(size: u64, reader: &impl HashReader) -> Result<Hash, MissingHash> {
    Range { start: 0, end: size }.hash(reader)
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}
