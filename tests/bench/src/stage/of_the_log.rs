//! What measurements of the log need of the stage.

use std::time::Instant;

use anyhow::{Context, ensure};
use stage::{Addresses, Client};

use super::{PATIENCE, Stage};

impl Stage {
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
        let own = client.clone().with_password(&self.client_id, &self.client_secret);
        own.form("/oauth2/token", &[("grant_type", "client_credentials")]).await.expect(200);
        let apps = client.with_token(&self.developer_token).get("/v1/apps").await.expect(200);
        let app = apps.json["items"][0]["id"].as_str().context("there is an app")?.to_owned();
        self.until_audited().await?;
        Ok(app)
    }
}
