//! A service's resources: the connections it works on, and what runs on them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection;
use contract::catalogue::Catalogue;
use contract::rpc::Request;
use contract::{Environment, Service};
use eventstore::{EventStore, Transport, TransportSettings, availability};
use sqlx::postgres::PgPool;

use crate::authentication::{Authenticator, RpcAuthenticator};
use crate::connect;
use crate::health::Health;
use crate::limits::RateLimits;
use crate::metrics::Metrics;
use crate::refusals::Refusals;
use crate::rpc::{CallContext, RpcClient, RpcRefusal, RpcServer};
use crate::settings::{DatabaseSettings, NatsSettings};
use crate::stalls::Stalls;
use crate::start::StartError;
use crate::tasks::Tasks;

/// What `/readyz` says of a database that was not prepared, with the remedy.
const NOT_MIGRATED: &str = "the database is not migrated (`mandate migrate`)";

/// Whether a question failed because the service's role, schema or tables are not there.
fn lacks_migrations(error: &sqlx::Error) -> bool {
    // invalid_parameter_value: connections take on the service's role, which migrations create.
    const UNPREPARED: [&str; 4] = ["22023", "3F000", "42P01", "42501"];
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| UNPREPARED.contains(&code.as_ref()))
}

/// A change that was refused because of how the database is makes the process unready for so long.
const AFTER_REFUSAL: Duration = Duration::from_secs(10);

/// Whether the database does what requests need: it answers, takes changes, and refused none just now for want
/// of room or the like.
async fn takes_changes(pool: &PgPool) -> Result<(), String> {
    let mut connection = pool.acquire().await.map_err(|error| error.to_string())?;
    availability::check(&mut connection).await.map_err(|error| error.to_string())?;
    match availability::refused_within(AFTER_REFUSAL) {
        None => Ok(()),
        Some((ago, reason)) => {
            Err(format!("{} s ago it refused a change: {reason}", ago.as_secs()))
        }
    }
}

/// The state of a service's handlers.
pub trait ServiceState: Send + Sync {
    /// What the service was given.
    fn resources(&self) -> &Resources;
}

impl<S: ServiceState> ServiceState for Arc<S> {
    fn resources(&self) -> &Resources {
        self.as_ref().resources()
    }
}

/// What a service is given: its connections and what runs on them. Clones are the same.
#[derive(Clone)]
pub struct Resources {
    /// Which service.
    pub service: Service,
    /// Clock, randomness and ids.
    pub env: Environment,
    /// The database, in the service's schema.
    pub pool: PgPool,
    /// Where changes and their events are written.
    pub events: EventStore,
    /// The connection to NATS.
    pub nats: async_nats::Client,
    /// The streams on it.
    pub transport: Transport,
    /// The streams under the login that makes them and all consumers, where services have accounts of their
    /// own and this is the one that keeps them in being.
    pub administration: Option<Transport>,
    /// Asks the other services.
    pub rpc: RpcClient,
    /// Answers them.
    pub rpc_server: RpcServer,
    /// What apps can ask for.
    pub catalogue: Arc<Catalogue>,
    /// Knows API tokens.
    pub authenticator: Arc<dyn Authenticator>,
    /// Is told how the service is; names are scoped to the service.
    pub health: Health,
    /// Is told of relays from which JetStream takes nothing.
    pub(crate) stalls: Stalls,
    /// Runs background work.
    pub tasks: Tasks,
    /// What wards off floods.
    pub limits: Arc<RateLimits>,
    /// What monitors read.
    pub metrics: Metrics,
    /// Where refusals are recorded, or counted.
    pub refusals: Refusals,
}

/// What all services of a process share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Clock, randomness and ids.
    pub env: Environment,
    /// What apps can ask for.
    pub catalogue: Arc<Catalogue>,
    /// The process' checks.
    pub health: Health,
    /// The process' stalled relays.
    pub stalls: Stalls,
    /// The process' background tasks.
    pub tasks: Tasks,
    /// The process' limits.
    pub limits: Arc<RateLimits>,
    /// The process' metrics.
    pub metrics: Metrics,
}

