//! The least that a recorded token can cost: the limit's handler, which answers when the simplest
//! program for it has made the token's record durable.
//!
//! On the same servers, in the same run, with the bytes of an event as the system writes it, and
//! under the same load. Each [`Rung`] adds a write that the design asks for. Nothing is parsed, decided,
//! sealed, checked or followed, every event is the same but for its id, and the log's rows are written
//! from memory: what lies between the last rung and the system is ours to save, the rungs are not.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use async_nats::jetstream::{self, message::PublishMessage};
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use contract::{Environment, EventId, Service};
use futures::future::try_join_all;
use service::settings::{DatabaseSettings, NatsSettings};
use sqlx::pool::PoolConnection;
use sqlx::types::Uuid;
use sqlx::{PgPool, Postgres};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Where its tables are: the services' own, without a row.
const SCHEMA: &str = "bench";
const STREAM: &str = "BENCH";

/// Between two turns of what follows the answer: the relay's pace under load.
const PACE: Duration = Duration::from_millis(8);

/// At most so many tokens are recorded together.
const TOGETHER: usize = 512;

/// At most so many go to the log in one message.
const IN_A_MESSAGE: usize = 256;

/// How much of a record is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Rung {
    /// The event's row, committed before the answer (invariants 1 and 2).
    Row,
    /// And its context and its place in the outbox, which is settled later (invariants 2 and 6).
    Outbox,
    /// And its place in a message in JetStream, which it shares with others.
    Message,
    /// And its row and context in the log's database, committed.
    Log,
}

impl Rung {
    pub(crate) const ALL: [Self; 4] = [Self::Row, Self::Outbox, Self::Message, Self::Log];

    /// What it adds.
    pub(crate) fn adds(self) -> &'static str {
        match self {
            Self::Row => "the event's row before the answer",
            Self::Outbox => "context and outbox",
            Self::Message => "its share of a message",
            Self::Log => "the log's row and context",
        }
    }

    /// What the server is told.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Makes its tables and its stream anew.
pub(crate) async fn prepare(pool: &PgPool, nats: async_nats::Client) -> anyhow::Result<()> {
    let tables = [
        ("events", "key_issuer.events"),
        ("contexts", "key_issuer.contexts"),
        ("outbox", "key_issuer.outbox"),
        ("entries", "audit.entries"),
        ("entry_contexts", "audit.entry_contexts"),
    ];
    let mut script = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};");
    for (table, like) in tables {
        write!(script, "CREATE TABLE {SCHEMA}.{table} (LIKE {like} INCLUDING ALL);")?;
    }
    write!(
        script,
        "CREATE SEQUENCE {SCHEMA}.log_position;
         ALTER TABLE {SCHEMA}.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);"
    )?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(pool).await?;
    let jetstream = jetstream::new(nats);
    let _ = jetstream.delete_stream(STREAM).await;
    let config = jetstream::stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["bench.>".to_owned()],
        duplicate_window: Duration::from_secs(15),
        ..jetstream::stream::Config::default()
    };
    jetstream.create_stream(config).await?;
    Ok(())
}

/// Makes records of tokens.
pub(crate) struct Recorder {
    waiting: mpsc::Sender<oneshot::Sender<()>>,
}

