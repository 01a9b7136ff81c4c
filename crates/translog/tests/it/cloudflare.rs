//! Cloudflare's crates `tlog_tiles` and `signed_note`, which Azul's logs run on, make the same as we do, and read ours.

use std::collections::HashMap;

use proptest::prelude::*;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{Error, HashReader, TileHashReader, TileReader};
use translog::{Checkpoint, Hash, Note, Tile, Tiles, Tree, VerifierKey, proof};

use crate::definition::entry;
use crate::notes::signer;

const ORIGIN: &str = "log.example.com/audit/log";
/// As the heights of tiles are named there: 2 to the power of it is their width.
const HEIGHT: u8 = 8;
/// Within the first tile, on its end, with a part after it; three levels; and what is past a whole tile of a level.
const SIZES: [u64; 8] = [1, 2, 255, 256, 257, 600, 65_536, 65_700];

/// The hashes of a log as that crate stores them.
struct Stored(Vec<tlog_tiles::Hash>);

impl Stored {
    fn of(entries: u64) -> Self {
        let mut stored = Self(Vec::new());
        for number in 0..entries {
            let entry = entry(usize::try_from(number).unwrap());
            let hashes = tlog_tiles::stored_hashes(number, &entry, &stored).unwrap();
            stored.0.extend(hashes);
        }
        stored
    }

    fn root(&self, size: u64) -> tlog_tiles::Hash {
        tlog_tiles::tree_hash(size, self).unwrap()
    }
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
        let at = |index: &u64| self.0.get(usize::try_from(*index).ok()?).copied();
        let hashes: Option<Vec<_>> = indexes.iter().map(at).collect();
        hashes.ok_or(Error::IndexesNotInTree)
    }
}

/// The tiles of a log of ours, by their paths.
struct Ours {
    tree: Tree,
    tiles: HashMap<String, Vec<u8>>,
}

impl Ours {
    /// It has grown to each of these sizes.
    fn of(sizes: &[u64]) -> Self {
        let mut ours = Self { tree: Tree::new(), tiles: HashMap::new() };
        for size in sizes {
            ours.grow(*size);
        }
        ours
    }

    fn grow(&mut self, size: u64) {
        let numbers = usize::try_from(self.tree.size()).unwrap()..usize::try_from(size).unwrap();
        for row in self.tree.append(numbers.map(|number| Hash::of_leaf(&entry(number)))) {
            self.tiles.insert(row.tile.to_string(), row.bytes);
        }
    }

    fn tiles(&self, wanted: Vec<Tile>) -> Tiles {
        let mut tiles = Tiles::new();
        for tile in wanted {
            tiles.insert(tile, &self.tiles[&tile.to_string()]).unwrap();
        }
        tiles
    }
}

impl TileReader for Ours {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile| self.tiles.get(&path(tile)).cloned().ok_or(Error::InvalidTile);
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// The path of c2sp.org/tlog-tiles, which names no height: it is always this one.
fn path(tile: &tlog_tiles::Tile) -> String {
    let path = tile.path();
    format!("tile/{}", path.strip_prefix(&format!("tile/{HEIGHT}/")).unwrap())
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::from_bytes(hash.0)).collect()
}

/// The first, the last, and some between.
fn some_of(size: u64) -> impl Iterator<Item = u64> {
    [0, 42, 255, 256, 511, size / 3, size - 1].into_iter().filter(move |index| *index < size)
}

#[test]
fn roots_and_tiles_are_those_of_tlog_tiles() {
    let stored = Stored::of(65_700);
    let mut log = Ours::of(&[]);
    let mut before = 0;
    for size in (1..=300).chain(SIZES.into_iter().filter(|size| *size > 300)) {
        log.tiles.clear();
        log.grow(size);
        assert_eq!(theirs(log.tree.root()), stored.root(size), "{size}");
        let tiles = tlog_tiles::Tile::new_tiles(HEIGHT, before, size);
        let expected: HashMap<String, Vec<u8>> =
            tiles.iter().map(|tile| (path(tile), tile.read_data(&stored).unwrap())).collect();
        assert_eq!(log.tiles, expected, "{before} to {size}");
        before = size;
    }
}

