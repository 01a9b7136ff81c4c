//! Clean runs: the system goes on, the auditor verifies it again and again, each time against what was kept before.

use std::path::PathBuf;
use std::sync::Arc;

use crate::random::Random;
use anyhow::{Context as _, ensure};
use contract::Environment;
use stage::eventually;

use super::auditor::{Auditor, Kept, Verdict};
use super::filling::Filled;

/// So many checkpoints are kept for good, spread over the runs.
const KEPT: usize = 8;

/// What came of the clean runs.
#[derive(Debug)]
pub struct Clean {
    /// How many there were.
    pub runs: usize,
    /// The checkpoints that were kept, the last one last.
    pub kept: Vec<Kept>,
}

/// Where the auditor reads.
#[derive(Debug, Clone)]
struct Server {
    url: String,
    token_file: String,
}

/// Verifies so many times, while the log grows.
///
/// # Errors
/// When an alarm is raised.
///
/// # Panics
/// When the system does not do as it should.
pub async fn verify_while_it_grows(
    filled: &Filled,
    auditor: &Arc<Auditor>,
    runs: usize,
    random: &mut Random,
) -> anyhow::Result<Clean> {
    let token_file = auditor.file("token");
    std::fs::write(&token_file, filled.token()?)?;
    let server = Server {
        url: filled.system.addresses().of("/audit/log").to_owned(),
        token_file: token_file.to_str().context("a path of ours is UTF-8")?.to_owned(),
    };
    let mut kept: Vec<Kept> = Vec::new();
    let mut last: Option<Kept> = None;
    for run in 0..runs.max(1) {
        let before = last.as_ref().map_or(0, |last| last.size);
        filled.append(random).await;
        eventually("the log has grown", async || {
            let size = filled.size().await.unwrap_or_default();
            if size > before { Ok(()) } else { Err(format!("{size} entries")) }
        })
        .await;
        let keep = auditor.file(&format!("kept-{run}"));
        let from = last.as_ref().map(|last| last.file.clone());
        // And while it is being read.
        let (verdict, ()) = tokio::join!(
            verify(Arc::clone(auditor), server.clone(), from, keep.clone()),
            filled.append(random)
        );
        let verdict = verdict?;
        let size = verdict.size().filter(|_| verdict.exit_code() == Some(0));
        let size = size.with_context(|| format!("clean run {run}: {}", verdict.text()))?;
        ensure!(size > before, "clean run {run}: {size} entries, and there were {before}");
        let now = Kept { file: keep, size, at: Environment::system().now() };
        if run.is_multiple_of(runs.div_ceil(KEPT).max(1)) {
            kept.push(now.clone());
        }
        if let Some(last) = last.filter(|last| !kept.contains(last)) {
            forget(&last)?;
        }
        last = Some(now);
    }
    kept.extend(last.filter(|last| !kept.contains(last)));
    Ok(Clean { runs: runs.max(1), kept })
}

async fn verify(
    auditor: Arc<Auditor>,
    server: Server,
    from: Option<PathBuf>,
    keep: PathBuf,
) -> anyhow::Result<Verdict> {
    let verify = move || {
        let place = ["--server", &server.url, "--token-file", &server.token_file];
        auditor.verify_and_keep(&place, from.as_deref(), &keep)
    };
    tokio::task::spawn_blocking(verify).await?
}

/// What was kept and is not needed any more.
fn forget(Kept { file, .. }: &Kept) -> anyhow::Result<()> {
    let beside = file.with_file_name(format!(
        "{}.hashes",
        file.file_name().and_then(|name| name.to_str()).context("a name of ours is UTF-8")?
    ));
    std::fs::remove_file(beside)?;
    Ok(std::fs::remove_file(file)?)
}
