//! The disks below PostgreSQL and NATS: filled by a fault, and freed by the healing as an operator does it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use local_servers::{Nats, Postgres, PostgresOptions};
use sqlx::PgPool;

use crate::disk::Disk;

/// How often it is looked whether PostgreSQL writes again.
const LOOK: Duration = Duration::from_millis(100);

/// How long it may take.
const RECOVERY: Duration = Duration::from_mins(2);

/// How PostgreSQL is kept, on these disks or on the machine's.
pub(crate) fn postgres_options(disks: Option<&Disks>) -> anyhow::Result<PostgresOptions> {
    // Durable: what is acknowledged must survive a kill.
    let mut options = PostgresOptions { durable: true, ..PostgresOptions::throwaway()? };
    if let Some(disks) = disks {
        options.data_dir = disks.postgres.path().join("postgres");
        options = options.with("max_wal_size", "128MB").with("min_wal_size", "32MB");
    }
    Ok(options.with("max_connections", "400"))
}

/// Disks that can be filled.
#[derive(Debug)]
pub(crate) struct Disks {
    postgres: Disk,
    nats: Disk,
}

impl Disks {
    pub(crate) fn mount() -> anyhow::Result<Self> {
        Ok(Self { postgres: Disk::mount(640)?, nats: Disk::mount(256)? })
    }

    /// Where NATS has its data.
    pub(crate) fn of_nats(&self) -> PathBuf {
        self.nats.path().join("nats")
    }

    /// Takes all the room on the disk of PostgreSQL, or of NATS.
    pub(crate) fn fill(&self, of_postgres: bool) -> anyhow::Result<()> {
        if of_postgres { self.postgres.fill() } else { self.nats.fill() }
    }

    /// Gives the room back. NATS must be restarted then (docs/operating.md); PostgreSQL where it ended for it.
    pub(crate) async fn free(
        &self,
        postgres: &mut Postgres,
        nats: &mut [Nats],
        pool: &PgPool,
    ) -> anyhow::Result<()> {
        if self.nats.free()? {
            for server in nats {
                server.restart().await?;
            }
        }
        if self.postgres.free()? {
            tokio::time::timeout(RECOVERY, until_it_writes(postgres, pool))
                .await
                .context("PostgreSQL does not write again")??;
        }
        Ok(())
    }
}

async fn until_it_writes(postgres: &mut Postgres, pool: &PgPool) -> anyhow::Result<()> {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        // It may be about to end for what it could not write.
        postgres.start_if_ended().await?;
        let written = sqlx::query("CREATE TEMP TABLE IF NOT EXISTS room ()").execute(pool).await;
        if written.is_ok() {
            return Ok(());
        }
    }
}
