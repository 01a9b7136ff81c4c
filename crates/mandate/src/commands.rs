//! What each command does.

use std::io::{BufRead, IsTerminal};
use std::num::NonZero;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::CommandFactory;
use contract::secret::ApiToken;
use contract::{Environment, Service};
use directory::NewOperator;
use eventstore::EventStore;
use portal::Newcomer;
use service::settings::LogSettings;
use service::telemetry;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{AddOperator, Cli, Command, Migrate, Operators, Overrides, Part, Serve, Up};
use crate::configuration::Configuration;
use crate::index::DatabaseIndex;
use crate::local::LocalServers;
use crate::migrating::migrate;
use crate::output::{note, print, say};
use crate::portal_alone::PortalAlone;
use crate::system::System;
use crate::{api, data_dir, demo, log, output, preflight, subscribers, variables};

/// How long a start may take until everything is ready.
const READY: Duration = Duration::from_mins(1);

/// So many mails `mandate up` keeps in memory where there is no mail server.
const MAILS_KEPT: usize = 100;

/// What commands on a terminal log unless the configuration says otherwise. What NATS does is told by us.
const QUIET: &str = "warn,async_nats=off";

/// Runs a command, and tells the exit code: that of `verify` says what is wrong.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let load = |flags: &Overrides| {
        let environment = variables::of_process()?;
        anyhow::Ok(Configuration::load(cli.config.as_deref(), environment, flags)?)
    };
    match cli.command {
        Command::Verify(arguments) => return verify(&arguments),
        Command::Evidence(arguments) => {
            let made = verifier::evidence::make(&arguments, &Environment::system())?;
            Ok(print(&made)?)
        }
        Command::Up(command) => {
            let mut configuration = load(&command.overrides)?;
            // On a terminal the progress of the start is what matters, not every request.
            if configuration.log == LogSettings::default() {
                QUIET.clone_into(&mut configuration.log.filter);
            }
            let given = [&configuration.database.url, &configuration.nats.url];
            let machine = if given.iter().all(|url| !url.is_empty()) {
                Machine::Own
            } else {
                Machine::Shared
            };
            start(&configuration, machine)?.block_on(up(command, configuration))
        }
        Command::Serve(command) => {
            let configuration = load(&command.overrides)?;
            start(&configuration, Machine::Own)?.block_on(serve(command, configuration))
        }
        Command::Migrate(Migrate { overrides }) => {
            let configuration = load(&overrides)?;
            start(&configuration, Machine::Own)?.block_on(migrate(&configuration))?;
            say("The database is up to date.");
            Ok(())
        }
        Command::Config(overrides) => Ok(print(&toml::to_string(&load(&overrides)?)?)?),
        Command::Operators { command: Operators::Add(command) } => {
            let configuration = load(&command.overrides)?;
            start(&configuration, Machine::Own)?.block_on(add_operator(command, &configuration))
        }
        Command::Subscribers { command } => {
            let mut configuration = load(command.overrides())?;
            if configuration.log == LogSettings::default() {
                // The server refuses a new subscriber until it knows it; that is no news.
                QUIET.clone_into(&mut configuration.log.filter);
            }
            start(&configuration, Machine::Own)?.block_on(subscribers::run(command, configuration))
        }
        Command::Log { command } => {
            let mut configuration = load(command.overrides())?;
            if configuration.log == LogSettings::default() {
                QUIET.clone_into(&mut configuration.log.filter);
            }
            start(&configuration, Machine::Own)?.block_on(log::run(command, configuration))
        }
        Command::Version => Ok(print(concat!("mandate ", env!("CARGO_PKG_VERSION"), "\n"))?),
        Command::Openapi => Ok(print(&api::text())?),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "mandate", &mut script);
            Ok(print(&String::from_utf8(script)?)?)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Verifies a log. No configuration is read: an auditor has none.
