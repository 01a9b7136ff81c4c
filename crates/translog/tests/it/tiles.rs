//! Tiles that were fetched from someone who may lie.

use translog::{
    Coordinates, FULL_WIDTH, Hash, HashReader as _, Node, Tile, TileError, Tiles, proof,
};

use crate::definition::Definition;

const SIZE: u64 = 66_000;

fn tile(level: u8, index: u64, width: u16) -> Tile {
    Tile::new(level, Coordinates::new(index, width).unwrap()).unwrap()
}

/// The tiles for a proof of the entry 1,000, with what has to be there to check them.
fn fetched(definition: &Definition) -> Vec<(Tile, Vec<u8>)> {
    let mut tiles = Tiles::new();
    let mut all = proof::inclusion_tiles(1000, SIZE).unwrap();
    for tile in &all {
        tiles.insert(*tile, &definition.tile(*tile)).unwrap();
    }
    let beside = tiles.to_authenticate(SIZE);
    assert!(beside.iter().all(|tile| !all.contains(tile)));
    all.extend(beside);
    all.into_iter().map(|tile| (tile, definition.tile(tile))).collect()
}

fn together(fetched: &[(Tile, Vec<u8>)]) -> Tiles {
    let mut tiles = Tiles::new();
    for (tile, bytes) in fetched {
        tiles.insert(*tile, bytes).unwrap();
    }
    tiles
}

#[test]
fn the_tiles_of_a_root_are_authentic_and_no_others() {
    let definition = Definition::of(66_000);
    let root = definition.root(66_000);
    let fetched = fetched(&definition);
    assert_eq!(together(&fetched).authenticate(SIZE, root), Ok(()));
    assert_eq!(together(&fetched).to_authenticate(SIZE), []);
    // The leaf's, the one above, and the right edge of three levels, of which one is above both.
    let paths: Vec<String> = fetched.iter().map(|(tile, _)| tile.to_string()).collect();
    let expected =
        ["tile/0/003", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"];
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(sorted, expected);

    for at in 0..fetched.len() {
        for byte in [0, fetched[at].1.len() / 2, fetched[at].1.len() - 1] {
            let mut changed = fetched.clone();
            changed[at].1[byte] ^= 1;
            assert!(together(&changed).authenticate(SIZE, root).is_err(), "{} {byte}", paths[at]);
        }
    }
    let found = root;
    let expected = Hash::of_leaf(b"another");
    let wrong = TileError::Root { expected, found };
    assert_eq!(together(&fetched).authenticate(SIZE, expected), Err(wrong));
}

#[test]
fn a_tile_that_nothing_vouches_for_is_refused() {
    let definition = Definition::of(66_000);
    let root = definition.root(66_000);
    let fetched = fetched(&definition);
    // The tile above is not there.
    let alone: Vec<_> =
        fetched.iter().filter(|(tile, _)| tile.to_string() != "tile/1/000").cloned().collect();
    let refused = together(&alone).authenticate(SIZE, root);
    assert!(matches!(refused, Err(TileError::Missing(_))), "{refused:?}");
    assert_eq!(together(&alone).to_authenticate(SIZE), [tile(1, 0, 256)]);
    // Narrower than the tree's, wider, and beyond it.
    for foreign in [tile(0, 5, 10), tile(0, 256, 255), tile(0, 300, 1), tile(9, 0, 1)] {
        let mut tiles = together(&fetched);
        let bytes = vec![1; usize::from(foreign.at().width()) * Hash::BYTES];
        tiles.insert(foreign, &bytes).unwrap();
        let refused = TileError::Foreign { tile: foreign, size: SIZE };
        assert_eq!(tiles.authenticate(SIZE, root), Err(refused));
    }
    let mut tiles = together(&fetched);
    let wrong = tile(0, 4, 256);
    tiles.insert(wrong, &definition.tile(tile(0, 5, 256))).unwrap();
    assert_eq!(tiles.authenticate(SIZE, root), Err(TileError::Hash(wrong)));
}

#[test]
fn a_tile_has_32_bytes_for_each_hash() {
    let mut tiles = Tiles::new();
    let refused = |tile, bytes| TileError::Length { tile, bytes };
    let two = tile(0, 0, 2);
    for bytes in [0, 32, 63, 65, 96, 8192] {
        assert_eq!(tiles.insert(two, &vec![0; bytes]), Err(refused(two, bytes)));
    }
    assert_eq!(tiles.insert(two, &[0; 64]), Ok(()));
    // A node of which the tile has only a part is not known.
    let node = |height, index| tiles.hash(Node { height, index });
    assert_eq!(
        node(1, 0),
        Some(Hash::of_node(&Hash::from_bytes([0; 32]), &Hash::from_bytes([0; 32])))
    );
    assert_eq!(node(2, 0), None);
    assert_eq!(node(0, 2), None);
    assert_eq!(node(7, u64::MAX), None);
    assert_eq!(node(u32::MAX, 0), None);
}

#[test]
fn coordinates_are_up_to_a_full_tile() {
    assert_eq!(Coordinates::new(0, 0), None);
    assert_eq!(Coordinates::new(0, FULL_WIDTH + 1), None);
    assert_eq!(Tile::new(64, Coordinates::new(0, 1).unwrap()), None);
    assert_eq!(Tile::among(0, 1, 256), None);
    assert_eq!(Tile::among(0, 0, 256), Some(tile(0, 0, 256)));
    assert_eq!(Tile::among(1, 0, 256), Some(tile(1, 0, 1)));
    assert_eq!(Coordinates::among(1, 300), Coordinates::new(1, 44));
    let bundles: Vec<_> = Coordinates::changed(200, 300).collect();
    assert_eq!(bundles, [Coordinates::new(0, 256).unwrap(), Coordinates::new(1, 44).unwrap()]);
}

#[test]
fn a_full_tile_is_told_from_a_partial_one() {
    let full: Vec<bool> = Tile::changed(0, 300).map(|tile| tile.at().is_full()).collect();
    assert_eq!(full, [true, false, false]);
}
