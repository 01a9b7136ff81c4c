//! The services of one process: connected, started, served on one address, stopped in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use contract::{Environment, Service};
use directory::StoreAuthenticator;
use futures::future::join_all;
use service::http::{Limits, application, serve};
use service::rpc::producer::settled_after;
use service::settings::HttpSettings;
use service::{
    Authenticator, Background, Health, Metrics, RateLimits, Resources, RpcAuthenticator, Shared,
    Stalls, StartError, Tasks,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::configuration::Configuration;
use crate::front::Front;
use crate::open_files::{self, ADMIN_CONNECTIONS};
use crate::{api, parameters, preflight};

/// How long background work may take to end.
const TASKS_END: Duration = Duration::from_secs(10);

/// How long connections to PostgreSQL may take to close. One that was lost without a word is waited for
/// as long as TCP does.
const CONNECTIONS_END: Duration = Duration::from_secs(3);

/// How often it is looked whether the system is ready.
const LOOK: Duration = Duration::from_millis(20);

/// Running services.
#[derive(Debug)]
pub struct System {
    /// Where they are served.
    pub address: SocketAddr,
    /// Where health is told in detail, if anywhere.
    pub admin_address: Option<SocketAddr>,
    /// Where callers reach them.
    pub base_url: String,
    health: Health,
    /// Relays from which NATS takes nothing.
    pub(crate) stalls: Stalls,
    tasks: Tasks,
    /// Ends after all that runs on it.
    _background: Background,
    pools: Vec<sqlx::PgPool>,
    clients: Vec<async_nats::Client>,
    stop_serving: CancellationToken,
    serving: Vec<JoinHandle<()>>,
}

impl System {
    /// Starts these services and serves them on one address.
    ///
    /// # Errors
    /// When the address is taken, an address in the configuration is wrong, missing or that of a connection pooler,
    /// or a service refuses its settings.
    pub async fn start(
        mut configuration: Configuration,
        services: &[Service],
        environment: Environment,
    ) -> anyhow::Result<Self> {
        configuration.http.check()?;
        configuration.limits.check()?;
        preflight::databases(&configuration, services).await?;
        let (listener, address) = listen(configuration.listen).await?;
        let admin = match configuration.http.admin_listen {
            Some(admin) => Some(listen(admin).await?),
            None => None,
        };
        let admin_address = admin.as_ref().map(|(_, address)| *address);
        open_files::make_room(&mut configuration, services.len())?;
        let base_url = configuration.settle_base_url(address);
        let health = Health::new();
        let background = Background::start().context("a thread for background work")?;
        let shared = Shared {
            env: environment.clone(),
            catalogue: Arc::new(configuration.catalogue()?),
            tasks: Tasks::new(health.clone()).with(&background),
            stalls: Stalls::default(),
            metrics: Metrics::default(),
            health: health.clone(),
            limits: Arc::new(RateLimits::new(configuration.limits.clone())),
        };
        let mut hosts = Vec::new();
        for service in services {
            let (database, nats) =
                (configuration.database_of(*service)?, configuration.nats_of(*service)?);
            let transport = configuration.transport.clone();
            hosts.push(Resources::connect(*service, &shared, &database, &nats, transport).await?);
        }
        let authenticator = authenticator(&hosts, &configuration.directory)?;
        let mut routes = Router::new().merge(health.router()).merge(api::router());
        let (mut pools, mut clients) = (Vec::new(), Vec::new());
        for mut resources in hosts {
            let service = resources.service;
            resources.authenticator = Arc::clone(&authenticator);
            pools.push(resources.pool.clone());
            clients.push(resources.nats.clone());
            routes = routes.merge(
                start_service(resources, &configuration)
                    .await
                    .with_context(|| format!("starting {service}"))?,
            );
        }
        let routes = parameters::refuse_unknown(routes, &api::document());
        let front =
            Front { environment: &environment, metrics: &shared.metrics, base_url: &base_url };
        let api =
            application(routes, authenticator, &environment, &configuration.http, &shared.metrics);
        // Pages need all of the API: who runs a part of it runs the portal beside it.
        let whole = Service::ALL.iter().all(|service| services.contains(service));
        let application = if whole { front.with_portal(api, &configuration)? } else { api };
        let stop_serving = CancellationToken::new();
        let start = |listener, application, settings: &HttpSettings| {
            let limits = Limits::from(settings);
            tokio::spawn(serve(listener, application, stop_serving.clone(), limits))
        };
        let mut serving = vec![start(listener, application, &configuration.http)];
        if let Some((listener, _)) = admin {
            let settings =
                HttpSettings { max_connections: ADMIN_CONNECTIONS, ..configuration.http };
            let routes =
                health.detailed_router().merge(shared.metrics.router(&health, &shared.stalls));
            serving.push(start(listener, routes, &settings));
        }
        Ok(Self {
            address,
            admin_address,
            base_url,
            health,
            stalls: shared.stalls,
            tasks: shared.tasks,
            _background: background,
            pools,
            clients,
            stop_serving,
            serving,
        })
    }

    /// Waits until all checks pass, at most so long.
    ///
    /// # Errors
    /// When they do not by then; the error names those that fail.
    pub(crate) async fn wait_until_ready(&self, patience: Duration) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let readiness = self.health.readiness().await;
            if readiness.ready {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                let failing = readiness.failing();
                anyhow::bail!("not ready after {} s: {failing}", patience.as_secs());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Stops: no new connections, requests in progress end, background work ends, connections close.
    pub async fn stop(self) {
        self.stop_serving.cancel();
        for ended in join_all(self.serving).await {
            if let Err(error) = ended {
                tracing::error!(%error, "serving ended with a panic");
            }
        }
        self.tasks.shutdown(TASKS_END).await;
        for client in self.clients {
            // Says goodbye, so that the server's end is not taken for a failure.
            if let Err(error) = client.drain().await {
                tracing::debug!(%error, "NATS was not drained");
            }
        }
        let closing = join_all(self.pools.iter().map(sqlx::PgPool::close));
        if tokio::time::timeout(CONNECTIONS_END, closing).await.is_err() {
            tracing::warn!("connections to PostgreSQL did not close in time");
        }
    }
}

/// Whose token it is: the directory knows by itself, the others ask it.
fn authenticator(
    hosts: &[Resources],
    settings: &directory::Settings,
) -> Result<Arc<dyn Authenticator>, StartError> {
    if let Some(directory) = hosts.iter().find(|resources| resources.service == Service::Directory)
    {
        return Ok(Arc::new(StoreAuthenticator::start(directory, settings)));
    }
    match hosts.first() {
        Some(resources) => Ok(Arc::new(RpcAuthenticator(resources.rpc.clone()))),
        None => Err(StartError::setting("services", "no service was named")),
    }
}

/// What all services have in common, then the service's own.
async fn start_service(
    resources: Resources,
    configuration: &Configuration,
) -> Result<Router, StartError> {
    let service = resources.service;
    resources.check_migrated(move |pool| async move {
        schema::is_current(&mut *pool.acquire().await?, service).await
    });
    let settle = settled_after(&configuration.database, &configuration.http);
    resources.serve_producer_rpc(settle).await?;
    resources.start_relays();
    resources.write_manifests();
    let configuration = configuration.clone();
    let routes = match service {
        Service::Directory => directory::start(resources, configuration.directory).await?,
        Service::AppRegistry => app_registry::start(resources, configuration.app_registry).await?,
        Service::KeyIssuer => key_issuer::start(resources, configuration.key_issuer).await?,
        Service::ConsentBroker => {
            consent_broker::start(resources, configuration.consent_broker).await?
        }
        Service::Audit => audit::start(resources, configuration.audit).await?,
        Service::Notifier => notifier::start(&resources),
    };
    tracing::debug!(%service, "started");
    Ok(routes)
}

/// Takes an address, and tells which it is.
pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("{address} cannot be listened on: {error}"))?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}
