//! Killed between any two steps: nothing is lost, the effect is once.

use contract::Envelope;
use stage::eventually;
use tokio::time::{Duration, Instant};

use crate::observer::Observer;
use crate::world::{World, fact, new_stream, provenance, record, record_up_to, version};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_committed_before_its_process_was_killed_is_published_by_the_next_one() {
    let world = World::new().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    record_up_to(&world.events(), new_stream(), 3).await;
    assert_eq!(world.messages().await, 0);

    let _relay = world.start_relay().await;
    observer.has_everything_once(&world).await;
    assert_eq!(world.messages().await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_after_publishing_and_before_settling_publishes_twice_to_one_effect() {
    let world = World::new().await;
    world.make_stream_that_keeps_doubles().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let stream = new_stream();
    record(&world.events(), stream, 1).await.unwrap();

    // Holds the relay between the ack and the deletion.
    let mut hold = world.owner.begin().await.unwrap();
    sqlx::query("SELECT id FROM outbox WHERE destination = 'events' FOR UPDATE")
        .execute(&mut *hold)
        .await
        .unwrap();
    let relay = world.start_relay().await;
    eventually("it is published", || async { world.messages().await == 1 }).await;
    let leader = world.leader_waits_for_a_lock().await;
    let killed = Instant::now();
    relay.kill().await;
    world.terminate(leader).await;
    hold.rollback().await.unwrap();
    assert!(!world.all_relayed().await);
    eventually("JetStream no longer knows its id", || async {
        killed.elapsed() > Duration::from_millis(300)
    })
    .await;

    let _next = world.start_relay().await;
    eventually("it is published again", || async {
        world.all_relayed().await && world.messages().await == 2
    })
    .await;
    let published = world.published().await;
    assert_eq!(published[0], published[1]);
    record(&world.events(), stream, 2).await.unwrap();
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_commits_late_under_a_lower_number_than_one_relayed_is_published() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let events = world.events();
    let (late, early) = (new_stream(), new_stream());

    let mut transaction = world.producer.begin().await.unwrap();
    let mut unit = events.join(&mut transaction, &provenance());
    unit.record(late, version(1), &fact(late)).unwrap();
    unit.flush().await.unwrap();
    record(&events, early, 1).await.unwrap();
    eventually("the early one is relayed", || async {
        world.messages().await == 1 && world.all_relayed().await
    })
    .await;
    transaction.commit().await.unwrap();
    events.wake_relays();

    eventually("the late one is relayed", || async { world.messages().await == 2 }).await;
    let published: Vec<_> = world.published().await.iter().map(Envelope::stream_id).collect();
    assert_eq!(published, [early, late]);
    let by_number: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT stream_id FROM events ORDER BY seq")
            .fetch_all(&world.producer)
            .await
            .unwrap();
    assert_eq!(by_number, [late, early]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_killed_again_and_again_has_each_event_once() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let load = crate::world::Load::start(world.events(), 10);
    for round in 1..=5 {
        let observing = observer.start(&world).await;
        eventually("it gets on", || async { observer.count(&world).await >= round * 40 }).await;
        observing.kill().await;
    }
    load.finish().await;
    let _observing = observer.start(&world).await;
    observer.has_everything_once(&world).await;
}
