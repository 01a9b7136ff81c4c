//! The definitions of RFC 6962 section 2.1, written down as they stand there: recursive, and over the
//! leaves themselves. Only what was calculated is remembered.

use std::{cell::RefCell, collections::HashMap};

use sha2::{Digest as _, Sha256};
use translog::{Hash, HashReader, Node, Tile};

/// D: a list of entries.
pub(crate) struct Definition {
    leaves: Vec<Hash>,
    made: RefCell<HashMap<(usize, usize), Hash>>,
}

/// The entry of this number.
pub(crate) fn entry(number: usize) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

/// The largest power of two smaller than `n`.
fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

impl Definition {
    /// D with so many entries.
    pub(crate) fn of(entries: usize) -> Self {
        let leaf = |number| {
            let mut bytes = vec![0];
            bytes.extend(entry(number));
            Hash::from_bytes(Sha256::digest(bytes).into())
        };
        Self { leaves: (0..entries).map(leaf).collect(), made: RefCell::default() }
    }

    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// MTH(D[start:end]).
    pub(crate) fn mth(&self, start: usize, end: usize) -> Hash {
        match end - start {
            0 => return Hash::from_bytes(Sha256::digest([]).into()),
            1 => return self.leaves[start],
            _ => {}
        }
        if let Some(made) = self.made.borrow().get(&(start, end)) {
            return *made;
        }
        let middle = start + k(end - start);
        let (left, right) = (self.mth(start, middle), self.mth(middle, end));
        let bytes = [&[1][..], left.as_bytes(), right.as_bytes()].concat();
        let hash = Hash::from_bytes(Sha256::digest(bytes).into());
        self.made.borrow_mut().insert((start, end), hash);
        hash
    }

    /// The root of the first `size` entries.
    pub(crate) fn root(&self, size: usize) -> Hash {
        self.mth(0, size)
    }

    /// PATH(m, D[start:end]).
    pub(crate) fn path(&self, m: usize, start: usize, end: usize) -> Vec<Hash> {
        let n = end - start;
        if n == 1 {
            return vec![];
        }
        let k = k(n);
        if m < k {
            let mut path = self.path(m, start, start + k);
            path.push(self.mth(start + k, end));
            path
        } else {
            let mut path = self.path(m - k, start + k, end);
            path.push(self.mth(start, start + k));
            path
        }
    }

    /// SUBPROOF(m, D[start:end], b).
    pub(crate) fn subproof(&self, m: usize, start: usize, end: usize, b: bool) -> Vec<Hash> {
        let n = end - start;
        if m == n {
            return if b { vec![] } else { vec![self.mth(start, end)] };
        }
        let k = k(n);
        if m <= k {
            let mut proof = self.subproof(m, start, start + k, b);
            proof.push(self.mth(start + k, end));
            proof
        } else {
            let mut proof = self.subproof(m - k, start + k, end, false);
            proof.push(self.mth(start, start + k));
            proof
        }
    }

    /// What a tile has, by the formula of tlog-tiles.
    pub(crate) fn tile(&self, tile: Tile) -> Vec<u8> {
        let span = 256_usize.pow(u32::from(tile.level()));
        let n = usize::try_from(tile.at().index()).unwrap();
        let hashes = (0..usize::from(tile.at().width()))
            .map(|i| self.mth((n * 256 + i) * span, (n * 256 + i + 1) * span));
        hashes.flat_map(|hash| *hash.as_bytes()).collect()
    }
}

/// The hashes without tiles, for what is about proofs alone.
impl HashReader for Definition {
    fn hash(&self, node: Node) -> Option<Hash> {
        let start = usize::try_from(node.index << node.height).unwrap();
        let end = start + (1 << node.height);
        (end <= self.leaves.len()).then(|| self.mth(start, end))
    }
}
