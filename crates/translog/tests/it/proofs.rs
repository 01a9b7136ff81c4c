//! Proofs: the definition's, verified, and no others.

use std::cell::LazyCell;

use proptest::prelude::*;
use translog::{
    Hash, MissingHash, Node, Tile, Tiles,
    proof::{self, InvalidProof, ProofError},
};

use crate::definition::Definition;

#[test]
fn every_entry_of_every_small_tree_has_the_proof_of_the_definition() {
    let definition = Definition::of(600);
    for size in 1..=600 {
        let root = definition.root(size);
        for index in 0..size {
            let proof = proof::inclusion(index as u64, size as u64, &definition).unwrap();
            assert_eq!(proof, definition.path(index, 0, size), "{index} of {size}");
            // Verifying takes the time: what is within tiles is alike.
            if size < 130 || index % 61 == size % 61 || index + 2 > size {
                let leaf = definition.leaves()[index];
                proof::verify_inclusion(leaf, index as u64, &proof, size as u64, root).unwrap();
            }
        }
    }
}

#[test]
fn every_two_small_trees_have_the_proof_of_the_definition() {
    let definition = Definition::of(600);
    for new in 1..=600 {
        for old in 1..=new {
            let proof = proof::consistency(old as u64, new as u64, &definition).unwrap();
            assert_eq!(proof, definition.subproof(old, 0, new, true), "{old} to {new}");
            if new < 130 || old % 61 == new % 61 || old + 2 > new {
                let older = (old as u64, definition.root(old));
                let newer = (new as u64, definition.root(new));
                proof::verify_consistency(older, newer, &proof).unwrap();
            }
        }
    }
}

#[test]
fn every_tree_begins_with_the_empty_one() {
    let definition = Definition::of(5);
    let (empty, tree) = ((0, definition.root(0)), (5, definition.root(5)));
    assert_eq!(proof::consistency(0, 5, &definition), Ok(vec![]));
    assert_eq!(proof::verify_consistency(empty, tree, &[]), Ok(()));
    assert_eq!(proof::verify_consistency(empty, empty, &[]), Ok(()));
    let more = [definition.root(1)];
    assert_eq!(proof::verify_consistency(empty, tree, &more), Err(InvalidProof::Length(1)));
    let other = proof::verify_consistency((0, tree.1), tree, &[]);
    assert_eq!(other, Err(InvalidProof::OldRoot { expected: tree.1, found: empty.1 }));
}

#[test]
fn a_proof_with_anything_changed_does_not_hold() {
    let definition = Definition::of(40);
    let wrong = Hash::of_leaf(b"wrong");
    for size in 1..=40_usize {
        let root = definition.root(size);
        for index in 0..size {
            let proof = definition.path(index, 0, size);
            let verify = |leaf, index: usize, proof: &[Hash], root| {
                proof::verify_inclusion(leaf, index as u64, proof, size as u64, root)
            };
            let leaf = definition.leaves()[index];
            assert_eq!(verify(leaf, index, &proof, root), Ok(()));
            let found = root;
            let expected = Err(InvalidProof::Root { expected: wrong, found });
            assert_eq!(verify(leaf, index, &proof, wrong), expected);
            assert!(verify(wrong, index, &proof, root).is_err());
            for other in (0..=size).filter(|other| *other != index) {
                assert!(verify(leaf, other, &proof, root).is_err(), "{index} as {other} of {size}");
            }
            for changed in changes(&proof, wrong) {
                assert!(verify(leaf, index, &changed, root).is_err(), "{index} of {size}");
            }
        }
        for old in 1..size {
            let proof = definition.subproof(old, 0, size, true);
            let verify = |old_root, proof: &[Hash], root| {
                proof::verify_consistency((old as u64, old_root), (size as u64, root), proof)
            };
            let old_root = definition.root(old);
            assert_eq!(verify(old_root, &proof, root), Ok(()));
            assert!(verify(wrong, &proof, root).is_err());
            let expected = Err(InvalidProof::Root { expected: wrong, found: root });
            assert_eq!(verify(old_root, &proof, wrong), expected);
            for changed in changes(&proof, wrong) {
                assert!(verify(old_root, &changed, root).is_err(), "{old} to {size}");
            }
        }
    }
}

