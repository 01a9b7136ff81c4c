//! A consumer that writes down each event it is given, so that a lost or a doubled one shows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contract::follows::Followed;
use contract::rpc::{HeadsPage, StoredEvent, StreamEvents, StreamHeads};
use contract::{Envelope, Service};
use eventstore::gap::Repair;
use eventstore::projection_comparison::Heads;
use eventstore::{Projection, ProjectionError, producer};
use sqlx::{PgConnection, PgPool};
use stage::eventually;
use uuid::Uuid;

use crate::process::Process;
use crate::world::{PRODUCER, World};

/// Counts the events of each stream.
pub(crate) struct Observer {
    name: &'static str,
    subjects: Vec<String>,
    refused: Mutex<HashSet<(Uuid, i64)>>,
    refusals: AtomicUsize,
    poisoned: Mutex<HashMap<(Uuid, i64), &'static str>>,
}

impl Observer {
    /// One that follows all events.
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Self::of(name, "mandate.events.>")
    }

    /// One that follows these events.
    pub(crate) fn of(name: &'static str, subject: &str) -> Arc<Self> {
        Arc::new(Self {
            name,
            subjects: vec![subject.to_owned()],
            refused: Mutex::default(),
            refusals: AtomicUsize::new(0),
            poisoned: Mutex::default(),
        })
    }

    /// Fails at this event until [`Observer::accept_all`].
    pub(crate) fn refuse(&self, stream: Uuid, version: i64) {
        self.refused.lock().unwrap().insert((stream, version));
    }

    /// Runs this statement at this event, until [`Observer::accept_all`].
    pub(crate) fn poison(&self, stream: Uuid, version: i64, statement: &'static str) {
        self.poisoned.lock().unwrap().insert((stream, version), statement);
    }

    pub(crate) fn accept_all(&self) {
        self.refused.lock().unwrap().clear();
        self.poisoned.lock().unwrap().clear();
    }

    /// How often it failed.
    pub(crate) fn refusals(&self) -> usize {
        self.refusals.load(Ordering::SeqCst)
    }

    /// Starts it, with the producer's table to fill gaps from.
    pub(crate) async fn start(self: &Arc<Self>, world: &World) -> Process {
        self.start_with(world, Archive::of(world)).await
    }

    pub(crate) async fn start_with(
        self: &Arc<Self>,
        world: &World,
        archive: Arc<Archive>,
    ) -> Process {
        world.start_projection(Arc::<Self>::clone(self), archive).await
    }

    /// What it was given, in order.
    pub(crate) async fn effects(&self, world: &World) -> Vec<(Uuid, i64)> {
        sqlx::query_as("SELECT stream_id, version FROM effects WHERE consumer = $1 ORDER BY place")
            .bind(self.name)
            .fetch_all(&world.consumer)
            .await
            .unwrap()
    }

    /// How many events it was given.
    pub(crate) async fn count(&self, world: &World) -> usize {
        self.effects(world).await.len()
    }

    /// Waits until it has had as many events as there are, then makes sure that it had each once and
    /// in the order of its stream.
    pub(crate) async fn has_everything_once(&self, world: &World) {
        let heads = world.heads().await;
        eventually("every stream is consumed to its end", || async {
            self.totals(world).await.len() == heads.len() && self.positions(world).await == heads
        })
        .await;
        assert_eq!(self.totals(world).await, heads, "the effect is not once");
        let mut streams: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
        for (stream, version) in self.effects(world).await {
            streams.entry(stream).or_default().push(version);
        }
        for (stream, head) in heads {
            let expected: Vec<i64> = (1..=head).collect();
            assert_eq!(streams[&stream], expected, "stream {stream}");
        }
    }

    async fn totals(&self, world: &World) -> Vec<(Uuid, i64)> {
        sqlx::query_as("SELECT stream_id, total FROM totals WHERE consumer = $1 ORDER BY stream_id")
            .bind(self.name)
            .fetch_all(&world.consumer)
            .await
            .unwrap()
    }

    async fn positions(&self, world: &World) -> Vec<(Uuid, i64)> {
        sqlx::query_as(
            "SELECT stream_id, version FROM consumer_positions WHERE consumer = $1 ORDER BY stream_id",
        )
        .bind(self.name)
        .fetch_all(&world.consumer)
        .await
        .unwrap()
    }
}

#[async_trait]
impl Projection for Observer {
    fn follows(&self) -> Followed {
        Followed { durable: self.name, producer: PRODUCER, aggregate: "app" }
    }

    fn subjects(&self) -> Vec<String> {
        self.subjects.clone()
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError> {
        let (stream, version) = (event.stream_id(), event.streamversion.number());
        sqlx::query(
            "INSERT INTO effects (consumer, stream_id, version, event_id) VALUES ($1, $2, $3, $4)",
        )
        .bind(self.name)
        .bind(stream)
        .bind(version)
        .bind(event.id.uuid())
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "INSERT INTO totals VALUES ($1, $2, 1)
             ON CONFLICT (consumer, stream_id) DO UPDATE SET total = totals.total + 1",
        )
        .bind(self.name)
        .bind(stream)
        .execute(&mut *connection)
        .await?;
        let poison = self.poisoned.lock().unwrap().get(&(stream, version)).copied();
        if let Some(statement) = poison {
            sqlx::query(statement).execute(connection).await?;
        }
        // After the writes: they must be undone.
        if self.refused.lock().unwrap().contains(&(stream, version)) {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(ProjectionError::Repair("refused by the test".to_owned()));
        }
        Ok(())
    }
}

/// The producer's table, as its RPC would answer from it.
pub(crate) struct Archive {
    pool: PgPool,
    failures_left: AtomicUsize,
    calls: AtomicUsize,
}

impl Archive {
    pub(crate) fn of(world: &World) -> Arc<Self> {
        Self::that_fails_first(world, 0)
    }

    /// One that is out of reach for the first calls.
    pub(crate) fn that_fails_first(world: &World, failures: usize) -> Arc<Self> {
        Arc::new(Self {
            pool: world.producer.clone(),
            failures_left: AtomicUsize::new(failures),
            calls: AtomicUsize::new(0),
        })
    }

    /// How often it was asked.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Repair for Archive {
    async fn stream_events(
        &self,
        producer: Service,
        asked: StreamEvents,
    ) -> Result<Vec<StoredEvent>, String> {
        assert_eq!(producer, crate::world::PRODUCER);
        self.calls.fetch_add(1, Ordering::SeqCst);
        let fails = self
            .failures_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Err("out of reach".to_owned());
        }
        producer::stream_events(&self.pool, &asked).await.map_err(|error| error.to_string())
    }
}

/// So soon a row is settled in these tests: none of their transactions is older when it commits.
const SETTLED: Duration = Duration::from_millis(100);

#[async_trait]
impl Heads for Archive {
    async fn stream_heads(
        &self,
        producer: Service,
        asked: StreamHeads,
    ) -> Result<HeadsPage, String> {
        assert_eq!(producer, crate::world::PRODUCER);
        let heads = producer::stream_heads(&self.pool, &asked, SETTLED).await;
        heads.map_err(|error| error.to_string())
    }
}
