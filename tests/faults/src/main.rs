//! `cargo xtask faults`: many rounds of faults, printed as a table and written to
//! `target/faults.json`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use faults::disk;
use faults::fault::Fault;
use faults::programs::Programs;
use faults::round::Plan;
use faults::stage::Shape;
use faults::{random, skewed};

/// Breaks what can break under load, and checks that nothing is lost and nothing doubled.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many rounds.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// What repeats the choices of a run; another each time, if left out.
    #[arg(long)]
    seed: Option<u64>,
    /// How many clients play at the same time.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Three NATS in a cluster, and a process for each service.
    #[arg(long)]
    cluster: bool,
    /// Only these kinds of faults, as in the report's JSON: kill-postgres, wipe-nats …
    #[arg(long, value_parser = fault_named)]
    only: Vec<Fault>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Internal: a replica whose clock is so many seconds behind.
    #[command(hide = true)]
    ServeBehind {
        seconds: i64,
        #[arg(long)]
        listen: SocketAddr,
    },
}

fn fault_named(name: &str) -> Result<Fault, String> {
    let named = |fault: &Fault| fault.slug() == name;
    Fault::ALL
        .into_iter()
        .find(named)
        .ok_or_else(|| format!("one of {}", Fault::ALL.map(Fault::slug).join(", ")))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match begin(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Before there are threads: a namespace is a process's.
fn begin(mut arguments: Arguments) -> anyhow::Result<()> {
    if arguments.command.is_none() {
        arguments.only = chosen(&arguments);
        if arguments.only.iter().any(|fault| fault.fills_disk()) {
            disk::enter_namespace()?;
        }
    }
    tokio::runtime::Runtime::new()?.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(Command::ServeBehind { seconds, listen }) = arguments.command {
        return skewed::serve(seconds, listen).await;
    }
    let own = std::env::current_exe()?;
    let profile = own.parent().context("a program is in a folder")?;
    let seed = arguments.seed.unwrap_or_else(any_seed);
    let target = profile.parent().map_or_else(PathBuf::new, Path::to_owned);
    let plan = Plan {
        rounds: arguments.rounds,
        seed,
        clients: arguments.clients,
        shape: if arguments.cluster { Shape::Cluster } else { Shape::Single },
        faults: arguments.only,
        programs: Programs { mandate: profile.join("mandate"), faults: own.clone() },
        folder: target.join(format!("faults/{seed}")),
    };
    println!("seed {seed}, history and logs in {}", plan.folder.display());
    let report = plan
        .run(|round| {
            println!(
                "{:3}. {} ({}): {} acknowledged, {} without an answer, longest stall {:.2} s, recovered in {:.2} s",
                round.number,
                round.faults,
                round.done,
                round.acknowledged,
                round.unknown,
                round.longest_stall,
                round.recovered_in
            );
        })
        .await?;
    println!("\n{report}");
    let file = target.join("faults.json");
    std::fs::write(&file, report.json()?).with_context(|| file.display().to_string())?;
    Ok(())
}

/// What may break.
fn chosen(arguments: &Arguments) -> Vec<Fault> {
    if !arguments.only.is_empty() {
        return arguments.only.clone();
    }
    if arguments.cluster {
        return Fault::IN_A_CLUSTER.to_vec();
    }
    let mut all = Fault::ALL.to_vec();
    if !disk::can_mount() {
        println!(
            "without full disks: nothing can be mounted here, except as root or in a user namespace"
        );
        all.retain(|fault| !fault.fills_disk());
    }
    all
}

fn any_seed() -> u64 {
    let bytes = contract::Environment::system().bytes::<4>();
    random::Random::new(u32::from_be_bytes(bytes).into()).number() % 1_000_000
}
