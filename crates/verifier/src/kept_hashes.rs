//! What is kept beside a checkpoint, so that a log that was rewritten and signed anew shows where: the root of each
//! full bundle of entries (the hashes of level 1 of the tiles), and the leaf of each entry after the last full one.
//!
//! They are 32 bytes for 256 entries, one after the other, and nothing else: how many there are is said by the
//! checkpoint, and that they are right by its root, which they make. So the file needs no more trust than that.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use translog::{FULL_WIDTH, Hash, HashReader, Node};

/// How high the tree of a full bundle is.
const HEIGHT: u32 = FULL_WIDTH.ilog2();

/// The hashes of the first entries of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeptHashes {
    /// The root of each full bundle.
    pub(crate) bundles: Vec<Hash>,
    /// The leaves of the entries after these.
    pub(crate) leaves: Vec<Hash>,
}

/// What became of the file beside a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beside {
    /// There is none.
    Nothing,
    /// It does not make the checkpoint's root.
    Other,
    /// It does.
    Hashes(KeptHashes),
}

/// The file beside this one.
pub(crate) fn beside(checkpoint: &Path) -> PathBuf {
    let mut name = OsString::from(checkpoint);
    name.push(".hashes");
    PathBuf::from(name)
}

/// Reads what is beside a checkpoint of this size and root.
///
/// # Errors
/// When there is a file that cannot be read.
pub(crate) fn read(checkpoint: &Path, size: u64, root: Hash) -> io::Result<Beside> {
    let file = beside(checkpoint);
    let bytes = match fs::metadata(&file) {
        // Nothing is read that cannot be it.
        Ok(metadata) if !metadata.is_file() || Some(metadata.len()) != length(size) => {
            return Ok(Beside::Other);
        }
        Ok(_) => fs::read(file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Beside::Nothing),
        Err(error) => return Err(error),
    };
    let hashes = KeptHashes::parse(&bytes, size).filter(|hashes| hashes.root() == Some(root));
    Ok(hashes.map_or(Beside::Other, Beside::Hashes))
}

/// How many bytes the hashes of so many entries have.
fn length(size: u64) -> Option<u64> {
    let width = u64::from(FULL_WIDTH);
    (size / width + size % width).checked_mul(Hash::BYTES as u64)
}

impl KeptHashes {
    /// The hashes of so many entries.
    fn parse(bytes: &[u8], size: u64) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::BYTES }>();
        let count = usize::try_from(size / u64::from(FULL_WIDTH)).ok()?;
        if !rest.is_empty() || Some(bytes.len() as u64) != length(size) {
            return None;
        }
        let hash = |bytes: &[u8; Hash::BYTES]| Hash::from_bytes(*bytes);
        let (bundles, leaves) = hashes.split_at_checked(count)?;
        let (bundles, leaves) = (bundles.iter().map(hash), leaves.iter().map(hash));
        Some(Self { bundles: bundles.collect(), leaves: leaves.collect() })
    }

    /// Their bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let hashes = self.bundles.iter().chain(&self.leaves);
        hashes.flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// Of how many entries they are.
    fn size(&self) -> u64 {
        self.bundles.len() as u64 * u64::from(FULL_WIDTH) + self.leaves.len() as u64
    }

    /// The root that they make.
    fn root(&self) -> Option<Hash> {
        translog::root(self.size(), self).ok()
    }

    /// Which entries of a log are not those that were kept, and which are not there, where the log has so many.
    /// `now` is what was read of it, and may be less.
    pub(crate) fn differences(&self, now: &Seen, size: u64) -> Vec<Difference> {
        let width = u64::from(FULL_WIDTH);
        let bundles = (0..).zip(self.bundles.iter().zip(&now.bundles));
        let bundles = bundles.map(|(index, (kept, of))| (index * width, width, kept != of));
        let first = self.bundles.len() as u64 * width;
        let leaves = (first..).zip(self.leaves.iter().zip(&now.leaves));
        let leaves = leaves.map(|(index, (kept, of))| (index, 1, kept != of));
        let mut differences: Vec<Difference> = Vec::new();
        for (first, count, _) in bundles.chain(leaves).filter(|(.., differs)| *differs) {
            let end = first + count;
            match differences.last_mut() {
                Some(last) if last.end == first => last.end = end,
                _ => differences.push(Difference { first, first_end: end, end, is_missing: false }),
            }
        }
        if size < self.size() {
            let end = self.size();
            differences.push(Difference { first: size, first_end: end, end, is_missing: true });
        }
        differences
    }
}

/// The hashes that a log is found to have: of each full bundle, and what stands where the kept leaves do.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    bundles: Vec<Hash>,
    leaves: Vec<Hash>,
    /// Those of the last bundle, where it is not full.
    last: Vec<Hash>,
}