/// A hash changed, left out, added or exchanged with its neighbour.
fn changes(proof: &[Hash], wrong: Hash) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..=proof.len() {
        let mut change = |change: &dyn Fn(&mut Vec<Hash>)| {
            let mut changed = proof.to_vec();
            change(&mut changed);
            all.push(changed);
        };
        change(&|proof| proof.insert(at, wrong));
        if at < proof.len() {
            change(&|proof| proof[at] = wrong);
            change(&|proof| {
                proof.remove(at);
            });
        }
        if at + 1 < proof.len() {
            change(&|proof| proof.swap(at, at + 1));
        }
    }
    all
}

#[test]
fn what_a_tree_does_not_have_has_no_proof() {
    let definition = Definition::of(8);
    for (index, size) in [(0, 0), (5, 5), (u64::MAX, 5), (u64::MAX, u64::MAX)] {
        let refused = ProofError::Index { index, size };
        assert_eq!(proof::inclusion(index, size, &definition), Err(refused));
        assert_eq!(proof::inclusion_tiles(index, size), Err(refused));
        let root = definition.root(5);
        let verified = proof::verify_inclusion(root, index, &[], size, root);
        assert_eq!(verified, Err(InvalidProof::Index { index, size }));
    }
    let refused = ProofError::Order { old: 6, new: 5 };
    assert_eq!(proof::consistency(6, 5, &definition), Err(refused));
    assert_eq!(proof::consistency_tiles(6, 5), Err(refused));
    let root = definition.root(5);
    let verified = proof::verify_consistency((6, root), (5, root), &[]);
    assert_eq!(verified, Err(InvalidProof::Order { old: 6, new: 5 }));
    let missing = MissingHash(Node { height: 3, index: 1 });
    assert_eq!(proof::inclusion(0, 16, &definition), Err(ProofError::Missing(missing)));
    // A size that nobody has is no trap either.
    assert!(proof::inclusion_tiles(u64::MAX - 1, u64::MAX).unwrap().len() <= 16);
    assert!(proof::consistency_tiles(1 << 63, u64::MAX).unwrap().len() <= 16);
    let verified = proof::verify_inclusion(root, u64::MAX - 1, &[root; 70], u64::MAX, root);
    assert_eq!(verified, Err(InvalidProof::Length(70)));
    let verified = proof::verify_consistency((u64::MAX - 1, root), (u64::MAX, root), &[root; 70]);
    assert_eq!(verified, Err(InvalidProof::Length(70)));
}

/// The largest tree of the tests by the definition, made once a thread.
const LARGEST: usize = 70_000;

thread_local! {
    static LARGE: LazyCell<Definition> = LazyCell::new(|| Definition::of(LARGEST));
}

/// Only these tiles.
fn prefetched(definition: &Definition, needed: Vec<Tile>) -> Tiles {
    let mut tiles = Tiles::new();
    for tile in needed {
        tiles.insert(tile, &definition.tile(tile)).unwrap();
    }
    tiles
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..Default::default() })]

    #[test]
    fn an_entry_of_a_large_tree_is_proved_from_the_tiles_that_are_named(
        size in 1_usize..=LARGEST,
        part in 0.0..1.0_f64,
    ) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (size as f64 * part) as usize;
        LARGE.with(|definition| {
            let needed = proof::inclusion_tiles(index as u64, size as u64).unwrap();
            prop_assert!(needed.len() <= 6);
            let tiles = prefetched(definition, needed);
            let proof = proof::inclusion(index as u64, size as u64, &tiles).unwrap();
            prop_assert_eq!(&proof, &definition.path(index, 0, size));
            let (leaf, root) = (definition.leaves()[index], definition.root(size));
            let verified = proof::verify_inclusion(leaf, index as u64, &proof, size as u64, root);
            prop_assert_eq!(verified, Ok(()));
            Ok(())
        })?;
    }

    #[test]
    fn two_large_trees_are_proved_from_the_tiles_that_are_named(
        one in 1_usize..=LARGEST,
        other in 1_usize..=LARGEST,
    ) {
        let (old, new) = (one.min(other), one.max(other));
        LARGE.with(|definition| {
            let needed = proof::consistency_tiles(old as u64, new as u64).unwrap();
            prop_assert!(needed.len() <= 6);
            let tiles = prefetched(definition, needed);
            let proof = proof::consistency(old as u64, new as u64, &tiles).unwrap();
            prop_assert_eq!(&proof, &definition.subproof(old, 0, new, true));
            let older = (old as u64, definition.root(old));
            let newer = (new as u64, definition.root(new));
            prop_assert_eq!(proof::verify_consistency(older, newer, &proof), Ok(()));
            Ok(())
        })?;
    }
}