impl std::fmt::Debug for Resources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resources").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Resources {
    /// Connects a service. Servers that are not there yet do not fail it: they are waited for in
    /// the background, and `/readyz` tells.
    ///
    /// # Errors
    /// When an address cannot be read, or a setting makes no sense.
    pub async fn connect(
        service: Service,
        shared: &Shared,
        database: &DatabaseSettings,
        nats: &NatsSettings,
        transport: TransportSettings,
    ) -> Result<Self, StartError> {
        if let Some((setting, reason)) = transport.senseless() {
            return Err(StartError::setting(format!("transport.{setting}"), reason));
        }
        let pool = connect::database(service, database)?;
        // The relay and the projections send and receive by far the most.
        let (tasks, settings) = (&shared.tasks, nats.clone());
        let connecting = Box::pin(async move { connect::nats(service, &settings).await });
        let client = tasks.in_background(connecting).await?;
        let mut resources = Self::assemble(service, shared, pool, client, nats, transport.clone());
        if nats.separate_accounts && service == Service::Notifier {
            let settings = nats.clone();
            let connecting = Box::pin(async move { connect::nats_admin(&settings).await });
            let admin = shared.tasks.in_background(connecting).await?;
            resources.administration = Some(Transport::new(admin, transport));
        }
        Ok(resources)
    }

    /// The resources, over connections that are there already.
    pub fn assemble(
        service: Service,
        shared: &Shared,
        pool: PgPool,
        client: async_nats::Client,
        nats: &NatsSettings,
        transport: TransportSettings,
    ) -> Self {
        let env = shared.env.clone();
        let health = shared.health.scoped(service.name());
        let tasks = shared.tasks.reporting_to(health.clone());
        let transport = if nats.separate_accounts {
            Transport::imported(client.clone(), transport)
        } else {
            Transport::new(client.clone(), transport)
        };
        let timeout = Duration::from_secs(nats.request_timeout_seconds.max(1));
        let rpc = RpcClient::new(client.clone(), env.clone(), timeout);
        let concurrency = nats.max_concurrent_requests;
        let events = EventStore::new(service, pool.clone(), env.clone());
        let resources = Self {
            service,
            refusals: Refusals::start(&events, &tasks, shared.limits.settings()),
            limits: Arc::clone(&shared.limits),
            metrics: shared.metrics.clone(),
            events,
            transport,
            administration: None,
            rpc_server: RpcServer::new(
                service,
                client.clone(),
                env.clone(),
                tasks.clone(),
                concurrency,
            ),
            authenticator: Arc::new(RpcAuthenticator(rpc.clone())),
            catalogue: Arc::clone(&shared.catalogue),
            nats: client,
            env,
            pool,
            rpc,
            health,
            stalls: shared.stalls.clone(),
            tasks,
        };
        resources.probe_connections();
        resources
    }

    fn probe_connections(&self) {
        let pool = self.pool.clone();
        self.health.probe("postgres", move || {
            let pool = pool.clone();
            async move { takes_changes(&pool).await }
        });
        let client = self.nats.clone();
        self.health.probe("nats", move || {
            let state = client.connection_state();
            std::future::ready(match state {
                connection::State::Connected => Ok(()),
                state => Err(state.to_string()),
            })
        });
    }

    /// Adds the check `migrated`: whether the database has the tables this program expects. The
    /// schema's owner knows, so the caller brings the question.
    pub fn check_migrated<F, Fut>(&self, is_current: F)
    where
        F: Fn(PgPool) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<bool, sqlx::Error>> + Send + 'static,
    {
        let pool = self.pool.clone();
        self.health.probe("migrated", move || {
            let current = is_current(pool.clone());
            async move {
                match current.await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(format!("{NOT_MIGRATED} to this version")),
                    Err(error) if lacks_migrations(&error) => {
                        Err(format!("{NOT_MIGRATED}: {error}"))
                    }
                    Err(error) => Err(error.to_string()),
                }
            }
        });
    }

    /// Answers a question of other services, at `mandate.rpc.<service>.<operation>`:
    ///
    /// ```text
    /// resources.serve_rpc(move |context, question: GetApp| {
    ///     let state = state.clone();
    ///     async move { … }
    /// }).await?;
    /// ```
    pub async fn serve_rpc<R, F, Fut>(&self, handler: F) -> Result<(), StartError>
    where
        R: Request,
        F: Fn(CallContext, R) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R::Reply, RpcRefusal>> + Send + 'static,
    {
        self.rpc_server.answer(handler).await
    }
}
