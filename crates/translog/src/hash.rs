//! The hashes of a Merkle tree (RFC 6962 section 2.1; SHA-256).

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use crate::encoding::{parse_base64, to_base64};

/// What goes before an entry, and before two hashes: without it, an entry of 64 bytes could be passed
/// off as a node.
const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];

/// The hash of a leaf, of a node, or of a whole tree. Its text is standard base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; Self::BYTES]);

/// A text that is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes in standard base64 with padding")]
pub struct HashError;

impl Hash {
    /// How many bytes a hash has.
    pub const BYTES: usize = 32;

    /// A hash that was made before.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The root of a tree without entries.
    pub fn of_empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The leaf of this entry.
    pub fn of_leaf(entry: &[u8]) -> Self {
        Self(Sha256::new().chain_update(LEAF).chain_update(entry).finalize().into())
    }

    /// The node over these two.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        let hash = Sha256::new().chain_update(NODE).chain_update(left.0).chain_update(right.0);
        Self(hash.finalize().into())
    }

    /// The root of the perfect tree over these, whose number is a power of two.
    pub fn of_perfect_tree(hashes: &[Self]) -> Self {
        debug_assert!(hashes.len().is_power_of_two(), "{} hashes", hashes.len());
        match hashes {
            [] => Self::of_empty_tree(),
            [hash] => *hash,
            _ => {
                let (left, right) = hashes.split_at(hashes.len() / 2);
                Self::of_node(&Self::of_perfect_tree(left), &Self::of_perfect_tree(right))
            }
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let bytes = parse_base64(text).ok_or(HashError)?;
        Ok(Self(bytes.try_into().map_err(|_| HashError)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that other implementations of RFC 6962 are tested with, too.
    #[test]
    fn hashes_are_those_of_rfc_6962() {
        let hex = |hash: Hash| hex::encode(hash.as_bytes());
        assert_eq!(
            hex(Hash::of_empty_tree()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(Hash::of_leaf(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(Hash::of_leaf(b"L123456")),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        );
        let node = Hash::of_node(&Hash::of_leaf(b""), &Hash::of_leaf(b"\0"));
        assert_eq!(hex(node), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = Hash::of_leaf(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let text = hash.to_string();
        for wrong in ["", "AQ==", &text[..43], &format!("{text}\n"), &format!("{text}AQ==")] {
            assert_eq!(wrong.parse::<Hash>(), Err(HashError), "{wrong}");
        }
    }
}
