//! One round: a deed is done in a copy of the database, and the auditor verifies what a server would serve of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use contract::INDEX_SPAN;
use local_servers::testing::{self, TestDatabase};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use translog::{Hash, Tile};

use super::altered::Altered;
use super::auditor::{Auditor, Kept, Verdict};
use super::deed::{Aim, Column, Deed, Kind};
use super::expected;
use super::filling::Filled;
use super::manifests;
use super::mirror::mirror;
use super::original::Original;
use super::report::{Found, Round};
use super::rewriting;
use crate::random::Random;

/// A log that is not in use any more, and whoever verifies it.
pub(super) struct Stage {
    pub(super) auditor: Arc<Auditor>,
    pub(super) kept: Vec<Kept>,
    pub(super) original: Original,
    /// What a server served of it.
    pub(super) folder: TempDir,
    /// The database that is copied.
    pub(super) database: String,
    /// When it was stopped, and sabotaged.
    pub(super) stopped_at: DateTime<Utc>,
    // Dropped last.
    pub(super) _filled: Filled,
}

/// The database and the folder of one round, as they are before anything is done.
struct Copy {
    database: TestDatabase,
    conn: PgConnection,
    folder: TempDir,
}

impl Copy {
    async fn of(database: &str) -> anyhow::Result<Self> {
        let database = testing::postgres().await.database_from(Some(database)).await;
        let mut conn = PgConnection::connect(&database.url).await?;
        rewriting::disarm(&mut conn).await?;
        Ok(Self { database, conn, folder: tempfile::tempdir()? })
    }
}

impl Stage {
    /// Sabotages a copy, and has it verified.
    pub(super) async fn round(
        &self,
        kind: Kind,
        is_covered: bool,
        random: &mut Random,
    ) -> anyhow::Result<Round> {
        let kept = random.pick(&self.kept).context("something was kept")?;
        let (covered, all) = (usize::try_from(kept.size)?, self.original.entries.len());
        let places = if is_covered { 0..covered } else { covered..all };
        let aim = Aim { places, may_be_bare: is_covered };
        let deed = Deed::choose(kind, &self.original, &aim, random)?;
        let mut copy = Copy::of(&self.database).await?;
        let mut round = Round {
            kind,
            is_rewritten: false,
            entry: None,
            kept: kept.size,
            size: self.original.size(),
            seconds: (self.stopped_at - kept.at).num_seconds(),
            found: Found::InItsPlace,
        };
        match deed {
            Deed::Rewritten(altered) => {
                self.rewritten(altered, kept, &mut copy, &mut round, random).await?;
            }
            Deed::Bare(altered) => self.bare(&altered, kept, &mut copy, &mut round).await?,
            Deed::Tile(tile, byte) => self.tile(tile, byte, kept, &mut copy).await?,
            Deed::IndexRow(index, column) => {
                round.entry = Some(index as u64 + 1);
                self.index_row(index, column, kept, &mut copy).await?;
            }
            Deed::IndexSpan(index, is_begin) => {
                round.entry = Some(index as u64 + 1);
                self.index_span(index, is_begin, kept, &mut copy).await?;
            }
            Deed::Searches(index) => {
                round.entry = Some(index as u64 + 1);
                self.searches(index, kept, &mut copy).await?;
            }
            Deed::List(number, byte) => {
                let manifest = self.original.manifests[number].entry as u64 + 1;
                round.entry = Some(manifest);
                self.list(number, byte, kept, &mut copy).await?;
            }
        }
        copy.conn.close().await?;
        Ok(round)
    }

    /// All that follows is made anew: manifests, too, where no kept checkpoint covers them. Now and then they are
    /// forgotten.
    async fn rewritten(
        &self,
        altered: Altered,
        kept: &Kept,
        copy: &mut Copy,
        round: &mut Round,
        random: &mut Random,
    ) -> anyhow::Result<()> {
        let first = altered.first(&self.original).context("nothing was done")?;
        let covered = usize::try_from(kept.size)?;
        let is_covered = first < covered;
        let from = if is_covered {
            0
        } else if random.once_in(3) {
            usize::MAX
        } else {
            covered
        };
        let altered = manifests::rewritten(altered, &self.original, from)?;
        let contradicted = manifests::contradicted(&altered, &self.original, from)?;
        let first = altered.first(&self.original).context("nothing was done")?;
        (round.is_rewritten, round.entry) = (true, Some(first as u64 + 1));
        rewriting::entries(&mut copy.conn, &altered).await?;
        rewriting::consequences(&mut copy.conn, &altered, &self.original).await?;
        let verdict = self.mirrored(copy, kept).await?;
        let found = if is_covered {
            expected::rewriting_is_found(&verdict, &altered, kept.size).map(|()| Found::InItsPlace)
        } else {
            expected::rewritten_end_is_judged(&verdict, &contradicted).map(|is_found| {
                match (is_found, contradicted.is_empty()) {
                    (_, false) => Found::ByManifest,
                    (true, true) => Found::Nevertheless,
                    (false, true) => Found::CannotBeProven,
                }
            })
        };
        round.found = found.with_context(|| format!("{round:?}: {}", verdict.text()))?;
        if round.kind == Kind::Forked {
            self.compare_with_fork(copy.folder.path(), &altered).await?;
        }
        Ok(())
    }

