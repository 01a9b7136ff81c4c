//! Inclusion and consistency proofs: made (RFC 6962 section 2.1) and verified (RFC 9162 sections 2.1.3.2
//! and 2.1.4.2). A proof is a list of at most 64 hashes.

use crate::{
    coordinates::Tile,
    hash::Hash,
    node::{HashReader, MissingHash, Range},
    tile::tiles_of,
};

/// Why a proof cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree does not reach as far.
    #[error("a tree of {size} entries has no entry {index}, counted from 0")]
    Index {
        /// The entry, counted from 0.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger.
    #[error("the older tree, of {old} entries, is larger than the newer one, of {new}")]
    Order {
        /// The size of the older tree.
        old: u64,
        /// The size of the newer one.
        new: u64,
    },
    /// A hash is missing.
    #[error(transparent)]
    Missing(#[from] MissingHash),
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// The tree does not reach as far.
    #[error("a tree of {size} entries has no entry {index}, counted from 0")]
    Index {
        /// The entry, counted from 0.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger.
    #[error("the older tree, of {old} entries, is larger than the newer one, of {new}")]
    Order {
        /// The size of the older tree.
        old: u64,
        /// The size of the newer one.
        new: u64,
    },
    /// A proof between these has another number of hashes.
    #[error("the proof has {0} hashes, which is not how many one has in trees of this size")]
    Length(usize),
    /// It makes another root than the older tree's.
    #[error("the proof leads to the older root {found}, not {expected}")]
    OldRoot {
        /// The root that it should lead to.
        expected: Hash,
        /// The one that it leads to.
        found: Hash,
    },
    /// It makes another root than the tree's.
    #[error("the proof leads to the root {found}, not {expected}")]
    Root {
        /// The root that it should lead to.
        expected: Hash,
        /// The one that it leads to.
        found: Hash,
    },
}

/// Which tiles of a tree of this size [`inclusion`] reads.
///
/// # Errors
/// When the tree has no such entry.
pub fn inclusion_tiles(index: u64, size: u64) -> Result<Vec<Tile>, ProofError> {
    Ok(tiles_of(inclusion_path(index, size)?.into_iter().flat_map(Range::nodes), size))
}

/// The proof that the entry `index`, counted from 0, is in the tree of this size: `PATH(index, D[size])`,
/// from the leaf's sibling upwards.
///
/// # Errors
/// When the tree has no such entry, or a hash is missing.
pub fn inclusion(index: u64, size: u64, reader: &impl HashReader) -> Result<Vec<Hash>, ProofError> {
    hashes(&inclusion_path(index, size)?, reader)
}

/// Which tiles of a tree of the size `new` [`consistency`] reads.
///
/// # Errors
/// When the older tree is larger.
pub fn consistency_tiles(old: u64, new: u64) -> Result<Vec<Tile>, ProofError> {
    Ok(tiles_of(consistency_path(old, new)?.into_iter().flat_map(Range::nodes), new))
}

/// The proof that the tree of the size `old` is the beginning of the one of the size `new`:
/// `PROOF(old, D[new])`. Without hashes when `old` is 0 or `new`.
///
/// # Errors
/// When the older tree is larger, or a hash is missing.
pub fn consistency(old: u64, new: u64, reader: &impl HashReader) -> Result<Vec<Hash>, ProofError> {
    hashes(&consistency_path(old, new)?, reader)
}

fn hashes(path: &[Range], reader: &impl HashReader) -> Result<Vec<Hash>, ProofError> {
    path.iter().map(|range| Ok(range.hash(reader)?)).collect()
}

fn inclusion_path(index: u64, size: u64) -> Result<Vec<Range>, ProofError> {
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let mut path = Vec::new();
    let mut within = Range { start: 0, end: size };
    while within.end - within.start > 1 {
        let (left, right) = halves(within);
        if index < left.end {
            path.push(right);
            within = left;
        } else {
            path.push(left);
            within = right;
        }
    }
    path.reverse();
    Ok(path)
}

fn consistency_path(old: u64, new: u64) -> Result<Vec<Range>, ProofError> {
    if old > new {
        return Err(ProofError::Order { old, new });
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(path);
    }
    let mut within = Range { start: 0, end: new };
    while within.end != old {
        let (left, right) = halves(within);
        if old <= left.end {
            path.push(right);
            within = left;
        } else {
            path.push(left);
            within = right;
        }
    }
    // Whoever verifies has the older root: where this is that, it goes without saying.
    if within.start > 0 {
        path.push(within);
    }
    path.reverse();
    Ok(path)
}

/// Where RFC 6962 splits: at the largest power of two below the length, which is over 1.
fn halves(range: Range) -> (Range, Range) {
    let middle = range.start + (1 << (range.end - range.start - 1).ilog2());
    (Range { start: range.start, end: middle }, Range { start: middle, end: range.end })
}

/// Verifies that this leaf is the entry `index`, counted from 0, of the tree with this size and root.
///
/// # Errors
/// When the proof does not show it.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    proof: &[Hash],
    size: u64,
    root: Hash,
) -> Result<(), InvalidProof> {
    if index >= size {
        return Err(InvalidProof::Index { index, size });
    }
    let mut place = Place { node: index, last: size - 1 };
    let mut found = leaf;
    for sibling in proof {
        if place.last == 0 {
            return Err(InvalidProof::Length(proof.len()));
        }
        found = if place.is_right() {
            Hash::of_node(sibling, &found)
        } else {
            Hash::of_node(&found, sibling)
        };
        place.climb();
    }
    if place.last != 0 {
        return Err(InvalidProof::Length(proof.len()));
    }
    if found == root { Ok(()) } else { Err(InvalidProof::Root { expected: root, found }) }
}

/// Verifies that the tree with the size `old` and its root is the beginning of the one with the size
/// `new` and its root. Every tree begins with the empty one.
///
/// # Errors
/// When the proof does not show it.
pub fn verify_consistency(
    (old, old_root): (u64, Hash),
    (new, new_root): (u64, Hash),
    proof: &[Hash],
) -> Result<(), InvalidProof> {
    if old > new {
        return Err(InvalidProof::Order { old, new });
    }
    let length = InvalidProof::Length(proof.len());
    if old == 0 || old == new {
        let expected = if old == 0 { Hash::of_empty_tree() } else { new_root };
        return match proof {
            [] if old_root == expected => Ok(()),
            [] => Err(InvalidProof::OldRoot { expected: old_root, found: expected }),
            _ => Err(length),
        };
    }
    let mut place = Place { node: old - 1, last: new - 1 };
    while place.node & 1 == 1 {
        place.up();
    }
    // An older tree that is perfect is itself the first node, and not said again.
    let (first, rest) = match proof {
        _ if old.is_power_of_two() => (old_root, proof),
        [first, rest @ ..] => (*first, rest),
        [] => return Err(length),
    };
    let (mut found_old, mut found) = (first, first);
    for sibling in rest {
        if place.last == 0 {
            return Err(length);
        }
        if place.is_right() {
            found_old = Hash::of_node(sibling, &found_old);
            found = Hash::of_node(sibling, &found);
        } else {
            found = Hash::of_node(&found, sibling);
        }
        place.climb();
    }
    if place.last != 0 {
        return Err(length);
    }
    if found_old != old_root {
        return Err(InvalidProof::OldRoot { expected: old_root, found: found_old });
    }
    if found == new_root { Ok(()) } else { Err(InvalidProof::Root { expected: new_root, found }) }
}

/// Where on its level a proof has got to, and where the last node of the level is: *fn* and *sn* in
/// RFC 9162.
struct Place {
    node: u64,
    last: u64,
}

impl Place {
    /// Whether the next hash of the proof is to the left.
    fn is_right(&self) -> bool {
        self.node & 1 == 1 || self.node == self.last
    }

    /// To the level of the next hash. The last node of a level has no sibling where it is a left one:
    /// it goes up until it has.
    fn climb(&mut self) {
        if self.node == self.last {
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
        }
        self.up();
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}