fn verify(arguments: &verifier::Arguments) -> anyhow::Result<ExitCode> {
    let mut errors = std::io::stderr();
    let is_terminal = errors.is_terminal();
    let meanwhile = verifier::Meanwhile { written_to: &mut errors, is_terminal };
    let mut index = arguments.database_url().map(DatabaseIndex::connect).transpose()?;
    let index = index.as_mut().map(|index| index as &mut dyn verifier::Index);
    Ok(ExitCode::from(verifier::run(arguments, index, &mut std::io::stdout(), Some(meanwhile))?))
}

/// Whose the processors are.
#[derive(Clone, Copy)]
enum Machine {
    /// This process's.
    Own,
    /// PostgreSQL and NATS do as much work on them. A thread that looks for work takes it from them.
    Shared,
}

fn start(
    configuration: &Configuration,
    machine: Machine,
) -> anyhow::Result<tokio::runtime::Runtime> {
    telemetry::init(&configuration.log)?;
    let threads = match (configuration.worker_threads, machine) {
        (0, Machine::Own) => available_parallelism(),
        (0, Machine::Shared) => available_parallelism().div_ceil(2),
        (set, _) => set,
    };
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?)
}

fn available_parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

async fn up(command: Up, mut configuration: Configuration) -> anyhow::Result<()> {
    let began = Instant::now();
    // From here on a signal ends the start as well, in order.
    let mut stop = Stop::listen()?;
    let folder = command.data_dir.map_or_else(data_dir::default_data_dir, Ok)?;
    let folder = std::path::absolute(folder)?;
    if folder.to_str().is_none() {
        // It stands in the servers' configuration, which is text.
        bail!(
            "the data folder {} is not UTF-8: name another one with --data-dir",
            folder.display()
        );
    }
    if !configuration.nats.url.is_empty() {
        preflight::nats(&configuration, &Service::ALL).await?;
    }
    let migrate_given = !configuration.database.url.is_empty();
    let mut servers = tokio::select! {
        servers = LocalServers::start(&folder, &mut configuration) => servers?,
        () = stop.asked() => return Ok(()),
    };
    if migrate_given {
        migrate(&configuration).await?;
    }
    // Whoever tries Mandate out reads its mails where they are made.
    configuration.directory.mail.kept_in_memory = MAILS_KEPT;
    configuration.portal.newcomer = if command.demo {
        Some(Newcomer::Demo)
    } else {
        (!operator_exists(&configuration).await?).then_some(Newcomer::Nobody)
    };
    let system =
        Box::pin(System::start(configuration.clone(), &Service::ALL, Environment::system()))
            .await?;
    let observer_url = servers.observer_url.clone();
    let running = async {
        tokio::select! {
            outcome = announce(command.demo, &folder, &system, observer_url.as_deref(), &configuration, began) => outcome?,
            () = stop.asked() => return Ok(()),
        }
        stop.asked().await;
        Ok(())
    };
    let outcome = tokio::select! {
        outcome = running => outcome,
        never = servers.look_after(&configuration, &system.stalls) => match never {},
    };
    if std::io::stderr().is_terminal() {
        note(&format!("Stopping. Data stays in {}.", folder.display()));
    }
    system.stop().await;
    servers.stop().await?;
    outcome
}

async fn announce(
    play: bool,
    folder: &std::path::Path,
    system: &System,
    observer_url: Option<&str>,
    configuration: &Configuration,
    began: Instant,
) -> anyhow::Result<()> {
    let url = format!("http://{}", system.address);
    system.wait_until_ready(READY).await?;
    tracing::info!(seconds = began.elapsed().as_secs_f32(), "ready");
    let file = folder.join("demo.json");
    let demo = if play {
        Some(demo::play_once(&file, &url, &DemoStage { folder, configuration }).await?)
    } else {
        None
    };
    say(&format!("Mandate is ready at {url}"));
    say_admin_address(system);
    match demo {
        Some(demo) => say(&demo.what_to_try(&file, observer_url)),
        None => say(&hint(folder)),
    }
    Ok(())
}

fn say_admin_address(system: &System) {
    if let Some(address) = system.admin_address {
        say(&format!("health in detail at http://{address}/readyz"));
    }
}

fn hint(folder: &std::path::Path) -> String {
    format!(
        "The API is described at /openapi.json; data is in {}. For people, an app and a token to play with, start with --demo.",
        folder.display()
    )
}

