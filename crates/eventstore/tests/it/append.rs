//! State and events become true together, once, or not at all. Postgres alone.

use std::sync::Arc;

use contract::facts::{AppImageSet, ImageMediaType};
use contract::{AppId, Context, Envelope, EnvelopeError, Environment, Sealed};
use eventstore::{
    AppendError, EventColumns, EventStore, IdempotencyRecord, InsertWithEvents, Sequences,
    idempotency, insert_events,
};
use local_servers::testing::TestDatabase;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::world::{
    Name, Named, PRODUCER, fact, new_database, new_stream, owner_of, pool_of, provenance, record,
    record_up_to, version,
};

async fn store() -> (TestDatabase, PgPool, EventStore) {
    let database = new_database().await;
    let pool = pool_of(&database, PRODUCER, 20).await;
    let events = EventStore::new(PRODUCER, pool.clone(), Environment::system());
    (database, pool, events)
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

fn code(error: &sqlx::Error) -> String {
    let cause = error.as_database_error().unwrap();
    cause.code().unwrap().into_owned()
}

#[tokio::test]
async fn a_version_that_is_taken_is_a_conflict_and_its_state_is_undone() {
    let (_database, pool, events) = store().await;
    let stream = new_stream();
    record_up_to(&events, stream, 2).await;
    let mut unit = events.begin(&provenance());
    sqlx::query("INSERT INTO changes VALUES ($1, 2)")
        .bind(stream)
        .execute(unit.connection().await.unwrap())
        .await
        .unwrap();
    unit.record(stream, version(2), &fact(stream)).unwrap();
    assert!(matches!(unit.commit().await, Err(AppendError::Conflict)));
    assert_eq!(count(&pool, "SELECT count(*) FROM changes").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 2);
    assert_eq!(count(&pool, "SELECT count(*) FROM outbox").await, 4);
}

#[tokio::test]
async fn a_version_that_leaves_a_gap_is_refused_by_the_database() {
    let (_database, pool, events) = store().await;
    let stream = new_stream();
    assert!(matches!(record(&events, stream, 2).await, Err(AppendError::Conflict)));
    record(&events, stream, 1).await.unwrap();
    assert!(matches!(record(&events, stream, 3).await, Err(AppendError::Conflict)));
    let by_hand = sqlx::query(
        "INSERT INTO events (id, stream_kind, stream_id, version, type, occurred_at, envelope)
         VALUES ($1, 'app', $1, 7, 'mandate.app.created.v1', now(), 'no')",
    )
    .bind(stream)
    .execute(&pool)
    .await;
    assert_eq!(code(&by_hand.unwrap_err()), "MD002");
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 1);
}

/// Nothing but events, that are recorded only if it is so.
struct OnlyIf(bool);

impl InsertWithEvents for OnlyIf {
    async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> sqlx::Result<Sequences> {
        insert_events!(connection, events, allowed: "$16::boolean", self.0)
    }
}

#[tokio::test]
async fn a_change_that_is_not_allowed_is_a_conflict_and_nothing_of_it_is_written() {
    let (_database, pool, events) = store().await;
    let mut from = provenance();
    from.context = Some(Context { address: Some("203.0.113.7".to_owned()), ..Context::default() });
    let with_state = async |allowed: bool| {
        let stream = new_stream();
        let mut unit = events.begin(&from);
        sqlx::query("INSERT INTO changes VALUES ($1, 1)")
            .bind(stream)
            .execute(unit.connection().await.unwrap())
            .await
            .unwrap();
        unit.record(stream, version(1), &fact(stream)).unwrap();
        unit.commit_with(&OnlyIf(allowed)).await
    };
    let events_alone = async |allowed: bool| {
        let stream = new_stream();
        let mut unit = events.begin(&from);
        let name = Name { name: "Shelf Optimizer".to_owned() };
        unit.record_with(stream, version(1), &Named {}, &name).unwrap();
        unit.commit_with(&OnlyIf(allowed)).await
    };
    for outcome in [with_state(false).await, events_alone(false).await] {
        assert!(matches!(outcome, Err(AppendError::Conflict)), "{outcome:?}");
    }
    for table in ["changes", "contexts", "details", "events", "outbox"] {
        let written = format!("SELECT count(*) FROM {table}");
        let written: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(written)).fetch_one(&pool).await.unwrap();
        assert_eq!(written, 0, "{table}");
    }
    with_state(true).await.unwrap();
    events_alone(true).await.unwrap();
    assert_eq!(count(&pool, "SELECT count(*) FROM changes").await, 1);
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 2);
}

