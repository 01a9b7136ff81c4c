//! What is broken: PostgreSQL, NATS (one server or a cluster), and replicas of the product in
//! processes of their own, each with a proxy of its own before each server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, Service};
use local_servers::{Nats, Postgres};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use stage::{Addresses, within};
use tempfile::TempDir;

use crate::database;
use crate::disks::{self, Disks};
use crate::fleet::Fleet;
use crate::flood::Flood;
use crate::mail::Mailbox;
use crate::nats::{self, FILLER, SmallStore};
use crate::process::Process;
use crate::programs::Programs;
use crate::proxy::{Proxy, Weather};
use crate::random::Random;
use crate::settings;
pub use crate::shape::{Fillable, Shape};

/// The user that may do everything in the streams' account of NATS. In a cluster everybody connects as this one.
const USER: &str = "faults";

/// How long a start may take.
const STARTING: Duration = Duration::from_mins(2);

/// What NATS may store where its store or its disk is to be filled: 160 MiB.
const SMALL_STORE: u64 = 160 << 20;

/// How many replicas there are when all is well.
pub const REPLICAS: usize = 2;

/// A replica of all services, and what lies between it and its servers.
#[derive(Debug)]
pub struct Replica {
    number: usize,
    processes: Vec<Process>,
    postgres: Proxy,
    nats: Vec<Proxy>,
    skewed: bool,
}

/// The stage.
#[derive(Debug)]
pub struct Stage {
    // Dropped in this order: processes end before their servers.
    replicas: Vec<Replica>,
    /// The database, as its owner and without a proxy.
    pub pool: PgPool,
    /// NATS.
    pub nats: Vec<Nats>,
    /// PostgreSQL.
    pub postgres: Postgres,
    /// Below them, where they are to run out of room.
    pub(crate) disks: Option<Disks>,
    /// Where the replicas are.
    pub fleet: Fleet,
    shape: Shape,
    store_is_small: bool,
    programs: Programs,
    folder: PathBuf,
    /// Where replicas keep checkpoints: of this log, and so not for longer than it is.
    kept: TempDir,
    master_key: String,
    random: Random,
    flood: Option<Flood>,
    /// What is mailed.
    pub mailbox: Mailbox,
}

