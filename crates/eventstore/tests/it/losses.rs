//! NATS loses what it acknowledged: every event still reaches every consumer.

use std::fs;
use std::path::Path;
use std::process::Command;

use eventstore::transport::EVENTS;
use stage::eventually;

use crate::observer::Observer;
use crate::world::{Load, World, fact, new_stream, provenance, record_up_to, version};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_deleted_in_the_middle_of_a_load_is_filled_again() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let early = Observer::new("early");
    let _early = early.start(&world).await;
    let load = Load::start(world.events(), 10);
    for round in 1..=2 {
        eventually("events arrive", || async { early.count(&world).await >= round * 150 }).await;
        let transport = world.transport().await;
        // It may still be gone from the time before.
        eventually("it is deleted", || async {
            transport.jetstream().delete_stream(EVENTS).await.is_ok()
        })
        .await;
    }
    let had = early.count(&world).await;
    eventually("more events arrive", || async { early.count(&world).await > had + 100 }).await;
    load.finish().await;

    let late = Observer::new("late");
    let archive = crate::observer::Archive::of(&world);
    let _late = late.start_with(&world, archive).await;
    early.has_everything_once(&world).await;
    late.has_everything_once(&world).await;
    eventually("everything is relayed", || world.all_relayed()).await;
    eventually_filled(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_wiped_in_the_middle_of_a_load_is_filled_again() {
    let mut world = World::new().await;
    let _relay = world.start_relay().await;
    let early = Observer::new("early");
    let _early = early.start(&world).await;
    let load = Load::start(world.events(), 10);
    for round in 1..=2 {
        eventually("events arrive", || async { early.count(&world).await >= round * 150 }).await;
        world.nats.wipe().await.unwrap();
    }
    let had = early.count(&world).await;
    eventually("more events arrive", || async { early.count(&world).await > had + 100 }).await;
    load.finish().await;

    let late = Observer::new("late");
    let _late = late.start(&world).await;
    early.has_everything_once(&world).await;
    late.has_everything_once(&world).await;
    eventually("everything is relayed", || world.all_relayed()).await;
    eventually_filled(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_lost_its_tail_is_filled_up_even_when_nothing_more_is_written() {
    let mut world = World::new().await;
    let _relay = world.start_relay().await;
    let early = Observer::new("early");
    let _early = early.start(&world).await;
    let events = world.events();
    record_up_to(&events, new_stream(), 5).await;
    early.has_everything_once(&world).await;
    remember_disk(&mut world).await;
    record_up_to(&events, new_stream(), 5).await;
    early.has_everything_once(&world).await;
    eventually("everything is relayed", || world.all_relayed()).await;
    assert_eq!(world.messages().await, 10);

    go_back(&mut world).await;
    eventually("the tail is there again", || async { world.messages().await == 10 }).await;
    let late = Observer::new("late");
    let _late = late.start(&world).await;
    late.has_everything_once(&world).await;
    early.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_lost_its_tail_in_the_middle_of_a_load_is_filled_up() {
    let mut world = World::new().await;
    let _relay = world.start_relay().await;
    let early = Observer::new("early");
    let _early = early.start(&world).await;
    let load = Load::start(world.events(), 10);
    eventually("events arrive", || async { early.count(&world).await >= 100 }).await;
    remember_disk(&mut world).await;
    for round in 2..=3 {
        eventually("more arrive", || async { early.count(&world).await >= round * 150 }).await;
        go_back(&mut world).await;
    }
    let had = early.count(&world).await;
    eventually("more events arrive", || async { early.count(&world).await > had + 100 }).await;
    load.finish().await;
    eventually("everything is relayed", || world.all_relayed()).await;
    early.has_everything_once(&world).await;
    eventually_filled(&world).await;
    let late = Observer::new("late");
    let _late = late.start(&world).await;
    late.has_everything_once(&world).await;
}

/// The trap: what is published next takes the places of what was lost and more, so that the last
/// receipt looks honoured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_lost_between_comparing_and_publishing_is_filled_up() {
    let mut world = World::new().await;
    let _relay = world.start_relay().await;
    let events = world.events();
    for _ in 0..2 {
        remember_disk(&mut world).await;
        record_up_to(&events, new_stream(), 5).await;
        eventually("it is relayed", || world.all_relayed()).await;
    }
    let mut hold = world.owner.begin().await.unwrap();
    sqlx::query("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE").execute(&mut *hold).await.unwrap();
    let stream = new_stream();
    for number in 1..=10 {
        let mut unit = events.join(&mut hold, &provenance());
        unit.record(stream, version(number), &fact(stream)).unwrap();
        unit.flush().await.unwrap();
    }
    world.leader_waits_for_a_lock().await;
    go_back(&mut world).await;
    hold.commit().await.unwrap();

    eventually_filled(&world).await;
    let late = Observer::new("late");
    let _late = late.start(&world).await;
    late.has_everything_once(&world).await;
}

/// Every event is in the stream, not only in the producer's answer to a consumer with a gap.
async fn eventually_filled(world: &World) {
    eventually("the stream has every event", || is_filled(world)).await;
}

async fn is_filled(world: &World) -> bool {
    let all: i64 = world.heads().await.iter().map(|(_, head)| head).sum();
    let mut published: Vec<_> = world.published().await.iter().map(|e| e.id.uuid()).collect();
    published.sort_unstable();
    published.dedup();
    published.len() == usize::try_from(all).unwrap()
}

fn folder(world: &World) -> &Path {
    world.nats.log().parent().unwrap()
}

/// Copies what NATS has on its disk now.
async fn remember_disk(world: &mut World) {
    world.nats.stop().await.unwrap();
    let folder = folder(world);
    let older = folder.join("older");
    if older.exists() {
        fs::remove_dir_all(&older).unwrap();
    }
    copy(&folder.join("jetstream"), &older);
    world.nats.start_again().await.unwrap();
}

/// Gives NATS the disk of before: what it acknowledged since is lost.
async fn go_back(world: &mut World) {
    world.nats.kill().await.unwrap();
    let folder = folder(world);
    fs::remove_dir_all(folder.join("jetstream")).unwrap();
    copy(&folder.join("older"), &folder.join("jetstream"));
    world.nats.start_again().await.unwrap();
}

/// With owners and modes: the server runs as another user when the tests run as root.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.unwrap().success());
}
