//! The auditor, who comes after every round with the checkpoint that they kept at the last one, and verifies the
//! whole log of every replica with the program that auditors have.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::stage::Stage;

/// Who verifies the log.
#[derive(Debug)]
pub(crate) struct Auditor {
    program: PathBuf,
    token: PathBuf,
    kept: PathBuf,
    /// As it was named before anything broke.
    key: Option<String>,
}

impl Auditor {
    /// Somebody with this token, who keeps what they keep in this folder.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub(crate) fn new(program: &Path, folder: &Path, token: &str) -> anyhow::Result<Self> {
        let file = folder.join("auditor.token");
        std::fs::write(&file, token).with_context(|| file.display().to_string())?;
        let kept = folder.join("auditor.checkpoint");
        if kept.exists() {
            std::fs::remove_file(&kept).context("the checkpoint of another run")?;
        }
        Ok(Self { program: program.to_owned(), token: file, kept, key: None })
    }

    /// Verifies the log of each replica from the checkpoint that was kept, and keeps the new one: what is wrong, as
    /// the program says it. A replica that contradicts another contradicts what was kept of that.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(crate) async fn verify(&mut self, stage: &Stage) -> anyhow::Result<Vec<String>> {
        let mut wrongs = Vec::new();
        for addresses in stage.fleet.all() {
            let address = addresses.of("/audit/log/key");
            if self.key.is_none() {
                self.key = Some(self.named(address).await?);
            }
            let verified = self.run(address).await?;
            if !verified.status.success() {
                wrongs.push(format!(
                    "an auditor who verifies the log of {address} is told ({}):\n{}{}",
                    verified.status,
                    String::from_utf8_lossy(&verified.stdout),
                    String::from_utf8_lossy(&verified.stderr)
                ));
            }
        }
        Ok(wrongs)
    }

    async fn run(&self, address: &str) -> anyhow::Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(["verify", "--server", address, "--token-file"]).arg(&self.token);
        command.args(self.key.iter().flat_map(|key| ["--key", key]));
        command.arg("--keep").arg(&self.kept);
        if self.kept.exists() {
            command.arg("--checkpoint").arg(&self.kept);
        }
        command
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| self.program.display().to_string())
    }

    /// The key that the log names.
    async fn named(&self, address: &str) -> anyhow::Result<String> {
        let token = std::fs::read_to_string(&self.token)?;
        let url = format!("{address}/audit/log/key");
        let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await?;
        ensure!(answer.status().is_success(), "the log's key: {}", answer.status());
        Ok(answer.text().await?.trim().to_owned())
    }
}
