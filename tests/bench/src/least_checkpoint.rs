//! The least that a signed checkpoint can take: the simplest program that commits events, then a log of them with the
//! tree's root, then a checkpoint of that root, in the same database and at the same pace.
//!
//! No message, no stream, no order, nothing checked or read back: what is left is three commits, and what waits for the
//! one before to end.

use std::time::{Duration, Instant};

use contract::{Environment, EventId};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio::sync::mpsc;
use translog::{Checkpoint, Hash, Signer, Tree};
use uuid::Uuid;

/// As large as an event.
const BYTES: usize = 800;

/// Made anew, and without a row.
const TABLES: &str = "
    DROP TABLE IF EXISTS bench_events, bench_log, bench_checkpoints;
    CREATE TABLE bench_events (id uuid PRIMARY KEY, envelope bytea NOT NULL);
    CREATE TABLE bench_log (position bigserial PRIMARY KEY, id uuid NOT NULL UNIQUE, envelope bytea NOT NULL);
    CREATE TABLE bench_checkpoints (size bigint PRIMARY KEY, note bytea NOT NULL);
";

/// An event that was committed, and when.
struct Committed {
    id: Uuid,
    envelope: Vec<u8>,
    at: Instant,
}

/// How long so many events took from their commits to the checkpoints that cover them, the shortest first.
pub(crate) async fn measure(
    pool: &PgPool,
    total: u32,
    per_second: u32,
) -> anyhow::Result<Vec<Duration>> {
    sqlx::raw_sql(AssertSqlSafe(TABLES)).execute(pool).await?;
    let (committed, following) = mpsc::unbounded_channel();
    let followed = tokio::spawn(follow(pool.clone(), following));
    let environment = Environment::system();
    let mut conn = pool.acquire().await?;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
    for _ in 0..total {
        pace.tick().await;
        let id = environment.new_id::<EventId>().uuid();
        let envelope = id.as_bytes().repeat(BYTES / 16);
        sqlx::query("INSERT INTO bench_events VALUES ($1, $2)")
            .bind(id)
            .bind(&envelope)
            .execute(&mut *conn)
            .await?;
        committed.send(Committed { id, envelope, at: Instant::now() })?;
    }
    drop(committed);
    let mut latencies = followed.await??;
    latencies.sort_unstable();
    Ok(latencies)
}

/// Records all that was committed meanwhile at once, and signs it.
async fn follow(
    pool: PgPool,
    mut following: mpsc::UnboundedReceiver<Committed>,
) -> anyhow::Result<Vec<Duration>> {
    let signer = Signer::generate("log.example.com/audit/log".parse()?);
    let mut tree = Tree::new();
    let mut conn = pool.acquire().await?;
    let mut batch = Vec::new();
    let mut latencies = Vec::new();
    while following.recv_many(&mut batch, 512).await > 0 {
        record(&mut conn, &batch).await?;
        tree.append(batch.iter().map(|event| Hash::of_leaf(&event.envelope)));
        let origin = signer.verifier_key().name().clone();
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        sqlx::query("INSERT INTO bench_checkpoints VALUES ($1, $2)")
            .bind(i64::try_from(tree.size())?)
            .bind(checkpoint.sign(&signer)?.to_string().as_bytes())
            .execute(&mut *conn)
            .await?;
        latencies.extend(batch.drain(..).map(|event| event.at.elapsed()));
    }
    Ok(latencies)
}

async fn record(conn: &mut PgConnection, batch: &[Committed]) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = batch.iter().map(|event| event.id).collect();
    let envelopes: Vec<&[u8]> = batch.iter().map(|event| event.envelope.as_slice()).collect();
    sqlx::query(
        "INSERT INTO bench_log (id, envelope) SELECT * FROM UNNEST($1::uuid[], $2::bytea[])",
    )
    .bind(ids)
    .bind(envelopes)
    .execute(conn)
    .await?;
    Ok(())
}