impl Recorder {
    /// Starts it. The servers are those that the environment of a service names.
    pub(crate) async fn start(rung: Rung) -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).with_context(|| name.to_owned());
        let settings = DatabaseSettings {
            url: variable("MANDATE_DATABASE__URL")?.as_str().into(),
            ..DatabaseSettings::default()
        };
        let producer = service::connect::database(Service::KeyIssuer, &settings)?;
        let log = service::connect::database(Service::Audit, &settings)?;
        let nats = NatsSettings {
            url: variable("MANDATE_NATS__URL")?.as_str().into(),
            ..NatsSettings::default()
        };
        let nats = service::connect::nats(Service::KeyIssuer, &nats).await?;
        let event = Event::last(&log).await?;
        let (waiting, callers) = mpsc::channel(4096);
        let (recorded, following) = mpsc::unbounded_channel();
        let committing = Committing {
            rung,
            event: event.clone(),
            environment: Environment::system(),
            connection: own_tables(producer.acquire().await?).await?,
            recorded,
        };
        let mut settling = own_tables(producer.acquire().await?).await?;
        sqlx::query("SET synchronous_commit = off").execute(&mut *settling).await?;
        let follower = Following {
            rung,
            event,
            jetstream: jetstream::new(nats),
            settling,
            log: own_tables(log.acquire().await?).await?,
        };
        end_when_failed(committing.run(callers));
        end_when_failed(follower.run(following));
        Ok(Self { waiting })
    }

    /// Returns when a token is recorded.
    pub(crate) async fn record(&self) -> anyhow::Result<()> {
        let (reply, recorded) = oneshot::channel();
        self.waiting.send(reply).await?;
        Ok(recorded.await?)
    }
}

/// A measurement of half of the work would be none.
fn end_when_failed(work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = work.await {
            eprintln!("{error:#}");
            std::process::exit(1);
        }
    });
}

async fn own_tables(
    mut connection: PoolConnection<Postgres>,
) -> anyhow::Result<PoolConnection<Postgres>> {
    let script = format!("SET ROLE NONE; SET search_path = {SCHEMA}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *connection).await?;
    Ok(connection)
}

/// The event that is written again and again: the last token that the system recorded.
#[derive(Clone, sqlx::FromRow)]
struct Event {
    organization: Uuid,
    app_id: Uuid,
    actor: String,
    occurred_at: DateTime<Utc>,
    envelope: Vec<u8>,
    salt: Vec<u8>,
    context: Vec<u8>,
}

impl Event {
    async fn last(log: &PgPool) -> anyhow::Result<Self> {
        let event = sqlx::query_as(
            "SELECT organization, app_id, actor, occurred_at, envelope, salt, context
             FROM audit.entries JOIN audit.entry_contexts USING (event_id)
             WHERE type = 'mandate.token.issued.v1' ORDER BY position DESC LIMIT 1",
        );
        Ok(event.fetch_one(log).await?)
    }
}

/// What was committed together.
struct Recorded {
    ids: Vec<Uuid>,
    outbox: Option<i64>,
}

/// Commits the tokens that wait, together, and lets them go.
struct Committing {
    rung: Rung,
    event: Event,
    environment: Environment,
    connection: PoolConnection<Postgres>,
    recorded: mpsc::UnboundedSender<Recorded>,
}

impl Committing {
    async fn run(mut self, mut callers: mpsc::Receiver<oneshot::Sender<()>>) -> anyhow::Result<()> {
        let mut waiting = Vec::new();
        while callers.recv_many(&mut waiting, TOGETHER).await > 0 {
            tokio::task::yield_now().await;
            while let Ok(caller) = callers.try_recv() {
                waiting.push(caller);
            }
            let id = || self.environment.new_id::<EventId>().uuid();
            let ids: Vec<Uuid> = std::iter::repeat_with(id).take(waiting.len()).collect();
            let outbox = self.commit(&ids).await?;
            for caller in waiting.drain(..) {
                let _ = caller.send(());
            }
            self.recorded.send(Recorded { ids, outbox })?;
        }
        Ok(())
    }

    async fn commit(&mut self, ids: &[Uuid]) -> anyhow::Result<Option<i64>> {
        let event = &self.event;
        let envelopes = vec![event.envelope.as_slice(); ids.len()];
        if self.rung == Rung::Row {
            sqlx::query(
                "INSERT INTO events (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
                 SELECT id, 'token', id, 1, 'mandate.token.issued.v1', $2, $3, envelope
                 FROM unnest($1::uuid[], $4::bytea[]) AS new (id, envelope)",
            )
            .bind(ids)
            .bind(event.organization)
            .bind(event.occurred_at)
            .bind(envelopes)
            .execute(&mut *self.connection)
            .await?;
            return Ok(None);
        }
        let outbox = sqlx::query_scalar(
            "WITH event AS (
                 INSERT INTO events (id, stream_kind, stream_id, version, type, organization, occurred_at, envelope)
                 SELECT id, 'token', id, 1, 'mandate.token.issued.v1', $2, $3, envelope
                 FROM unnest($1::uuid[], $4::bytea[]) AS new (id, envelope)
                 RETURNING seq
             ), context AS (
                 INSERT INTO contexts (event_id, salt, context)
                 SELECT * FROM unnest($1::uuid[], $5::bytea[], $6::bytea[])
             )
             INSERT INTO outbox (destination, seqs) SELECT 'audit', array_agg(seq) FROM event RETURNING id",
        )
        .bind(ids)
        .bind(event.organization)
        .bind(event.occurred_at)
        .bind(envelopes)
        .bind(vec![event.salt.as_slice(); ids.len()])
        .bind(vec![event.context.as_slice(); ids.len()])
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(Some(outbox))
    }
}

