//! A database with the tables of a producer and of a consumer, a NATS, and processes on them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::{ErrorCode, stream};
use contract::facts::{AppArchived, EventClass};
use contract::{AppId, Envelope, Environment, Fact, Provenance, Service, Version};
use eventstore::gap::Repair;
use eventstore::projection::{self, Projection};
use eventstore::projection_comparison::Comparer;
use eventstore::relay::Relay;
use eventstore::transport::EVENTS;
use eventstore::{AppendError, Destination, EventStore, Transport, TransportSettings};
use local_servers::Nats;
use local_servers::testing::{self, TestDatabase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use stage::eventually;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::observer::Archive;
use crate::process::Process;

/// The service that writes the events of these tests.
pub(crate) const PRODUCER: Service = Service::AppRegistry;

/// The service that consumes them.
pub(crate) const CONSUMER: Service = Service::KeyIssuer;

const EVENT_TABLES: &str = concat!(
    include_str!("../../../../migrations/eventstore/0001_events.sql"),
    include_str!("../../../../migrations/eventstore/0002_destinations.sql"),
    include_str!("../../../../migrations/eventstore/0003_projection_comparisons.sql"),
    include_str!("../../../../migrations/eventstore/0005_parked_streams.sql"),
    include_str!("../../../../migrations/eventstore/0006_versions_of_answers.sql"),
    include_str!("../../../../migrations/eventstore/0007_receipts_by_age.sql"),
    include_str!("../../../../migrations/eventstore/0008_manifests.sql"),
);

/// What a producer and a consumer of these tests keep as their state.
const STATE_TABLES: &str = "
    CREATE TABLE changes (stream_id uuid NOT NULL, version bigint NOT NULL);
    CREATE TABLE effects (
        place bigint GENERATED ALWAYS AS IDENTITY,
        consumer text NOT NULL, stream_id uuid NOT NULL, version bigint NOT NULL, event_id uuid NOT NULL
    );
    CREATE TABLE totals (
        consumer text NOT NULL, stream_id uuid NOT NULL, total bigint NOT NULL,
        PRIMARY KEY (consumer, stream_id)
    );";

/// The servers of one test.
pub(crate) struct World {
    pub(crate) nats: Nats,
    /// The producer's pool, under its role.
    pub(crate) producer: PgPool,
    /// The consumer's pool, under its role.
    pub(crate) consumer: PgPool,
    /// The owner of the tables.
    pub(crate) owner: PgPool,
    _database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = new_database().await;
        Self {
            producer: pool_of(&database, PRODUCER, 24).await,
            consumer: pool_of(&database, CONSUMER, 12).await,
            owner: owner_of(&database).await,
            nats: testing::nats().await,
            _database: database,
        }
    }

    /// The producer's events, as one more process of it sees them.
    pub(crate) fn events(&self) -> EventStore {
        EventStore::new(PRODUCER, self.producer.clone(), Environment::system())
    }

    /// A new connection to NATS.
    pub(crate) async fn transport(&self) -> Transport {
        let client = stage::nats_client(std::slice::from_ref(&self.nats), testing::NATS_USER).await;
        Transport::new(client, TransportSettings::default())
    }

    /// A stream that takes a second publication of an event for a new one, so that doubles show.
    pub(crate) async fn make_stream_that_keeps_doubles(&self) {
        let config = stream::Config {
            name: EVENTS.to_owned(),
            subjects: vec!["mandate.events.>".to_owned()],
            duplicate_window: Duration::from_millis(100),
            allow_direct: true,
            ..stream::Config::default()
        };
        let transport = self.transport().await;
        transport.jetstream().create_stream(config).await.unwrap();
    }

    /// A process that relays to both destinations, each relay started again when it ends.
    pub(crate) async fn start_relay(&self) -> Process {
        self.start_relay_of(self.events()).await
    }

    /// The same, for a process whose events are written to here.
    pub(crate) async fn start_relay_of(&self, events: EventStore) -> Process {
        let transport = self.transport().await;
        let [audit, facts] = Destination::ALL
            .map(|destination| Relay::new(events.clone(), destination, transport.clone()));
        Process::start(async move |shutdown: CancellationToken| {
            let run = async |relay: Relay| {
                let mut starts = tokio::time::interval(Duration::from_millis(50));
                while !shutdown.is_cancelled() {
                    starts.tick().await;
                    let _ = relay.run(shutdown.clone(), |_| {}).await;
                }
            };
            tokio::join!(run(audit), run(facts));
        })
    }

    /// A process that projects.
    pub(crate) async fn start_projection(
        &self,
        projection: Arc<dyn Projection>,
        repair: Arc<dyn Repair>,
    ) -> Process {
        let events = EventStore::new(CONSUMER, self.consumer.clone(), Environment::system());
        let transport = self.transport().await;
        Process::start(async move |shutdown| {
            let run = projection::run(events, transport, repair, projection, shutdown, |_| {});
            Box::pin(run).await;
        })
    }

    /// A process that compares a projection with the producer, again and again.
    pub(crate) fn start_comparer(
        &self,
        projection: Arc<dyn Projection>,
        archive: Arc<Archive>,
    ) -> Process {
        let events = EventStore::new(CONSUMER, self.consumer.clone(), Environment::system());
        let comparer = Comparer::new(events, archive.clone(), archive, projection);
        Process::start(async move |shutdown| {
            let run = comparer.run(Duration::from_millis(50));
            shutdown.run_until_cancelled(Box::pin(run)).await;
        })
    }

    /// Everything that is in the stream, in its order.
    pub(crate) async fn published(&self) -> Vec<Envelope> {
        let transport = self.transport().await;
        let stream = transport.stream(EVENTS).await.unwrap();
        let state = stream.cached_info().state.clone();
        let mut published = Vec::new();
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            published.push(Envelope::parse(&message.payload).unwrap());
        }
        published
    }

    /// How many messages the stream has; none while it is not there.
    pub(crate) async fn messages(&self) -> u64 {
        // It is looked for, not made: of two that make it at once the server refuses one, since it reserves for both.
        match self.transport().await.jetstream().get_stream(EVENTS).await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(refused)
                    if refused.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    0
                }
                _ => panic!("{error}"),
            },
        }
    }

    /// Whether the outbox is empty.
    pub(crate) async fn all_relayed(&self) -> bool {
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
            .fetch_one(&self.producer)
            .await
            .unwrap();
        waiting == 0
    }

    /// The last version of each of the producer's streams.
    pub(crate) async fn heads(&self) -> Vec<(Uuid, i64)> {
        let heads: Vec<(Uuid, i64, i64)> = sqlx::query_as(
            "SELECT stream_id, max(version), count(*) FROM events GROUP BY stream_id ORDER BY stream_id",
        )
        .fetch_all(&self.producer)
        .await
        .unwrap();
        let dense = heads.iter().all(|(_, head, count)| head == count);
        assert!(dense, "a stream has a gap: {heads:?}");
        heads.into_iter().map(|(id, head, _)| (id, head)).collect()
    }

    /// The sessions that lead a relay of facts now.
    pub(crate) async fn leaders(&self) -> Vec<i32> {
        sqlx::query_scalar(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND classid::bigint = hashtext('mandate.relay.events')::bigint & 4294967295",
        )
        .fetch_all(&self.owner)
        .await
        .unwrap()
    }

    /// Waits until the leader's session waits for someone else's lock.
    pub(crate) async fn leader_waits_for_a_lock(&self) -> i32 {
        let leader = self.leaders().await[0];
        eventually("the leader waits for a lock", || async {
            let waits: Option<String> =
                sqlx::query_scalar("SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1")
                    .bind(leader)
                    .fetch_one(&self.owner)
                    .await
                    .unwrap();
            waits.as_deref() == Some("Lock")
        })
        .await;
        leader
    }

    /// Cuts a session off.
    pub(crate) async fn terminate(&self, session: i32) {
        sqlx::query("SELECT pg_terminate_backend($1)")
            .bind(session)
            .execute(&self.owner)
            .await
            .unwrap();
    }
}

