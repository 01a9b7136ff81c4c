//! How many bytes the streams may have, and what happens beyond.

use async_nats::jetstream::consumer;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use eventstore::transport::{AUDIT, EVENTS};
use eventstore::{Durable, Look, Transport, TransportSettings};
use futures::StreamExt;
use stage::eventually;

use crate::world::{World, new_stream, record, record_up_to};

/// What both streams may have in these tests.
const LIMIT: u64 = 1 << 20;

/// A message that is not ours.
const SIZE: usize = 100_000;

/// Somebody with these limits.
async fn limited(world: &World) -> Transport {
    let settings = TransportSettings {
        events_max_bytes: LIMIT,
        audit_max_bytes: LIMIT,
        ..TransportSettings::default()
    };
    Transport::new(world.transport().await.client().clone(), settings)
}

/// What another service publishes: more than a stream may have.
async fn publish_too_much(transport: &Transport, subject: &'static str) {
    for _ in 0..2 * usize::try_from(LIMIT).unwrap() / SIZE {
        let sent = transport.jetstream().publish(subject, vec![0; SIZE].into()).await;
        sent.unwrap().await.unwrap();
    }
}

/// Waits until the stream does not know any more what it was published under an id before.
async fn ids_are_forgotten(transport: &Transport) {
    let publish = async || {
        let message = PublishMessage::build().message_id("probe").payload("x".into());
        let subject = "mandate.events.platform.person.registered.x";
        transport.jetstream().send_publish(subject, message).await.unwrap().await.unwrap()
    };
    publish().await;
    eventually("ids are forgotten", async || !publish().await.duplicate).await;
}

