//! `cargo xtask`: the project's chores.
//!
//! Everything that is generated and committed has a command here that makes it, and the same
//! command with `--check` fails when the committed file is not what would be made.

mod bench;
mod budgets;
mod ci;
mod circles;
mod cold_build;
mod committed;
mod deny;
mod documentation;
mod faults;
mod fixture;
mod generated;
mod guarantees;
mod packages;
mod process;
mod queries;
mod rooms;
mod sabotage;
mod screenshots;
mod source;
mod test;
mod unused;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run all tests, on servers that are found or fetched and started for it.
    Test {
        /// Leave out the tests in a browser, the only ones that need more than Rust and pip.
        #[arg(long)]
        without_browser: bool,
        /// Handed to `cargo test`; with `--package` only that package is tested.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Regenerate `.sqlx/`, what compile-time checked queries need without a database.
    Sqlx(Mode),
    /// Regenerate `docs/events/`, the JSON Schemas of all events.
    Schemas(Mode),
    /// Regenerate `docs/openapi.json`, the description of the HTTP API.
    Openapi(Mode),
    /// Check licences, banned crates and sources of all dependencies.
    Deny,
    /// Measure the system beside its limits, in one run; prints a table of ratios.
    Bench {
        /// Handed to the program: `--seconds 30`, `--only tokens`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build `mandate` as on a machine where nothing is built yet; prints how long, and which crates took longest.
    ColdBuild,
    /// Take pictures of the portal's pages, and check each by machine.
    Screenshots {
        /// Handed to the program: `--only consent_request`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Break what can break under load, and check that nothing is lost and nothing doubled.
    Faults {
        /// Handed to the program: `--rounds 20`, `--seed 7`, `--cluster`, `--only kill-postgres`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Sabotage a log as whoever owns every database and holds its key, and check that an auditor finds it.
    Sabotage {
        /// Handed to the program: `--rounds 200`, `--seed 7`, `--clean 1000`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Write the database of this version down, for later versions to come up on.
    Fixture {
        /// What it shall be called: `tests/fixtures/<name>`.
        name: String,
    },
    /// Check what the compiler does not hold.
    Check {
        /// What to check.
        what: Check,
    },
    /// Everything that continuous integration runs.
    Ci {
        /// Seconds that went before, for the budget of the whole.
        #[arg(long, default_value_t = 0)]
        spent: u64,
        /// Also build `mandate` for release as on a machine where nothing is built yet, for that budget.
        #[arg(long)]
        cold_build: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Check {
    /// No crate's files import each other in a circle.
    Circles,
    /// No file of production code is over 400 lines.
    Rooms,
    /// Each public item of a library is named by another crate or a test.
    Unused,
    /// The documentation of the code has no broken link.
    Documentation,
    /// Each command of docs/guarantees.md finds a test.
    Guarantees,
}

impl Check {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Circles => circles::run(),
            Self::Rooms => rooms::run(),
            Self::Unused => unused::run(),
            Self::Documentation => documentation::run(),
            Self::Guarantees => guarantees::run(),
        }
    }
}

#[derive(clap::Args, Clone, Copy)]
struct Mode {
    /// Change nothing; fail when the committed files are not what would be made.
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test { without_browser, arguments } => test::run(&arguments, !without_browser).await,
        Chore::Sqlx(mode) => queries::run(mode.check).await,
        Chore::Schemas(mode) => generated::schemas(mode.check),
        Chore::Openapi(mode) => generated::openapi(mode.check),
        Chore::Deny => deny::run(),
        Chore::Bench { arguments } => bench::run(&arguments),
        Chore::ColdBuild => cold_build::run().map(|_| ()),
        Chore::Faults { arguments } => faults::run(&arguments),
        Chore::Sabotage { arguments } => sabotage::run(&arguments),
        Chore::Screenshots { arguments } => screenshots::run(&arguments),
        Chore::Fixture { name } => fixture::run(&name),
        Chore::Check { what } => what.run(),
        Chore::Ci { spent, cold_build } => ci::run(Duration::from_secs(spent), cold_build).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            // A failed command has its exit code passed on.
            error
                .downcast_ref::<process::Failed>()
                .and_then(process::Failed::code)
                .map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}
