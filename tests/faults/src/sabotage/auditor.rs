//! The auditor, who has the log's key from elsewhere, and verifies by `mandate verify`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Parser as _;
use journeys::program;
use serde_json::Value;
use tempfile::TempDir;

/// The command line.
#[derive(Debug, clap::Parser)]
struct Command {
    #[command(flatten)]
    arguments: verifier::Arguments,
}

/// Somebody who trusts the key alone.
#[derive(Debug)]
pub struct Auditor {
    key: String,
    folder: TempDir,
}

/// A checkpoint that was kept, with the hashes beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub file: PathBuf,
    /// How many entries it covers.
    pub size: u64,
    /// When it was kept.
    pub at: DateTime<Utc>,
}

/// What verifying said.
#[derive(Debug)]
pub struct Verdict(Value);

impl Auditor {
    /// Somebody who was given this key.
    ///
    /// # Errors
    /// When they can keep nothing.
    pub fn with_key(key: &str) -> anyhow::Result<Self> {
        Ok(Self { key: key.to_owned(), folder: tempfile::tempdir()? })
    }

    /// A file of the auditor's own, where nobody else writes.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Verifies the log at this place, against what was kept.
    ///
    /// # Errors
    /// When it is not said what came out.
    pub fn verify(&self, place: &[&str], kept: Option<&Path>) -> anyhow::Result<Verdict> {
        let kept = kept.map(path).transpose()?;
        let kept = kept.map(|kept| vec!["--checkpoint", kept]).unwrap_or_default();
        self.run(&[place, &kept[..]].concat())
    }

    /// The same, and keeps the checkpoint when all is well.
    ///
    /// # Errors
    /// The same.
    pub fn verify_and_keep(
        &self,
        place: &[&str],
        kept: Option<&Path>,
        keep: &Path,
    ) -> anyhow::Result<Verdict> {
        self.verify(&[place, &["--keep", path(keep)?][..]].concat(), kept)
    }

    /// The same with the index of this database, by the program itself: it brings what reads that.
    ///
    /// # Errors
    /// The same.
    pub fn verify_with_index(&self, folder: &Path, database_url: &str) -> anyhow::Result<Verdict> {
        let of_log = ["verify", "--json", "--key", &self.key, "--folder", path(folder)?];
        let output = program::run(&[&of_log[..], &["--database-url", database_url]].concat());
        let said = serde_json::from_str(&output.stdout);
        Ok(Verdict(said.with_context(|| output.stderr)?))
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Verdict> {
        let all = [&["verify", "--json", "--key", self.key.as_str()][..], arguments].concat();
        let command = Command::try_parse_from(all)?;
        let mut said = Vec::new();
        verifier::run(&command.arguments, None, &mut said, None)?;
        Ok(Verdict(serde_json::from_slice(&said)?))
    }
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path of ours is UTF-8")
}

impl Verdict {
    /// The exit code.
    pub fn exit_code(&self) -> Option<u64> {
        self.0["exit_code"].as_u64()
    }

    /// How many entries the checkpoint covers.
    pub fn size(&self) -> Option<u64> {
        self.0["checkpoint"]["size"].as_u64()
    }

    /// Whether this check passed.
    pub fn passed(&self, check: &str) -> bool {
        self.check(check).is_some_and(|it| it["outcome"] == "passed")
    }

    /// What this check found.
    pub fn failures(&self, check: &str) -> &[Value] {
        let failures = self.check(check).and_then(|it| it["failures"].as_array());
        failures.map_or(&[], Vec::as_slice)
    }

    /// How much more it found than it lists.
    pub fn left_out(&self, check: &str) -> u64 {
        self.check(check).and_then(|it| it["failures_left_out"].as_u64()).unwrap_or_default()
    }

    /// All that was said.
    pub fn text(&self) -> String {
        format!("{:#}", self.0)
    }

    fn check(&self, name: &str) -> Option<&Value> {
        self.0["checks"].as_array()?.iter().find(|check| check["check"] == name)
    }
}
