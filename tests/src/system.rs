//! A whole system: a database and a NATS of its own, and processes that serve.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use contract::Service;
use local_servers::testing::{self, NATS_USER, TestDatabase};
use local_servers::{Nats, NatsOptions, NatsUser};
use mandate::nats_accounts;
use nix::sys::signal::Signal;
use stage::{Addresses, Client, eventually};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::people::Operator;
use crate::program::{self, Process};

/// Under which address the systems say that they are reached.
pub const BASE_URL: &str = "http://mandate.example.com";

/// The master key of the key issuers and of audit: base64 of 32 bytes.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// PostgreSQL and NATS, and the configuration that leads to them.
#[derive(Debug)]
pub struct Servers {
    /// The database; its address is the superuser's.
    pub database: TestDatabase,
    /// The NATS.
    pub nats: Nats,
    configuration: TempDir,
}

/// Processes that serve one system.
#[derive(Debug)]
pub struct System {
    // Dropped in this order: processes end before their servers.
    processes: Vec<Process>,
    addresses: Addresses,
    admin_address: Option<String>,
    operator_token: String,
    /// What they work with.
    pub servers: Servers,
}

impl Servers {
    /// An unmigrated database and a NATS whose one user may do everything. `extra` is added to the
    /// configuration.
    pub async fn empty(extra: &str) -> Self {
        let database = testing::postgres().await.database_from(None).await;
        Self::with(database, testing::nats().await, extra)
    }

    /// The same with a migrated database.
    pub async fn migrated(extra: &str) -> Self {
        Self::with(migrated().await, testing::nats().await, extra)
    }

    /// The same with a NATS that may store so many bytes.
    pub async fn with_store(max_file_store: u64, extra: &str) -> Self {
        let options = NatsOptions::throwaway(vec![NatsUser::unlimited(NATS_USER)]).unwrap();
        let nats = Nats::start(NatsOptions { max_file_store, ..options }).await.unwrap();
        Self::with(migrated().await, nats, extra)
    }

    /// A migrated database into which each service logs in as itself, and a NATS where each has an
    /// account of its own that imports what it must.
    pub async fn separate_logins(extra: &str) -> Self {
        let database = testing::postgres().await.database_from(None).await;
        let options = NatsOptions::throwaway(Vec::new()).unwrap();
        let nats = Nats::start(nats_accounts::separate(options)).await.unwrap();
        let (_, resources) = database.url.rsplit_once('@').unwrap();
        let admin = nats.url_for(nats_accounts::ADMIN).unwrap();
        let mut logins =
            format!("[nats]\nseparate_accounts = true\nadmin_url = \"{admin}\"\n{extra}");
        for service in Service::ALL {
            let role = service.role();
            writeln!(
                logins,
                "[logins.{service}]\ndatabase_url = \"postgres://{role}:journeys@{resources}\"\nnats_url = \"{}\"",
                nats.url_for(service.name()).unwrap()
            )
            .unwrap();
        }
        let owner = database.url.clone();
        let servers = Self::configured(database, nats, &logins);
        let file = servers.file();
        let arguments = ["migrate", "--config", &file, "--database-url", &owner];
        program::run(&arguments).succeeded();
        servers
    }

    /// A database and a NATS that are there. `extra` is added to the configuration.
    ///
    /// # Panics
    /// When the configuration cannot be written.
    pub fn with(database: TestDatabase, nats: Nats, extra: &str) -> Self {
        let addresses = format!(
            "[database]\nurl = \"{}\"\nmax_connections = 8\n[nats]\nurl = \"{}\"\n{extra}",
            database.url,
            nats.url_for(NATS_USER).unwrap(),
        );
        Self::configured(database, nats, &addresses)
    }

    fn configured(database: TestDatabase, nats: Nats, text: &str) -> Self {
        let configuration = tempfile::tempdir().unwrap();
        let mut text = format!("public_base_url = \"{BASE_URL}\"\n{text}");
        // A test of limits brings its own.
        if !text.contains("[limits]") {
            text = format!("{text}\n{}", stage::wide_limit_section());
        }
        std::fs::write(configuration.path().join("mandate.toml"), text).unwrap();
        Self { database, nats, configuration }
    }

    /// The configuration file.
    ///
    /// # Panics
    /// When its name is not UTF-8.
    pub fn file(&self) -> String {
        let path: PathBuf = self.configuration.path().join("mandate.toml");
        path.into_os_string().into_string().unwrap()
    }

    /// Starts a process that serves these services, and gives its address.
    pub async fn serve(&self, services: &[Service]) -> (Process, String) {
        self.serve_with(services, &[]).await
    }

    async fn serve_with(
        &self,
        services: &[Service],
        variables: &[(&str, &str)],
    ) -> (Process, String) {
        let file = self.file();
        let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
        let mut arguments = vec!["serve", "--config", &file, "--listen", "127.0.0.1:0"];
        arguments.extend(&names);
        let keys = [
            ("MANDATE_KEY_ISSUER__MASTER_KEY", MASTER_KEY),
            ("MANDATE_AUDIT__MASTER_KEY", MASTER_KEY),
        ];
        let variables = [&keys[..], variables].concat();
        let mut process = Process::start(&arguments, &variables);
        let mut sorted = services.to_vec();
        sorted.sort();
        let names: Vec<&str> = sorted.iter().map(|service| service.name()).collect();
        let address = process.line(&format!("{} at ", names.join(", "))).await;
        (process, address)
    }

