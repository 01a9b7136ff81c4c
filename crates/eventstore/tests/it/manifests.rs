//! Manifests: what a service says that it has recorded is all there is, once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use contract::environment::ManualClock;
use contract::facts::{ManifestReason, ManifestWritten};
use contract::manifest::{ManifestLine, read_list, sha256_hex};
use contract::rpc::ManifestListOf;
use contract::{Envelope, Environment, ManifestId};
use eventstore::EventStore;
use eventstore::manifests::Manifests;
use local_servers::testing::TestDatabase;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{
    Load, PRODUCER, fact, new_database, new_stream, owner_of, pool_of, provenance, record,
    record_up_to, version,
};

struct Stage {
    pool: PgPool,
    owner: PgPool,
    clock: Arc<ManualClock>,
    events: EventStore,
    _database: TestDatabase,
}

impl Stage {
    async fn new() -> Self {
        let database = new_database().await;
        let pool = pool_of(&database, PRODUCER, 24).await;
        let clock = Arc::new(ManualClock::starting_at(DateTime::UNIX_EPOCH + TimeDelta::days(1)));
        let environment = Environment::with_clock(clock.clone());
        let events = EventStore::new(PRODUCER, pool.clone(), environment);
        Self { owner: owner_of(&database).await, pool, clock, events, _database: database }
    }

    /// As another process has them.
    fn manifests(&self) -> Manifests {
        Manifests::new(self.events.clone())
    }

    /// The manifests so far, held against the events: each follows on the one before, counts what there is up to
    /// its row, and no event is in two lists or in none. How many events are in each, and why it was written.
    async fn checked(&self) -> Vec<(u64, ManifestReason)> {
        let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(
            "SELECT envelope, up_to_seq FROM events LEFT JOIN manifests USING (version)
             WHERE stream_id = $1 ORDER BY version",
        )
        .bind(ManifestId::of(PRODUCER).uuid())
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let mut heads: HashMap<Uuid, i64> = HashMap::new();
        let (mut previous, mut after) = (None, 0);
        let mut told = Vec::new();
        for (number, (envelope, up_to)) in (1..).zip(rows) {
            let manifest: ManifestWritten = Envelope::parse(&envelope).unwrap().fact().unwrap();
            assert_eq!(manifest.previous, previous, "manifest {number}");
            previous = Some(sha256_hex(&envelope));
            let asked = ManifestListOf { version: version(number) };
            let list = self.manifests().list(asked).await.unwrap().unwrap();
            assert_eq!(manifest.list_hash, sha256_hex(list.as_bytes()));
            let lines = read_list(&list).unwrap();
            for line in &lines {
                let head = heads.entry(line.stream).or_default();
                assert_eq!(line.from.number(), *head + 1, "manifest {number}");
                *head = line.to.number();
            }
            assert_eq!(manifest.changed_streams, lines.len() as u64);
            let events: u64 = lines.iter().map(ManifestLine::events).sum();
            assert_eq!(manifest.changed_events, events);
            assert_eq!(events, self.events_between(after, up_to).await, "manifest {number}");
            assert_eq!(kinds_of(&manifest), self.kinds_up_to(up_to).await, "manifest {number}");
            after = up_to;
            told.push((events, manifest.reason));
        }
        told
    }

    async fn events_between(&self, after: i64, up_to: i64) -> u64 {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM events WHERE seq > $1 AND seq <= $2")
                .bind(after)
                .bind(up_to)
                .fetch_one(&self.pool)
                .await
                .unwrap();
        count.unsigned_abs()
    }

    async fn kinds_up_to(&self, seq: i64) -> BTreeMap<String, (i64, i64)> {
        let kinds: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT stream_kind, count(DISTINCT stream_id), count(*) FROM events WHERE seq <= $1
             GROUP BY stream_kind",
        )
        .bind(seq)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        kinds.into_iter().map(|(kind, streams, events)| (kind, (streams, events))).collect()
    }

    /// Records so many events of each of so many streams, in one transaction.
    async fn record_many(&self, streams: usize, each: i64) {
        let mut unit = self.events.begin(&provenance());
        for stream in (0..streams).map(|_| new_stream()) {
            for number in 1..=each {
                unit.record(stream, version(number), &fact(stream)).unwrap();
            }
        }
        unit.commit().await.unwrap();
    }
}

fn kinds_of(manifest: &ManifestWritten) -> BTreeMap<String, (i64, i64)> {
    let number = |count: u64| i64::try_from(count).unwrap();
    let kinds = manifest.kinds.iter();
    kinds.map(|of| (of.kind.clone(), (number(of.streams), number(of.events)))).collect()
}

#[tokio::test]
async fn a_manifest_is_written_hour_by_hour_from_the_first_event_on() {
    let stage = Stage::new().await;
    let manifests = stage.manifests();
    manifests.write_due().await.unwrap();
    stage.clock.advance(TimeDelta::days(9));
    manifests.write_due().await.unwrap();
    assert_eq!(stage.checked().await, [], "there is nothing to tell of");

    let stream = new_stream();
    let mut unit = stage.events.begin(&provenance());
    unit.record(stream, version(1), &fact(stream)).unwrap();
    unit.commit().await.unwrap();
    stage.clock.advance(TimeDelta::minutes(59));
    manifests.write_due().await.unwrap();
    assert_eq!(stage.checked().await, []);
    stage.clock.advance(TimeDelta::minutes(1));
    manifests.write_due().await.unwrap();
    manifests.write_due().await.unwrap();
    assert_eq!(stage.checked().await, [(1, ManifestReason::Hour)]);
    // Nothing happens any more, and that is told as well: each is in the next.
    stage.clock.advance(TimeDelta::hours(1));
    manifests.write_due().await.unwrap();
    assert_eq!(stage.checked().await, [(1, ManifestReason::Hour), (1, ManifestReason::Hour)]);
}

