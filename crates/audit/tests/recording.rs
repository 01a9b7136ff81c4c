//! What arrives is recorded once, in order, and nothing that is missing stays missing.

mod support;

use audit::IndexReader;
use contract::facts::AppSuspended;
use contract::{Envelope, OrganizationId, Provenance, Sealed, Service};
use eventstore::audit_message::{self, EventWithParts};
use eventstore::transport::AUDIT;
use stage::eventually;
use support::{Events, Parts, World, acting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_recorded_once_however_often_and_in_whatever_order_it_comes() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    world.producer(&events).await;
    let organization = world.env.new_id();
    for _ in 0..5 {
        let (_, mut life) = events.app(&world.env, organization, 10);
        life.reverse();
        for bytes in life.iter().chain(&life) {
            world.publish(bytes).await;
        }
    }
    world.until_recorded(50).await;
    eventually("all deliveries are dealt with", async || {
        let mut stream = world.transport.stream(AUDIT).await.unwrap();
        let info = stream.consumer_info("audit").await.unwrap();
        let _ = stream.info().await;
        info.num_pending == 0 && info.num_ack_pending == 0
    })
    .await;
    world.assert_dense(50).await;
    assert_eq!(world.count("SELECT count(*) FROM audit.conflicts").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exact_bytes_are_recorded() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let (_, life) = Events::default().app(&world.env, world.env.new_id(), 1);
    world.publish(&life[0]).await;
    world.until_recorded(1).await;
    let kept: Vec<u8> = sqlx::query_scalar("SELECT envelope FROM audit.entries")
        .fetch_one(&world.sql)
        .await
        .unwrap();
    assert_eq!(kept, life[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_reads_the_index_as_it_is_when_the_first_row_is_asked_for() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let mut reader = IndexReader::connect(&world.servers.database.url).await.unwrap();
    // The checkpoint that it is compared with is fetched after it was connected.
    let (_, life) = Events::default().app(&world.env, world.env.new_id(), 3);
    for bytes in &life {
        world.publish(bytes).await;
    }
    world.until_recorded(3).await;
    let mut read = Vec::new();
    while let Some(row) = reader.next().await.unwrap() {
        read.push(row.position);
    }
    assert_eq!(read, [1, 2, 3]);
    assert!(reader.next().await.unwrap().is_none(), "it stays at its end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_filled_from_its_producer() {
    let world = World::new().await;
    let events = Events::default();
    world.producer(&events).await;
    let _audit = world.audit().await;
    let (_, life) = events.app(&world.env, world.env.new_id(), 600);
    world.publish(&life[0]).await;
    world.publish(&life[599]).await;
    world.until_recorded(600).await;
    world.assert_dense(600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_does_not_answer_holds_up_only_the_stream_with_the_gap() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    let (_, broken) = events.app(&world.env, world.env.new_id(), 3);
    let (_, whole) = events.app(&world.env, world.env.new_id(), 3);
    world.publish(&broken[2]).await;
    for bytes in &whole {
        world.publish(bytes).await;
    }
    world.until_recorded(3).await;
    eventually("the gap is known", async || {
        world.count("SELECT count(*) FROM audit.gaps").await == 1
    })
    .await;
    eventually("the message is let go", async || world.waiting_in_queue().await == 0).await;
    world.assert_dense(3).await;
    assert!(audit.health.readiness().await.ready, "a young gap may fill by itself");
    sqlx::query("UPDATE audit.gaps SET noticed_at = noticed_at - interval '2 minutes'")
        .execute(&world.sql)
        .await
        .unwrap();
    let readiness = audit.health.readiness().await;
    assert!(!readiness.checks["audit/gaps"].ok, "{readiness:?}");

    world.producer(&events).await;
    world.until_recorded(6).await;
    eventually("the gap is forgotten", async || {
        world.count("SELECT count(*) FROM audit.gaps").await == 0
    })
    .await;
    world.assert_dense(6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_tail_is_found_by_comparing() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    let (_, life) = events.app(&world.env, world.env.new_id(), 5);
    world.publish(&life[0]).await;
    events.app(&world.env, world.env.new_id(), 2);
    world.until_recorded(1).await;
    world.producer(&events).await;
    world.until_recorded(7).await;
    world.assert_dense(7).await;
    eventually("the comparison is remembered", async || {
        world.count("SELECT coalesce(max(settled_seq), 0) FROM audit.reconciled").await == 7
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_that_wait_for_what_comes_before_them_are_recorded_once_with_their_parts() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    let organization = world.env.new_id();
    let mut life = events.with_parts(&world.env, organization, 2);
    // The producer knows no third: only the message can bring it.
    world.producer(&events).await;
    let (_, Parts { context, details }) = acting(&world.env, world.env.new_id(), organization);
    let mut third = Envelope::parse(&life[1].event).unwrap();
    third.id = world.env.new_id();
    third.streamversion = third.streamversion.next();
    third.contexthash = context.as_ref().map(Sealed::hash);
    third.detailshash = details.as_ref().map(Sealed::hash);
    let event = third.canonical().unwrap().into();
    life.push(EventWithParts { event, context, details });
    let twins = audit_message::write([&life[0], &life[2], &life[2]]);
    world.publish_message(&audit_message::subject(Service::AppRegistry), &twins).await;
    world.until_recorded(3).await;
    world.until_kept(3, 3).await;
    world.assert_dense(3).await;
    eventually("the work queue forgets", async || world.waiting_in_queue().await == 0).await;
    assert_eq!(world.count("SELECT count(*) FROM audit.conflicts").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_record_each_event_once_in_one_order() {
    let world = World::new().await;
    let events = Events::default();
    world.producer(&events).await;
    let (one, two) = (world.audit().await, world.audit().await);
    publish_a_load(&world, &events).await;
    world.until_recorded(1000).await;
    world.assert_dense(1000).await;
    one.stop().await;
    two.stop().await;
    world.assert_dense(1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_is_deleted_under_load_is_made_again() {
    let world = World::new().await;
    let events = Events::default();
    let _audit = world.audit().await;
    let deleted = async {
        world.until_recorded(100).await;
        let stream = world.transport.stream(AUDIT).await.unwrap();
        stream.delete_consumer("audit").await.unwrap();
    };
    tokio::join!(publish_a_load(&world, &events), deleted);
    world.until_recorded(1000).await;
    world.assert_dense(1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_nats_loses_everything_under_load() {
    let mut world = World::new().await;
    let events = Events::default();
    world.producer(&events).await;
    let _audit = world.audit().await;
    publish_a_load(&world, &events).await;
    world.servers.nats.wipe().await.unwrap();
    eventually("JetStream is back", async || world.transport.stream(AUDIT).await.is_ok()).await;
    let (_, life) = events.app(&world.env, world.env.new_id(), 3);
    world.publish(&life[2]).await;
    world.until_recorded(1003).await;
    world.assert_dense(1003).await;
}

/// 1000 events of 40 streams, each stream in order, all streams at a time.
async fn publish_a_load(world: &World, events: &Events) {
    let organization: OrganizationId = world.env.new_id();
    let lives: Vec<_> = (0..40).map(|_| events.app(&world.env, organization, 25).1).collect();
    for version in 0..25 {
        for life in &lives {
            world.publish(&life[version]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_contradicts_the_record_is_kept_as_an_alarm_and_changes_nothing() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    let organization = world.env.new_id();
    let (app_id, life) = events.app(&world.env, organization, 1);
    world.publish(&life[0]).await;
    world.until_recorded(1).await;

    let provenance =
        Provenance::system(Service::AppRegistry, Some(organization), world.env.new_id());
    let forged =
        Events::default().record(&world.env, app_id.uuid(), &provenance, &AppSuspended { app_id });
    world.publish(&forged).await;
    let mut reused = Envelope::parse(&life[0]).unwrap();
    reused.subject = format!("app/{}", uuid::Uuid::nil());
    world.publish(&reused.canonical().unwrap()).await;

    eventually("the conflicts are kept", async || {
        world.count("SELECT count(*) FROM audit.conflicts").await == 2
    })
    .await;
    let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM audit.conflicts ORDER BY kind")
        .fetch_all(&world.sql)
        .await
        .unwrap();
    assert_eq!(kinds, ["event_id_reused", "other_bytes"]);
    world.assert_dense(1).await;
    let kept: Vec<u8> = sqlx::query_scalar("SELECT envelope FROM audit.entries")
        .fetch_one(&world.sql)
        .await
        .unwrap();
    assert_eq!(kept, life[0]);
    assert!(!audit.health.readiness().await.checks["audit/conflicts"].ok);
    let acknowledge = "UPDATE audit.conflicts SET acknowledged_at = now()";
    sqlx::query(acknowledge).execute(&world.sql).await.unwrap();
    assert!(audit.health.readiness().await.checks["audit/conflicts"].ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_of_its_sender_is_kept_and_holds_up_nothing() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    let (_, life) = events.app(&world.env, world.env.new_id(), 3);
    let registry = audit_message::subject(Service::AppRegistry);
    let event = |event: &[u8]| EventWithParts {
        event: event.to_vec().into(),
        context: None,
        details: None,
    };
    let (_, Parts { context, details }) =
        acting(&world.env, world.env.new_id(), world.env.new_id());
    let no_event = EventWithParts { event: b"{}".to_vec().into(), context, details };
    let mut pretended = Envelope::parse(&life[2]).unwrap();
    pretended.source = Service::KeyIssuer;
    // Bytes that are no message, a message of nobody's, another service's event, an event of its own about another's
    // stream, and no event amid good ones.
    world.publish_message(&registry, b"unreadable").await;
    world.publish_message("mandate.audit.nobody", &audit_message::write([&event(&life[0])])).await;
    world
        .publish_message(
            &audit_message::subject(Service::KeyIssuer),
            &audit_message::write([&event(&life[1])]),
        )
        .await;
    world
        .publish_message(
            &audit_message::subject(Service::KeyIssuer),
            &audit_message::write([&event(&pretended.canonical().unwrap())]),
        )
        .await;
    let amid = [event(&life[0]), no_event, event(&life[1]), event(&life[2])];
    world.publish_message(&registry, &audit_message::write(&amid)).await;
    world.until_recorded(3).await;
    world.assert_dense(3).await;
    eventually("what is no event is kept", async || {
        world.count("SELECT count(*) FROM audit.conflicts WHERE kind = 'malformed'").await == 2
    })
    .await;
    let noted = "SELECT count(*) FROM audit.conflicts WHERE kind = 'message' AND payload IS NULL";
    eventually("what may hold parts is noted only", async || world.count(noted).await == 3).await;
    eventually("all messages are dealt with", async || world.waiting_in_queue().await == 0).await;
    world.until_kept(0, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_service_takes_the_place_of_an_event_that_is_to_come_in_a_stream_of_anothers() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let (app_id, life) = Events::default().app(&world.env, world.env.new_id(), 2);
    world.publish(&life[0]).await;
    world.until_recorded(1).await;
    let mut forged = Envelope::parse(&life[1]).unwrap();
    forged.id = world.env.new_id();
    forged.source = Service::KeyIssuer;
    forged.kind = "mandate.key.deleted.v1".to_owned();
    forged.subject = format!("key/{}", app_id.uuid());
    world.publish(&forged.canonical().unwrap()).await;
    eventually("it is kept as what it is", async || {
        world.count("SELECT count(*) FROM audit.conflicts WHERE kind = 'malformed'").await == 1
    })
    .await;
    world.publish(&life[1]).await;
    world.until_recorded(2).await;
    world.assert_dense(2).await;
    assert_eq!(world.count("SELECT count(*) FROM audit.conflicts").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_and_even_the_owner_can_only_append() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (_, life) = Events::default().app(&world.env, world.env.new_id(), 1);
    world.publish(&life[0]).await;
    world.until_recorded(1).await;
    audit.stop().await;
    let mut conn = world.sql.acquire().await.unwrap();
    for role in ["SET ROLE mandate_audit", "RESET ROLE"] {
        sqlx::query(role).execute(&mut *conn).await.unwrap();
        for change in [
            "UPDATE audit.entries SET actor = 'anonymous'",
            "DELETE FROM audit.entries",
            "TRUNCATE audit.entries",
            "UPDATE audit.head SET size = 0",
            "DELETE FROM audit.conflicts",
        ] {
            let refused = sqlx::query(change).execute(&mut *conn).await;
            assert!(refused.is_err(), "{role}: {change}");
        }
    }
    world.assert_dense(1).await;
}
