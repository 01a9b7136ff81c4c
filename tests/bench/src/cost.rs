//! Where the time goes: the CPU that each process spends while a load runs, per answer.
//!
//! All of the system and the load share the cores, so what one answer costs in CPU is what bounds
//! how many there are in a second.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;
use sqlx::Row as _;

use crate::stage::{Server, Stage};

/// CPU seconds by process.
type Spent = BTreeMap<u32, f64>;

/// Counts while a load runs.
pub(crate) struct Meter {
    before: Spent,
}

/// What one answer costs.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Cost {
    /// Whose work it is.
    pub(crate) part: String,
    /// CPU microseconds.
    pub(crate) micros: f64,
}

impl Meter {
    /// Begins to count.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Ok(Self { before: spent()? })
    }

    /// What each of these processes has spent per answer. Those that spent next to nothing are left out.
    pub(crate) fn stop(
        &self,
        parts: &BTreeMap<u32, String>,
        answers: usize,
    ) -> anyhow::Result<Vec<Cost>> {
        let mut by_part: BTreeMap<&str, f64> = BTreeMap::new();
        for (pid, after) in spent()? {
            if let Some(part) = parts.get(&pid) {
                let before = self.before.get(&pid).copied().unwrap_or(0.0);
                *by_part.entry(part).or_default() += after - before;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let each = 1e6 / answers as f64;
        let costs = by_part
            .into_iter()
            .map(|(part, seconds)| Cost { part: part.to_owned(), micros: seconds * each });
        let mut costs: Vec<Cost> = costs.filter(|cost| cost.micros >= 0.1).collect();
        costs.sort_by(|a, b| b.micros.total_cmp(&a.micros));
        Ok(costs)
    }
}

/// All of these.
pub(crate) fn sum(costs: &[Cost]) -> f64 {
    costs.iter().map(|cost| cost.micros).sum()
}

/// Whose work is counted.
pub(crate) enum Parts<'s> {
    /// That of the whole system.
    System(&'s Stage),
    /// That of one server.
    Server(&'s Server),
    /// That of one server in the place of the services.
    Instead(&'s Stage, &'s Server),
}

impl Parts<'_> {
    /// The processes, and what they are.
    pub(crate) async fn find(&self) -> anyhow::Result<BTreeMap<u32, String>> {
        let mut parts = match self {
            Self::System(stage) => system(stage).await?,
            Self::Instead(stage, server) => {
                let mut parts = system(stage).await?;
                parts.insert(server.pid(), "the least".to_owned());
                parts
            }
            Self::Server(server) => BTreeMap::from([(server.pid(), "the limit".to_owned())]),
        };
        parts.insert(std::process::id(), "the load".to_owned());
        Ok(parts)
    }
}

async fn system(stage: &Stage) -> anyhow::Result<BTreeMap<u32, String>> {
    let mut parts = stage.processes();
    let postmaster = stage.postgres_pid().context("PostgreSQL runs")?;
    for pid in children(postmaster)? {
        parts.insert(pid, "PostgreSQL: its writers".to_owned());
    }
    let backends = sqlx::query(
        "SELECT pid, application_name FROM pg_stat_activity WHERE backend_type = 'client backend'",
    );
    for backend in backends.fetch_all(&stage.pool).await? {
        let (pid, name): (i32, String) = (backend.get(0), backend.get(1));
        let whose = name.strip_prefix("mandate-").unwrap_or("this program");
        parts.insert(u32::try_from(pid)?, format!("PostgreSQL for {whose}"));
    }
    Ok(parts)
}

/// What every process of the machine has spent so far.
fn spent() -> anyhow::Result<Spent> {
    let processes = processes()?;
    Ok(processes.into_iter().map(|process| (process.pid, process.seconds)).collect())
}

fn children(parent: u32) -> anyhow::Result<Vec<u32>> {
    let processes = processes()?.into_iter();
    let children = processes.filter(|process| process.parent == parent);
    Ok(children.map(|process| process.pid).collect())
}

struct Process {
    pid: u32,
    parent: u32,
    seconds: f64,
}

fn processes() -> anyhow::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc").context("the cost of a load is read from Linux's /proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that has just ended has no line.
        let line = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        processes.extend(process(pid, &line));
    }
    Ok(processes)
}

/// Reads a line of `/proc/<pid>/stat` (proc_pid_stat(5)).
fn process(pid: u32, line: &str) -> Option<Process> {
    // The name is in parentheses and may have any character in it.
    let (_, fields) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    // Of the system's clock, which has 100 ticks in a second on every Linux.
    let seconds = (ticks(11)? + ticks(12)?) / 100.0;
    Some(Process { pid, parent: fields.get(1)?.parse().ok()?, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_name() {
        let line = "7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 9 1 1";
        let process = process(7, line).unwrap();
        assert_eq!((process.pid, process.parent), (7, 3));
        assert!((process.seconds - 2.0).abs() < 1e-9);
    }
}
