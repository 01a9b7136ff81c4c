//! A whole run: a system is filled and verified, stopped, and sabotaged again and again, each time in a copy of its
//! database.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use contract::Environment;
use journeys::system::MASTER_KEY;
use sqlx::{Connection as _, PgConnection};

use super::altered::Altered;
use super::auditor::{Auditor, Kept};
use super::clean;
use super::deed::Kind;
use super::filling::Filled;
use super::mirror::mirror;
use super::original::Original;
use super::report::{Report, Round};
use super::rewriting;
use super::round::Stage;
use crate::random::Random;

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

impl Plan {
    /// Does it. `seen` is told of each round, as it ends.
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
        self.go_on_after(last, &filled, &mut running).await?;
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

    /// What no kept checkpoint covers: an organization and what more comes are in manifests, another is in none.
    async fn go_on_after(
        self,
        last: u64,
        filled: &Filled,
        random: &mut Random,
    ) -> anyhow::Result<()> {
        for part in 1..=2 {
            filled.newcomer().await;
            while filled.size().await? < last + self.uncovered * part / 2 {
                filled.append(random).await;
            }
            if part == 1 {
                filled.write_manifests().await;
            }
        }
        Ok(())
    }
}

impl Stage {
    /// What was served is verified once more, against everything that was kept.
    async fn set(filled: Filled, auditor: Arc<Auditor>, kept: Vec<Kept>) -> anyhow::Result<Self> {
        let stopped_at = Environment::system().now();
        let url = filled.system.servers.database.url.clone();
        let database = filled.system.servers.database.name.clone();
        let mut conn = PgConnection::connect(&url).await?;
        let original = Original::read(&mut conn, MASTER_KEY).await?;
        ensure!(!original.manifests.is_empty(), "the log has no manifests");
        let folder = tempfile::tempdir()?;
        sign_all(&mut conn, &original).await?;
        mirror(&mut conn, folder.path()).await?;
        conn.close().await?;
        let stage = Self { auditor, kept, original, folder, database, stopped_at, _filled: filled };
        for kept in &stage.kept {
            let verdict = stage.verify(stage.folder.path(), kept).await?;
            ensure!(verdict.exit_code() == Some(0), "nothing was done: {}", verdict.text());
        }
        let verdict = stage.verify_with_index(stage.folder.path(), &url).await?;
        ensure!(verdict.exit_code() == Some(0), "nothing was done: {}", verdict.text());
        Ok(stage)
    }
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
