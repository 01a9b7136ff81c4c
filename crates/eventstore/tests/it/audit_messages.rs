//! Audit gets every event with its context and its details, on a way of its own; others get events alone.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use contract::rpc::RepeatEvents;
use contract::{Context, Sealed, Service};
use eventstore::audit_message::{self, EventWithParts};
use eventstore::consumer::{self, BatchHandler, ConsumerOptions, Delivery, Outcome};
use eventstore::producer;
use eventstore::transport::AUDIT;
use stage::eventually;
use tokio_util::sync::CancellationToken;

use crate::world::{Name, Named, World, fact, new_stream, provenance, version};

#[derive(Default)]
struct Reader(Mutex<Vec<(String, EventWithParts)>>);

#[async_trait]
impl BatchHandler for Reader {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut read = self.0.lock().unwrap();
        for delivery in batch {
            for event in audit_message::read(&delivery.payload).unwrap() {
                read.push((delivery.subject.clone(), event));
            }
        }
        vec![Outcome::Done; batch.len()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_arrive_with_their_contexts_and_details_and_are_forgotten_by_nats() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let (events, stream) = (world.events(), new_stream());
    let mut from = provenance();
    for number in 1..=3 {
        from.context =
            Some(Context { request_id: Some(format!("request-{number}")), ..Context::default() });
        let mut unit = events.begin(&from);
        let name = Name { name: format!("name {number}") };
        unit.record_with(stream, version(number), &Named {}, &name).unwrap();
        unit.commit().await.unwrap();
    }
    from.context = None;
    let mut unit = events.begin(&from);
    unit.record(stream, version(4), &fact(stream)).unwrap();
    unit.commit().await.unwrap();

    let (reader, transport) = (Reader::default(), world.transport().await);
    let options = ConsumerOptions {
        stream: AUDIT,
        durable: "audit".to_owned(),
        subjects: Vec::new(),
        max_batch: 10,
        pace: Duration::ZERO,
        busy_pace: Duration::ZERO,
    };
    let shutdown = CancellationToken::new();
    let reading = consumer::run(&transport, &options, &reader, shutdown.clone(), |_| {});
    let checking = async {
        eventually("all events arrive", || async { reader.0.lock().unwrap().len() == 4 }).await;
        eventually("NATS forgets them", || async {
            let stream = world.transport().await.stream(AUDIT).await.unwrap();
            stream.cached_info().state.messages == 0
        })
        .await;
        // Whoever misses contexts or details has them sent again.
        let asked = RepeatEvents { stream_id: stream, from: version(2), to: version(9) };
        let repeated = producer::repeat_events(&events, &asked).await.unwrap();
        assert_eq!(repeated, 3);
        eventually("they come again", || async { reader.0.lock().unwrap().len() == 7 }).await;
        let nobody = RepeatEvents { stream_id: new_stream(), ..asked };
        let repeated = producer::repeat_events(&events, &nobody).await.unwrap();
        assert_eq!(repeated, 0);
        shutdown.cancel();
    };
    tokio::join!(reading, checking);

    eventually("everybody else has them", || async { world.messages().await == 4 }).await;
    let published = world.published().await;
    let read = reader.0.into_inner().unwrap();
    let expected = published.iter().chain(&published[1..]);
    for ((subject, received), event) in read.iter().zip(expected) {
        assert_eq!(*subject, audit_message::subject(Service::AppRegistry));
        assert_eq!(contract::Envelope::parse(&received.event).unwrap(), *event);
        let hash = |part: &Option<Sealed>| part.as_ref().map(Sealed::hash);
        assert_eq!(event.contexthash, hash(&received.context));
        assert_eq!(event.detailshash, hash(&received.details));
    }
    assert!(published[..3].iter().all(|event| event.detailshash.is_some()));
    // It came from nowhere, and nobody can guess it from its hash.
    assert!(published[3].contexthash.is_some() && published[3].detailshash.is_none());
    assert_eq!(read[3].1.context.as_ref().unwrap().bytes, b"{}");
}
