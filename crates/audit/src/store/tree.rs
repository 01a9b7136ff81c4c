//! The tree over the entries, as it is stored: tiles of hashes, its size and its root.

use sqlx::PgConnection;
use translog::{Hash, Row, Tile, Tiles};

/// How much of the log there is, and how much of it is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many entries there are.
    pub(crate) size: i64,
    /// How many of them are in the tree.
    pub(crate) tree_size: i64,
    /// The tree's root.
    pub(crate) root: Hash,
}

/// The head, as it is committed.
pub(crate) async fn head(conn: &mut PgConnection) -> sqlx::Result<Head> {
    let row = sqlx::query!("SELECT size, tree_size, root FROM audit.head").fetch_one(conn).await?;
    Ok(Head { size: row.size, tree_size: row.tree_size, root: hash(&row.root)? })
}

/// A hash out of its column.
pub(crate) fn hash(bytes: &[u8]) -> sqlx::Result<Hash> {
    let bytes = bytes.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Hash::from_bytes(bytes))
}

/// Reads tiles, each as wide as it is asked for: a stored one may have grown since. None that is missing, or
/// narrower, is among the answer.
pub(crate) async fn tiles(conn: &mut PgConnection, wanted: &[Tile]) -> sqlx::Result<Tiles> {
    let levels: Vec<i16> = wanted.iter().map(|tile| i16::from(tile.level())).collect();
    let indexes: Vec<i64> = wanted.iter().map(|tile| index(*tile)).collect::<Result<_, _>>()?;
    let rows = sqlx::query!(
        r#"SELECT n AS "n!", hashes
           FROM UNNEST($1::smallint[], $2::bigint[]) WITH ORDINALITY AS wanted (level, index, n)
           JOIN audit.tiles USING (level, index)"#,
        &levels,
        &indexes,
    )
    .fetch_all(conn)
    .await?;
    let mut tiles = Tiles::new();
    for row in rows {
        let wanted = usize::try_from(row.n - 1).ok().and_then(|n| wanted.get(n));
        let Some(tile) = wanted else { continue };
        let bytes = usize::from(tile.at().width()) * Hash::BYTES;
        if let Some(hashes) = row.hashes.get(..bytes) {
            tiles.insert(*tile, hashes).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        }
    }
    Ok(tiles)
}

/// The bytes of one tile, as it is served.
pub(crate) async fn tile(conn: &mut PgConnection, tile: Tile) -> sqlx::Result<Option<Vec<u8>>> {
    let Ok(index) = index(tile) else { return Ok(None) };
    let length = i32::from(tile.at().width()) * 32;
    sqlx::query_scalar!(
        r#"SELECT substr(hashes, 1, $3) AS "hashes!" FROM audit.tiles
           WHERE level = $1 AND index = $2 AND length(hashes) >= $3"#,
        i16::from(tile.level()),
        index,
        length,
    )
    .fetch_optional(conn)
    .await
}

/// The columns of tiles that changed, as arrays.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) levels: Vec<i16>,
    pub(crate) indexes: Vec<i64>,
    pub(crate) hashes: Vec<Vec<u8>>,
}

impl Columns {
    /// # Errors
    /// When an index is past what a column can hold.
    pub(crate) fn of(rows: Vec<Row>) -> sqlx::Result<Self> {
        let mut columns = Self::default();
        for row in rows {
            columns.levels.push(i16::from(row.tile.level()));
            columns.indexes.push(index(row.tile)?);
            columns.hashes.push(row.bytes);
        }
        Ok(columns)
    }
}

/// The envelopes of up to so many entries that are not in the tree yet, in their order.
pub(crate) async fn envelopes_behind(
    conn: &mut PgConnection,
    tree_size: i64,
    limit: i64,
) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        "SELECT envelope FROM audit.entries WHERE position > $1 AND position <= $1 + $2 ORDER BY position",
        tree_size,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Moves the tree's end alone, from one size to the next: of entries that are recorded already. The head's row must be
/// locked.
pub(crate) async fn grow(
    conn: &mut PgConnection,
    size: i64,
    root: Hash,
    tiles: &Columns,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH grown AS (
             INSERT INTO audit.tiles AS known (level, index, hashes)
             SELECT * FROM UNNEST($3::smallint[], $4::bigint[], $5::bytea[])
             ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
         )
         UPDATE audit.head SET tree_size = $1, root = $2",
        size,
        root.as_bytes(),
        &tiles.levels,
        &tiles.indexes,
        &tiles.hashes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn index(tile: Tile) -> sqlx::Result<i64> {
    i64::try_from(tile.at().index()).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
