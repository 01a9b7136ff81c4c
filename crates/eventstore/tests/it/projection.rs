//! Once, in order, without gaps.

use contract::Envelope;
use eventstore::transport::EVENTS;
use stage::eventually;

use crate::observer::{Archive, Observer};
use crate::world::{Load, World, fact, new_stream, provenance, record, record_up_to, version};

/// Publishes the producer's events by hand, in this order; no relay runs.
async fn publish(world: &World, versions: &[i64]) {
    let transport = world.transport().await;
    transport.stream(EVENTS).await.unwrap();
    for number in versions {
        let bytes: Vec<u8> = sqlx::query_scalar("SELECT envelope FROM events WHERE version = $1")
            .bind(number)
            .fetch_one(&world.producer)
            .await
            .unwrap();
        let subject = Envelope::parse(&bytes).unwrap().nats_subject();
        let ack = transport.jetstream().publish(subject, bytes.into()).await;
        ack.unwrap().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_delivered_twice_and_out_of_order_are_applied_once_and_in_order() {
    let world = World::new().await;
    record_up_to(&world.events(), new_stream(), 6).await;
    publish(&world, &[2, 1, 1, 3, 6, 5, 2, 4, 6, 1]).await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    observer.has_everything_once(&world).await;
    eventually("all are acknowledged", || no_delivery_left(&world)).await;
}

async fn no_delivery_left(world: &World) -> bool {
    let transport = world.transport().await;
    let stream = transport.stream(EVENTS).await.unwrap();
    let info = stream.consumer_info("observer").await.unwrap();
    info.num_ack_pending == 0 && info.num_pending == 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_repaired_from_the_producer_at_once() {
    let world = World::new().await;
    record_up_to(&world.events(), new_stream(), 600).await;
    publish(&world, &[1, 600]).await;
    let observer = Observer::new("observer");
    let archive = Archive::of(&world);
    let _observing = observer.start_with(&world, archive.clone()).await;
    observer.has_everything_once(&world).await;
    assert!(archive.calls() >= 3, "598 events are three answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_whose_producer_is_out_of_reach_is_repaired_when_it_answers() {
    let world = World::new().await;
    record_up_to(&world.events(), new_stream(), 3).await;
    publish(&world, &[3]).await;
    let observer = Observer::new("observer");
    let archive = Archive::that_fails_first(&world, 4);
    let _observing = observer.start_with(&world, archive.clone()).await;
    observer.has_everything_once(&world).await;
    assert!(archive.calls() > 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_fails_is_tried_again_and_blocks_only_its_own_stream() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let events = world.events();
    let (failing, healthy) = (new_stream(), new_stream());
    let observer = Observer::new("observer");
    observer.refuse(failing, 3);
    record_up_to(&events, failing, 5).await;
    record_up_to(&events, healthy, 5).await;
    let _observing = observer.start(&world).await;
    eventually("the other stream gets through", || async {
        observer.effects(&world).await.contains(&(healthy, 5))
    })
    .await;
    eventually("it is tried again", || async { observer.refusals() > 4 }).await;
    let effects = observer.effects(&world).await;
    let of_failing: Vec<i64> = effects.iter().filter(|e| e.0 == failing).map(|e| e.1).collect();
    assert_eq!(of_failing, [1, 2], "what comes before it is applied, what comes after waits");

    observer.accept_all();
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_rejected_and_the_rest_goes_on() {
    let world = World::new().await;
    record_up_to(&world.events(), new_stream(), 2).await;
    publish(&world, &[1]).await;
    let transport = world.transport().await;
    let junk = transport.jetstream().publish("mandate.events.x.y.z.1", "{}".into()).await;
    junk.unwrap().await.unwrap();
    publish(&world, &[2]).await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    observer.has_everything_once(&world).await;
    eventually("none is delivered again", || no_delivery_left(&world)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_under_another_subject_than_its_own_is_nobodys_word() {
    let world = World::new().await;
    record_up_to(&world.events(), new_stream(), 2).await;
    publish(&world, &[1]).await;
    let bytes: Vec<u8> = sqlx::query_scalar("SELECT envelope FROM events WHERE version = 2")
        .fetch_one(&world.producer)
        .await
        .unwrap();
    let transport = world.transport().await;
    let forged =
        transport.jetstream().publish("mandate.events.platform.key.created.1", bytes.into());
    forged.await.unwrap().await.unwrap();
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    eventually("the first is applied", async || observer.count(&world).await >= 1).await;
    eventually("all are dealt with", async || no_delivery_left(&world).await).await;
    assert_eq!(observer.count(&world).await, 1);
    publish(&world, &[2]).await;
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_of_a_consumer_share_the_work_to_one_effect() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let _replicas = (observer.start(&world).await, observer.start(&world).await);
    let load = Load::start(world.events(), 10);
    eventually("events arrive", || async { observer.count(&world).await > 300 }).await;
    load.finish().await;
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_consumer_deleted_in_the_middle_of_a_load_is_made_again() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let load = Load::start(world.events(), 10);
    for round in 1..=3 {
        eventually("events arrive", || async { observer.count(&world).await > round * 80 }).await;
        let transport = world.transport().await;
        let stream = transport.stream(EVENTS).await.unwrap();
        // It may still be gone from the time before.
        eventually("it is deleted", || async { stream.delete_consumer("observer").await.is_ok() })
            .await;
    }
    let had = observer.count(&world).await;
    eventually("more events arrive", || async { observer.count(&world).await > had + 50 }).await;
    load.finish().await;
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_whose_subjects_changed_follows_the_new_ones() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let before = Observer::of("observer", "mandate.events.*.key.>");
    let following = before.start(&world).await;
    let (events, stream) = (world.events(), new_stream());
    record(&events, stream, 1).await.unwrap();
    eventually("it is published", || async { world.messages().await == 1 }).await;
    following.stop().await;
    assert_eq!(before.count(&world).await, 0);

    let after = Observer::of("observer", "mandate.events.*.app.>");
    let _following = after.start(&world).await;
    record(&events, stream, 2).await.unwrap();
    after.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_join_a_transaction_become_true_with_it_or_not_at_all() {
    let world = World::new().await;
    let (events, kept, dropped) = (world.events(), new_stream(), new_stream());
    for (stream, commit) in [(kept, true), (dropped, false)] {
        let mut transaction = world.producer.begin().await.unwrap();
        let mut unit = events.join(&mut transaction, &provenance());
        unit.record(stream, version(1), &fact(stream)).unwrap();
        unit.flush().await.unwrap();
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
    }
    assert_eq!(world.heads().await, [(kept, 1)]);
}
