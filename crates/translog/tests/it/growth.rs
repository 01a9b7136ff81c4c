//! A tree that grows, and the tiles that change.

use std::collections::BTreeMap;

use proptest::prelude::*;
use translog::{FullTile, MissingHash, Node, Row, Tile, Tiles, Tree, root};

use crate::definition::Definition;

/// Every size up to two full tiles and some, entry by entry.
#[test]
fn the_root_of_every_size_is_that_of_the_definition() {
    let definition = Definition::of(600);
    let mut tree = Tree::new();
    for (size, leaf) in definition.leaves().iter().enumerate() {
        assert_eq!(tree.root(), definition.root(size), "{size}");
        assert_eq!(root(tree.size(), &definition), Ok(tree.root()), "{size}");
        tree.append([*leaf]);
    }
    assert_eq!((tree.size(), tree.root()), (600, definition.root(600)));
}

#[test]
fn an_append_tells_the_tiles_that_changed_and_a_later_process_goes_on_from_them() {
    let definition = Definition::of(600);
    let mut stored = BTreeMap::new();
    let mut size = 0;
    // Within a tile, to its end, over it, over two, and nothing.
    for count in [1, 200, 55, 1, 0, 255, 88] {
        let mut tree = reopened(size, &stored);
        let rows = tree.append(definition.leaves()[size..][..count].iter().copied());
        assert_eq!(rows, expected(&definition, size, size + count));
        for Row { tile, bytes } in rows {
            stored.insert((tile.level(), tile.at().index()), bytes);
        }
        size += count;
        assert_eq!(tree.root(), definition.root(size));
    }
    assert_eq!(size, 600);
    assert_eq!(stored.len(), 4);
}

/// 257 full tiles at the lowest level: the tree has tiles at three levels.
#[test]
fn a_tree_of_three_levels_grows_over_the_end_of_a_tile_of_each() {
    let definition = Definition::of(65_800);
    let mut tree = Tree::new();
    tree.append(definition.leaves()[..65_535].iter().copied());
    for (old, new) in [(65_535, 65_536), (65_536, 65_537), (65_537, 65_800)] {
        let rows = tree.append(definition.leaves()[old..new].iter().copied());
        assert_eq!(rows, expected(&definition, old, new));
        assert_eq!(tree.root(), definition.root(new));
    }
}

/// Up to the end of a tile of the second level, and within a tile.
#[test]
fn whole_tiles_are_appended_as_their_leaves_are() {
    let definition = Definition::of(65_800);
    let leaves = definition.leaves();
    let (mut tree, mut by_tiles) = (Tree::new(), Tree::new());
    for chunk in leaves.chunks(256) {
        let rows = tree.append(chunk.iter().copied());
        match FullTile::new(chunk.to_vec()) {
            Some(tile) => assert_eq!(by_tiles.append_tile(&tile), rows),
            None => assert_eq!(by_tiles.append(chunk.iter().copied()), rows),
        }
        assert_eq!((by_tiles.size(), by_tiles.root()), (tree.size(), tree.root()));
    }
    assert_eq!(tree.root(), definition.root(65_800));
    let tile = FullTile::new(leaves[..256].to_vec()).unwrap();
    assert_eq!((tile.leaves(), tile.root()), (&leaves[..256], definition.root(256)));
    assert_eq!(by_tiles.append_tile(&tile), tree.append(leaves[..256].iter().copied()));
    assert_eq!(by_tiles.root(), tree.root());
    assert_eq!(FullTile::new(leaves[..255].to_vec()), None);
}

#[test]
fn a_tree_without_its_right_edge_does_not_open() {
    let definition = Definition::of(257);
    let mut tiles = Tiles::new();
    assert_eq!(Tree::from_tiles(0, &tiles).unwrap().root(), definition.root(0));
    let missing = |height, index| MissingHash(Node { height, index });
    assert_eq!(Tree::from_tiles(257, &tiles).unwrap_err(), missing(8, 0));
    for tile in Tile::right_edge(257) {
        tiles.insert(tile, &definition.tile(tile)).unwrap();
    }
    assert_eq!(Tree::from_tiles(257, &tiles).unwrap().root(), definition.root(257));
    assert_eq!(Tree::from_tiles(258, &tiles).unwrap_err(), missing(1, 128));
}

fn reopened(size: usize, stored: &BTreeMap<(u8, u64), Vec<u8>>) -> Tree {
    let mut tiles = Tiles::new();
    for tile in Tile::right_edge(size as u64) {
        tiles.insert(tile, &stored[&(tile.level(), tile.at().index())]).unwrap();
    }
    Tree::from_tiles(size as u64, &tiles).unwrap()
}

fn expected(definition: &Definition, old: usize, new: usize) -> Vec<Row> {
    let tiles = Tile::changed(old as u64, new as u64);
    tiles.map(|tile| Row { tile, bytes: definition.tile(tile) }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..Default::default() })]

    #[test]
    fn batches_of_any_size_make_the_same_tree(batches in prop::collection::vec(0_usize..700, 1..6)) {
        let definition = Definition::of(batches.iter().sum());
        let (mut tree, mut size) = (Tree::new(), 0);
        for batch in batches {
            let rows = tree.append(definition.leaves()[size..][..batch].iter().copied());
            prop_assert_eq!(rows, expected(&definition, size, size + batch));
            size += batch;
            prop_assert_eq!(tree.root(), definition.root(size));
        }
    }
}
