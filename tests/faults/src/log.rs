//! Whether the log is the tree that was signed: everything recomputed from the entries.

use std::collections::BTreeMap;

use sqlx::{PgPool, Row as _};
use translog::{Checkpoint, Hash, Note, Tree};

/// What is not as the entries make it.
#[derive(Debug, Default)]
pub(crate) struct Wrongs {
    pub(crate) tree: Vec<String>,
    pub(crate) tiles: Vec<String>,
    pub(crate) checkpoints: Vec<String>,
}

/// What the tree, its tiles and its checkpoints have in common with the entries, and have not.
///
/// # Errors
/// When the database fails.
pub(crate) async fn wrongs(pool: &PgPool) -> sqlx::Result<Wrongs> {
    let envelopes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT envelope FROM audit.entries ORDER BY position")
            .fetch_all(pool)
            .await?;
    let checkpoints = sqlx::query("SELECT size, root, note FROM audit.checkpoints ORDER BY size")
        .fetch_all(pool)
        .await?;
    let mut signed = BTreeMap::new();
    for row in checkpoints {
        let (size, root, note): (i64, Vec<u8>, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        signed.insert(size, (root, note));
    }
    let mut wrongs = Wrongs::default();
    let (mut tree, mut tiles) = (Tree::new(), BTreeMap::new());
    let mut size = 0;
    let mut check = |size: i64, tree: &Tree| {
        let Some((root, note)) = signed.remove(&size) else { return };
        let text = Note::parse(&note).ok().and_then(|note| note.text().parse::<Checkpoint>().ok());
        let says = text.map(|said| (i64::try_from(said.size).ok(), said.root));
        if root != tree.root().as_bytes() || says != Some((Some(size), tree.root())) {
            wrongs.checkpoints.push(format!("of {size} entries"));
        }
    };
    check(size, &tree);
    for envelope in &envelopes {
        for row in tree.append([Hash::of_leaf(envelope)]) {
            let at = (i16::from(row.tile.level()), row.tile.at().index());
            tiles.insert(at, row.bytes);
        }
        size += 1;
        check(size, &tree);
    }
    let beyond = signed.keys().map(|signed| format!("of {signed} entries, and there are {size}"));
    wrongs.checkpoints.extend(beyond);

    let head = sqlx::query("SELECT tree_size, root FROM audit.head").fetch_one(pool).await?;
    let (tree_size, root): (i64, Vec<u8>) = (head.get(0), head.get(1));
    if tree_size != size || root != tree.root().as_bytes() {
        wrongs.tree.push(format!("of {tree_size} entries, and there are {size}"));
    }
    let stored =
        sqlx::query("SELECT level, index, hashes FROM audit.tiles").fetch_all(pool).await?;
    for row in stored {
        let (level, index, hashes): (i16, i64, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        let at = (level, u64::try_from(index).unwrap_or_default());
        if tiles.remove(&at) != Some(hashes) {
            wrongs.tiles.push(format!("{level}/{index}"));
        }
    }
    let missing = tiles.keys().map(|(level, index)| format!("{level}/{index} is missing"));
    wrongs.tiles.extend(missing);
    Ok(wrongs)
}
