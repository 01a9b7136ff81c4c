//! More than one relay.

use contract::{Environment, Service};
use eventstore::relay::{Relay, RelayError};
use eventstore::{Destination, EventStore};
use futures::StreamExt;
use stage::eventually;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;

use crate::observer::Observer;
use crate::world::{Load, World, new_stream, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_relays_one_leads_and_the_other_takes_over_when_it_dies() {
    let world = World::new().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let first = world.start_relay().await;
    eventually("the first leads", || async { world.leaders().await.len() == 1 }).await;
    let leader = world.leaders().await;
    let _second = world.start_relay().await;
    let load = Load::start(world.events(), 5);
    eventually("events arrive", || async { observer.count(&world).await > 50 }).await;
    assert_eq!(world.leaders().await, leader, "the second follows");

    first.kill().await;
    eventually("the second leads", || async {
        let leaders = world.leaders().await;
        leaders.len() == 1 && leaders != leader
    })
    .await;
    load.finish().await;
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_whose_sessions_are_cut_during_a_load_lose_nothing() {
    let world = World::new().await;
    world.make_stream_that_keeps_doubles().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let _relays = (world.start_relay().await, world.start_relay().await);
    let load = Load::start(world.events(), 5);
    for round in 1..=4 {
        eventually("events arrive", || async { observer.count(&world).await > round * 40 }).await;
        for leader in world.leaders().await {
            world.terminate(leader).await;
        }
    }
    load.finish().await;
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_leaders_at_once_lose_nothing_and_double_no_effect() {
    let world = World::new().await;
    world.make_stream_that_keeps_doubles().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    // The lock is named after the service: under another name, a second one leads the same outbox.
    let other = EventStore::new(Service::Directory, world.producer.clone(), Environment::system());
    let events = world.events();
    let _leaders =
        (world.start_relay_of(events.clone()).await, world.start_relay_of(other.clone()).await);
    eventually("both lead", || async { world.leaders().await.len() == 2 }).await;
    for _ in 0..60 {
        let stream = new_stream();
        for version in 1..=5 {
            record(&events, stream, version).await.unwrap();
            other.wake_relays();
        }
    }
    eventually("everything is relayed", || world.all_relayed()).await;
    observer.has_everything_once(&world).await;
    assert!(world.messages().await >= 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_tells_the_leader_what_its_process_committed() {
    let world = World::new().await;
    let _leader = world.start_relay().await;
    eventually("one leads", || async { world.leaders().await.len() == 1 }).await;
    let events = world.events();
    let relay = Relay::new(events.clone(), Destination::Events, world.transport().await);
    let listener = world.transport().await;
    let mut wake_ups = listener.client().subscribe(relay.wake_subject()).await.unwrap();
    listener.client().flush().await.unwrap();
    let _follower = world.start_relay_of(events.clone()).await;
    let stream = new_stream();
    let told = async {
        let mut commits = tokio::time::interval(Duration::from_millis(100));
        for version in 1.. {
            tokio::select! {
                _ = wake_ups.next() => return,
                _ = commits.tick() => record(&events, stream, version).await.unwrap(),
            }
        }
    };
    assert!(timeout(Duration::from_secs(20), told).await.is_ok());
    eventually("all is published", || world.all_relayed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_session_is_cut_says_so_to_be_started_again() {
    let world = World::new().await;
    let relay = Relay::new(world.events(), Destination::Events, world.transport().await);
    let leading = tokio::spawn(async move { relay.run(CancellationToken::new(), |_| {}).await });
    eventually("it leads", || async { world.leaders().await.len() == 1 }).await;
    world.terminate(world.leaders().await[0]).await;
    let ended = timeout(Duration::from_secs(20), leading).await;
    assert!(matches!(ended.unwrap().unwrap(), Err(RelayError::Database(_))));
}