    /// The entries' rows, and nothing else.
    async fn bare(
        &self,
        altered: &Altered,
        kept: &Kept,
        copy: &mut Copy,
        round: &mut Round,
    ) -> anyhow::Result<()> {
        round.entry = altered.first(&self.original).map(|first| first as u64 + 1);
        rewriting::entries(&mut copy.conn, altered).await?;
        let verdict = self.mirrored(copy, kept).await?;
        expected::altered_rows_are_found(&verdict, altered, self.original.size())
            .with_context(|| format!("{round:?}: {}", verdict.text()))
    }

    async fn tile(
        &self,
        tile: usize,
        byte: usize,
        kept: &Kept,
        copy: &mut Copy,
    ) -> anyhow::Result<()> {
        let tiles: Vec<Tile> = Tile::changed(0, self.original.size()).collect();
        let tile = tiles[tile % tiles.len()];
        let byte = byte % (usize::from(tile.at().width()) * Hash::BYTES);
        flip_tile(&mut copy.conn, tile, byte).await?;
        let verdict = self.mirrored(copy, kept).await?;
        expected::altered_tile_is_found(&verdict, tile, byte / Hash::BYTES)
            .with_context(|| format!("{tile}: {}", verdict.text()))
    }

    async fn index_row(
        &self,
        index: usize,
        column: Column,
        kept: &Kept,
        copy: &mut Copy,
    ) -> anyhow::Result<()> {
        flip_column(&mut copy.conn, i64::try_from(index + 1)?, column).await?;
        let verdict = self.mirrored(copy, kept).await?;
        ensure!(verdict.exit_code() == Some(0), "the index is no part of the log");
        let verdict = self.verify_with_index(copy.folder.path(), &copy.database.url).await?;
        expected::altered_row_is_found(&verdict, index as u64 + 1, column.name())
            .with_context(|| format!("{column:?}: {}", verdict.text()))
    }

    async fn index_span(
        &self,
        index: usize,
        is_begin: bool,
        kept: &Kept,
        copy: &mut Copy,
    ) -> anyhow::Result<()> {
        let span = i64::try_from(index + 1)? / INDEX_SPAN;
        let narrow = if is_begin {
            "UPDATE audit.spans SET earliest = latest + interval '1 second',
                 latest = latest + interval '2 seconds' WHERE span = $1"
        } else {
            "UPDATE audit.spans SET latest = earliest - interval '1 second',
                 earliest = earliest - interval '2 seconds' WHERE span = $1"
        };
        let done = sqlx::query(narrow).bind(span).execute(&mut copy.conn).await?;
        ensure!(done.rows_affected() == 1, "there is no span {span}");
        let verdict = self.mirrored(copy, kept).await?;
        ensure!(verdict.exit_code() == Some(0), "the index is no part of the log");
        let verdict = self.verify_with_index(copy.folder.path(), &copy.database.url).await?;
        expected::narrowed_span_is_found(&verdict, span).with_context(|| verdict.text())
    }

    async fn searches(&self, index: usize, kept: &Kept, copy: &mut Copy) -> anyhow::Result<()> {
        // The tree cannot be larger than the log: whoever owns the table sees to that, too.
        let cut = "ALTER TABLE audit.head DROP CONSTRAINT head_tree_is_of_the_log";
        sqlx::raw_sql(cut).execute(&mut copy.conn).await?;
        let cut = sqlx::query("UPDATE audit.head SET size = $1").bind(i64::try_from(index)?);
        let done = cut.execute(&mut copy.conn).await?;
        ensure!(done.rows_affected() == 1, "there is no head");
        let verdict = self.mirrored(copy, kept).await?;
        ensure!(verdict.exit_code() == Some(0), "the index is no part of the log");
        let verdict = self.verify_with_index(copy.folder.path(), &copy.database.url).await?;
        expected::cut_searches_are_found(&verdict, index as u64 + 1).with_context(|| verdict.text())
    }

