//! The growing end of the tree, kept in memory between one batch and the next.
//!
//! The tree grows in the statement that records the entries, which moves the head only if it is where the tree in
//! memory ends. If another replica was first, nothing happens; the tree is read again, with the head's row locked,
//! and the batch goes on from there. So there is one tree, whoever appends, and never two roots for one size.

use sqlx::PgConnection;
use translog::{Hash, Tile, Tree};

use crate::entry::Entry;
use crate::store::append::{self, Grown};
use crate::store::tree::{self, Columns, Head};

/// So many entries are added to the tree at once, where it is behind the log.
const AT_ONCE: i64 = 8_192;

/// The tree, if it is known.
#[derive(Debug, Default)]
pub(crate) struct Sequencer(Option<Tree>);

/// The stored tree contradicts itself: somebody has changed it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the tiles of the audit log make another root for its {size} entries than audit.head says: the database was altered"
)]
struct AlteredTree {
    size: i64,
}

/// Entries that the log has counted are not there: the tree would say of those after them that they are others.
#[derive(Debug, thiserror::Error)]
#[error(
    "of the {there_should_be} entries that follow entry {after} {found} are there: the database was altered, and the tree ends there"
)]
struct MissingEntries {
    after: i64,
    there_should_be: i64,
    found: usize,
}

impl Sequencer {
    /// What these entries make of the tree where it ends in memory, and the tree then. [`Sequencer::committed`]
    /// keeps it; until then none is kept, so that whatever fails has it read anew.
    pub(crate) fn grow(&mut self, entries: &[Entry]) -> sqlx::Result<Option<(Tree, Grown)>> {
        let Some(mut tree) = self.0.take() else { return Ok(None) };
        let (before, root_before) = (size(&tree)?, tree.root());
        let rows = tree.append(entries.iter().map(|entry| Hash::of_leaf(&entry.envelope)));
        let grown = Grown { before, root_before, root: tree.root(), tiles: Columns::of(rows)? };
        Ok(Some((tree, grown)))
    }

    /// It was committed, with everything else of its transaction.
    pub(crate) fn committed(&mut self, tree: Tree) {
        self.0 = Some(tree);
    }

    /// Makes the tree known, as it is stored.
    pub(crate) async fn know(&mut self, conn: &mut PgConnection) -> sqlx::Result<()> {
        if self.0.is_none() {
            let head = tree::head(conn).await?;
            self.0 = Some(read(conn, head).await?);
        }
        Ok(())
    }

    /// Makes it known as it is stored now, with all entries in it. The head's row must be locked, or nobody appends.
    pub(crate) async fn know_all(&mut self, conn: &mut PgConnection) -> sqlx::Result<()> {
        while let Some(behind) = self.catch_up(conn).await? {
            tracing::debug!(behind, "the tree follows the log");
        }
        Ok(())
    }

    /// Adds the next entries that are not in the tree. How many there are still; none when it is as large as the log.
    pub(crate) async fn catch_up(&mut self, conn: &mut PgConnection) -> sqlx::Result<Option<i64>> {
        let head = tree::head(conn).await?;
        let mut known = match self.0.take() {
            Some(known) if size(&known)? == head.tree_size && known.root() == head.root => known,
            _ => read(conn, head).await?,
        };
        if head.tree_size < head.size {
            let envelopes = tree::envelopes_behind(conn, head.tree_size, AT_ONCE).await?;
            let there_should_be = AT_ONCE.min(head.size - head.tree_size);
            if i64::try_from(envelopes.len()) != Ok(there_should_be) {
                let after = head.tree_size;
                let missing = MissingEntries { after, there_should_be, found: envelopes.len() };
                return Err(sqlx::Error::Decode(Box::new(missing)));
            }
            let rows = known.append(envelopes.iter().map(|envelope| Hash::of_leaf(envelope)));
            tree::grow(conn, size(&known)?, known.root(), &Columns::of(rows)?).await?;
        }
        let behind = head.size - size(&known)?;
        self.0 = Some(known);
        Ok((behind > 0).then_some(behind))
    }
}

/// The tree of this head.
async fn read(conn: &mut PgConnection, head: Head) -> sqlx::Result<Tree> {
    let altered = || sqlx::Error::Decode(Box::new(AlteredTree { size: head.tree_size }));
    let size = u64::try_from(head.tree_size).map_err(|_| altered())?;
    let edge: Vec<Tile> = Tile::right_edge(size).collect();
    let tiles = tree::tiles(conn, &edge).await?;
    let tree = Tree::from_tiles(size, &tiles).map_err(|_| altered())?;
    if tree.root() == head.root { Ok(tree) } else { Err(altered()) }
}

fn size(tree: &Tree) -> sqlx::Result<i64> {
    i64::try_from(tree.size()).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Adds what a log had before it had a tree, a part a transaction, and tells how far it is.
pub(crate) async fn catch_up(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut sequencer = Sequencer::default();
    let mut told = 0;
    loop {
        let mut transaction = pool.begin().await?;
        append::lock_head(&mut transaction).await?;
        let behind = sequencer.catch_up(&mut transaction).await?;
        // Crash point (tree-follows): what was committed stays, and the next start goes on from there.
        transaction.commit().await?;
        let Some(behind) = behind else { return Ok(()) };
        if told == 0 || told - behind >= 100_000 {
            tracing::info!(behind, "the log gets its tree: so many entries are still to be added");
            told = behind;
        }
    }
}
