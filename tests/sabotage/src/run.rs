//! A whole run: a system is filled and verified, stopped, and sabotaged again and again, each time in a copy of its
//! database.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use contract::Environment;
use faults::random::Random;
use journeys::system::MASTER_KEY;
use local_servers::testing;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use translog::{Hash, Tile};

use crate::altered::Altered;
use crate::auditor::{Auditor, Kept, Verdict};
use crate::clean;
use crate::deed::{Aim, Column, Deed, Kind};
use crate::expected;
use crate::filling::Filled;
use crate::index_rows::{WrongRow, wrong_rows};
use crate::mirror::mirror;
use crate::original::Original;
use crate::report::{Found, Report, Round};
use crate::rewriting;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What repeats its choices.
    pub seed: u64,
    /// How many entries the log has at least before the auditor comes.
    pub entries: u64,
    /// How often the auditor verifies it while it grows.
    pub clean: usize,
    /// How many entries come after the last checkpoint that is kept, at least.
    pub uncovered: u64,
    /// How often it is sabotaged.
    pub rounds: usize,
}

/// A log that is not in use any more, and whoever verifies it.
struct Stage {
    auditor: Arc<Auditor>,
    kept: Vec<Kept>,
    original: Original,
    /// What a server served of it.
    folder: TempDir,
    /// The database that is copied.
    database: String,
    /// When it was stopped, and sabotaged.
    stopped_at: chrono::DateTime<chrono::Utc>,
    // Dropped last.
    _filled: Filled,
}

impl Plan {
    /// Does it.
    ///
    /// # Errors
    /// When an alarm is raised for nothing, or something was done that is not found, or not in its place.
    ///
    /// # Panics
    /// When the system does not do as it should.
    pub async fn run(self, mut seen: impl FnMut(usize, &Round)) -> anyhow::Result<Report> {
        let mut random = Random::new(self.seed);
        // How much is chosen while the system runs is not the seed's: what is done later must not depend on it.
        let mut running = random.fork();
        let mut filled = Filled::with(self.entries).await?;
        let auditor = Arc::new(Auditor::with_key(&filled.key().await)?);
        let clean =
            clean::verify_while_it_grows(&filled, &auditor, self.clean, &mut running).await?;
        let last = clean.kept.last().context("something was kept")?.size;
        while filled.size().await? < last + self.uncovered {
            filled.append(&mut running).await;
        }
        filled.stop().await?;
        let stage = Stage::set(filled, auditor, clean.kept).await?;
        // Every kind as often as any other.
        let mut kinds = random.shuffled(Kind::ALL.to_vec()).into_iter().cycle();
        let mut rounds = Vec::new();
        for number in 1..=self.rounds {
            let kind = kinds.next().context("there are kinds")?;
            // Every kind is done three times where the kept checkpoint covers it, and once where it does not.
            let is_covered = (number - 1) / Kind::ALL.len() % 4 != 1;
            let round = stage.round(kind, is_covered, &mut random.fork()).await;
            let round = round.with_context(|| format!("seed {}, round {number}", self.seed))?;
            seen(number, &round);
            rounds.push(round);
        }
        Ok(Report { seed: self.seed, clean_runs: clean.runs, rounds })
    }
}

impl Stage {
    async fn set(filled: Filled, auditor: Arc<Auditor>, kept: Vec<Kept>) -> anyhow::Result<Self> {
        let stopped_at = Environment::system().now();
        let database = filled.system.servers.database.name.clone();
        let mut conn = PgConnection::connect(&filled.system.servers.database.url).await?;
        let original = Original::read(&mut conn, MASTER_KEY).await?;
        let folder = tempfile::tempdir()?;
        sign_all(&mut conn, &original).await?;
        mirror(&mut conn, folder.path()).await?;
        let wrong = wrong_rows(&mut conn).await?;
        ensure!(wrong.is_empty(), "nothing was done, and the index is wrong: {wrong:?}");
        conn.close().await?;
        let stage = Self { auditor, kept, original, folder, database, stopped_at, _filled: filled };
        for kept in &stage.kept {
            let verdict = stage.verify(stage.folder.path(), kept).await?;
            ensure!(verdict.exit_code() == Some(0), "nothing was done: {}", verdict.text());
        }
        Ok(stage)
    }

