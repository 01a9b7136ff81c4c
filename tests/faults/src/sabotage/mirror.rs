//! What a server would serve of a database, as a folder. It serves nothing that is not whole: see
//! `crates/audit/src/http/log.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sqlx::{PgConnection, Row as _};
use translog::{Checkpoint, Coordinates, Note, Resource, Tile, bundle};

/// Writes the log of this database into this folder.
///
/// # Errors
/// When the database fails, or the folder cannot be written.
pub async fn mirror(conn: &mut PgConnection, folder: &Path) -> anyhow::Result<()> {
    let note: Vec<u8> = sqlx::query_scalar(
        "SELECT note FROM audit.checkpoints WHERE served_at IS NOT NULL ORDER BY size DESC LIMIT 1",
    )
    .fetch_one(&mut *conn)
    .await?;
    let key: String = sqlx::query_scalar(
        "SELECT verifier_key FROM audit.log_keys ORDER BY generation DESC LIMIT 1",
    )
    .fetch_one(&mut *conn)
    .await?;
    let checkpoint: Checkpoint = Note::parse(&note)?.text().parse()?;
    write(folder, "checkpoint", &note)?;
    write(folder, "key", format!("{key}\n").as_bytes())?;
    tiles(conn, folder, checkpoint.size).await?;
    lists(conn, folder).await?;
    entries(conn, folder, checkpoint.size).await
}

async fn tiles(conn: &mut PgConnection, folder: &Path, size: u64) -> anyhow::Result<()> {
    let rows =
        sqlx::query("SELECT level, index, hashes FROM audit.tiles").fetch_all(&mut *conn).await?;
    let mut tiles = BTreeMap::new();
    for row in rows {
        let (level, index, hashes): (i16, i64, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        tiles.insert((u8::try_from(level)?, u64::try_from(index)?), hashes);
    }
    for tile in Tile::changed(0, size) {
        let hashes = tiles.get(&(tile.level(), tile.at().index()));
        let bytes = usize::from(tile.at().width()) * 32;
        if let Some(hashes) = hashes.and_then(|hashes| hashes.get(..bytes)) {
            write(folder, &tile.to_string(), hashes)?;
        }
    }
    Ok(())
}

async fn lists(conn: &mut PgConnection, folder: &Path) -> anyhow::Result<()> {
    let rows = sqlx::query("SELECT service, version, list FROM audit.manifest_lists")
        .fetch_all(conn)
        .await?;
    for row in rows {
        let (service, version): (String, i64) = (row.get(0), row.get(1));
        write(folder, &format!("manifests/{service}/{version}"), row.get(2))?;
    }
    Ok(())
}

async fn entries(conn: &mut PgConnection, folder: &Path, size: u64) -> anyhow::Result<()> {
    let rows = sqlx::query("SELECT position, envelope FROM audit.entries ORDER BY position")
        .fetch_all(&mut *conn)
        .await?;
    let mut bundles: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
    for row in rows {
        let index = u64::try_from(row.get::<i64, _>(0) - 1)?;
        if index < size {
            bundles.entry(index / 256).or_default().push(row.get(1));
        }
    }
    for (index, entries) in bundles {
        let at = Coordinates::among(index, size).context("a bundle is within the log")?;
        if entries.len() != usize::from(at.width()) {
            continue;
        }
        let mut bytes = Vec::new();
        for entry in &entries {
            bundle::push(&mut bytes, entry)?;
        }
        write(folder, &Resource::Entries(at).to_string(), &bytes)?;
    }
    Ok(())
}

fn write(folder: &Path, file: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
    fs::write(&path, bytes).with_context(|| path.display().to_string())
}
