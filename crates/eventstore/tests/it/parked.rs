//! A stream that cannot be applied is put aside: it holds up nobody, and comes back by itself.

use eventstore::ParkedStreams;
use eventstore::transport::EVENTS;
use stage::eventually;
use uuid::Uuid;

use crate::observer::{Archive, Observer};
use crate::process::Process;
use crate::world::{World, new_stream, record, record_up_to};

const FAILS: &str = "SELECT 1 / 0";
const TAKES_LONG: &str = "SELECT pg_sleep(60)";

/// What is parked, as operators are told it.
async fn parked(world: &World) -> Option<ParkedStreams> {
    ParkedStreams::of(&world.consumer, "observer").await.unwrap()
}

/// The versions of a stream that took effect.
async fn effects_of(observer: &Observer, world: &World, stream: Uuid) -> Vec<i64> {
    let effects = observer.effects(world).await.into_iter();
    effects.filter(|(of, _)| *of == stream).map(|(_, version)| version).collect()
}

async fn no_message_left(world: &World) -> bool {
    let transport = world.transport().await;
    let stream = transport.stream(EVENTS).await.unwrap();
    let info = stream.consumer_info("observer").await.unwrap();
    info.num_ack_pending == 0 && info.num_pending == 0
}

/// Many streams and one whose third event is poisoned, all published before the observer starts, so that they
/// come in one batch; and the processes that apply them.
async fn with_poison(
    world: &World,
    observer: &std::sync::Arc<Observer>,
    statement: &'static str,
) -> (Uuid, Vec<Process>) {
    let events = world.events();
    let poisoned = new_stream();
    observer.poison(poisoned, 3, statement);
    for _ in 0..20 {
        record_up_to(&events, new_stream(), 2).await;
    }
    record_up_to(&events, poisoned, 5).await;
    for _ in 0..20 {
        record_up_to(&events, new_stream(), 2).await;
    }
    let relay = world.start_relay().await;
    eventually("all are published", async || world.messages().await == 85).await;
    let observing = observer.start(world).await;
    let comparing = world.start_comparer(observer.clone(), Archive::of(world));
    (poisoned, vec![relay, observing, comparing])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_fails_is_parked_and_released_when_it_can_be_applied() {
    let world = World::new().await;
    let observer = Observer::new("observer");
    let (poisoned, _processes) = with_poison(&world, &observer, FAILS).await;
    eventually("all others get through", async || observer.count(&world).await == 82).await;
    let told = eventually("it is parked", async || parked(&world).await).await;
    assert_eq!((told.count, told.first), (1, poisoned));
    assert!(told.reason.contains("division by zero"), "{told}");
    assert_eq!(effects_of(&observer, &world, poisoned).await, [1, 2], "up to what fails");
    eventually("nothing is delivered again", async || no_message_left(&world).await).await;

    // What comes later waits behind it, whatever happens to its message.
    record(&world.events(), poisoned, 6).await.unwrap();
    let later = new_stream();
    record_up_to(&world.events(), later, 1).await;
    eventually("another goes on", async || !effects_of(&observer, &world, later).await.is_empty())
        .await;
    eventually("nothing is delivered again", async || no_message_left(&world).await).await;
    assert_eq!(effects_of(&observer, &world, poisoned).await, [1, 2]);
    eventually("it is tried again", async || {
        parked(&world).await.is_some_and(|parked| parked.reason.starts_with("from version 3"))
    })
    .await;

    observer.accept_all();
    observer.has_everything_once(&world).await;
    eventually("it is released", async || parked(&world).await.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_takes_too_long_is_parked_and_the_others_go_on() {
    let world = World::new().await;
    let observer = Observer::new("observer");
    let (poisoned, _processes) = with_poison(&world, &observer, TAKES_LONG).await;
    let told = eventually("it is parked", async || parked(&world).await).await;
    assert_eq!((told.count, told.first), (1, poisoned));
    assert!(told.reason.contains("took longer than"), "{told}");
    eventually("all others get through", async || observer.count(&world).await == 82).await;

    observer.accept_all();
    observer.has_everything_once(&world).await;
    eventually("it is released", async || parked(&world).await.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_stream_leaves_the_view_of_all_others_young() {
    let world = World::new().await;
    let observer = Observer::new("observer");
    let (_, _processes) = with_poison(&world, &observer, FAILS).await;
    eventually("it is parked", async || parked(&world).await).await;
    let compared = async || -> chrono::DateTime<chrono::Utc> {
        sqlx::query_scalar("SELECT compared_at FROM projection_comparisons")
            .fetch_one(&world.consumer)
            .await
            .unwrap()
    };
    let before = compared().await;
    eventually("nothing else is missing", async || compared().await > before).await;
    assert!(parked(&world).await.is_some());
}
