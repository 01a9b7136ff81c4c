//! The table, and the same as `target/bench.json`.

use serde::Serialize;

use crate::cost::{Cost, sum};

/// All measurements of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    rows: Vec<Row>,
    costs: Vec<(String, Vec<Cost>)>,
}

/// One measurement beside its limit.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// How much of it.
    pub(crate) measured: f64,
    /// The limit of the same run, if it has one.
    pub(crate) limit: Option<f64>,
    /// `1/s` or `ms`.
    pub(crate) unit: &'static str,
    /// Measured over limit.
    pub(crate) ratio: Option<f64>,
    /// What the ratio should be (at least, where the note says nothing else), or the figure for one without a
    /// limit (at most).
    pub(crate) aim: Option<f64>,
    /// The middle latency, in milliseconds.
    pub(crate) p50_ms: Option<f64>,
    /// The latency that one in a hundred exceeds, in milliseconds.
    pub(crate) p99_ms: Option<f64>,
    /// What stands out.
    pub(crate) note: String,
}

impl Report {
    /// Adds a measurement.
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("  {}: {:.0} {}", row.what, row.measured, row.unit);
        self.rows.push(row);
    }

    /// Adds what one answer costs.
    pub(crate) fn costs(&mut self, what: &str, costs: Vec<Cost>) {
        self.costs.push((what.to_owned(), costs));
    }

    /// Prints the tables.
    pub(crate) fn print(&self) {
        println!("\nRate limits are raised to what nobody reaches: the figures are of the work.");
        println!("\n| what | measured | limit | ratio | aim | p50 ms | p99 ms | note |");
        println!("|---|---|---|---|---|---|---|---|");
        let number = |value: Option<f64>, digits: usize| {
            value.map_or(String::new(), |v| format!("{v:.digits$}"))
        };
        for row in &self.rows {
            println!(
                "| {} | {:.*} {} | {} | {} | {} | {} | {} | {} |",
                row.what,
                usize::from(row.unit == "ms"),
                row.measured,
                row.unit,
                number(row.limit, 0),
                number(row.ratio, 2),
                number(row.aim, 2),
                number(row.p50_ms, 2),
                number(row.p99_ms, 2),
                row.note,
            );
        }
        for (what, costs) in &self.costs {
            println!("\n| {what}: CPU of | µs |\n|---|---|");
            for cost in costs {
                println!("| {} | {:.1} |", cost.part, cost.micros);
            }
            println!("| **sum** | **{:.1}** |", sum(costs));
        }
    }

    /// Writes `target/bench.json`.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let executable = std::env::current_exe()?;
        let Some(target) = executable.ancestors().nth(2) else {
            anyhow::bail!("{} is not in a target folder", executable.display());
        };
        let path = target.join("bench.json");
        std::fs::write(&path, serde_json::to_vec_pretty(self)?)?;
        println!("\nWritten to {}", path.display());
        Ok(())
    }
}
