//! `cargo xtask bench`: what the system does in a second, beside what the machine could.
//!
//! Figures of one machine say little; so each measurement stands beside its limit, taken in the
//! same run on the same servers, and the ratio is what counts. No test depends on it. Where the time
//! goes ([`cost`]) stands below the table.
//!
//! * [`tokens`]: tokens per second against a bare handler that hashes and signs the same. How near to it
//!   a durable record lets anyone come is measured as well: [`least`].
//! * [`apps`]: app creations per second against single-row inserts of the same bytes.
//! * [`ingestion`]: events per second into the audit log against multi-row inserts of the same rows.
//! * [`audit`]: from a commit to a signed checkpoint that covers its event, at 500 events per second ([`checkpoint`]); the
//!   proof of one event beside ten thousand entries and beside a million.
//! * [`receipt`]: from a command's commit to a subscriber's receipt, at 500 events per second.
//! * [`as_users`]: tokens of `mandate up`, by somebody else's load, beside somebody else's server.
//! * [`consent_approval`]: 5,000 accounts approved at once against the same rows copied in.
//! * [`consent_expiry`]: 100,000 grants that end at once, and tokens meanwhile.
//! * [`pages`]: what each page of the portal takes the server.
//! * [`history`]: every question of the log, every list, a proof, a command and a token, beside five million entries
//!   and beside fifty thousand.
//! * [`verify`]: entries per second that an auditor verifies against their hashing alone.

mod apps;
mod as_users;
mod audit;
mod checkpoint;
mod consent_approval;
mod consent_expiry;
mod cost;
mod filling;
mod history;
mod ingestion;
mod least;
mod least_checkpoint;
mod limit;
mod load;
mod pages;
mod receipt;
mod report;
mod stage;
mod tokens;
mod verify;
mod wrk;

use std::time::Duration;

use clap::Parser;

use crate::report::Report;
use crate::stage::Stage;

/// The services' own allocator: the limits must not be slower for another one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the system beside its limits.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// For how long each rate is measured, in seconds; what is compared, in three rounds of half of it.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many events are ingested.
    #[arg(long, default_value_t = 100_000)]
    events: usize,
    /// How many entries the log has where history is measured: first, and then.
    #[arg(long, num_args = 2, default_values_t = [50_000, 5_000_000])]
    entries: Vec<i64>,
    /// Only these: tokens, apps, ingestion, audit, receipt, consent, pages, history, verify, as-users.
    #[arg(long)]
    only: Vec<String>,
    /// The same, in fewer words.
    only_these: Vec<String>,
    /// Internal: serve the limit of the token measurement.
    #[arg(long, hide = true)]
    serve_limit: bool,
    /// Internal: and make so much of a record of each token.
    #[arg(long, hide = true)]
    record: Option<least::Rung>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.serve_limit {
        return limit::serve(arguments.record);
    }
    // The load comes from one thread, so that it takes from the servers no more than it must.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(&arguments))
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let duration = Duration::from_secs(arguments.seconds);
    let only: Vec<&String> = arguments.only.iter().chain(&arguments.only_these).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| *only == name);
    let mut report = Report::default();
    let shared = ["apps", "consent", "tokens", "receipt", "ingestion", "audit"];
    if shared.into_iter().any(wanted) {
        measure_shared(arguments, duration, wanted, &mut report).await?;
    }
    if wanted("as-users") {
        as_users::measure(arguments.seconds, &mut report)?;
    }
    if wanted("pages") {
        pages::measure(duration, &mut report).await?;
    }
    // So is what an auditor does with it.
    if wanted("verify") || wanted("audit") {
        verify::measure(arguments.events, &mut report)?;
    }
    if wanted("history") {
        let [short, long] = arguments.entries[..] else { anyhow::bail!("--entries: two numbers") };
        history::measure(duration, history::Sizes { short, long }, &mut report).await?;
    }
    report.print();
    report.write()
}

/// What is measured on one stage.
async fn measure_shared(
    arguments: &Arguments,
    duration: Duration,
    wanted: impl Fn(&str) -> bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    // First what writes least: what comes after it finds its history, and a million tokens are one.
    if wanted("apps") {
        apps::measure(&stage, duration, report).await?;
    }
    if wanted("consent") {
        consent_approval::measure(&stage, report).await?;
        consent_expiry::measure(&stage, report).await?;
    }
    if wanted("tokens") {
        tokens::measure(&stage, duration, report).await?;
    }
    if wanted("receipt") {
        receipt::measure(&stage, duration, report).await?;
    }
    // The log's ingestion is a part of it.
    if wanted("ingestion") || wanted("audit") {
        ingestion::measure(&mut stage, arguments.events, report).await?;
    }
    if wanted("audit") {
        audit::measure(&mut stage, duration, report).await?;
    }
    stage.strike().await
}