/// The installation of a `mandate up`, as the demo's stage.
struct DemoStage<'a> {
    folder: &'a std::path::Path,
    configuration: &'a Configuration,
}

impl demo::Stage for DemoStage<'_> {
    async fn has_operator(&self) -> anyhow::Result<bool> {
        operator_exists(self.configuration).await
    }

    /// What `mandate operators add` does.
    async fn first_operator(&self) -> anyhow::Result<(String, String, String)> {
        let environment = Environment::system();
        let (email, password) =
            ("operator@example.com".to_owned(), demo::new_password(&environment));
        let new = NewOperator {
            email: email.clone(),
            name: "Operator".to_owned(),
            password: Some(password.clone()),
            force: false,
        };
        let token = insert_operator(self.configuration, environment, new, |_| Ok(())).await?;
        Ok((email, password, token.reveal().to_owned()))
    }

    fn to_be_deleted(&self) -> String {
        let folder = self.folder.display();
        let Configuration { database, nats, .. } = self.configuration;
        let mut parts = vec![format!("the folder {folder}")];
        if !database.url.is_empty() {
            parts.push("the database of `database.url`, which has to be made anew,".to_owned());
        }
        if !nats.url.is_empty() {
            parts.push("the streams EVENTS and AUDIT".to_owned());
        }
        parts.join(" and ")
    }
}

async fn operator_exists(configuration: &Configuration) -> anyhow::Result<bool> {
    let settings = configuration.database_of(Service::Directory)?;
    let pool = service::connect::database(Service::Directory, &settings)?;
    let exists = directory::operator_exists(&pool).await;
    pool.close().await;
    Ok(exists?)
}

async fn insert_operator(
    configuration: &Configuration,
    environment: Environment,
    new: NewOperator,
    show: impl FnOnce(&ApiToken) -> std::io::Result<()>,
) -> anyhow::Result<ApiToken> {
    let settings = configuration.database_of(Service::Directory)?;
    let pool = service::connect::database(Service::Directory, &settings)?;
    let events = EventStore::new(Service::Directory, pool.clone(), environment);
    let added = directory::add_first_operator(&events, &configuration.directory, new, show).await;
    pool.close().await;
    let (_, token) = added?;
    Ok(token)
}

async fn serve(command: Serve, configuration: Configuration) -> anyhow::Result<()> {
    let mut stop = Stop::listen()?;
    if command.parts.contains(&Part::Portal) {
        if command.parts.len() > 1 {
            bail!(
                "`portal` is served alone, or by whoever serves all six services: leave it out, or the others"
            );
        }
        let portal = PortalAlone::start(configuration, &Environment::system()).await?;
        say(&format!("portal at http://{}", portal.address));
        stop.asked().await;
        portal.stop().await;
        return Ok(());
    }
    let services = command.parts.into_iter().filter_map(|part| match part {
        Part::Service(service) => Some(service),
        Part::Portal => None,
    });
    let mut services: Vec<_> = services.collect();
    services.sort();
    services.dedup();
    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    let (asked, asking) = (configuration.clone(), services.clone());
    let system = Box::pin(System::start(configuration, &services, Environment::system())).await?;
    // Beside the work: a NATS that does not answer is waited for, and what it refuses may be mended while it runs.
    tokio::spawn(async move {
        if let Err(error) = preflight::nats(&asked, &asking).await {
            tracing::error!("{error}");
        }
    });
    say(&format!("{} at http://{}", names.join(", "), system.address));
    say_admin_address(&system);
    stop.asked().await;
    system.stop().await;
    Ok(())
}

async fn add_operator(command: AddOperator, configuration: &Configuration) -> anyhow::Result<()> {
    let password = if command.password_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    } else {
        None
    };
    let new =
        NewOperator { email: command.email, name: command.name, password, force: command.force };
    let shown = |token: &ApiToken| output::show(&format!("{}\n", token.reveal()));
    insert_operator(configuration, Environment::system(), new, shown).await?;
    note("The line above is the operator's API token. It is shown this once.");
    Ok(())
}

/// SIGINT and SIGTERM.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
