//! Two destinations: neither waits for the other, nor gets again what the other lost.

use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy};
use contract::facts::{AccessRefused, RefusedBecause};
use eventstore::transport::{AUDIT, EVENTS};
use eventstore::{Destination, EventStore};
use stage::eventually;
use uuid::Uuid;

use crate::observer::Observer;
use crate::world::{World, new_stream, provenance, record_up_to, version};

/// A stream that takes nothing.
fn full(name: &str) -> stream::Config {
    let (subject, retention) = match name {
        AUDIT => ("mandate.audit.*", RetentionPolicy::WorkQueue),
        _ => ("mandate.events.>", RetentionPolicy::Limits),
    };
    stream::Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        retention,
        discard: DiscardPolicy::New,
        max_message_size: 1,
        ..stream::Config::default()
    }
}

async fn make_full(world: &World, name: &str) {
    world.transport().await.jetstream().create_stream(full(name)).await.unwrap();
}

/// The stream takes everything from now on.
async fn make_room(world: &World, name: &str) {
    let open = stream::Config { max_message_size: -1, ..full(name) };
    world.transport().await.jetstream().update_stream(open).await.unwrap();
}

async fn delete(world: &World, name: &str) {
    world.transport().await.jetstream().delete_stream(name).await.unwrap();
}

/// How many messages a stream took in its life.
async fn taken(world: &World, name: &str) -> u64 {
    let stream = world.transport().await.stream(name).await.unwrap();
    stream.cached_info().state.last_sequence
}

/// How many events wait for a destination.
async fn waiting(world: &World, destination: Destination) -> i64 {
    sqlx::query_scalar(
        "SELECT coalesce(sum(cardinality(seqs)), 0)::bigint FROM outbox WHERE destination = $1",
    )
    .bind(destination.name())
    .fetch_one(&world.producer)
    .await
    .unwrap()
}

async fn record_refusal(events: &EventStore, stream: Uuid) {
    let refusal = AccessRefused {
        operation: "app.activate".to_owned(),
        target: format!("app/{stream}"),
        reason: RefusedBecause::RoleNotAllowed,
        counted: None,
        counted_since: None,
    };
    let mut unit = events.begin(&provenance());
    unit.record(stream, version(1), &refusal).unwrap();
    unit.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_reach_everybody_while_audit_takes_nothing_and_none_comes_twice_afterwards() {
    let world = World::new().await;
    // It forgets ids at once: whatever is published twice is there twice.
    world.make_stream_that_keeps_doubles().await;
    make_full(&world, AUDIT).await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    record_up_to(&world.events(), new_stream(), 5).await;
    observer.has_everything_once(&world).await;
    eventually("facts wait no more", || async { waiting(&world, Destination::Events).await == 0 })
        .await;
    assert_eq!(waiting(&world, Destination::Audit).await, 5);

    make_room(&world, AUDIT).await;
    eventually("audit is told", || world.all_relayed()).await;
    assert_eq!(world.messages().await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_is_told_everything_while_the_stream_of_facts_takes_nothing() {
    let world = World::new().await;
    make_full(&world, EVENTS).await;
    let _relay = world.start_relay().await;
    record_up_to(&world.events(), new_stream(), 5).await;
    eventually("audit is told", || async { waiting(&world, Destination::Audit).await == 0 }).await;
    let told = taken(&world, AUDIT).await;
    assert!(told >= 1);
    assert_eq!(waiting(&world, Destination::Events).await, 5);

    make_room(&world, EVENTS).await;
    eventually("facts are published", || world.all_relayed()).await;
    assert_eq!((world.messages().await, taken(&world, AUDIT).await), (5, told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_stream_loses_is_not_published_to_the_other_again() {
    let world = World::new().await;
    world.make_stream_that_keeps_doubles().await;
    let _relay = world.start_relay().await;
    record_up_to(&world.events(), new_stream(), 5).await;
    eventually("everything is relayed", || world.all_relayed()).await;
    let told = taken(&world, AUDIT).await;

    delete(&world, EVENTS).await;
    eventually("facts are there again", || async {
        world.messages().await == 5 && world.all_relayed().await
    })
    .await;
    assert_eq!(taken(&world, AUDIT).await, told);

    delete(&world, AUDIT).await;
    eventually("audit is told again", || async {
        taken(&world, AUDIT).await > 0 && world.all_relayed().await
    })
    .await;
    assert_eq!(taken(&world, EVENTS).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_goes_to_audit_only() {
    let world = World::new().await;
    record_refusal(&world.events(), new_stream()).await;
    assert_eq!(waiting(&world, Destination::Audit).await, 1);
    assert_eq!(waiting(&world, Destination::Events).await, 0);
    let _relay = world.start_relay().await;
    eventually("audit is told", || world.all_relayed()).await;
    assert_eq!((taken(&world, AUDIT).await, world.messages().await), (1, 0));
}