impl Seen {
    /// The next bundle, whose root is given if it is full; `kept` is how many entries were kept.
    pub(crate) fn take(&mut self, leaves: &[Hash], root: Option<Hash>, kept: Option<u64>) {
        let index = self.bundles.len() as u64;
        if kept.is_some_and(|kept| kept / u64::from(FULL_WIDTH) == index) {
            self.leaves = leaves.to_vec();
        }
        match root {
            Some(root) => self.bundles.push(root),
            None => self.last = leaves.to_vec(),
        }
    }

    /// What is to be kept of it.
    pub(crate) fn into_kept(self) -> KeptHashes {
        KeptHashes { bundles: self.bundles, leaves: self.last }
    }
}

/// Entries, counted from 0, that are not those that were kept: up to before `end`, and at the closest the first of
/// them is before `first_end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) first: u64,
    pub(crate) first_end: u64,
    pub(crate) end: u64,
    /// They are not there at all.
    pub(crate) is_missing: bool,
}

impl HashReader for KeptHashes {
    fn hash(&self, node: Node) -> Option<Hash> {
        let hashes = if node.height < HEIGHT { &self.leaves } else { &self.bundles };
        let first = node.index.checked_shl(node.height)?;
        let (first, count) = if node.height < HEIGHT {
            let before = self.bundles.len() as u64 * u64::from(FULL_WIDTH);
            (first.checked_sub(before)?, 1_usize << node.height)
        } else {
            (first >> HEIGHT, 1_usize.checked_shl(node.height - HEIGHT)?)
        };
        let first = usize::try_from(first).ok()?;
        hashes.get(first..first.checked_add(count)?).map(Hash::of_perfect_tree)
    }
}

#[cfg(test)]
mod tests {
    use translog::{FullTile, Tree};

    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|number: u64| Hash::of_leaf(&number.to_be_bytes())).collect()
    }

    fn seen(leaves: &[Hash], kept: Option<u64>) -> Seen {
        let mut seen = Seen::default();
        for bundle in leaves.chunks(256) {
            let tile = FullTile::new(bundle.to_vec());
            seen.take(bundle, tile.map(|tile| tile.root()), kept);
        }
        seen
    }

    #[test]
    fn the_hashes_make_the_root_of_every_size_and_are_read_as_they_were_kept() {
        for size in [0, 1, 2, 255, 256, 257, 700, 1024, 1300, 65_536, 65_537] {
            let leaves = leaves(size);
            let mut tree = Tree::new();
            tree.append(leaves.iter().copied());
            let kept = seen(&leaves, None).into_kept();
            assert_eq!((kept.size(), kept.root()), (size, Some(tree.root())), "{size}");
            assert_eq!(Some(kept.bytes().len() as u64), length(size));
            assert_eq!(KeptHashes::parse(&kept.bytes(), size), Some(kept.clone()));
            assert_eq!(KeptHashes::parse(&kept.bytes(), size + 1), None);
        }
        assert_eq!(length(u64::MAX), Some((u64::MAX / 256 + 255) * 32));
    }

    #[test]
    fn what_differs_is_named_as_closely_as_it_is_known() {
        let leaves = leaves(1000);
        let kept = seen(&leaves, None).into_kept();
        let differing = |change: &dyn Fn(&mut Vec<Hash>)| {
            let mut changed = leaves.clone();
            change(&mut changed);
            let size = changed.len() as u64;
            kept.differences(&seen(&changed, Some(1000)), size)
        };
        let found = |first, first_end, end| Difference { first, first_end, end, is_missing: false };
        let missing = |first, end| Difference { first, first_end: end, end, is_missing: true };
        let other = Hash::of_leaf(b"another");
        assert_eq!(differing(&|_| ()), []);
        assert_eq!(differing(&|leaves| leaves.extend(vec![other; 300])), []);
        assert_eq!(differing(&|leaves| leaves[300] = other), [found(256, 512, 512)]);
        // The first of those that are not full is named by itself.
        assert_eq!(differing(&|leaves| leaves[999] = other), [found(999, 1000, 1000)]);
        assert_eq!(
            differing(&|leaves| leaves.swap(3, 770)),
            [found(0, 256, 256), found(770, 771, 771)]
        );
        assert_eq!(differing(&|leaves| leaves.insert(600, other)), [found(512, 768, 1000)]);
        assert_eq!(
            differing(&|leaves| {
                leaves.remove(600);
            }),
            [found(512, 768, 999), missing(999, 1000)]
        );
        assert_eq!(differing(&|leaves| leaves.truncate(900)), [missing(900, 1000)]);
        // Of a bundle that is not full any more, only what is missing is known.
        assert_eq!(differing(&|leaves| leaves.truncate(600)), [missing(600, 1000)]);
    }
}
