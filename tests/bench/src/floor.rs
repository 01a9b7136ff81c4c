//! The least that a recorded token can cost: the work of the limit, and the writes that a durable record
//! in two databases and a stream comes to, each done by the simplest program for it.
//!
//! On the same servers, in the same run, with the same bytes: the producer's rows and the log's by one
//! statement for many, the messages by pipelined publishes. Nothing is parsed, sealed, followed or
//! handed on. What a token costs beyond the sum is ours to save; the sum is not.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::message::PublishMessage;
use contract::{Environment, EventId};
use futures::future::try_join_all;
use sqlx::Row as _;
use sqlx::types::Uuid;

use crate::cost::{Cost, Meter, Parts, sum};
use crate::stage::Stage;

/// So many rows to a statement of the producer: about as many tokens as are recorded together when 32
/// ask for one.
const TOGETHER: usize = 20;

/// So many messages under way, and rows to a statement of the log: about a turn of the relay.
const TURN: usize = 128;

/// What each write of one event costs, in CPU of all processes that take part. The log has recorded
/// tokens before.
pub(crate) async fn measure(stage: &Stage, duration: Duration) -> anyhow::Result<Vec<Cost>> {
    let event = sqlx::query(
        "SELECT position, envelope FROM audit.entries WHERE type = 'mandate.token.issued.v1'
         ORDER BY position DESC LIMIT 1",
    );
    let event = event.fetch_one(&stage.pool).await?;
    let (last, envelope): (i64, Vec<u8>) = (event.get(0), event.get(1));
    let floor = Floor {
        stage,
        duration,
        environment: Environment::system(),
        envelope,
        last,
    };
    Ok(vec![
        Cost {
            part: "its row at its producer".into(),
            micros: floor.rows_of_the_producer().await?,
        },
        Cost {
            part: "its message".into(),
            micros: floor.messages().await?,
        },
        Cost {
            part: "its row in the log".into(),
            micros: floor.rows_of_the_log().await?,
        },
    ])
}

struct Floor<'s> {
    stage: &'s Stage,
    duration: Duration,
    environment: Environment,
    envelope: Vec<u8>,
    /// The last token's place in the log.
    last: i64,
}

impl Floor<'_> {
    async fn rows_of_the_producer(&self) -> anyhow::Result<f64> {
        let mut connection = self.stage.pool.acquire().await?;
        sqlx::query("CREATE TABLE bench_events (LIKE key_issuer.events INCLUDING ALL)")
            .execute(&mut *connection)
            .await?;
        let envelopes = vec![self.envelope.as_slice(); TOGETHER];
        self.metered(async || {
            let ids: Vec<Uuid> = self.ids(TOGETHER);
            sqlx::query(
                "INSERT INTO bench_events (id, stream_kind, stream_id, version, type, occurred_at, envelope)
                 SELECT id, 'token', id, 1, 'mandate.token.issued.v1', $2, envelope
                 FROM unnest($1::uuid[], $3::bytea[]) AS new (id, envelope)",
            )
            .bind(&ids)
            .bind(self.environment.now())
            .bind(envelopes.as_slice())
            .execute(&mut *connection)
            .await?;
            Ok(TOGETHER)
        })
        .await
    }

    async fn messages(&self) -> anyhow::Result<f64> {
        let jetstream = jetstream::new(self.stage.nats_client().await?);
        jetstream
            .create_stream(jetstream::stream::Config {
                name: "BENCH".to_owned(),
                subjects: vec!["bench.>".to_owned()],
                ..jetstream::stream::Config::default()
            })
            .await?;
        self.metered(async || {
            let mut sent = Vec::with_capacity(TURN);
            for id in self.ids(TURN) {
                let message = PublishMessage::build()
                    .message_id(id.to_string())
                    .payload(self.envelope.clone().into());
                sent.push(
                    jetstream
                        .send_publish(format!("bench.{id}"), message)
                        .await?,
                );
            }
            try_join_all(sent.into_iter().map(IntoFuture::into_future)).await?;
            Ok(TURN)
        })
        .await
    }

    async fn rows_of_the_log(&self) -> anyhow::Result<f64> {
        let mut connection = self.stage.pool.acquire().await?;
        sqlx::query("CREATE TABLE bench_log (LIKE audit.entries INCLUDING ALL)")
            .execute(&mut *connection)
            .await?;
        let rows = i64::try_from(TURN)?;
        let mut below = self.last + 1;
        self.metered(async || {
            let copied = sqlx::query(
                "INSERT INTO bench_log SELECT * FROM audit.entries WHERE position >= $1 AND position < $2",
            )
            .bind(below - rows)
            .bind(below)
            .execute(&mut *connection)
            .await?;
            below -= rows;
            Ok(usize::try_from(copied.rows_affected())?)
        })
        .await
    }

    fn ids(&self, count: usize) -> Vec<Uuid> {
        let id = || self.environment.new_id::<EventId>().uuid();
        std::iter::repeat_with(id).take(count).collect()
    }

    /// Writes until the time is over, or nothing is left to be written; the cost of one.
    async fn metered(
        &self,
        mut write: impl AsyncFnMut() -> anyhow::Result<usize>,
    ) -> anyhow::Result<f64> {
        let parts = Parts::System(self.stage).find().await?;
        let (meter, began) = (Meter::start()?, Instant::now());
        let mut written = 0;
        while began.elapsed() < self.duration {
            match write().await? {
                0 => break,
                count => written += count,
            }
        }
        anyhow::ensure!(written > 0, "nothing was written");
        let costs = meter.stop(&parts, written)?;
        Ok(sum(&costs))
    }
}