    /// Sabotages a copy, and has it verified.
    async fn round(
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
        let copy = testing::postgres().await.database_from(Some(&self.database)).await;
        let mut conn = PgConnection::connect(&copy.url).await?;
        rewriting::disarm(&mut conn).await?;
        let folder = tempfile::tempdir()?;
        let size = self.original.size();
        let mut round = Round {
            kind,
            is_rewritten: false,
            entry: None,
            kept: kept.size,
            size,
            seconds: (self.stopped_at - kept.at).num_seconds(),
            found: Found::InItsPlace,
        };
        match &deed {
            Deed::Rewritten(altered) => {
                let first = altered.first(&self.original).context("nothing was done")? as u64;
                (round.is_rewritten, round.entry) = (true, Some(first + 1));
                rewriting::entries(&mut conn, altered).await?;
                rewriting::consequences(&mut conn, altered, &self.original).await?;
                mirror(&mut conn, folder.path()).await?;
                let verdict = self.verify(folder.path(), kept).await?;
                round.found = judge(&verdict, altered, first < kept.size, kept.size)
                    .with_context(|| format!("{round:?}: {}", verdict.text()))?;
                if kind == Kind::Forked {
                    self.compare_with_fork(folder.path(), altered).await?;
                }
            }
            Deed::Bare(altered) => {
                round.entry = altered.first(&self.original).map(|first| first as u64 + 1);
                rewriting::entries(&mut conn, altered).await?;
                mirror(&mut conn, folder.path()).await?;
                let verdict = self.verify(folder.path(), kept).await?;
                expected::altered_rows_are_found(&verdict, altered, size)
                    .with_context(|| format!("{round:?}: {}", verdict.text()))?;
            }
            Deed::Tile(tile, byte) => {
                let tiles: Vec<Tile> = Tile::changed(0, size).collect();
                let tile = tiles[tile % tiles.len()];
                let byte = byte % (usize::from(tile.at().width()) * Hash::BYTES);
                flip_tile(&mut conn, tile, byte).await?;
                mirror(&mut conn, folder.path()).await?;
                let verdict = self.verify(folder.path(), kept).await?;
                expected::altered_tile_is_found(&verdict, tile, byte / Hash::BYTES)
                    .with_context(|| format!("{round:?} {tile}: {}", verdict.text()))?;
            }
            Deed::IndexRow(index, column) => {
                round.entry = Some(*index as u64 + 1);
                let position = i64::try_from(index + 1)?;
                flip_column(&mut conn, position, *column).await?;
                mirror(&mut conn, folder.path()).await?;
                let verdict = self.verify(folder.path(), kept).await?;
                ensure!(verdict.exit_code() == Some(0), "the index is no part of the log");
                let wrong = wrong_rows(&mut conn).await?;
                let expected = WrongRow { position, column: column.name() };
                ensure!(wrong == [expected], "{round:?} {column:?}: {wrong:?}");
            }
        }
        conn.close().await?;
        Ok(round)
    }

    /// Two auditors were shown two logs, and compare what they kept.
    async fn compare_with_fork(
        &self,
        fork: &std::path::Path,
        altered: &Altered,
    ) -> anyhow::Result<()> {
        let file = self.auditor.file("kept-of-the-fork");
        let (auditor, keep) = (Arc::clone(&self.auditor), file.clone());
        let place = fork.to_str().context("a path of ours is UTF-8")?.to_owned();
        let keeping = move || auditor.verify_and_keep(&["--folder", &place], None, &keep);
        let verdict = tokio::task::spawn_blocking(keeping).await??;
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

    async fn verify(&self, folder: &std::path::Path, kept: &Kept) -> anyhow::Result<Verdict> {
        let (auditor, kept) = (Arc::clone(&self.auditor), kept.file.clone());
        let folder = folder.to_str().context("a path of ours is UTF-8")?.to_owned();
        let verify = move || auditor.verify(&["--folder", &folder], Some(&kept));
        tokio::task::spawn_blocking(verify).await?
    }
}

/// What came of a log that was rewritten and signed anew.
fn judge(
    verdict: &Verdict,
    altered: &Altered,
    is_covered: bool,
    kept: u64,
) -> anyhow::Result<Found> {
    if is_covered {
        expected::rewriting_is_found(verdict, altered, kept)?;
        return Ok(Found::InItsPlace);
    }
    let is_found = expected::beginning_is_not_accused(verdict)?;
    Ok(if is_found { Found::Nevertheless } else { Found::CannotBeProven })
}

/// The system may have stopped between an append and its checkpoint: the next start would sign it.
async fn sign_all(conn: &mut PgConnection, original: &Original) -> anyhow::Result<()> {
    let served: Option<i64> =
        sqlx::query_scalar("SELECT max(size) FROM audit.checkpoints WHERE served_at IS NOT NULL")
            .fetch_one(&mut *conn)
            .await?;
    if served != Some(i64::try_from(original.size())?) {
        rewriting::disarm(conn).await?;
        rewriting::tree(conn, &Altered::none(original), original).await?;
    }
    Ok(())
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