#[test]
fn proofs_are_those_of_tlog_tiles_and_it_verifies_them() {
    let stored = Stored::of(65_700);
    let log = Ours::of(&SIZES);
    for size in SIZES {
        let root = stored.root(size);
        for index in some_of(size) {
            let tiles = log.tiles(proof::inclusion_tiles(index, size).unwrap());
            let proof = proof::inclusion(index, size, &tiles).unwrap();
            let expected = tlog_tiles::prove_record(size, index, &stored).unwrap();
            assert_eq!(proof, ours(&expected), "{index} of {size}");
            let leaf = tlog_tiles::record_hash(&entry(usize::try_from(index).unwrap()));
            let mut proof: Vec<_> = proof.into_iter().map(theirs).collect();
            tlog_tiles::check_record(&proof, size, root, index, leaf).unwrap();
            if let Some(hash) = proof.last_mut() {
                hash.0[0] ^= 1;
                tlog_tiles::check_record(&proof, size, root, index, leaf).unwrap_err();
            }
        }
        for old in SIZES.into_iter().filter(|old| *old <= size) {
            let tiles = log.tiles(proof::consistency_tiles(old, size).unwrap());
            let proof = proof::consistency(old, size, &tiles).unwrap();
            let expected = tlog_tiles::prove_tree(size, old, &stored).unwrap();
            assert_eq!(proof, ours(&expected), "{old} to {size}");
            let proof = proof.into_iter().map(theirs).collect();
            tlog_tiles::check_tree(&proof, size, root, old, stored.root(old)).unwrap();
        }
    }
}

#[test]
fn tlog_tiles_authenticates_our_tiles_and_no_others() {
    // A power of two: with another size version 0.2.0 leaves out as many tiles as the nodes of the right edge share.
    let mut log = Ours::of(&[512]);
    let size = log.tree.size();
    let root = theirs(log.tree.root());
    let proof = tlog_tiles::prove_record(size, 42, &TileHashReader::new(size, root, &log)).unwrap();
    let leaf = tlog_tiles::record_hash(&entry(42));
    tlog_tiles::check_record(&proof, size, root, 42, leaf).unwrap();
    log.tiles.get_mut("tile/0/000").unwrap()[7] ^= 1;
    let altered = tlog_tiles::prove_record(size, 42, &TileHashReader::new(size, root, &log));
    assert!(matches!(altered, Err(Error::InconsistentTile)), "{altered:?}");
}

#[test]
fn signed_note_verifies_our_checkpoints_and_we_verify_its_notes() {
    let signer = signer(ORIGIN, 1);
    let origin = signer.verifier_key().name().clone();
    let checkpoint = Checkpoint { origin, size: 600, root: Ours::of(&[600]).tree.root() };
    let ours = checkpoint.sign(&signer).unwrap();
    let read = signed_note::Note::from_bytes(ours.to_string().as_bytes()).unwrap();
    let known = |key: &str| VerifierList::new(vec![Box::new(StandardVerifier::new(key).unwrap())]);
    let (verified, unverified) = read.verify(&known(&signer.verifier_key().to_string())).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let other = crate::notes::signer(ORIGIN, 2);
    read.verify(&known(&other.verifier_key().to_string())).unwrap_err();
    let said = tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap();
    assert_eq!((said.origin(), said.size()), (ORIGIN, 600));
    assert_eq!(*said.hash(), theirs(checkpoint.root));
    assert_eq!(said.to_bytes(), checkpoint.to_string().as_bytes());

    // The example key of Go's documentation, as that crate writes private keys.
    let key = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let theirs = StandardSigner::new(key).unwrap();
    let mut note = signed_note::Note::new(checkpoint.to_string().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&theirs]).unwrap();
    let key: VerifierKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let note = Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap(), [&key]);
    assert_eq!(note.text().parse::<Checkpoint>().unwrap(), checkpoint);
}

proptest! {
    /// What we take for a checkpoint, with a byte changed and without, is one there and says the same.
    #[test]
    fn whatever_is_a_checkpoint_to_us_is_one_to_tlog_tiles(
        size in any::<u64>(), root in any::<[u8; 32]>(), at in any::<prop::sample::Index>(), byte in "[ -~\n]"
    ) {
        let (origin, root) = (crate::notes::name(ORIGIN), Hash::from_bytes(root));
        let text = Checkpoint { origin, size, root }.to_string();
        let at = at.index(text.len());
        let mut altered = text.clone();
        altered.replace_range(at..=at, &byte);
        prop_assert!(text.parse::<Checkpoint>().is_ok());
        for text in [text, altered] {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                let said = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
                prop_assert_eq!(said.origin(), checkpoint.origin.as_str());
                prop_assert_eq!(said.size(), checkpoint.size);
                prop_assert_eq!(*said.hash(), theirs(checkpoint.root));
            }
        }
    }
}