#[tokio::test]
async fn more_events_than_are_published_at_once_are_several_rows_of_the_outbox() {
    let (_database, pool, events) = store().await;
    let mut unit = events.begin(&provenance());
    for _ in 0..513 {
        let stream = new_stream();
        unit.record(stream, version(1), &fact(stream)).unwrap();
    }
    unit.commit().await.unwrap();
    let rows: Vec<i32> = sqlx::query_scalar("SELECT cardinality(seqs) FROM outbox ORDER BY id")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(rows, [512, 1, 512, 1]);
}

#[tokio::test]
async fn a_lent_connection_can_be_used_again_after_a_unit() {
    let (_database, pool, events) = store().await;
    let mut connection = pool.acquire().await.unwrap();
    let (first, second) = (new_stream(), new_stream());
    let mut unit = events.begin_on(&mut connection, &provenance());
    unit.record(first, version(1), &fact(first)).unwrap();
    unit.commit().await.unwrap();
    let mut unit = events.begin_on(&mut connection, &provenance());
    sqlx::query("INSERT INTO changes VALUES ($1, 1)")
        .bind(second)
        .execute(unit.connection().await.unwrap())
        .await
        .unwrap();
    drop(unit);
    let mut unit = events.begin_on(&mut connection, &provenance());
    unit.record(second, version(1), &fact(second)).unwrap();
    unit.commit().await.unwrap();
    assert_eq!(count(&pool, "SELECT count(*) FROM changes").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 2);
}

#[tokio::test]
async fn several_events_of_a_unit_take_their_numbers_in_the_order_they_were_recorded() {
    let (_database, pool, events) = store().await;
    let (one, two) = (new_stream(), new_stream());
    let mut unit = events.begin(&provenance());
    for (stream, number) in [(two, 1), (one, 1), (one, 2), (two, 2), (one, 3)] {
        unit.record(stream, version(number), &fact(stream)).unwrap();
    }
    unit.commit().await.unwrap();
    let recorded: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT stream_id, version FROM events ORDER BY seq")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(recorded, [(two, 1), (one, 1), (one, 2), (two, 2), (one, 3)]);
}

#[tokio::test]
async fn two_writers_that_wait_for_each_other_end_in_a_conflict() {
    let (_database, pool, events) = store().await;
    let (one, two) = (new_stream(), new_stream());
    let barrier = Arc::new(Barrier::new(2));
    let writers = [[one, two], [two, one]].map(|streams| {
        let (events, pool, barrier) = (events.clone(), pool.clone(), barrier.clone());
        tokio::spawn(async move {
            let mut transaction = pool.begin().await.unwrap();
            for (place, stream) in streams.into_iter().enumerate() {
                if place == 1 {
                    barrier.wait().await;
                }
                let mut unit = events.join(&mut transaction, &provenance());
                unit.record(stream, version(1), &fact(stream)).unwrap();
                unit.flush().await?;
            }
            transaction.commit().await?;
            Ok::<_, AppendError>(())
        })
    });
    let mut conflicts = 0;
    for writer in writers {
        match writer.await.unwrap() {
            Ok(()) => {}
            Err(AppendError::Conflict) => conflicts += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(conflicts, 1);
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 2);
}

#[tokio::test]
async fn events_are_never_changed_or_deleted_neither_by_the_service_nor_by_the_owner() {
    let (database, pool, events) = store().await;
    record(&events, new_stream(), 1).await.unwrap();
    let owner = owner_of(&database).await;
    for statement in ["UPDATE events SET version = 9", "DELETE FROM events", "TRUNCATE events"] {
        let by_service = sqlx::query(statement).execute(&pool).await.unwrap_err();
        assert_eq!(code(&by_service), "42501", "{statement}");
        let by_owner = sqlx::query(statement).execute(&owner).await.unwrap_err();
        assert_eq!(code(&by_owner), "MD001", "{statement}");
    }
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 1);
}

