//! What continuous integration runs, one step after the other, the quick ones first.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::{
    budgets, circles, cold_build, deny, documentation, generated, guarantees,
    process::{cargo, run as run_command},
    queries, rooms, test, unused,
};

/// `spent` went before, for the budget of the whole. `with_cold_build`: also what a newcomer waits for.
pub(crate) async fn run(spent: Duration, with_cold_build: bool) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.done("format", format());
    steps.done("circles", circles::run());
    steps.done("rooms", rooms::run());
    steps.done("unused public items", unused::run());
    steps.done("dependencies", deny::run());
    steps.done("lints", lints());
    steps.done("documentation", documentation::run());
    steps.done("queries", queries::run(true).await);
    steps.done("event schemas", generated::schemas(true));
    steps.done("API description", generated::openapi(true));
    let mut cold = None;
    if with_cold_build {
        steps.done("cold release build", cold_build::run().map(|taken| cold = Some(taken)));
    }
    let tests = steps.done("tests", test::run(&[], true).await);
    // After the tests, whose programs it asks.
    steps.done("guarantees", guarantees::run());
    let whole = steps.report();
    budgets::print(cold, tests, spent + whole)?;
    steps.verdict()
}

fn format() -> anyhow::Result<()> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> anyhow::Result<()> {
    run_command(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

/// The steps so far, with the time each took. A failed one does not keep the next from running:
/// who has to fix something wants to know of all of it.
struct Steps {
    since: Instant,
    taken: Vec<(&'static str, Duration)>,
    failed: Vec<(&'static str, anyhow::Error)>,
}

impl Default for Steps {
    fn default() -> Self {
        Self { since: Instant::now(), taken: Vec::new(), failed: Vec::new() }
    }
}

impl Steps {
    /// Says how it went, and gives the time it took.
    fn done(&mut self, name: &'static str, result: anyhow::Result<()>) -> Duration {
        let taken = self.since.elapsed();
        self.since = Instant::now();
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("== {name}: {verdict} in {:.1} s", taken.as_secs_f64());
        self.taken.push((name, taken));
        if let Err(error) = result {
            eprintln!("{error:#}");
            self.failed.push((name, error));
        }
        taken
    }

    /// Prints what took how long, and gives the sum.
    fn report(&self) -> Duration {
        for (name, taken) in &self.taken {
            println!("{:>8.1} s  {name}", taken.as_secs_f64());
        }
        let all: Duration = self.taken.iter().map(|(_, taken)| *taken).sum();
        println!("{:>8.1} s  in all", all.as_secs_f64());
        all
    }

    fn verdict(self) -> anyhow::Result<()> {
        match self.failed.into_iter().next() {
            None => Ok(()),
            Some((name, error)) => Err(error).context(format!("{name} failed")),
        }
    }
}
