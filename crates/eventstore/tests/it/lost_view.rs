//! The database of a projection loses its last transactions: what it knew is known again.

use eventstore::transport::EVENTS;
use sqlx::Executor;
use stage::eventually;
use uuid::Uuid;

use crate::observer::{Archive, Observer};
use crate::world::{World, new_stream, record, record_up_to};

/// Takes the last event of a stream out of the projection, as if its transaction had never been; and the
/// memory of what was compared, if so asked: it is in the same database.
async fn undo(world: &World, stream: Uuid, version: i64, comparisons_too: bool) {
    let mut transaction = world.owner.begin().await.unwrap();
    transaction.execute("SET LOCAL search_path = key_issuer").await.unwrap();
    for statement in [
        "DELETE FROM effects WHERE stream_id = $1 AND version = $2",
        "UPDATE totals SET total = total - 1 WHERE stream_id = $1 AND total = $2",
        "UPDATE consumer_positions SET version = $2 - 1 WHERE stream_id = $1",
    ] {
        let undone = sqlx::query(statement).bind(stream).bind(version);
        let undone = undone.execute(&mut *transaction).await.unwrap();
        assert_eq!(undone.rows_affected(), 1, "{statement}");
    }
    if comparisons_too {
        transaction.execute("UPDATE projection_comparisons SET settled_seq = 0").await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Waits until every event so far is settled and was compared.
async fn compared(world: &World) {
    eventually("all is compared", async || {
        let (settled, last): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT min(settled_seq) FROM key_issuer.projection_comparisons), (SELECT max(seq) FROM events)",
        )
        .fetch_one(&world.owner)
        .await
        .unwrap();
        settled >= last
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failover_took_is_applied_again_though_its_messages_are_gone() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let _comparing = world.start_comparer(observer.clone(), Archive::of(&world));
    let (stream, other) = (new_stream(), new_stream());
    record_up_to(&world.events(), stream, 3).await;
    record_up_to(&world.events(), other, 2).await;
    observer.has_everything_once(&world).await;
    compared(&world).await;
    let transport = world.transport().await;
    transport.stream(EVENTS).await.unwrap().purge().await.unwrap();

    undo(&world, stream, 3, true).await;
    observer.has_everything_once(&world).await;
    // And what comes next follows on it.
    record(&world.events(), stream, 4).await.unwrap();
    observer.has_everything_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_from_below_what_was_compared_is_found_after_a_start() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let observer = Observer::new("observer");
    let _observing = observer.start(&world).await;
    let comparing = world.start_comparer(observer.clone(), Archive::of(&world));
    let stream = new_stream();
    record_up_to(&world.events(), stream, 3).await;
    observer.has_everything_once(&world).await;
    compared(&world).await;
    comparing.stop().await;

    undo(&world, stream, 3, false).await;
    let _comparing = world.start_comparer(observer.clone(), Archive::of(&world));
    observer.has_everything_once(&world).await;
}