/// Writers that go on until they are told to finish.
pub(crate) struct Load {
    finish: CancellationToken,
    task: JoinHandle<()>,
}

impl Load {
    /// Writes to so many streams in turn.
    pub(crate) fn start(events: EventStore, streams: usize) -> Self {
        let finish = CancellationToken::new();
        let finished = finish.clone();
        let task = tokio::spawn(async move {
            let streams: Vec<Uuid> = (0..streams).map(|_| new_stream()).collect();
            let mut pace = tokio::time::interval(Duration::from_millis(2));
            let mut version = 1;
            while !finished.is_cancelled() {
                for stream in &streams {
                    pace.tick().await;
                    record(&events, *stream, version).await.unwrap();
                }
                version += 1;
            }
        });
        Self { finish, task }
    }

    /// Ends the load.
    pub(crate) async fn finish(self) {
        self.finish.cancel();
        self.task.await.unwrap();
    }
}

/// The id of a stream that does not exist yet.
pub(crate) fn new_stream() -> Uuid {
    let app: AppId = Environment::system().new_id();
    app.uuid()
}

/// The fact that these tests record.
pub(crate) fn fact(stream: Uuid) -> AppArchived {
    AppArchived { app_id: AppId::from_uuid(stream) }
}

/// A fact in which somebody typed something.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Named {}