#[tokio::test]
async fn what_is_asked_for_is_written_at_once_and_only_if_there_is_something_to_tell() {
    let stage = Stage::new().await;
    let manifests = stage.manifests();
    let nothing = manifests.write_asked().await.unwrap();
    assert_eq!((nothing.last, nothing.written, nothing.is_complete), (None, 0, true));
    record_up_to(&stage.events, new_stream(), 3).await;
    let first = manifests.write_asked().await.unwrap();
    assert_eq!((first.last, first.written, first.events), (Some(version(1)), 1, 3));
    assert!(first.is_complete);
    let second = manifests.write_asked().await.unwrap();
    assert_eq!((second.last, second.written, second.events), (Some(version(2)), 1, 1));
    assert_eq!(stage.checked().await, [(3, ManifestReason::Asked), (1, ManifestReason::Asked)]);
    let beyond = ManifestListOf { version: version(3) };
    assert_eq!(manifests.list(beyond).await.unwrap(), None);
}

#[tokio::test]
async fn twenty_five_thousand_events_are_caught_up_in_three() {
    let stage = Stage::new().await;
    let manifests = stage.manifests();
    stage.record_many(2_500, 7).await;
    stage.record_many(7_500, 1).await;
    manifests.write_due().await.unwrap();
    let many = (10_000, ManifestReason::Many);
    assert_eq!(stage.checked().await, [many, many]);
    stage.clock.advance(TimeDelta::hours(1));
    manifests.write_due().await.unwrap();
    // The rest, and the first two.
    assert_eq!(stage.checked().await, [many, many, (5_002, ManifestReason::Hour)]);
}

#[tokio::test]
async fn replicas_that_write_at_once_tell_of_every_event_once() {
    let stage = Stage::new().await;
    let loads: Vec<Load> = (0..4).map(|_| Load::start(stage.events.clone(), 5)).collect();
    let replicas: Vec<_> = (0..6)
        .map(|_| {
            let manifests = stage.manifests();
            tokio::spawn(async move {
                let mut written = 0;
                for _ in 0..10 {
                    written += manifests.write_asked().await.unwrap().written;
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for replica in replicas {
        written += replica.await.unwrap();
    }
    for load in loads {
        load.finish().await;
    }
    assert!(stage.manifests().write_asked().await.unwrap().is_complete);
    let told = stage.checked().await;
    assert_eq!(u32::try_from(told.len()).unwrap(), written + 1, "each was written by one");
    let events: u64 = told.iter().map(|(events, _)| events).sum();
    // All but the last manifest itself.
    assert_eq!(events, stage.events_between(0, i64::MAX).await - 1);
}

#[tokio::test]
async fn what_is_written_for_long_is_waited_for_and_never_left_out() {
    let stage = Stage::new().await;
    let (slow, quick) = (new_stream(), new_stream());
    // It has the lower row, and is not committed yet.
    let mut unit = stage.events.begin(&provenance());
    unit.record(slow, version(1), &fact(slow)).unwrap();
    unit.write_recorded().await.unwrap();
    record(&stage.events, quick, 1).await.unwrap();
    let answer = stage.manifests().write_asked().await.unwrap();
    assert_eq!((answer.written, answer.is_complete), (0, false));
    stage.clock.advance(TimeDelta::hours(2));
    stage.manifests().write_due().await.unwrap();
    assert_eq!(stage.checked().await, []);

    let manifests = stage.manifests();
    let asked = tokio::spawn(async move { manifests.write_asked().await.unwrap() });
    unit.commit().await.unwrap();
    let answer = asked.await.unwrap();
    assert_eq!((answer.events, answer.is_complete), (2, true));
    assert_eq!(stage.checked().await, [(2, ManifestReason::Asked)]);
}

#[tokio::test]
async fn a_manifest_and_its_list_become_true_together_or_not_at_all() {
    let stage = Stage::new().await;
    record_up_to(&stage.events, new_stream(), 2).await;
    let role = PRODUCER.role();
    let change = async |sql: String| {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&stage.owner).await.unwrap();
    };
    // Between the event and its list.
    change(format!("REVOKE INSERT ON manifests FROM {role}")).await;
    assert!(stage.manifests().write_asked().await.is_err());
    assert_eq!(stage.events_between(0, i64::MAX).await, 2);
    change(format!("GRANT INSERT ON manifests TO {role}")).await;
    assert_eq!(stage.manifests().write_asked().await.unwrap().written, 1);
    assert_eq!(stage.checked().await, [(2, ManifestReason::Asked)]);
}

#[tokio::test]
async fn a_list_is_never_changed_nor_removed() {
    let stage = Stage::new().await;
    record_up_to(&stage.events, new_stream(), 1).await;
    stage.manifests().write_asked().await.unwrap();
    for sql in ["UPDATE manifests SET up_to_seq = 9", "DELETE FROM manifests", "TRUNCATE manifests"]
    {
        let refused = sqlx::query(sql).execute(&stage.owner).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "MD001", "{sql}");
        assert!(sqlx::query(sql).execute(&stage.pool).await.is_err(), "{sql}");
    }
}
