//! What measurements of the log need of the stage.

use std::time::Instant;

use anyhow::{Context, ensure};
use async_nats::jetstream::consumer;
use contract::manifest::MOST_EVENTS;
use eventstore::transport::EVENTS;
use futures::TryStreamExt as _;
use stage::{Addresses, Client};
use uuid::Uuid;

use super::{PATIENCE, Stage};

impl Stage {
    /// Waits until all that follow events, but for the log, have dealt with what there is, and what archived apps had has
    /// ended: they would take their share of the machine from it.
    pub(crate) async fn until_followed(&self) -> anyhow::Result<()> {
        let jetstream = async_nats::jetstream::new(self.nats_client().await);
        let events = jetstream.get_stream(EVENTS).await?;
        let began = Instant::now();
        loop {
            let consumers: Vec<consumer::Info> = events.consumers().try_collect().await?;
            let waiting = |info: &consumer::Info| info.num_pending + info.num_ack_pending as u64;
            let ends: i64 = sqlx::query_scalar("SELECT count(*) FROM consent_broker.app_endings")
                .fetch_one(&self.pool)
                .await?;
            if consumers.iter().map(waiting).sum::<u64>() == 0 && ends == 0 {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "events are still followed");
            self.pause().await;
        }
    }

    /// After the log was filled by SQL: its tree gets all of it, as that of a log that is older than its tree does.
    pub(crate) async fn grow_tree(&mut self) -> anyhow::Result<()> {
        self.stop_audit().await?;
        self.start_audit()?;
        let began = Instant::now();
        loop {
            let behind: i64 = sqlx::query_scalar("SELECT size - tree_size FROM audit.head")
                .fetch_one(&self.pool)
                .await?;
            if behind == 0 {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "{behind} entries are still not in the tree");
            self.pause().await;
        }
    }

    /// After the log was filled by SQL: the key issuer has told of these tokens in manifests, as it does while they are
    /// issued, and audit keeps the lists.
    pub(crate) async fn until_listed(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let is_listed: bool = sqlx::query_scalar(
                "SELECT coalesce(max(up_to_seq), 0) + $1 > (SELECT max(seq) FROM key_issuer.events)
                     AND count(*) = (SELECT count(*) FROM audit.manifest_lists WHERE service = 'key-issuer')
                 FROM key_issuer.manifests",
            )
            .bind(i64::from(MOST_EVENTS))
            .fetch_one(&self.pool)
            .await?;
            if is_listed {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "not all tokens are in manifests that audit has");
            self.pause().await;
        }
    }

    /// The bytes that audit's process holds in memory.
    pub(crate) fn audit_memory(&self) -> anyhow::Result<u64> {
        let pid = self.audit.as_ref().context("audit was stopped")?.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|rest| rest.trim().strip_suffix(" kB"));
        Ok(kilobytes.context("Linux tells VmRSS")?.trim().parse::<u64>()? * 1024)
    }

    /// The app, after it got a token, whose record is in the log.
    pub(crate) async fn token_app(&self) -> anyhow::Result<String> {
        let address = Addresses::One(format!("http://{}", self.address));
        let client = Client::anonymous(address);
        let own = client.with_password(&self.client_id, &self.client_secret);
        own.form("/oauth2/token", &[("grant_type", "client_credentials")]).await.expect(200);
        self.until_audited().await?;
        let app: Option<Uuid> = sqlx::query_scalar(
            "SELECT app_id FROM audit.entries WHERE type = 'mandate.token.issued.v1' ORDER BY position DESC LIMIT 1",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(app.context("a token is an app's")?.to_string())
    }
}
