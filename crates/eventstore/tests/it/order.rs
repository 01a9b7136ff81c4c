//! Many writers at once: what is published is dense and in order.

use std::collections::BTreeMap;

use async_nats::jetstream::consumer::pull;
use contract::Envelope;
use eventstore::transport::EVENTS;
use eventstore::{AppendError, EventStore};
use futures::StreamExt;
use sqlx::PgPool;
use stage::eventually;
use uuid::Uuid;

use crate::observer::Observer;
use crate::world::{World, fact, new_stream, provenance, version};

/// Changes a stream, with its state: decides again when someone else was first.
async fn change(events: &EventStore, stream: Uuid) -> Result<(), AppendError> {
    loop {
        let mut unit = events.begin(&provenance());
        let connection = unit.connection().await?;
        let head: i64 =
            sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM events WHERE stream_id = $1")
                .bind(stream)
                .fetch_one(&mut *connection)
                .await?;
        sqlx::query("INSERT INTO changes VALUES ($1, $2)")
            .bind(stream)
            .bind(head + 1)
            .execute(connection)
            .await?;
        unit.record(stream, version(head + 1), &fact(stream))?;
        match unit.commit().await {
            Err(AppendError::Conflict) => tokio::task::yield_now().await,
            done => return done,
        }
    }
}

async fn published_to_a_consumer(world: &World, count: usize) -> Vec<Envelope> {
    let transport = world.transport().await;
    let stream = transport.stream(EVENTS).await.unwrap();
    let consumer = stream.create_consumer(pull::Config::default()).await.unwrap();
    let mut messages = consumer.messages().await.unwrap().take(count);
    let mut events = Vec::new();
    while let Some(message) = messages.next().await {
        let message = message.unwrap();
        events.push(Envelope::parse(&message.payload).unwrap());
        message.ack().await.unwrap();
    }
    events
}

async fn rows(pool: &PgPool, table: &'static str) -> Vec<(Uuid, i64)> {
    let query = match table {
        "changes" => "SELECT stream_id, version FROM changes ORDER BY stream_id, version",
        _ => "SELECT stream_id, version FROM events ORDER BY stream_id, version",
    };
    sqlx::query_as(query).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_on_shared_and_separate_streams_are_published_densely_and_in_order() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let shared: Vec<Uuid> = (0..4).map(|_| new_stream()).collect();
    let writers: Vec<_> = (0..64)
        .map(|writer| {
            let (events, shared, own) = (world.events(), shared[writer % 4], new_stream());
            tokio::spawn(async move {
                for _ in 0..5 {
                    change(&events, shared).await.unwrap();
                    change(&events, own).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    eventually("everything is relayed", || world.all_relayed()).await;

    let published = published_to_a_consumer(&world, 640).await;
    let mut streams: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for event in published {
        let versions = streams.entry(event.stream_id()).or_default();
        versions.push(event.streamversion.number());
    }
    assert_eq!(streams.len(), 68);
    for (stream, versions) in streams {
        let changes = if shared.contains(&stream) { 80 } else { 5 };
        assert_eq!(versions, (1..=changes).collect::<Vec<_>>());
    }
    assert_eq!(
        rows(&world.producer, "changes").await,
        rows(&world.producer, "events").await,
        "each state change has its event"
    );
    assert_eq!(world.messages().await, 640);
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_with_more_events_than_the_client_has_under_way_at_once_is_published() {
    let world = World::new().await;
    let events = world.events();
    let mut unit = events.begin(&provenance());
    for _ in 0..6_000 {
        let stream = new_stream();
        unit.record(stream, version(1), &fact(stream)).unwrap();
    }
    unit.commit().await.unwrap();
    let _relay = world.start_relay().await;
    eventually("all of it is published", || async {
        world.all_relayed().await && world.messages().await == 6_000
    })
    .await;
}
