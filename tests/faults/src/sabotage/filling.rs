//! A real system, used until its log has entries of every producer, several organizations, apps, keys and consents.

use anyhow::Context as _;
use futures::future::join_all;
use journeys::people::{Account, App, Key, Operator, Organization, RETAIL_MEDIA};
use journeys::program;
use journeys::system::System;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use stage::{Client, eventually};
use translog::{Checkpoint, Note};

use crate::random::Random;

/// Every batch is signed and served at once, so that there is always something newer to verify.
const SETTINGS: &str =
    "[audit]\ncheckpoint_seconds = 0\n[directory.passwords]\nmemory_kib = 64\npasses = 1\n";

/// So many entries an organization: what its people do, and its apps' tokens.
const ENTRIES_AN_ORGANIZATION: u64 = 150;
/// So many ask for tokens at the same time.
const AT_ONCE: usize = 16;

/// A system that is in use.
#[derive(Debug)]
pub struct Filled {
    /// The system.
    pub system: System,
    operator: Operator,
    keys: Vec<Key>,
    apps: Vec<App>,
}

impl Filled {
    /// A system whose log has at least so many entries.
    ///
    /// # Errors
    /// When the log does not answer.
    ///
    /// # Panics
    /// When the system does not do as it should.
    pub async fn with(entries: u64) -> anyhow::Result<Self> {
        let system = System::configured(SETTINGS).await;
        let operator = system.operator();
        let mut filled = Self { system, operator, keys: Vec::new(), apps: Vec::new() };
        let organizations = (entries / ENTRIES_AN_ORGANIZATION).max(3);
        for number in 0..organizations {
            filled.organization(number).await;
        }
        while filled.size().await? < entries {
            let anyone = filled.system.anonymous();
            let keys = filled.keys.iter().cycle().take(filled.keys.len().max(AT_ONCE * 8));
            for keys in keys.collect::<Vec<_>>().chunks(AT_ONCE) {
                join_all(keys.iter().map(|key| key.token(&anyone))).await;
            }
        }
        filled.write_manifests().await;
        Ok(filled)
    }

    /// An organization's beginnings: apps, keys, and consents that are given, denied and revoked.
    async fn organization(&mut self, number: u64) {
        let organization = self.operator.organization().await;
        let developer = &organization.developer;
        let account = self.operator.account(RETAIL_MEDIA, &["admin", "viewer"]).await;
        let app = developer.active_app(&organization, RETAIL_MEDIA).await;
        self.keys.extend([developer.key(&app).await, developer.key(&app).await]);
        consents(&organization, &account, &app).await;
        let ended = developer.key(&app).await;
        let path = format!("/v1/keys/{}?now=true", ended.client_id);
        developer.delete(&path).await.expect(200);
        ended.ask(&self.operator).await.expect(401);
        // Refused, which is recorded by whom it was asked of.
        let entries = developer.get("/audit/log/tile/entries/000.p/1").await;
        entries.expect(403);
        self.subscriber(&organization, number);
        self.apps.push(app);
    }

    /// A system outside reads the organization's events.
    fn subscriber(&self, organization: &Organization, number: u64) {
        let (file, name) = (self.system.servers.file(), format!("billing-{number}"));
        let mut add = vec!["subscribers", "add", &name, "--config", &file];
        add.extend(["--organization", &organization.id, "--events", "consent.granted"]);
        program::run(&add).succeeded();
    }

    /// Something more happens: mostly a token is issued, now and then an app is suspended and goes on.
    ///
    /// # Panics
    /// When the system does not do as it should.
    pub async fn append(&self, random: &mut Random) {
        if random.once_in(8)
            && let Some(app) = random.pick(&self.apps)
        {
            for act in ["suspend", "resume"] {
                let path = format!("/v1/apps/{}/{act}", app.id);
                self.operator.act(&path).await.expect(200);
            }
        }
        if random.once_in(16) {
            self.write_manifests().await;
        }
        if let Some(key) = random.pick(&self.keys) {
            // Its app may be suspended just now, which is recorded as well.
            key.ask(&self.system.anonymous()).await;
        }
    }

    /// Another organization comes, with an app: streams that were not there before.
    ///
    /// # Panics
    /// When the system does not do as it should.
    pub async fn newcomer(&self) {
        let organization = self.operator.organization().await;
        organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    }

    /// Every service lists what it has recorded.
    ///
    /// # Panics
    /// When the system does not do as it should.
    pub async fn write_manifests(&self) {
        self.operator.post("/v1/manifests", json!({})).await.expect(200);
    }

    /// How many entries the checkpoint covers that is served now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn size(&self) -> anyhow::Result<u64> {
        let anyone = self.system.anonymous();
        let note = eventually("there is a checkpoint", async || {
            let answer = anyone.get("/audit/log/checkpoint").await;
            if answer.status == 200 { Ok(answer.body) } else { Err(answer.text()) }
        });
        let checkpoint: Checkpoint = Note::parse(&note.await)?.text().parse()?;
        Ok(checkpoint.size)
    }

    /// The log's key.
    pub async fn key(&self) -> String {
        self.system.anonymous().get("/audit/log/key").await.expect(200).text().trim().to_owned()
    }

    /// An operator's token.
    ///
    /// # Errors
    /// When there is none.
    pub fn token(&self) -> anyhow::Result<String> {
        let operator: &Client = &self.operator;
        let header = operator.authorization().context("an operator has a token")?;
        Ok(header.trim_start_matches("Bearer ").to_owned())
    }

    /// Waits until all lists of manifests are kept with the log, and stops the system.
    ///
    /// # Errors
    /// When the log cannot be read.
    ///
    /// # Panics
    /// When it does not stop in order.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let mut database = PgConnection::connect(&self.system.servers.database.url).await?;
        let sql = "SELECT (SELECT count(*) FROM audit.entries WHERE stream_kind = 'manifest')
             - (SELECT count(*) FROM audit.manifest_lists)";
        eventually("every list is here", async || {
            let missing: i64 = sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap_or(-1);
            if missing == 0 { Ok(()) } else { Err(format!("{missing} are not")) }
        })
        .await;
        database.close().await?;
        self.system.stop_processes().await;
        Ok(())
    }
}

/// One consent is given and revoked, one is given, one is denied, and one link is not used.
async fn consents(organization: &Organization, account: &Account, app: &App) {
    let (developer, admin) = (&organization.developer, account.admin());
    for revoked in [true, false] {
        let link = developer.link(app).await;
        admin.open(&link).await.expect(200);
        admin.approve(&link, &[&account.id]).await.expect(200);
        if revoked {
            let grants = admin.get("/v1/grants").await.expect(200).json;
            let grant = grants["items"][0]["id"].as_str().expect("there is a grant");
            admin.delete(&format!("/v1/grants/{grant}")).await.expect(204);
        }
    }
    let denied = developer.link(app).await;
    admin.open(&denied).await.expect(200);
    admin.deny(&denied).await.expect(200);
    developer.link(app).await;
}