    async fn list(
        &self,
        number: usize,
        byte: usize,
        kept: &Kept,
        copy: &mut Copy,
    ) -> anyhow::Result<()> {
        let manifest = &self.original.manifests[number];
        let byte = i32::try_from(byte % manifest.list.len())?;
        let flip =
            "UPDATE audit.manifest_lists SET list = set_byte(list, $3, get_byte(list, $3) # 1)
             WHERE service = $1 AND version = $2";
        let flip = sqlx::query(flip).bind(manifest.service.name()).bind(manifest.version);
        let done = flip.bind(byte).execute(&mut copy.conn).await?;
        ensure!(done.rows_affected() == 1, "there is no such list: {manifest:?}");
        let verdict = self.mirrored(copy, kept).await?;
        expected::altered_list_is_found(&verdict, manifest.entry as u64 + 1)
            .with_context(|| format!("{manifest:?}: {}", verdict.text()))
    }

    /// Two auditors were shown two logs, and compare what they kept.
    async fn compare_with_fork(&self, fork: &Path, altered: &Altered) -> anyhow::Result<()> {
        let file = self.auditor.file("kept-of-the-fork");
        let (auditor, keep) = (Arc::clone(&self.auditor), file.clone());
        let place = fork.to_str().context("a path of ours is UTF-8")?.to_owned();
        let keeping = move || auditor.verify_and_keep(&["--folder", &place], None, &keep);
        let verdict = tokio::task::spawn_blocking(keeping).await??;
        // What a manifest lists may not be there: then nothing of it is kept.
        if verdict.exit_code() == Some(6) {
            return Ok(());
        }
        ensure!(verdict.exit_code() == Some(0), "the fork by itself: {}", verdict.text());
        let size = verdict.size().context("it has a size")?;
        let kept = Kept { file, size, at: self.stopped_at };
        let verdict = self.verify(self.folder.path(), &kept).await?;
        ensure!(verdict.exit_code() == Some(4), "the fork is not seen: {}", verdict.text());
        let first = altered.first(&self.original).context("nothing was done")? as u64;
        let named = verdict.failures("consistency").iter().find_map(|it| {
            Some(it["entry"].as_u64()?..=it["last_entry"].as_u64().or(it["entry"].as_u64())?)
        });
        let is_there = named.as_ref().is_some_and(|named| named.contains(&(first + 1)));
        ensure!(is_there, "the logs part at entry {}, and {named:?} is named", first + 1);
        Ok(())
    }

    /// What a server would serve of the copy, verified.
    async fn mirrored(&self, copy: &mut Copy, kept: &Kept) -> anyhow::Result<Verdict> {
        mirror(&mut copy.conn, copy.folder.path()).await?;
        self.verify(copy.folder.path(), kept).await
    }

    /// Verifies this folder against what was kept.
    pub(super) async fn verify(&self, folder: &Path, kept: &Kept) -> anyhow::Result<Verdict> {
        let (auditor, kept) = (Arc::clone(&self.auditor), kept.file.clone());
        let folder = folder.to_str().context("a path of ours is UTF-8")?.to_owned();
        let verify = move || auditor.verify(&["--folder", &folder], Some(&kept));
        tokio::task::spawn_blocking(verify).await?
    }

    /// Verifies this folder and the index of this database.
    pub(super) async fn verify_with_index(
        &self,
        folder: &Path,
        url: &str,
    ) -> anyhow::Result<Verdict> {
        let (auditor, folder) = (Arc::clone(&self.auditor), folder.to_owned());
        let url = url.to_owned();
        let verify = move || auditor.verify_with_index(&folder, &url);
        tokio::task::spawn_blocking(verify).await?
    }
}

async fn flip_tile(conn: &mut PgConnection, tile: Tile, byte: usize) -> anyhow::Result<()> {
    let done = sqlx::query(
        "UPDATE audit.tiles SET hashes = set_byte(hashes, $3, get_byte(hashes, $3) # 1)
         WHERE level = $1 AND index = $2",
    )
    .bind(i16::from(tile.level()))
    .bind(i64::try_from(tile.at().index())?)
    .bind(i32::try_from(byte)?)
    .execute(conn)
    .await?;
    ensure!(done.rows_affected() == 1, "there is no {tile}");
    Ok(())
}

async fn flip_column(conn: &mut PgConnection, position: i64, column: Column) -> anyhow::Result<()> {
    let other = "'00000000-0000-4000-8000-000000000001'";
    let value = match column {
        Column::Organization | Column::Person | Column::Correlation => other,
        Column::Type => "'mandate.app.edited.v9'",
        Column::OccurredAt => "occurred_at + interval '1 hour'",
    };
    let name = column.name();
    let update = format!("UPDATE audit.entries SET {name} = {value} WHERE position = $1");
    let done = sqlx::query(AssertSqlSafe(update)).bind(position).execute(conn).await?;
    ensure!(done.rows_affected() == 1, "there is no entry {position}");
    Ok(())
}