/// Does what may come after the answer, for all that was recorded meanwhile at once.
struct Following {
    rung: Rung,
    event: Event,
    jetstream: jetstream::Context,
    settling: PoolConnection<Postgres>,
    log: PoolConnection<Postgres>,
}

impl Following {
    async fn run(mut self, mut recorded: mpsc::UnboundedReceiver<Recorded>) -> anyhow::Result<()> {
        let mut turn = Vec::new();
        while recorded.recv_many(&mut turn, TOGETHER).await > 0 {
            let next = Instant::now() + PACE;
            let ids: Vec<Uuid> = turn.iter().flat_map(|one| &one.ids).copied().collect();
            let outbox: Vec<i64> = turn.drain(..).filter_map(|one| one.outbox).collect();
            if self.rung >= Rung::Message {
                self.publish(&ids).await?;
            }
            if self.rung >= Rung::Outbox {
                sqlx::query("DELETE FROM outbox WHERE id = ANY($1)")
                    .bind(outbox)
                    .execute(&mut *self.settling)
                    .await?;
            }
            if self.rung >= Rung::Log {
                self.append(&ids).await?;
            }
            tokio::time::sleep_until(next).await;
        }
        Ok(())
    }

    async fn publish(&self, ids: &[Uuid]) -> anyhow::Result<()> {
        let mut sent = Vec::new();
        for together in ids.chunks(IN_A_MESSAGE) {
            let events = [self.event.envelope.as_slice(), self.event.context.as_slice()];
            let payload = events.concat().repeat(together.len());
            let message =
                PublishMessage::build().message_id(together[0].to_string()).payload(payload.into());
            sent.push(self.jetstream.send_publish("bench.audit", message).await?);
        }
        try_join_all(sent.into_iter().map(IntoFuture::into_future)).await?;
        Ok(())
    }

    async fn append(&mut self, ids: &[Uuid]) -> anyhow::Result<()> {
        let event = &self.event;
        sqlx::query(
            "WITH context AS (
                 INSERT INTO entry_contexts (event_id, salt, context)
                 SELECT * FROM unnest($1::uuid[], $6::bytea[], $7::bytea[])
             )
             INSERT INTO entries
                 (position, event_id, stream_kind, stream_id, version, type, source, organization, app_id, actor,
                  correlation_id, occurred_at, recorded_at, envelope, bulk)
             SELECT nextval('log_position'), id, 'token', id, 1, 'mandate.token.issued.v1', 'key-issuer', $2, $3, $4,
                  id, $5, $5, envelope, true
             FROM unnest($1::uuid[], $8::bytea[]) AS new (id, envelope)",
        )
        .bind(ids)
        .bind(event.organization)
        .bind(event.app_id)
        .bind(&event.actor)
        .bind(event.occurred_at)
        .bind(vec![event.salt.as_slice(); ids.len()])
        .bind(vec![event.context.as_slice(); ids.len()])
        .bind(vec![event.envelope.as_slice(); ids.len()])
        .execute(&mut *self.log)
        .await?;
        Ok(())
    }
}
