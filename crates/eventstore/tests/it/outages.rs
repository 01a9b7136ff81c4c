//! NATS is away for a while.

use stage::{PATIENCE, eventually};
use tokio::time::timeout;

use crate::observer::Observer;
use crate::world::{Load, World, new_stream, record_up_to};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_starts_while_nats_is_away_works_when_it_comes() {
    let mut world = World::new().await;
    world.nats.kill().await.unwrap();
    let observer = Observer::new("observer");
    let _processes = (world.start_relay().await, observer.start(&world).await);
    record_up_to(&world.events(), new_stream(), 20).await;
    assert_eq!(observer.count(&world).await, 0);

    world.nats.start_again().await.unwrap();
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_goes_on_after_nats_was_killed_and_came_back() {
    let mut world = World::new().await;
    let observer = Observer::new("observer");
    let _processes = (world.start_relay().await, observer.start(&world).await);
    let load = Load::start(world.events(), 10);
    eventually("events arrive", || async { observer.count(&world).await > 100 }).await;
    world.nats.kill().await.unwrap();
    let written = world.heads().await[0].1;
    eventually("writers do not mind", || async { world.heads().await[0].1 > written + 10 }).await;
    world.nats.start_again().await.unwrap();
    let had = observer.count(&world).await;
    eventually("more events arrive", || async { observer.count(&world).await > had }).await;
    load.finish().await;
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relay_and_consumer_stop_though_nats_is_away() {
    let mut world = World::new().await;
    let observer = Observer::new("observer");
    let relay = world.start_relay().await;
    let follower = world.start_relay().await;
    let observing = observer.start(&world).await;
    record_up_to(&world.events(), new_stream(), 1).await;
    observer.has_everything_once(&world).await;
    world.nats.kill().await.unwrap();
    record_up_to(&world.events(), new_stream(), 10).await;
    let stopping = async {
        relay.stop().await;
        follower.stop().await;
        observing.stop().await;
    };
    assert!(timeout(PATIENCE, stopping).await.is_ok());
    assert!(!world.all_relayed().await);
}
