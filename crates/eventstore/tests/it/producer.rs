//! What a producer answers to those who miss events.

use std::time::Duration;

use contract::facts::{AppImageSet, ImageMediaType};
use contract::rpc::{EventDigest, StreamEvents, StreamHeads, UnknownEvents};
use contract::{AppId, Environment, Version};
use eventstore::EventStore;
use eventstore::producer;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::world::{
    PRODUCER, fact, new_database, new_stream, pool_of, provenance, record_up_to, version,
};

fn store(pool: &PgPool) -> EventStore {
    EventStore::new(PRODUCER, pool.clone(), Environment::system())
}

fn heads_after(after_seq: i64, limit: i64) -> StreamHeads {
    StreamHeads { after_seq, limit, ..StreamHeads::default() }
}

#[tokio::test]
async fn an_asker_goes_through_a_stream_in_answers_that_fit_a_message() {
    let database = new_database().await;
    let pool = pool_of(&database, PRODUCER, 4).await;
    let (events, stream) = (store(&pool), new_stream());
    let image_set = AppImageSet {
        app_id: AppId::from_uuid(stream),
        media_type: ImageMediaType::Png,
        size: 1,
        sha256: "x".repeat(60_000),
    };
    for number in 1..=20 {
        let mut unit = events.begin(&provenance());
        unit.record(stream, version(number), &image_set).unwrap();
        unit.commit().await.unwrap();
    }
    let (mut next, last) = (version(1), version(20));
    let mut answers = 0;
    while next <= last {
        let asked = StreamEvents { stream_id: stream, from: next, to: last };
        let answer = producer::stream_events(&pool, &asked).await.unwrap();
        assert!(serde_json::to_vec(&answer).unwrap().len() < 1024 * 1024);
        for event in answer {
            assert_eq!(event.version, next);
            next = next.next();
        }
        answers += 1;
    }
    assert!(answers > 1);
    let beyond = StreamEvents { stream_id: stream, from: version(21), to: version(30) };
    assert!(producer::stream_events(&pool, &beyond).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_pages_of_heads_tell_of_every_event_once() {
    let database = new_database().await;
    let pool = pool_of(&database, PRODUCER, 4).await;
    let events = store(&pool);
    let (one, two) = (new_stream(), new_stream());
    record_up_to(&events, one, 4).await;
    record_up_to(&events, two, 3).await;

    let mut after = 0;
    let mut told = Vec::new();
    loop {
        let asked = heads_after(after, 3);
        let page = producer::stream_heads(&pool, &asked, Duration::ZERO).await.unwrap();
        if page.last_seq == after {
            break;
        }
        told.push(page.heads.iter().map(|h| (h.stream_id, h.version.number())).collect::<Vec<_>>());
        after = page.last_seq;
    }
    assert_eq!(told[0], [(one, 3)]);
    let mut second = [(one, 4), (two, 2)];
    second.sort_unstable();
    assert_eq!(told[1], second);
    assert_eq!(told[2], [(two, 3)]);
    assert_eq!(told.len(), 3);
}

/// Longer than any transaction of these tests.
const SETTLE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_page_of_heads_ends_before_what_may_still_change() {
    let database = new_database().await;
    let pool = pool_of(&database, PRODUCER, 4).await;
    let events = store(&pool);
    record_up_to(&events, new_stream(), 2).await;
    let young = producer::stream_heads(&pool, &heads_after(0, 100), SETTLE).await.unwrap();
    assert!(young.heads.is_empty());
    assert_eq!((young.last_seq, young.settled_seq), (0, 0));

    // A transaction that is open hides a lower number; what is after it is told only once it is
    // too old for that.
    let stream = new_stream();
    let mut open = pool.begin().await.unwrap();
    let mut unit = events.join(&mut open, &provenance());
    unit.record(stream, version(1), &fact(stream)).unwrap();
    unit.flush().await.unwrap();
    record_up_to(&events, new_stream(), 1).await;
    let page = producer::stream_heads(&pool, &heads_after(0, 100), SETTLE).await.unwrap();
    assert_eq!(page.last_seq, 0);
    open.commit().await.unwrap();
    let page = producer::stream_heads(&pool, &heads_after(0, 100), Duration::ZERO).await.unwrap();
    assert_eq!(page.heads.len(), 3);
    assert!(page.heads.iter().any(|head| head.stream_id == stream));
}

#[tokio::test]
async fn of_others_events_a_producer_says_that_they_are_not_its_own() {
    let database = new_database().await;
    let pool = pool_of(&database, PRODUCER, 4).await;
    let (events, stream) = (store(&pool), new_stream());
    record_up_to(&events, stream, 3).await;
    let stored = StreamEvents { stream_id: stream, from: version(1), to: version(3) };
    let stored = producer::stream_events(&pool, &stored).await.unwrap();
    let digest = |version: Version, bytes: &str| EventDigest {
        stream_id: stream,
        version,
        sha256: hex::encode(Sha256::digest(bytes)),
    };
    let own: Vec<EventDigest> =
        stored.iter().map(|event| digest(event.version, &event.envelope)).collect();
    let others = [
        digest(version(2), "other bytes"),
        digest(version(4), &stored[2].envelope),
        EventDigest { stream_id: new_stream(), ..own[0].clone() },
        EventDigest { sha256: "no digest".to_owned(), ..own[0].clone() },
    ];
    let asked = UnknownEvents { events: own.iter().chain(&others).cloned().collect() };
    assert_eq!(producer::unknown_events(&pool, asked).await.unwrap(), others);
    // A question has an end: who asks about more is answered for as many.
    let many = vec![others[0].clone(); UnknownEvents::EVENTS_AT_ONCE + 1];
    let unknown = producer::unknown_events(&pool, UnknownEvents { events: many }).await.unwrap();
    assert_eq!(unknown.len(), UnknownEvents::EVENTS_AT_ONCE);
}
