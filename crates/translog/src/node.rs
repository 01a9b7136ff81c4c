//! The nodes of a Merkle tree by their place, and what a proof or a root is put together from.
//!
//! A tree of any size is a row of *perfect* subtrees, the largest first: one for each bit of the size.
//! Their roots never change as the tree grows, so they are what is stored (in tiles). What lies above
//! two of unequal size changes, and is made from them when it is needed.

use crate::hash::Hash;

/// The root of a perfect subtree: of the 2^`height` entries from the entry `index` · 2^`height` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node {
    /// How many levels are below it: 0 for a leaf, 63 at most.
    pub height: u32,
    /// How many nodes of this height are to its left.
    pub index: u64,
}

/// Knows hashes of perfect subtrees.
pub trait HashReader {
    /// The hash of this node; none where it is not known.
    fn hash(&self, node: Node) -> Option<Hash>;
}

/// A node that a [`HashReader`] does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of node {} at height {} is not among what was read", .0.index, .0.height)]
pub struct MissingHash(pub Node);

/// The entries from `start` to before `end`, of which RFC 6962 makes one hash, MTH(D[start:end]).
/// `start` is a multiple of the largest power of two in the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Range {
    /// The perfect subtrees that it is made of, from left to right: 64 at most.
    pub(crate) fn nodes(self) -> impl Iterator<Item = Node> {
        let mut start = self.start;
        std::iter::from_fn(move || {
            let height = (self.end - start).checked_ilog2()?;
            let node = Node { height, index: start >> height };
            start += 1 << height;
            Some(node)
        })
    }

    /// Its hash.
    pub(crate) fn hash(self, reader: &impl HashReader) -> Result<Hash, MissingHash> {
        let hashes: Result<Vec<Hash>, MissingHash> =
            self.nodes().map(|node| reader.hash(node).ok_or(MissingHash(node))).collect();
        Ok(joined(&hashes?))
    }
}

/// The hash over a row of perfect subtrees, the largest first; that of the empty tree over none.
pub(crate) fn joined(subtrees: &[Hash]) -> Hash {
    let joined = subtrees.iter().copied().rev().reduce(|right, left| Hash::of_node(&left, &right));
    joined.unwrap_or_else(Hash::of_empty_tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_into_perfect_subtrees() {
        let nodes = |start, end| -> Vec<(u32, u64)> {
            Range { start, end }.nodes().map(|node| (node.height, node.index)).collect()
        };
        assert_eq!(nodes(0, 0), []);
        assert_eq!(nodes(0, 1), [(0, 0)]);
        assert_eq!(nodes(0, 7), [(2, 0), (1, 2), (0, 6)]);
        assert_eq!(nodes(4, 7), [(1, 2), (0, 6)]);
        assert_eq!(nodes(8, 16), [(3, 1)]);
        assert_eq!(nodes(0, u64::MAX).len(), 64);
    }
}