#[tokio::test]
async fn a_unit_without_events_is_refused_and_a_unit_that_is_dropped_is_undone() {
    let (_database, pool, events) = store().await;
    let stream = new_stream();
    let mut empty = events.begin(&provenance());
    let mut dropped = events.begin(&provenance());
    for unit in [&mut empty, &mut dropped] {
        sqlx::query("INSERT INTO changes VALUES ($1, 1)")
            .bind(stream)
            .execute(unit.connection().await.unwrap())
            .await
            .unwrap();
    }
    dropped.record(stream, version(1), &fact(stream)).unwrap();
    drop(dropped);
    assert!(matches!(empty.commit().await, Err(AppendError::NoEvent)));
    assert_eq!(count(&pool, "SELECT count(*) FROM changes").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 0);
    record(&events, stream, 1).await.unwrap();
}

fn answer(key: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        scope: "user/1".to_owned(),
        key: key.to_owned(),
        fingerprint: vec![7; 32],
        status: 201,
        location: Some("/v1/apps/1".to_owned()),
        version: Some(contract::Version::FIRST),
        body: serde_json::json!({ "id": 1 }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_requests_with_the_same_idempotency_key_exactly_one_is_carried_out() {
    let (_database, pool, events) = store().await;
    let requests: Vec<_> = (0..16)
        .map(|_| {
            let events = events.clone();
            tokio::spawn(async move {
                let stream = new_stream();
                let mut unit = events.begin(&provenance());
                unit.record(stream, version(1), &fact(stream)).unwrap();
                unit.remember(Some(answer("same")));
                unit.commit().await
            })
        })
        .collect();
    let mut done = 0;
    for request in requests {
        match request.await.unwrap() {
            Ok(()) => done += 1,
            Err(AppendError::AlreadyHandled) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(done, 1);
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 1);
    let found = idempotency::find(&pool, "user/1", "same").await.unwrap().unwrap();
    assert_eq!((found.status, found.fingerprint), (201, vec![7; 32]));
    assert_eq!(found.location.as_deref(), Some("/v1/apps/1"));
    assert!(idempotency::find(&pool, "user/2", "same").await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_over_the_limit_is_refused_before_anything_is_written() {
    let (_database, pool, events) = store().await;
    let stream = new_stream();
    let image_set = AppImageSet {
        app_id: AppId::from_uuid(stream),
        media_type: ImageMediaType::Png,
        size: 1,
        sha256: "x".repeat(70_000),
    };
    let mut unit = events.begin(&provenance());
    let refused = unit.record(stream, version(1), &image_set);
    assert!(matches!(refused, Err(AppendError::Envelope(EnvelopeError::TooLarge { .. }))));
    assert!(matches!(unit.commit().await, Err(AppendError::NoEvent)));
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await, 0);
}

#[tokio::test]
async fn context_and_details_are_kept_beside_the_event_bound_to_it_and_can_be_erased() {
    let (_database, pool, events) = store().await;
    let stream = new_stream();
    let mut from = provenance();
    from.context = Some(Context { address: Some("203.0.113.7".to_owned()), ..Context::default() });
    let mut unit = events.begin(&from);
    let name = Name { name: "Shelf Optimizer".to_owned() };
    let id = unit.record_with(stream, version(1), &Named {}, &name).unwrap();
    unit.commit().await.unwrap();

    let envelope: Vec<u8> =
        sqlx::query_scalar("SELECT envelope FROM events").fetch_one(&pool).await.unwrap();
    let event = Envelope::parse(&envelope).unwrap();
    assert_eq!(event.canonical().unwrap(), envelope);
    let mut salts = Vec::new();
    for (query, words, hash) in [
        ("SELECT event_id, salt, context FROM contexts", "203.0.113.7", event.contexthash),
        ("SELECT event_id, salt, details FROM details", "Shelf Optimizer", event.detailshash),
    ] {
        assert!(!String::from_utf8_lossy(&envelope).contains(words));
        let (event_id, salt, bytes): (Uuid, Vec<u8>, Vec<u8>) =
            sqlx::query_as(query).fetch_one(&pool).await.unwrap();
        let sealed = Sealed { salt: contract::Salt(salt.try_into().unwrap()), bytes };
        assert_eq!(event_id, id.uuid());
        assert!(String::from_utf8_lossy(&sealed.bytes).contains(words));
        assert_eq!(hash, Some(sealed.hash()));
        salts.push(sealed.salt);
    }
    assert_ne!(salts[0], salts[1], "each part has a salt of its own");

    for statement in ["DELETE FROM contexts", "DELETE FROM details"] {
        let erased = sqlx::query(statement).execute(&pool).await;
        assert_eq!(erased.unwrap().rows_affected(), 1);
    }
}
