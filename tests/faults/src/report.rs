//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// A round.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Its number, from 1.
    pub number: usize,
    /// What broke.
    pub faults: String,
    /// What exactly was done.
    pub done: String,
    /// For how long it was broken, in seconds.
    pub broken_for: f64,
    /// The longest time without an acknowledged command, of all clients, in seconds.
    pub longest_stall: f64,
    /// From the beginning of the healing to the first time when all was green, in seconds.
    pub recovered_in: f64,
    /// Commands acknowledged.
    pub acknowledged: u64,
    /// Attempts without an answer.
    pub unknown: u64,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What repeats its choices.
    pub seed: u64,
    /// The rounds.
    pub rounds: Vec<Round>,
    /// Events in the end, of all services.
    pub events: usize,
}

/// A kind of fault.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Row {
    /// How many rounds had it.
    pub rounds: usize,
    /// The worst of them, in seconds.
    pub longest_stall: f64,
    /// The worst of them, in seconds.
    pub recovered_in: f64,
}

impl Report {
    /// The worst by what broke.
    pub fn table(&self) -> BTreeMap<String, Row> {
        let mut table: BTreeMap<String, Row> = BTreeMap::new();
        for round in &self.rounds {
            let row = table.entry(round.faults.clone()).or_default();
            row.rounds += 1;
            row.longest_stall = row.longest_stall.max(round.longest_stall);
            row.recovered_in = row.recovered_in.max(round.recovered_in);
        }
        table
    }

    /// The report and its table as JSON.
    ///
    /// # Errors
    /// None: all of it is JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&serde_json::json!({ "report": self, "table": self.table() }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acknowledged: u64 = self.rounds.iter().map(|round| round.acknowledged).sum();
        let unknown: u64 = self.rounds.iter().map(|round| round.unknown).sum();
        writeln!(
            f,
            "{} rounds with seed {}: {acknowledged} commands acknowledged, {unknown} attempts without an answer, {} events; nothing lost, nothing doubled",
            self.rounds.len(),
            self.seed,
            self.events
        )?;
        let wide = self.table().keys().map(|name| name.chars().count()).max().unwrap_or(0);
        writeln!(f, "{:wide$}  rounds  longest stall  recovered in", "fault")?;
        for (name, row) in self.table() {
            let Row { rounds, longest_stall, recovered_in } = row;
            writeln!(f, "{name:wide$}  {rounds:6}  {longest_stall:11.2} s  {recovered_in:10.2} s")?;
        }
        Ok(())
    }
}

/// Seconds, for people: to the hundredth.
pub fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}