/// How many messages a stream took in its life, and how many it has.
async fn state(world: &World, name: &str) -> (u64, u64) {
    let stream = world.transport().await.stream(name).await.unwrap();
    let state = &stream.cached_info().state;
    (state.last_sequence, state.messages)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_made_room_for_younger_facts_is_not_published_again() {
    let world = World::new().await;
    // What is published twice is there twice.
    world.make_stream_that_keeps_doubles().await;
    let transport = limited(&world).await;
    transport.limit_streams().await.unwrap();
    let (events, stream) = (world.events(), new_stream());
    let relay = world.start_relay().await;
    record_up_to(&events, stream, 3).await;
    eventually("everything is relayed", || world.all_relayed()).await;
    publish_too_much(&transport, "mandate.events.platform.person.registered.x").await;
    relay.kill().await;
    ids_are_forgotten(&transport).await;
    let (taken, _) = state(&world, EVENTS).await;

    // It compares what was acknowledged before it publishes what is new.
    let _relay = world.start_relay().await;
    record(&events, stream, 4).await.unwrap();
    eventually("everything is relayed", || world.all_relayed()).await;
    assert_eq!(state(&world, EVENTS).await.0, taken + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_the_limit_overtook_is_told_how_many_events_it_missed() {
    const OURS: &str = "mandate.events.one.consent.granted.x";
    const OTHERS: &str = "mandate.events.platform.person.registered.x";
    let world = World::new().await;
    let transport = limited(&world).await;
    transport.stream(EVENTS).await.unwrap();
    let subjects = vec!["mandate.events.one.>".to_owned()];
    let durable = Durable { name: "reader".to_owned(), subjects };
    assert_eq!(transport.look(&durable, None).await.unwrap(), None);
    transport.make_durable(&durable).await.unwrap();
    let look = async |before: Option<&Look>| {
        let before = before.map(|look| &look.progress);
        transport.look(&durable, before).await.unwrap().unwrap()
    };
    let publish = async |subject: &'static str, times: usize| {
        for _ in 0..times {
            let sent = transport.jetstream().publish(subject, vec![0; SIZE].into()).await;
            sent.unwrap().await.unwrap();
        }
    };
    let stream = transport.stream(EVENTS).await.unwrap();
    let reader: consumer::PullConsumer = stream.get_consumer("reader").await.unwrap();
    let read = async |number: usize| {
        let mut messages = reader.fetch().max_messages(number).messages().await.unwrap();
        while let Some(message) = messages.next().await {
            message.unwrap().double_ack().await.unwrap();
        }
    };

    // Ten messages fit. It reads two of four.
    publish(OURS, 4).await;
    read(2).await;
    let at_first = look(None).await;
    assert_eq!((at_first.progress.pending, at_first.missed), (2, 0));
    // Others take the place of what it had.
    publish(OTHERS, 8).await;
    let had_it = look(Some(&at_first)).await;
    assert_eq!((had_it.progress.pending, had_it.missed), (2, 0));
    // And then of what it had not, while two more of its own come.
    publish(OURS, 2).await;
    let overtaken = look(Some(&had_it)).await;
    assert_eq!((overtaken.progress.pending, overtaken.missed), (2, 2));
    publish(OTHERS, 9).await;
    let further = look(Some(&overtaken)).await;
    assert_eq!((further.progress.pending, further.missed), (1, 1));
    // It comes back, and misses nothing more.
    read(1).await;
    publish(OURS, 1).await;
    let back = look(Some(&further)).await;
    assert_eq!((back.progress.pending, back.missed), (1, 0));
    // A consumer that is made again counts anew.
    transport.delete_durable("reader").await.unwrap();
    transport.make_durable(&durable).await.unwrap();
    assert_eq!(look(Some(&back)).await.missed, 0);
    assert_eq!(transport.durables("").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_somebody_emptied_is_filled_again() {
    let world = World::new().await;
    let relay = world.start_relay().await;
    record_up_to(&world.events(), new_stream(), 3).await;
    eventually("everything is relayed", || world.all_relayed()).await;
    let stream = world.transport().await.stream(EVENTS).await.unwrap();
    stream.purge().await.unwrap();
    relay.kill().await;
    let _relay = world.start_relay().await;
    eventually("facts are there again", || async { state(&world, EVENTS).await.1 == 3 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_before_are_brought_to_their_limits_and_audits_loses_nothing_by_it() {
    let world = World::new().await;
    let transport = limited(&world).await;
    let of_before = |name: &str, subject: &str, retention| Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        retention,
        ..Config::default()
    };
    let jetstream = transport.jetstream();
    // None is there yet: whoever needs one makes it.
    transport.limit_streams().await.unwrap();
    let events = of_before(EVENTS, "mandate.events.>", RetentionPolicy::Limits);
    let audit = of_before(AUDIT, "mandate.audit.*", RetentionPolicy::WorkQueue);
    for config in [events, audit] {
        jetstream.create_stream(config).await.unwrap();
    }
    publish_too_much(&transport, "mandate.events.platform.person.registered.x").await;
    publish_too_much(&transport, "mandate.audit.directory").await;

    transport.limit_streams().await.unwrap();
    let (taken, has) = state(&world, EVENTS).await;
    assert!(has < taken, "{has} of {taken}");
    let (taken, has) = state(&world, AUDIT).await;
    assert_eq!(has, taken);
    let refused = jetstream.publish("mandate.audit.directory", "new".into()).await.unwrap().await;
    assert!(refused.unwrap_err().to_string().contains("maximum bytes exceeded"));
    for (name, discard) in [(EVENTS, DiscardPolicy::Old), (AUDIT, DiscardPolicy::New)] {
        let stream = jetstream.get_stream(name).await.unwrap();
        let config = &stream.cached_info().config;
        assert_eq!((config.max_bytes, config.discard), (1 << 20, discard), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_the_server_cannot_hold_are_told_and_change_nothing() {
    let world = World::new().await;
    let small = limited(&world).await;
    for name in [EVENTS, AUDIT] {
        small.stream(name).await.unwrap();
    }
    let settings = TransportSettings { audit_max_bytes: 1 << 40, ..small.settings().clone() };
    let greedy = Transport::new(small.client().clone(), settings);
    let refused = greedy.limit_streams().await.unwrap_err();
    assert!(refused.to_string().contains("insufficient storage"), "{refused}");
    let stream = greedy.jetstream().get_stream(AUDIT).await.unwrap();
    assert_eq!(stream.cached_info().config.max_bytes, 1 << 20);
}