/// What they typed.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Name {
    pub(crate) name: String,
}

impl Fact for Named {
    const TYPE: &'static str = "mandate.app.named.v1";
    const AGGREGATE: &'static str = "app";
    const CLASS: EventClass = EventClass::Fact;
    type Details = Name;
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

pub(crate) fn provenance() -> Provenance {
    let environment = Environment::system();
    Provenance::system(PRODUCER, Some(environment.new_id()), environment.new_id())
}

/// Records one event.
pub(crate) async fn record(
    events: &EventStore,
    stream: Uuid,
    number: i64,
) -> Result<(), AppendError> {
    let mut unit = events.begin(&provenance());
    unit.record(stream, version(number), &fact(stream))?;
    unit.commit().await
}

/// Records the first events of a stream.
pub(crate) async fn record_up_to(events: &EventStore, stream: Uuid, last: i64) {
    for number in 1..=last {
        record(events, stream, number).await.unwrap();
    }
}

/// A database with the event tables in the schemas of the producer and the consumer.
pub(crate) async fn new_database() -> TestDatabase {
    let cluster = testing::postgres().await;
    let mut hasher = DefaultHasher::new();
    (EVENT_TABLES, STATE_TABLES).hash(&mut hasher);
    let name = format!("eventstore_{:016x}", hasher.finish());
    let template = cluster.template(&name, fill).await;
    cluster.database_from(Some(template)).await
}

async fn fill(url: &str) {
    let mut owner = PgConnection::connect(url).await.unwrap();
    for service in [PRODUCER, CONSUMER] {
        let (schema, role) = (service.schema(), service.role());
        let prepare = format!(
            "DO $$ BEGIN CREATE ROLE {role} NOLOGIN;
               EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
             CREATE SCHEMA {schema};
             GRANT USAGE ON SCHEMA {schema} TO {role};
             SET search_path = {schema};"
        );
        let allow = format!("GRANT SELECT, INSERT, UPDATE ON changes, effects, totals TO {role}");
        for script in [prepare, EVENT_TABLES.to_owned(), STATE_TABLES.to_owned(), allow] {
            sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut owner).await.unwrap();
        }
    }
    owner.close().await.unwrap();
}

/// A pool under the role of a service, in its schema.
pub(crate) async fn pool_of(database: &TestDatabase, service: Service, connections: u32) -> PgPool {
    let options = PgConnectOptions::from_str(&database.url)
        .unwrap()
        .options([("role", service.role()), ("search_path", service.schema())]);
    PgPoolOptions::new().max_connections(connections).connect_with(options).await.unwrap()
}

/// A pool of the owner, in the producer's schema.
pub(crate) async fn owner_of(database: &TestDatabase) -> PgPool {
    let options = PgConnectOptions::from_str(&database.url)
        .unwrap()
        .options([("search_path", PRODUCER.schema())]);
    PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}