impl Stage {
    /// Starts everything, some of it so small that it can be filled. Logs go to the folder.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set(
        shape: Shape,
        programs: &Programs,
        folder: &Path,
        fillable: Fillable,
        random: Random,
    ) -> anyhow::Result<Self> {
        let programs = programs.held(folder)?;
        let disks = fillable.disks.then(Disks::mount).transpose()?;
        let options = disks::postgres_options(disks.as_ref())?;
        let small = fillable.disks || fillable.store;
        let place = disks.as_ref().map(Disks::of_nats);
        let store = small.then_some(SmallStore { bytes: SMALL_STORE, folder: place });
        let (postgres, nats) = tokio::try_join!(
            async { Ok::<_, anyhow::Error>(Postgres::start(options).await?) },
            nats::start(shape.nats_servers(), USER, store)
        )?;
        stage::migrate(postgres.admin_url()).await;
        let pool = PgPoolOptions::new().max_connections(4).connect(postgres.admin_url()).await?;
        let mut stage = Self {
            replicas: Vec::new(),
            pool,
            nats,
            postgres,
            disks,
            fleet: Fleet::default(),
            shape,
            store_is_small: small,
            programs,
            folder: folder.to_owned(),
            kept: tempfile::tempdir()?,
            master_key: STANDARD.encode(Environment::system().bytes::<32>()),
            random,
            flood: None,
            mailbox: Mailbox::open(),
        };
        for _ in 0..REPLICAS {
            stage.add_replica().await?;
        }
        stage.until_ready().await?;
        Ok(stage)
    }

    /// The program, as all of them run it.
    pub(crate) fn mandate(&self) -> &Path {
        &self.programs.mandate
    }

    /// How many replicas there are.
    pub fn replicas(&self) -> usize {
        self.replicas.len()
    }

    /// Adds a replica. It may not be ready yet.
    ///
    /// # Errors
    /// When its processes cannot be started.
    pub async fn add_replica(&mut self) -> anyhow::Result<()> {
        let postgres = Proxy::before(self.postgres.port(), self.random.fork()).await?;
        let mut nats = Vec::new();
        for server in &self.nats {
            nats.push(Proxy::before(server.port(), self.random.fork()).await?);
        }
        let number = self.replicas.len();
        self.replicas.push(Replica {
            number,
            processes: Vec::new(),
            postgres,
            nats,
            skewed: false,
        });
        self.start_processes(number, None)
    }

    /// Takes the last replica away, in order.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn remove_replica(&mut self) -> anyhow::Result<()> {
        if let Some(replica) = self.replicas.pop() {
            self.fleet.change(|fleet| drop(fleet.remove(&replica.number)));
            for process in replica.processes {
                process.stop().await?;
            }
        }
        Ok(())
    }

    /// Kills a process of a replica.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn kill_process(&mut self, number: usize) -> anyhow::Result<String> {
        let processes = &mut self.replicas[number].processes;
        let place = self.random.below(processes.len());
        processes[place].kill()?;
        Ok(processes[place].address.clone())
    }

    /// Ends a replica in order, and starts it again with a clock that is so much behind.
    ///
    /// # Errors
    /// When it does not end well or cannot be started.
    pub async fn set_clock_back(&mut self, number: usize, seconds: i64) -> anyhow::Result<()> {
        self.stop_processes(number).await?;
        self.start_processes(number, Some(seconds))
    }

    /// How it is from now on between a replica and PostgreSQL.
    pub fn way_to_postgres(&self, number: usize, weather: Weather) {
        self.replicas[number].postgres.set(weather);
    }

    /// How it is from now on between a replica and NATS.
    pub fn way_to_nats(&self, number: usize, weather: Weather) {
        for proxy in &self.replicas[number].nats {
            proxy.set(weather);
        }
    }

    /// Loses the connections that a replica has to PostgreSQL or to NATS.
    pub fn lose_connections(&self, number: usize, to_postgres: bool) {
        let replica = &self.replicas[number];
        if to_postgres {
            replica.postgres.lose_connections();
        } else {
            replica.nats.iter().for_each(Proxy::lose_connections);
        }
    }

    /// Begins a flood of refusals.
    pub(crate) fn flood(&mut self) {
        self.flood = Some(Flood::begin(&self.fleet, &mut self.random));
    }

    /// Brings everything back to how it was: fair weather, all servers, two replicas with the right
    /// time. Returns when it is started, not when it is ready.
    ///
    /// # Errors
    /// When something does not start, or something happened that must not.
    pub async fn heal(&mut self) -> anyhow::Result<()> {
        if let Some(flood) = self.flood.take() {
            flood.end().await.map_err(anyhow::Error::msg)?;
        }
        if let Some(disks) = &self.disks {
            disks.free(&mut self.postgres, &mut self.nats, &self.pool).await?;
        }
        for server in &mut self.nats {
            if server.pid().is_none() {
                server.start_again().await?;
            }
        }
        if self.postgres.pid().is_none() {
            self.postgres.start_again().await?;
        }
        database::fail_back(&self.pool).await?;
        if self.store_is_small {
            // It is there only if it was to take all the room.
            let streams = async_nats::jetstream::new(self.nats_client().await);
            let there = streams.get_stream(FILLER).await.is_ok();
            if there {
                streams.delete_stream(FILLER).await?;
            }
        }
        for replica in &self.replicas {
            replica.postgres.lead_to(self.postgres.port());
            replica.postgres.set(Weather::Fair);
            for (proxy, server) in replica.nats.iter().zip(&self.nats) {
                proxy.lead_to(server.port());
                proxy.set(Weather::Fair);
            }
        }
        while self.replicas.len() > REPLICAS {
            self.remove_replica().await?;
        }
        while self.replicas.len() < REPLICAS {
            self.add_replica().await?;
        }
        for number in 0..REPLICAS {
            let replica = &mut self.replicas[number];
            if replica.skewed {
                self.stop_processes(number).await?;
            }
            let runs = |process: &mut Process| process.runs();
            let processes = &mut self.replicas[number].processes;
            if processes.is_empty() || !processes.iter_mut().all(runs) {
                self.start_processes(number, None)?;
            }
        }
        Ok(())
    }

    /// Waits until every process says that it is ready.
    ///
    /// # Errors
    /// When one does not, or has ended by itself.
    pub async fn until_ready(&mut self) -> anyhow::Result<()> {
        let http = reqwest::Client::new();
        Ok(within(STARTING, "all processes are ready", async || self.ready(&http).await).await?)
    }

    /// Whether every process says that it is ready.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ready(&mut self, http: &reqwest::Client) -> Result<(), String> {
        for process in self.replicas.iter_mut().flat_map(|it| &mut it.processes) {
            if !process.runs() {
                return Err(format!("{} has ended by itself", process.address));
            }
            process.ready(http).await?;
        }
        Ok(())
    }

    /// Adds the first operator, and gives their API token.
    ///
    /// # Errors
    /// When they cannot be added.
    pub fn add_operator(&self) -> anyhow::Result<String> {
        let mut command = self.command(&self.programs.mandate, self.postgres.port(), None)?;
        command.args(["operators", "add", "--name", "Operator"]);
        let added = command.args(["--email", "operator@example.com"]).output()?;
        let said = String::from_utf8_lossy(&added.stderr).into_owned();
        ensure!(added.status.success(), "{said}");
        Ok(String::from_utf8(added.stdout)?.trim().to_owned())
    }

    /// A connection to NATS without a proxy.
    pub async fn nats_client(&self) -> async_nats::Client {
        stage::nats_client(&self.nats, USER).await
    }

    async fn stop_processes(&mut self, number: usize) -> anyhow::Result<()> {
        self.fleet.change(|fleet| drop(fleet.remove(&number)));
        for process in std::mem::take(&mut self.replicas[number].processes) {
            process.stop().await?;
        }
        Ok(())
    }

    /// Starts those processes of a replica that do not run.
    fn start_processes(&mut self, number: usize, behind: Option<i64>) -> anyhow::Result<()> {
        let services: Vec<Vec<Service>> = match self.shape {
            Shape::Single => vec![Service::ALL.to_vec()],
            Shape::Cluster => Service::ALL.into_iter().map(|one| vec![one]).collect(),
        };
        let replica = &self.replicas[number];
        let nats: Vec<u16> = replica.nats.iter().map(|proxy| proxy.port).collect();
        let mut started = Vec::new();
        let mut before = std::mem::take(&mut self.replicas[number].processes).into_iter();
        for names in &services {
            if let Some(mut process) = before.next()
                && process.runs()
            {
                started.push(process);
                continue;
            }
            let port = self.replicas[number].postgres.port;
            let program = match behind {
                None => &self.programs.mandate,
                Some(_) => &self.programs.faults,
            };
            let mut command = self.command(program, port, Some(&nats))?;
            command.env("MANDATE_AUDIT__KEEP_DIR", self.kept.path().join(number.to_string()));
            match behind {
                None => command.arg("serve").args(names.iter().map(|name| name.name())),
                Some(seconds) => command.arg("serve-behind").arg(seconds.to_string()),
            };
            let log = self.folder.join(format!("replica-{number}.log"));
            started.push(Process::start(command, &log)?);
        }
        let addresses = match started.as_slice() {
            [one] => Addresses::One(one.address.clone()),
            each => {
                let address = |(services, process): (&Vec<Service>, &Process)| {
                    (services[0], process.address.clone())
                };
                Addresses::Each(services.iter().zip(each).map(address).collect())
            }
        };
        let replica = &mut self.replicas[number];
        replica.processes = started;
        replica.skewed = behind.is_some();
        self.fleet.change(|fleet| drop(fleet.insert(number, addresses)));
        Ok(())
    }

    /// A program of ours with its configuration. Without NATS when it needs none.
    fn command(
        &self,
        program: &Path,
        postgres: u16,
        nats: Option<&[u16]>,
    ) -> anyhow::Result<Command> {
        let url = self.postgres.admin_url();
        let port = format!(":{}/", self.postgres.port());
        ensure!(url.contains(&port), "the database's address has a port");
        let mut command = Command::new(program);
        command
            .env("MANDATE_DATABASE__URL", url.replace(&port, &format!(":{postgres}/")))
            .envs(settings::variables(self.mailbox.port(), &self.master_key))
            .envs(stage::wide_limit_variables())
            .env_remove("MANDATE_CONFIG")
            .env_remove("MANDATE_DATA_DIR");
        if self.shape == Shape::Cluster {
            command.env("MANDATE_TRANSPORT__REPLICAS", "3");
        }
        if self.store_is_small {
            command
                .env("MANDATE_TRANSPORT__EVENTS_MAX_BYTES", (SMALL_STORE / 2).to_string())
                .env("MANDATE_TRANSPORT__AUDIT_MAX_BYTES", (SMALL_STORE / 4).to_string());
        }
        if let Some(ports) = nats {
            command.envs(nats::variables(&self.nats, ports, USER)?);
        }
        Ok(command)
    }
}
