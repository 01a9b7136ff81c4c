//! `cargo xtask sabotage`: many rounds of sabotage and many clean runs, printed as a table and written to
//! `target/sabotage.json`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use faults::random::Random;
use faults::sabotage::run::Plan;

/// Sabotages a log as whoever owns every database and holds its key, and has an auditor look for it.
#[derive(Debug, Parser)]
#[command(name = "sabotage")]
struct Arguments {
    /// How many rounds.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// What repeats the choices of a run; another each time, if left out.
    #[arg(long)]
    seed: Option<u64>,
    /// How often the log is verified while it grows and nothing is done to it.
    #[arg(long, default_value_t = 1000)]
    clean: usize,
    /// How many entries the log has at least.
    #[arg(long, default_value_t = 3000)]
    entries: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sabotage: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let seed = arguments.seed.unwrap_or_else(any_seed);
    println!("seed {seed}");
    let plan = Plan {
        seed,
        entries: arguments.entries,
        clean: arguments.clean,
        uncovered: arguments.entries / 10,
        rounds: arguments.rounds,
    };
    let report = plan
        .run(|number, round| println!("{number:4}. {:?}: {:?}", round.kind, round.found))
        .await?;
    println!("\n{report}");
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).context("a program is in target/debug")?;
    let file = target.join("sabotage.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&report)?)?;
    println!("Written to {}", file.display());
    Ok(())
}

fn any_seed() -> u64 {
    let bytes = contract::Environment::system().bytes::<4>();
    Random::new(u32::from_be_bytes(bytes).into()).number() % 1_000_000
}