    /// The same, and the address where it tells health in detail.
    pub async fn serve_with_admin(&self, services: &[Service]) -> (Process, String, String) {
        let listen = [("MANDATE_HTTP__ADMIN_LISTEN", "127.0.0.1:0")];
        let (mut process, address) = self.serve_with(services, &listen).await;
        let told = process.line("health in detail at ").await;
        (process, address, told.trim_end_matches("/readyz").to_owned())
    }

    /// Adds the first operator, and gives their API token.
    pub fn add_operator(&self) -> String {
        let mut arguments = vec!["operators", "add", "--config"];
        let file = self.file();
        arguments.extend([&file, "--email", "operator@operators.example", "--name", "Operator"]);
        let printed = program::run(&arguments).succeeded();
        printed.trim().to_owned()
    }
}

/// A database of its own, migrated.
pub async fn migrated() -> TestDatabase {
    let cluster = testing::postgres().await;
    // Not shared with other test programs: they may be of another build.
    let name = format!("journeys_{}", std::process::id());
    let template = cluster.template(&name, async |url| migrate(url)).await;
    cluster.database_from(Some(template)).await
}

/// Brings a database to the shape that the binary expects, by the binary.
fn migrate(url: &str) {
    program::run(&["migrate", "--database-url", url]).succeeded();
}

impl System {
    /// All services in one process.
    pub async fn start() -> Self {
        Self::on(Servers::migrated("").await).await
    }

    /// All services in one process, with more in its configuration.
    pub async fn configured(extra: &str) -> Self {
        Self::on(Servers::migrated(extra).await).await
    }

    /// All services in one process, on these servers.
    pub async fn on(servers: Servers) -> Self {
        let (process, address, admin) = servers.serve_with_admin(&Service::ALL).await;
        Self::of(servers, vec![process], Addresses::One(address), Some(admin)).await
    }

    /// All services but this one in one process, on these servers.
    pub async fn without(absent: Service, servers: Servers) -> Self {
        let present = Service::ALL.into_iter().filter(|service| *service != absent);
        let present: Vec<Service> = present.collect();
        let (process, address, admin) = servers.serve_with_admin(&present).await;
        Self::of(servers, vec![process], Addresses::One(address), Some(admin)).await
    }

    /// Each service in a process of its own.
    pub async fn apart(servers: Servers) -> Self {
        let (mut processes, mut addresses) = (Vec::new(), BTreeMap::new());
        for service in Service::ALL {
            let (process, address) = servers.serve(&[service]).await;
            processes.push(process);
            addresses.insert(service, address);
        }
        Self::of(servers, processes, Addresses::Each(addresses), None).await
    }

    async fn of(
        servers: Servers,
        processes: Vec<Process>,
        addresses: Addresses,
        admin_address: Option<String>,
    ) -> Self {
        let operator_token = servers.add_operator();
        let system = Self { processes, addresses, admin_address, operator_token, servers };
        match &system.addresses {
            Addresses::One(address) => ready(address).await,
            Addresses::Each(addresses) => {
                for address in addresses.values() {
                    ready(address).await;
                }
            }
        }
        system
    }

    /// Starts another process with all services, and gives its address.
    pub async fn replica(&mut self) -> Addresses {
        let (process, address) = self.servers.serve(&Service::ALL).await;
        self.processes.push(process);
        ready(&address).await;
        Addresses::One(address)
    }

    /// Where the system is.
    pub fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// Where the first process of a system of one tells health in detail.
    ///
    /// # Panics
    /// When each service has a process.
    pub fn admin(&self) -> Client {
        Client::anonymous(Addresses::One(self.admin_address.clone().unwrap()))
    }

    /// Nobody in particular.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(self.addresses())
    }

    /// The operator, by whom everybody else comes to be.
    pub fn operator(&self) -> Operator {
        Operator::new(self.anonymous().with_token(&self.operator_token))
    }

    /// Stops all processes in order.
    ///
    /// # Panics
    /// When one does not end well.
    pub async fn stop(mut self) {
        self.stop_processes().await;
    }

    /// The same, but their servers go on.
    ///
    /// # Panics
    /// When one does not end well.
    pub async fn stop_processes(&mut self) {
        for process in &self.processes {
            process.signal(Signal::SIGTERM).await;
        }
        for mut process in self.processes.drain(..) {
            let status = process.ended().await;
            assert!(status.success(), "{status}: {}", process.stderr());
        }
    }

    /// What the processes have said so far, on both streams.
    pub fn said(&self) -> String {
        self.processes.iter().map(|process| process.stdout() + &process.stderr()).collect()
    }
}

/// Waits until a process says that it is ready.
pub async fn ready(address: &str) {
    let client = Client::anonymous(Addresses::One(address.to_owned()));
    eventually(&format!("{address} is ready"), async || {
        let answer = client.get("/readyz").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
    })
    .await;
}

/// The system that most tests share. Each makes its own organizations, people and accounts in it, so
/// that none sees another's.
pub async fn shared() -> &'static System {
    static SHARED: OnceCell<System> = OnceCell::const_new();
    let start = async || {
        let system = System::start().await;
        // A static is never dropped. Its process has read its configuration, ends with the tests, and
        // leaves nothing; the database goes with its cluster.
        std::fs::remove_dir_all(system.servers.configuration.path()).unwrap();
        system
    };
    SHARED.get_or_init(start).await
}
