//! What is recorded under a producer's name has to be its own: else there is an alarm.

mod support;

use contract::facts::{AppSuspended, KeyExpired};
use contract::{Envelope, KeyId, Provenance, Service};
use eventstore::audit_message::{self, EventWithParts};
use stage::eventually;
use support::{Events, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_and_is_not_its_producers_is_an_alarm() {
    let world = World::new().await;
    let events = Events::default();
    let organization = world.env.new_id();
    let (app_id, life) = events.app(&world.env, organization, 1);
    // Nobody else can tell: the next of a stream that exists, and a stream of its own.
    let mut next = Envelope::parse(&life[0]).unwrap();
    next.id = world.env.new_id();
    next.streamversion = next.streamversion.next();
    let (_, other) = Events::default().app(&world.env, organization, 1);
    let audit = world.audit().await;
    for bytes in [&life[0], &next.canonical().unwrap(), &other[0]] {
        world.publish(bytes).await;
    }
    world.until_recorded(3).await;
    assert_eq!(world.count("SELECT count(*) FROM audit.conflicts").await, 0);
    assert!(audit.health.readiness().await.checks["audit/confirmation"].ok);

    // As long as nobody says whose they are, that is told after a while.
    eventually("it is known who does not answer", async || {
        world.count("SELECT count(*) FROM audit.confirmed WHERE waiting_since IS NOT NULL").await
            == 1
    })
    .await;
    world.change("UPDATE audit.confirmed SET waiting_since = waiting_since - interval '9 minutes' WHERE service = 'app-registry'").await;
    assert!(!audit.health.readiness().await.checks["audit/confirmation"].ok);

    world.producer(&events).await;
    let unknown = "SELECT count(*) FROM audit.conflicts WHERE kind = 'unknown_to_producer'";
    eventually("both are kept as conflicts", async || world.count(unknown).await == 2).await;
    let readiness = audit.health.readiness().await;
    assert!(!readiness.checks["audit/conflicts"].ok, "{readiness:?}");
    eventually("the producer has answered", async || {
        audit.health.readiness().await.checks["audit/confirmation"].ok
    })
    .await;

    // The true event finds its place taken: the record stays as it is, and both are kept.
    let provenance =
        Provenance::system(Service::AppRegistry, Some(organization), world.env.new_id());
    let suspended = AppSuspended { app_id };
    let bytes = events.record(&world.env, app_id.uuid(), &provenance, &suspended);
    world.publish(&bytes).await;
    let refused = "SELECT count(*) FROM audit.conflicts WHERE kind = 'other_bytes'";
    eventually("the true event is kept", async || world.count(refused).await == 1).await;
    world.assert_dense(3).await;
    assert_eq!(world.count(unknown).await, 2, "each entry is asked about once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_bytes_first_in_a_harmless_way_hides_no_conflict() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (_, life) = Events::default().app(&world.env, world.env.new_id(), 1);
    world.publish(&life[0]).await;
    world.until_recorded(1).await;
    let mut other = Envelope::parse(&life[0]).unwrap();
    other.id = world.env.new_id();
    let other = other.canonical().unwrap();
    let event = EventWithParts { event: other.clone().into(), context: None, details: None };
    let elsewhere = audit_message::subject(Service::KeyIssuer);
    world.publish_message(&elsewhere, &audit_message::write([&event])).await;
    world.publish(&other).await;
    eventually("it is kept as both", async || {
        world.count("SELECT count(*) FROM audit.conflicts").await == 2
    })
    .await;
    assert!(!audit.health.readiness().await.checks["audit/conflicts"].ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_was_away_is_asked_from_where_it_was() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    world.producer(&events).await;
    // More than a page, beside a service that does not answer.
    let (_, life) = events.app(&world.env, world.env.new_id(), 1_200);
    let event = |bytes: &Vec<u8>| EventWithParts {
        event: bytes.clone().into(),
        context: None,
        details: None,
    };
    for message in life.chunks(400) {
        world.publish_life(&message.iter().map(event).collect::<Vec<_>>()).await;
    }
    let key_id: KeyId = world.env.new_id();
    let provenance = Provenance::system(Service::KeyIssuer, None, world.env.new_id());
    let fact = KeyExpired { key_id, app_id: world.env.new_id() };
    let key = Events::default().record(&world.env, key_id.uuid(), &provenance, &fact);
    world.publish(&key).await;
    world.until_recorded(1_201).await;
    eventually("whoever answers is done", async || {
        world.count("SELECT coalesce(max(position), 0) FROM audit.confirmed WHERE service = 'app-registry'").await
            == 1_201
    })
    .await;
    let away =
        "SELECT count(*) FROM audit.confirmed WHERE service = 'key-issuer' AND position = 1201";
    assert_eq!(world.count(away).await, 0);
    assert_eq!(world.count("SELECT count(*) FROM audit.conflicts").await, 0);
}
